"""Mail cannot be used against strangers: who has not proved an address writes nothing into it, and not often."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from factories import BookingSummaryFactory, ContactFactory, NotificationFactory
from servers import Sink

from chassis.ids import uuid7
from notifications import delivery
from notifications.domain import Status
from notifications.kinds import KINDS
from notifications.models import AddressAllowance, Contact, Notification

pytestmark = pytest.mark.django_db

SPAM = "You won 500 EUR http://evil.example/claim"
TYPED = "Claire Your-Prize-Waits"


def reasons() -> list[str]:
    return sorted(Notification.objects.values_list("reason", flat=True))


@pytest.mark.parametrize("code", sorted(set(KINDS) - {"message"}))
def test_no_mail_to_an_address_that_nobody_has_proved_says_what_its_account_typed(sink: Sink, code: str) -> None:
    contact = ContactFactory(full_name=TYPED, username="prize-waits", email_verified=False)
    booking = BookingSummaryFactory()
    NotificationFactory(contact=contact, template=code, booking_id=booking.booking_id)
    assert delivery.deliver_due() == 1
    [mail] = sink.messages(contact.email)
    assert "prize" not in sink.source(mail).lower()


@pytest.mark.parametrize("template", ["email_verification", "email_changed"])
def test_a_mail_to_another_address_than_the_proved_one_does_not_name_the_account(sink: Sink, template: str) -> None:
    contact, address = ContactFactory(full_name=TYPED), f"{uuid7().hex}@example.com"
    NotificationFactory(contact=contact, template=template, recipient=address)
    delivery.deliver_due()
    assert TYPED not in sink.messages(address)[0]["text"]


@pytest.mark.parametrize("name", [SPAM, "A\r\nBcc: all@example.com", "www.evil.example", "<a href=x>Ada</a>"])
def test_a_name_that_could_be_a_link_is_not_said_even_to_its_owner(sink: Sink, name: str) -> None:
    contact = ContactFactory(full_name=name)
    NotificationFactory(contact=contact)
    delivery.deliver_due()
    assert sink.messages(contact.email)[0]["text"].splitlines()[0] == "Hello,"


def test_whoever_proves_their_address_is_greeted_by_name_in_the_welcome(
    sink: Sink, deliver: Callable[..., bool], golden: Callable[[str], dict[str, Any]]
) -> None:
    user = golden("user.registered")["data"]
    deliver("user.registered", email_verified=False, language="en")
    assert Contact.objects.get().email_verified is False
    deliver("email.verified", user_id=user["user_id"], email=user["email"], new_account=True)
    assert sink.messages(user["email"])[-1]["text"].startswith(f"Hello {user['full_name']},")


def test_a_late_word_that_a_former_address_was_proved_says_nothing_of_the_new_one(
    deliver: Callable[..., bool],
) -> None:
    contact = ContactFactory(email="new@example.com", email_verified=False)
    deliver("email.verified", user_id=contact.user_id, email="old@example.com", new_account=False)
    assert Contact.objects.get().email_verified is False


def test_an_address_gets_so_many_messages_that_anybody_can_cause_whoever_and_whatever_causes_them(
    sink: Sink, settings: Any
) -> None:
    settings.MAILS_TO_STRANGERS_PER_HOUR = 3
    victim = f"{uuid7().hex}@example.com"
    for address in (victim, victim.upper(), victim.replace("@", "+1@")):
        contact = ContactFactory(email=address, email_verified=False)
        for template in ("email_verification", "hold"):
            NotificationFactory(contact=contact, template=template)
    delivery.deliver_due()
    assert reasons() == ["", "", "", "too_many", "too_many", "too_many"]
    secrets = Notification.objects.filter(template="email_verification", reason="too_many")
    assert all("token" not in notification.context for notification in secrets)


def test_tickets_and_money_are_told_however_many_there_are(sink: Sink, settings: Any) -> None:
    settings.MAILS_TO_STRANGERS_PER_HOUR = 1
    contact = ContactFactory(email_verified=False)
    for template in ("hold", "hold", "receipt", "ticket", "refund", "booking_cancelled", "booking_moved"):
        NotificationFactory(contact=contact, template=template)
    delivery.deliver_due()
    assert reasons() == [*[""] * 6, "too_many"]


def test_who_holds_and_lets_go_for_nothing_is_not_told_each_time(sink: Sink, settings: Any) -> None:
    settings.MAILS_TO_STRANGERS_PER_HOUR = 1
    contact = ContactFactory(email_verified=False)
    context = {**KINDS["booking_cancelled"].sample, "unpaid": True}
    NotificationFactory.create_batch(2, contact=contact, template="booking_cancelled", context=context)
    delivery.deliver_due()
    assert reasons() == ["", "too_many"]


def test_strangers_cannot_use_up_what_the_owner_of_an_address_asks_for(sink: Sink, settings: Any) -> None:
    settings.MAILS_TO_STRANGERS_PER_HOUR = 1
    owner = ContactFactory()
    stranger = ContactFactory(email_verified=False)
    NotificationFactory.create_batch(3, contact=stranger, template="email_verification", recipient=owner.email)
    delivery.deliver_due()
    NotificationFactory(contact=owner, template="password_reset", recipient=owner.email)
    delivery.deliver_due()
    assert [mail["subject"] for mail in sink.messages(owner.email)] == [
        "Confirm your e-mail address",
        "Reset your password",
    ]


def test_an_hour_later_there_is_room_again(sink: Sink, settings: Any) -> None:
    settings.MAILS_TO_STRANGERS_PER_HOUR = 1
    contact = ContactFactory(email_verified=False)
    for _ in range(2):
        NotificationFactory(contact=contact, template="hold")
        delivery.deliver_due()
        AddressAllowance.objects.update(since=timezone.now() - timedelta(minutes=60))
    assert len(sink.messages(contact.email)) == 2


def test_a_try_that_is_repeated_is_counted_once(scripted: Any, settings: Any, make_due: Callable[[], None]) -> None:
    settings.MAILS_TO_STRANGERS_PER_HOUR = 1
    notification = NotificationFactory(contact=ContactFactory(email_verified=False), template="hold")
    scripted.replies["RCPT"] = "451 greylisted"
    for _ in range(2):
        delivery.deliver_due()
        make_due()
    scripted.replies.clear()
    delivery.deliver_due()
    notification.refresh_from_db()
    assert notification.status == Status.SENT


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_keep_the_bound(sink: Sink, settings: Any) -> None:
    settings.MAILS_TO_STRANGERS_PER_HOUR = 3
    contact = ContactFactory(email_verified=False)
    NotificationFactory.create_batch(12, contact=contact, template="hold")

    def work(_: int) -> int:
        try:
            return delivery.deliver_due()
        finally:
            delivery.forget_connection()
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 12
    assert len(sink.messages(contact.email)) == 3
