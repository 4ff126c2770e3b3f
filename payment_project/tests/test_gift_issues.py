"""Gift cards are issued by staff, much of them by two; their codes are told once, and guessed by nobody."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client as Browser
from django.utils import timezone

from chassis.ids import uuid7
from chassis.storage.models import AuditRecord
from chassis.storage.redis import redis_client
from chassis.web.staff import local_user
from payments import gift_card_guesses, gift_totals, tasks
from payments.errors import GiftCardsTooLarge
from payments.gift_models import GiftCard, GiftCardIssue, GiftCardLine
from tests.factories import gift_card
from tests.gift_books import assert_books_are_right

pytestmark = pytest.mark.django_db

Client = Any
BASE = "/admin/payment/payments"


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> None:
    settings.GIFT_CARDS_ALONE_UP_TO = {"VND": 1_000_000}
    settings.GIFT_CARD_GUESSES_PER_USER, settings.GIFT_CARD_GUESSES_PER_ADDRESS = 3, 5


@pytest.fixture
def linh(sign_in: Callable[..., Client]) -> Client:
    return sign_in(roles=("manager",), username="linh")


@pytest.fixture
def minh(sign_in: Callable[..., Client]) -> Client:
    return sign_in(roles=("manager",), username="minh")


def issue(client: Client, amount: int = 100_000, *, key: object = None, **wanted: Any) -> Any:
    body = {"origin": "sold", "amount": {"amount": amount, "currency": "VND"}, "reason": "paid in cash", **wanted}
    return client.post("/gift-cards/issues", body, headers={"Idempotency-Key": str(key or uuid7())})


def act(client: Client, issue_id: str, deed: str, body: Any = None) -> Any:
    return client.post(f"/gift-cards/issues/{issue_id}/{deed}", body)


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestIssuing:
    def test_its_codes_are_told_once_to_who_asked_and_each_is_good_for_its_amount(
        self, linh: Client, minh: Client, sign_in: Callable[..., Client]
    ) -> None:
        made = issue(linh, count=3, expires_at=(timezone.now() + timedelta(days=1)).isoformat(), key="once")
        assert (made.status_code, made.json()["status"]) == (201, "approved")
        assert issue(linh, count=3, expires_at=made.json()["expires_at"], key="once").status_code in (201, 422)
        issue_id = made.json()["id"]
        assert refused(act(minh, issue_id, "codes")) == (403, "gift_card_codes_not_yours")
        answer = act(linh, issue_id, "codes")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
        assert refused(act(linh, issue_id, "codes")) == (409, "gift_card_issue_over")
        codes = answer.json()["codes"]
        assert len(set(codes)) == GiftCard.objects.filter(issue=issue_id).count() == 3
        assert_books_are_right()
        looked_up = sign_in().post("/gift-cards/balance", {"code": codes[0].lower()})
        assert looked_up.json()["balance"] == {"amount": 100_000, "currency": "VND"}
        assert (looked_up.json()["status"], looked_up.headers["Cache-Control"]) == ("active", "no-store")
        written = str(list(AuditRecord.objects.values())) + str(list(GiftCard.objects.values()))
        assert not [code for code in codes if code in written or code.replace("-", "") in written]

    def test_much_takes_two_in_one_piece_or_in_many(self, linh: Client, minh: Client) -> None:
        assert issue(linh, 600_000).json()["status"] == "approved"
        second = issue(linh, 600_000).json()
        assert second["status"] == "awaiting_approval"
        assert refused(act(linh, second["id"], "codes")) == (409, "gift_card_issue_over")
        assert refused(act(linh, second["id"], "approve")) == (403, "second_person_needed")
        assert act(minh, second["id"], "approve").json()["decided_by"] == "minh"
        assert refused(act(minh, second["id"], "codes")) == (403, "gift_card_codes_not_yours")
        assert act(linh, second["id"], "codes").status_code == 201
        assert issue(minh, 600_000).json()["status"] == "approved"
        assert refused(act(minh, second["id"], "refuse", {"note": "too late"})) == (409, "gift_card_issue_over")

    def test_what_is_refused_or_left_is_never_made(self, linh: Client, minh: Client) -> None:
        large = issue(linh, 2_000_000).json()["id"]
        assert act(minh, large, "refuse", {"note": "for whom?"}).json()["note"] == "for whom?"
        left = issue(linh).json()["id"]
        GiftCardIssue.objects.filter(id=left).update(due_by=timezone.now())
        assert refused(act(linh, left, "codes")) == (409, "gift_card_issue_over")
        assert tasks.lapse_gift_cards() == 1
        assert {linh.get(f"/gift-cards/issues/{each}").json()["status"] for each in (large, left)} == {
            "refused",
            "lapsed",
        }
        assert not GiftCard.objects.exists()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"amount": {"amount": 0, "currency": "VND"}},
            {"amount": {"amount": 1, "currency": "XXX"}},
            {"count": 0},
            {"count": 1_001},
            {"expires_at": "2020-01-01T00:00:00Z"},
            {"origin": "found"},
            {"reason": "4111 1111 1111 1111"},
        ],
    )
    def test_what_is_wrong_makes_nothing(self, linh: Client, wrong: dict[str, Any]) -> None:
        assert issue(linh, **wrong).status_code == 400
        assert not GiftCardIssue.objects.exists()

    def test_support_and_customers_issue_none(self, sign_in: Callable[..., Client]) -> None:
        for roles in (("customer",), ("support",)):
            assert issue(sign_in(roles=roles)).status_code == 403


class TestWhatStaffSee:
    def test_cards_are_found_by_their_end_and_blocked_with_a_reason(self, sign_in: Callable[..., Client]) -> None:
        card, code = gift_card()
        gift_card()
        support = sign_in(roles=("support",), username="linh")
        (found,) = support.get(f"/gift-cards?last4={card.last4.lower()}").json()["results"]
        assert (found["id"], found["balance"]["amount"], found["reserved"]["amount"]) == (str(card.id), 100_000, 0)
        assert code not in str(found)
        lines = support.get(f"/gift-cards/{card.id}/lines").json()["results"]
        assert {(line["account"], line["amount"]["amount"]) for line in lines} == {
            ("balance", 100_000),
            ("desk", -100_000),
        }
        blocked = support.post(f"/gift-cards/{card.id}/block", {"reason": "stolen"}).json()
        assert (blocked["status"], blocked["blocked_because"]) == ("blocked", "stolen")
        assert support.post(f"/gift-cards/{card.id}/unblock", {"reason": "found"}).json()["status"] == "active"
        deeds = AuditRecord.objects.filter(action__startswith="gift_card.").order_by("id")
        assert list(deeds.values_list("action", "reason")) == [
            ("gift_card.blocked", "stolen"),
            ("gift_card.unblocked", "found"),
        ]

    def test_a_manager_issues_and_takes_the_codes_along_in_the_admin_site(self, client: Browser) -> None:
        client.force_login(local_user("linh", {"manager"}), backend="django.contrib.auth.backends.ModelBackend")
        form = {
            "origin": "goodwill",
            "count": "2",
            "amount": "150000",
            "currency": "vnd",
            "reason": "the hall was cold",
            "key": str(uuid7()),
        }
        assert client.post(f"{BASE}/giftcardissue/add/", form).status_code == 302
        again = client.post(f"{BASE}/giftcardissue/add/", form, follow=True).content.decode()
        assert "asked for already" in again
        too_much = form | {"key": str(uuid7()), "count": "11", "amount": "100000000000"}
        assert (
            GiftCardsTooLarge.title in client.post(f"{BASE}/giftcardissue/add/", too_much, follow=True).content.decode()
        )
        made = GiftCardIssue.objects.get()
        assert (made.amount, made.currency, made.status, made.requested_by) == (150_000, "VND", "approved", "linh")
        chosen = {"action": "make", "_selected_action": [str(made.id)]}
        asked = client.post(f"{BASE}/giftcardissue/", chosen).content.decode()
        assert "nobody gets these again" in asked
        assert not GiftCard.objects.exists()
        chosen["seen"] = "yes"
        answer = client.post(f"{BASE}/giftcardissue/", chosen)
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert len(answer.content.decode().split()) == 3
        again = client.post(f"{BASE}/giftcardissue/", chosen, follow=True)
        assert b"does not wait for that any more" in again.content
        card = GiftCard.objects.order_by("id")[0]
        assert b"150,000 VND" in client.get(f"{BASE}/giftcard/{card.id}/change/").content
        block = {"action": "block", "_selected_action": [str(card.id)]}
        assert b"Reason" in client.post(f"{BASE}/giftcard/", block).content
        client.post(f"{BASE}/giftcard/", {**block, "reason": "lost", "seen": "yes"})
        card.refresh_from_db()
        assert card.blocked_because == "lost"

    def test_the_ledger_is_only_added_to_and_adds_up(self) -> None:
        card, _ = gift_card()
        line = card.lines.all()[0]
        line.amount += 1
        for wrong in (line.save, line.delete):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                wrong()
        alone = GiftCardLine(card=card, move="refund", account="balance", amount=1, currency="VND")
        with pytest.raises(DatabaseError, match="add up to zero"), transaction.atomic():
            alone.save()

    def test_what_is_owed_is_counted_on_by_currency(self, monkeypatch: pytest.MonkeyPatch) -> None:
        gift_card(100_000)
        assert gift_totals.owed() == {"VND": 100_000}
        monkeypatch.setattr(gift_totals, "SETTLED_AFTER", -timedelta(minutes=1))
        for _ in range(2):
            assert gift_totals.owed() == {"VND": 100_000}
        monkeypatch.undo()
        assert gift_totals.owed() == {"VND": 100_000}


class TestGuessing:
    def an_address(self) -> str:
        """Of nobody before: what is counted for one outlives a test."""
        return str(ip_address(10 * 2**24 + secrets.randbelow(2**24)))

    def test_codes_that_are_none_are_counted_and_one_that_is_good_never_is(
        self, sign_in: Callable[..., Client], settings: Any
    ) -> None:
        _, code = gift_card()
        first, here = sign_in(), self.an_address()

        def ask(customer: Client, typed: str) -> Any:
            return customer.post("/gift-cards/balance", {"code": typed}, REMOTE_ADDR=here)

        for _ in range(5):
            assert ask(first, code).status_code == 200
            assert refused(ask(first, "WRONG0")) == (409, "gift_card_invalid")
        for number in (1, 2):
            assert refused(ask(first, f"WRONG{number}")) == (409, "gift_card_invalid")
        answer = ask(first, code)
        assert refused(answer) == (429, "too_many_gift_card_codes")
        assert 0 < int(answer.headers["Retry-After"]) <= settings.GIFT_CARD_GUESSES_SECONDS
        body = {"booking_id": str(uuid7()), "gift_card": {"code": code}}
        paying = first.post("/payments", body, headers={"Idempotency-Key": "k"}, REMOTE_ADDR=here)
        assert paying.status_code == 429
        for number in (3, 4):
            assert refused(ask(sign_in(), f"WRONG{number}")) == (409, "gift_card_invalid")
        assert ask(sign_in(), code).status_code == 429

    def test_those_of_everybody_are_counted_together(
        self, sign_in: Callable[..., Client], settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # What other tests have been wrong about counts as well: only the bound itself is looked at.
        settings.GIFT_CARD_GUESSES_IN_ALL = 1
        settings.GIFT_CARD_GUESSES_SECONDS = 1
        sign_in().post("/gift-cards/balance", {"code": "WRONG9"}, REMOTE_ADDR=self.an_address())
        answer = sign_in().post("/gift-cards/balance", {"code": "WRONG8"}, REMOTE_ADDR=self.an_address())
        # Nobody else is turned away because of it.
        redis_client().delete(*gift_card_guesses.bounds().marks(None, None))
        assert refused(answer) == (429, "too_many_gift_card_codes")

    @pytest.mark.parametrize("typed", ["", " ", "x" * 81, 7, None, ["A"]])
    def test_what_can_be_no_code_is_an_answer_like_any_other(self, sign_in: Callable[..., Client], typed: Any) -> None:
        answer = sign_in().post("/gift-cards/balance", {"code": typed})
        assert answer.status_code == 400
