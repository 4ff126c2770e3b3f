"""A kind of message is one entry and its wording; everything else follows from that."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from uuid import UUID

import msgspec
import pytest
from django.core.management import call_command
from factories import CLERK, ContactFactory, NotificationFactory
from rest_framework.test import APIClient
from servers import Sink

from chassis.ids import uuid7
from chassis.money import Money
from notifications import delivery, first_wordings, handlers, services
from notifications.domain import Channel, Status
from notifications.errors import NotResendable
from notifications.kinds import KINDS, samples
from notifications.kinds.kind import Kind, Telling
from notifications.models import FirstWording, Notification, NotificationTemplate

pytestmark = pytest.mark.django_db

TOLD = [kind for kind in KINDS.values() if kind.tells is not None]


@dataclass(frozen=True, slots=True)
class PaymentVoided:
    payment_id: UUID
    user_id: UUID
    amount: Money


VOIDED = Kind(
    code="payment_voided",
    tells=Telling("payment.voided", PaymentVoided, says=("amount",), once=lambda payment: f"void:{payment.payment_id}"),
    channels=(Channel.EMAIL, Channel.SMS),
    sample={"amount": samples.PRICE},
)
WORDING = """
[email.payment_voided]
subject = "Nothing was charged"
text = "Hello {{ name }}, we let go of {{ amount }}."

[sms.payment_voided]
text = "We let go of {{ amount }}."
"""


@pytest.fixture
def wordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder of first wordings, for tests to write in."""
    copy = copytree(first_wordings.FOLDER, tmp_path / "wordings")
    monkeypatch.setattr(first_wordings, "FOLDER", copy)
    return copy


@pytest.fixture
def voided(wordings: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    """A version of this service with one kind more, after its `migrate`."""
    monkeypatch.setitem(KINDS, VOIDED.code, VOIDED)
    monkeypatch.setattr(handlers, "HANDLERS", handlers.handlers_of(KINDS.values()))
    with (wordings / "en.toml").open("a") as english:
        english.write(WORDING)
    call_command("migrate", verbosity=0)
    return VOIDED


def test_a_kind_added_in_one_place_arrives_as_a_mail(
    voided: Kind, sink: Sink, deliver: Callable[..., bool], sign_in: Callable[..., APIClient]
) -> None:
    contact = ContactFactory(full_name="Minh Khai")
    payment = {"payment_id": uuid7(), "user_id": contact.user_id, "amount": {"amount": 180000, "currency": "VND"}}
    for _ in range(2):
        deliver("payment.voided", **payment)
    [mail] = sink.messages(contact.email)
    assert (mail["subject"], mail["text"].strip()) == (
        "Nothing was charged",
        "Hello Minh Khai, we let go of ₫180,000.",
    )
    [row] = sign_in(user_id=contact.user_id).get("/notifications/history").json()["results"]
    assert (row["template"], row["status"]) == ("payment_voided", "sent")


def test_a_kind_with_a_second_channel_comes_there_too_to_who_wants_it(
    voided: Kind, sink: Sink, deliver: Callable[..., bool]
) -> None:
    contact = ContactFactory(wants_sms=True, phone="+84900000071")
    for number in (1, 2):
        amount = {"amount": number, "currency": "VND"}
        deliver("payment.voided", payment_id=uuid7(), user_id=contact.user_id, amount=amount)
    delivery.deliver_due()
    assert {sms["text"] for sms in sink.messages(contact.phone)} == {"We let go of ₫1.", "We let go of ₫2."}


def test_a_kind_needs_no_migration(voided: Kind) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_an_event_is_told_by_one_kind() -> None:
    with pytest.raises(AssertionError, match="same event"):
        handlers.handlers_of([VOIDED, VOIDED])


def test_what_staff_worded_or_deleted_is_as_they_left_it_after_the_next_migrate(wordings: Path) -> None:
    NotificationTemplate.objects.filter(code="receipt", language="en").update(text="Paid.")
    NotificationTemplate.objects.get(code="hold", language="vi").delete()
    NotificationTemplate.objects.filter(code="ticket", channel="sms").delete()
    before = list(NotificationTemplate.objects.order_by("id").values())
    call_command("migrate", verbosity=0)
    assert list(NotificationTemplate.objects.order_by("id").values()) == before


def test_a_wording_that_nobody_edited_follows_the_release(wordings: Path) -> None:
    english = wordings / "en.toml"
    english.write_text(english.read_text().replace("Thank you.", "Many thanks."))
    NotificationTemplate.objects.filter(code="refund").update(text="Edited.")
    call_command("migrate", verbosity=0)
    receipt = NotificationTemplate.objects.get(code="receipt", language="en")
    assert "Many thanks." in receipt.text
    assert NotificationTemplate.objects.get(code="refund", language="en").text == "Edited."


def test_what_was_filled_in_before_that_was_remembered_follows_the_release_too(
    wordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of such rows no digest is kept: those of the versions before stand in a file."""
    FirstWording.objects.update(digest="")
    english = wordings / "en.toml"
    before = NotificationTemplate.objects.get(code="receipt", language="en")
    english.write_text(english.read_text().replace("Thank you.", "Many thanks."))
    call_command("migrate", verbosity=0)
    assert NotificationTemplate.objects.get(pk=before.pk).text == before.text, "it is none of those"
    known = frozenset({first_wordings.digest_of(vars(before))})
    monkeypatch.setattr(first_wordings, "_former", lambda: known)
    call_command("migrate", verbosity=0)
    assert "Many thanks." in NotificationTemplate.objects.get(pk=before.pk).text


def test_a_language_that_staff_deleted_stays_away(wordings: Path) -> None:
    assert NotificationTemplate.objects.filter(language="vi").delete()[0] > 10
    call_command("migrate", verbosity=0)
    assert not NotificationTemplate.objects.filter(language="vi").exists()


def test_a_new_language_is_filled_in_for_every_kind(wordings: Path) -> None:
    (wordings / "fr.toml").write_bytes((wordings / "en.toml").read_bytes())
    call_command("migrate", verbosity=0)
    of = NotificationTemplate.objects.filter
    assert of(language="fr").count() == of(language="en").count() == len(KINDS) + 2


def test_a_kind_that_is_not_known_here_is_left_to_the_version_that_is(sink: Sink) -> None:
    newer = NotificationFactory()
    Notification.objects.update(template="from_the_future")
    assert delivery.deliver_due() == 0
    newer.refresh_from_db()
    assert (newer.status, newer.attempts) == (Status.PENDING, 0)


def test_what_a_kind_that_is_not_known_here_holds_is_taken_for_a_secret() -> None:
    newer = NotificationFactory(status=Status.FAILED)
    Notification.objects.update(template="from_the_future")
    with pytest.raises(NotResendable):
        services.send_again(notification_id=newer.id, actor=CLERK)


@pytest.mark.parametrize("kind", TOLD, ids=lambda kind: kind.code)
def test_a_sample_says_what_the_event_says(kind: Kind) -> None:
    assert kind.tells is not None
    types = kind.tells.types()
    assert set(kind.sample) == set(kind.tells.says)
    for name, value in kind.sample.items():
        assert msgspec.convert(value, types[name]) is not None


def test_what_carries_a_secret_is_what_ends_in_a_link() -> None:
    assert {kind.code for kind in KINDS.values() if kind.carries_secret} == {"password_reset", "email_verification"}
    assert all("token" in kind.sample for kind in KINDS.values() if kind.carries_secret)
