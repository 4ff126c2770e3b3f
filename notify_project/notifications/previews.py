"""A message as it could be, or as one would have been: for previews, and to check a wording before it is saved."""

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

from notifications import compose
from notifications.kinds import KINDS, samples
from notifications.kinds.kind import Kind
from notifications.models import BookingSummary, Contact, Notification
from notifications.presentation import present
from notifications.wording import Rendered, Wording, render

# What whoever has it is let in by. Of a ticket's code a preview says that there is one.
UNSHOWN: Final = frozenset({"ticket", "tickets", "token"})
CODE: Final = "••••••••"


def values(kind: Kind, *, language: str, public_url: str, support_email: str = "") -> dict[str, Any]:
    """What the wording of this message can use."""
    return present(
        kind.sample,
        kind=kind,
        booking=samples.BOOKING,
        name="Nguyễn Thị Minh Khai",
        language=language,
        public_url=public_url,
        support_email=support_email,
    )


def preview(
    kind: Kind, wording: Wording, *, language: str, public_url: str, support_email: str = "", mail_domain: str = ""
) -> Rendered:
    """Raises BadWording, also for a name this message does not have and for what is only wrong in another branch."""
    shown = values(kind, language=language, public_url=public_url, support_email=support_email)
    return render(wording, shown, mail_domain=mail_domain, about_account=kind.about_account, strict=True)


def sample(code: str, wording: Wording, language: str) -> Rendered:
    """This house's message, about what it could be about. Raises BadWording as `preview` does."""
    return preview(
        KINDS[code],
        wording,
        language=language,
        public_url=settings.PUBLIC_URL,
        support_email=settings.SUPPORT_EMAIL,
        mail_domain=mail_domain(),
    )


def of_message(message: Notification, wording: Wording, language: str) -> Rendered:
    """What a message that went out would have said in this wording. Raises BadWording.

    Without what whoever has it is let in by: not for a kind that carries a secret.
    """
    kind = KINDS[message.template]
    booking, reader = about(message)
    shown = as_read(kind, message.context, booking, reader, language)
    return render(wording, shown, mail_domain=mail_domain(), about_account=kind.about_account)


def mail_domain() -> str:
    """Of the house's own addresses."""
    return compose.domain_of(settings.DEFAULT_FROM_EMAIL)


def about(message: Notification) -> tuple[BookingSummary | None, Contact | None]:
    """The booking that it tells of and who reads it, as far as they are known."""
    booking = BookingSummary.objects.filter(booking_id=message.booking_id).first() if message.booking_id else None
    return booking, Contact.objects.filter(user_id=message.user_id).first() if message.user_id else None


def as_read(
    kind: Kind, context: Mapping[str, Any], booking: BookingSummary | None, reader: Contact | None, language: str
) -> dict[str, Any]:
    """What the wording may name, but what whoever has it is let in by."""
    hidden: dict[str, Any] = {name: value for name, value in context.items() if name not in UNSHOWN}
    hidden["tickets"] = [{**ticket, "code": CODE} for ticket in context.get("tickets") or []]
    if context.get("ticket"):
        hidden["ticket"] = CODE
    shown = present(
        hidden,
        kind=kind,
        booking=_facts(booking),
        name=(reader.full_name or reader.username) if reader and reader.email_verified else "",
        language=language,
        public_url=settings.PUBLIC_URL,
        support_email=settings.SUPPORT_EMAIL,
        time_zone=reader.time_zone if reader else "",
    )
    shown["tickets"] = [{**ticket, "picture": ""} for ticket in shown["tickets"]]
    return shown | ({"link": f"{settings.PUBLIC_URL}{kind.link}?token={CODE}"} if kind.carries_secret else {})


def _facts(booking: BookingSummary | None) -> dict[str, Any]:
    if booking is None:
        return {}
    return {"reference": booking.reference, "showtime": booking.showtime, "seats": booking.seats}
