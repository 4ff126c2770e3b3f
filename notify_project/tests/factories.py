from typing import Any
from uuid import UUID

import factory
from django.utils import timezone

from chassis.ids import uuid7
from chassis.messaging.events import Event
from chassis.storage.audit_log import Actor, Door
from notifications.domain import Channel, Status
from notifications.kinds import KINDS, samples
from notifications.models import BookingSummary, Contact, Notification

CLERK = Actor(uuid7(), "linh", Door.ADMIN)


def event_of(event_type: str, data: dict[str, Any], *, event_id: UUID | None = None, correlation: str = "") -> Event:
    return Event(
        id=event_id or uuid7(),
        type=event_type,
        source="/test",
        subject="test",
        time=timezone.now(),
        data=data,
        correlationid=correlation,
    )


class ContactFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Contact

    user_id = factory.LazyFunction(uuid7)
    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyFunction(lambda: f"{uuid7().hex}@example.com")
    email_verified = True
    full_name = "Ada Lovelace"
    phone = factory.Sequence(lambda n: f"+849{n:08d}")
    as_of = factory.LazyFunction(timezone.now)


class BookingSummaryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BookingSummary

    booking_id = factory.LazyFunction(uuid7)
    reference = "K7QF2M9XTD"
    showtime = samples.BOOKING["showtime"]
    seats = samples.BOOKING["seats"]


class NotificationFactory(factory.django.DjangoModelFactory):
    """A receipt that is due, of a contact who is known."""

    class Meta:
        model = Notification

    class Params:
        contact = factory.SubFactory(ContactFactory)

    user_id = factory.LazyAttribute(lambda notification: notification.contact.user_id)
    event_id = factory.LazyFunction(uuid7)
    booking_id = factory.LazyFunction(uuid7)
    template = "receipt"
    channel = Channel.EMAIL
    context = factory.LazyAttribute(lambda notification: dict(KINDS[notification.template].sample))
    status = Status.PENDING
    due_at = factory.LazyFunction(timezone.now)
    created_at = factory.LazyFunction(timezone.now)
