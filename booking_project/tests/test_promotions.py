"""What staff do with promotions, through the API and in the admin site."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from factories import PromoCodeFactory, PromotionFactory

from bookings.models import PromoCode, Promotion, PromoUse
from chassis.codes import digest_of
from chassis.storage.models import AuditRecord
from chassis.testing_staff import enter
from chassis.web.staff import local_user

pytestmark = pytest.mark.django_db

BASE = "/admin/booking/bookings"
RULE = {"name": "Families", "label": "Family evening", "off": "amount", "value": 50000, "currency": "VND"}


@pytest.fixture
def manager(sign_in: Callable[..., Any]) -> Any:
    return sign_in(("manager",))


@pytest.fixture
def staff(client: Client) -> Client:
    enter(client, "manager", username="linh")
    return client


def test_a_rule_is_made_changed_and_stopped(manager: Any) -> None:
    made = manager.post("/promotions", {**RULE, "weekdays": [1, 2]})
    assert made.status_code == 201
    there = f"/promotions/{made.json()['id']}"
    assert made.headers["Location"] == there
    assert manager.get(there).json() == made.json()
    changed = manager.patch(there, {"min_tickets": 4}).json()
    assert changed == {**made.json(), "min_tickets": 4}
    assert manager.delete(there).status_code == 204
    assert manager.delete(there).status_code == 204
    stopped = manager.get(there).json()
    assert stopped["stopped_at"] is not None
    for refused in (
        manager.patch(there, {"min_tickets": 1}),
        manager.post(f"{there}/codes", {"word": "FAMILY"}),
        manager.post(f"{there}/vouchers", {"count": 1}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "promotion_stopped")


def test_what_is_no_rule_is_told_by_its_field(manager: Any) -> None:
    told = manager.post("/promotions", {**RULE, "currency": "", "sold_from": "2027-01-01T00:00:00Z"})
    assert told.status_code == 400
    assert [error["pointer"] for error in told.json()["errors"]] == ["/currency"]
    there = f"/promotions/{manager.post('/promotions', RULE).json()['id']}"
    told = manager.patch(there, {"off": "percent"}).json()
    assert {error["pointer"] for error in told["errors"]} == {"/value", "/currency"}


def test_a_word_is_a_code_once_however_it_is_spelt(manager: Any) -> None:
    first, second = (f"/promotions/{PromotionFactory().pk}/codes" for _ in range(2))
    made = manager.post(first, {"word": "quiet-evening", "most_uses": 5}).json()
    assert (made["word"], made["most_uses"], made["uses"]) == ("QUIETEVENING", 5, 0)
    for word in ("QUIET EVENING", "QU1ETEVEN1NG"):
        assert manager.post(second, {"word": word}).json()["code"] == "promo_code_taken"
    assert manager.post(second, {"word": "TẾT"}).json()["errors"][0]["pointer"] == "/word"


def test_vouchers_are_told_once_and_are_good_for_one_booking_each(manager: Any, hold: Callable[..., Any]) -> None:
    there = f"/promotions/{PromotionFactory().pk}"
    answer = manager.post(f"{there}/vouchers", {"count": 3})
    vouchers = answer.json()["codes"]
    assert len(set(vouchers)) == 3
    assert answer.headers["Cache-Control"] == "no-store"
    listed = manager.get(f"{there}/codes")
    assert {row["last4"] for row in listed.json()["results"]} == {voucher[-4:] for voucher in vouchers}
    kept = f"{listed.content!r}{list(PromoCode.objects.values())}{list(AuditRecord.objects.values())}"
    for voucher in vouchers:
        assert voucher not in kept
        assert PromoCode.objects.get(digest=digest_of(voucher)).most_uses == 1
    booking = hold(0, promo_code=vouchers[0].lower())
    (use,) = manager.get(f"{there}/uses").json()["results"]
    assert (use["reference"], use["status"], use["seats"]) == (booking.reference, "PENDING", 1)
    assert (use["user_id"], use["given_back_at"]) == (str(booking.user_id), None)
    assert sorted(row["uses"] for row in manager.get(f"{there}/codes").json()["results"]) == [0, 0, 1]


def test_a_promotion_has_so_many_codes_and_no_more(manager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookings.promotions.MOST_CODES", 3)
    there = f"/promotions/{PromotionFactory().pk}"
    assert manager.post(f"{there}/vouchers", {"count": 3}).status_code == 201
    for more in (manager.post(f"{there}/vouchers", {"count": 1}), manager.post(f"{there}/codes", {"word": "FAMILY"})):
        assert more.json()["code"] == "too_many_codes"


@pytest.mark.parametrize("role", ["customer", "support"])
def test_who_may_not_makes_nothing(sign_in: Callable[..., Any], role: str) -> None:
    who, there = sign_in((role,)), f"/promotions/{PromotionFactory().pk}"
    for refused in (
        who.post("/promotions", RULE),
        who.patch(there, {"value": 1}),
        who.delete(there),
        who.post(f"{there}/codes", {"word": "FAMILY"}),
        who.post(f"{there}/vouchers", {"count": 1}),
    ):
        assert refused.status_code == 403
    for path in ("/promotions", there, f"{there}/codes", f"{there}/uses"):
        assert who.get(path).status_code == (200 if role == "support" else 403)


def test_the_form_speaks_in_major_units_and_in_names(staff: Client, showtime: Any) -> None:
    form = {**RULE, "value": "12.50", "currency": "eur", "min_tickets": 2, "ticket_types": "child, senior"}
    form |= {"theaters": [], "movies": [str(showtime.movie_id)], "weekdays": ["6", "7"]}
    assert staff.post(f"{BASE}/promotion/add/", form).status_code == 302
    row = Promotion.objects.get()
    assert (row.value, row.currency, row.ticket_types) == (1250, "EUR", ["child", "senior"])
    assert (row.movies, row.weekdays) == ([showtime.movie_id], [6, 7])
    shown = staff.get(f"{BASE}/promotion/{row.pk}/change/").content.decode()
    assert 'value="12.50"' in shown
    assert showtime.movie_title in shown
    assert "12.50 EUR" in staff.get(f"{BASE}/promotion/").content.decode()
    wrong = staff.post(f"{BASE}/promotion/add/", {**form, "currency": "VND"})
    assert "VND has 0 decimals." in wrong.content.decode()


def test_what_became_of_a_rule_is_on_record_as_people_write_it_by_either_door(staff: Client, manager: Any) -> None:
    form = {**RULE, "value": "12.50", "currency": "EUR", "min_tickets": 2, "ticket_types": "child"}
    staff.post(f"{BASE}/promotion/add/", form)
    row = Promotion.objects.get()
    staff.post(f"{BASE}/promotion/{row.pk}/change/", {**form, "currency": "KWD", "ticket_types": "child, senior"})
    manager.patch(f"/promotions/{row.pk}", {"off": "percent", "value": 15, "currency": ""})
    added, *changed = AuditRecord.objects.order_by("id")
    assert (added.after["takes_off"], added.after["ticket_types"]) == ("12.50 EUR", ["child"])
    assert [(entry.before, entry.after) for entry in changed] == [
        (
            {"ticket_types": ["child"], "takes_off": "12.50 EUR"},
            {"ticket_types": ["child", "senior"], "takes_off": "12.500 KWD"},
        ),
        ({"takes_off": "12.500 KWD"}, {"takes_off": "15 % of each ticket"}),
    ]


def test_vouchers_come_as_a_file_once(staff: Client) -> None:
    promotion = PromotionFactory()
    there = f"{BASE}/promotion/{promotion.pk}/codes/"
    assert staff.get(there).status_code == 200
    made = staff.post(there, {"count": 3})
    assert made.headers["Content-Disposition"] == f'attachment; filename="vouchers-{promotion.pk}.csv"'
    head, *vouchers = b"".join(made.streaming_content).decode().split()
    assert (head, len(vouchers)) == ("code", 3)
    listed = staff.get(f"{BASE}/promocode/?promotion__id__exact={promotion.pk}").content.decode()
    for voucher in vouchers:
        assert PromoCode.objects.filter(digest=digest_of(voucher)).exists()
        assert f"…{voucher[-4:]}" in listed
        assert voucher not in listed
    [record] = AuditRecord.objects.filter(action="promotion.vouchers_made")
    assert record.after == {"vouchers": 3}


def test_a_word_that_is_taken_is_said_on_the_page(staff: Client) -> None:
    code = PromoCodeFactory(word="QUIET")
    there = f"{BASE}/promotion/{code.promotion_id}/codes/"
    assert "There is such a code already" in staff.post(there, {"word": "quiet"}).content.decode()
    assert "letters from A to Z" in staff.post(there, {"word": "TẾT"}).content.decode()
    assert PromoCode.objects.count() == 1


def test_it_is_asked_before_promotions_are_stopped(staff: Client) -> None:
    promotion = PromotionFactory()
    chosen = {"action": "stop", "_selected_action": [str(promotion.pk)]}
    assert "for good" in staff.post(f"{BASE}/promotion/", chosen).content.decode()
    promotion.refresh_from_db()
    assert promotion.stopped_at is None
    staff.post(f"{BASE}/promotion/", {**chosen, "sure": "yes"})
    promotion.refresh_from_db()
    assert promotion.stopped_at is not None


def test_staff_read_who_used_a_code_and_on_a_booking_which(client: Client, hold: Callable[..., Any]) -> None:
    client.force_login(local_user("root", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    code = PromoCodeFactory(word="QUIET")
    booking = hold(0, promo_code="quiet")
    for query in ("", f"?promotion__id__exact={code.promotion_id}", "?q=quiet", f"?q={booking.reference}"):
        assert booking.reference in client.get(f"{BASE}/promouse/{query}").content.decode()
    assert booking.reference not in client.get(f"{BASE}/promouse/?q=LOUD1").content.decode()
    assert "QUIET" in client.get(f"{BASE}/booking/{booking.pk}/change/").content.decode()
    assert "1 booking" in client.get(f"{BASE}/promocode/").content.decode()
    assert PromoUse.objects.count() == 1
