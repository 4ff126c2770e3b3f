"""Every kind of message there is. A new one is an entry here and its wording in wordings/, one file a language."""

from collections.abc import Mapping
from typing import Any

from notifications.domain import Channel, ending_key, receipt_key
from notifications.heard import (
    BookingCancelled,
    BookingCreated,
    BookingEnded,
    BookingMoved,
    BookingReduced,
    BookingReseated,
    EmailClaimed,
    EmailVerified,
    MailboxTold,
    SecondFactorChanged,
    SecurityKeyChanged,
    TicketIssued,
    TokenSent,
)
from notifications.heard_payments import PaymentCompleted, PaymentFailed, PaymentFeeLowered, PaymentRefunded
from notifications.kinds import samples
from notifications.kinds.kind import Kind, Telling


def _token(event: str) -> Telling[TokenSent]:
    """A link that signs in: to the address that the event names, which need not be the contact's yet."""
    return Telling(
        event,
        TokenSent,
        says=("token", "expires_at"),
        to=lambda request: request.email,
        not_after=lambda request: request.expires_at,
    )


def _always(_: Mapping[str, Any]) -> bool:
    return True


def _told(event: str) -> Telling[MailboxTold]:
    """What happened to the account, to a mailbox that is or was the account's."""
    return Telling(event, MailboxTold, says=("changed_at",), to=lambda told: told.email)


SECOND_FACTOR = Telling(
    "user.second_factor_changed",
    SecondFactorChanged,
    says=("changed_at", "is_set_up"),
    to=lambda told: told.email,
)
SECURITY_KEY = Telling(
    "user.security_key_changed",
    SecurityKeyChanged,
    says=("changed_at", "key_name", "is_added"),
    to=lambda told: told.email,
)


def _ending(event: str) -> Telling[BookingEnded]:
    return Telling(
        event, BookingEnded, says=("reference", "reason"), once=lambda booking: ending_key(booking.booking_id)
    )


MESSAGE = Kind(
    code="message",
    channels=(Channel.EMAIL, Channel.SMS),
    owed=_always,
    sample={"subject": "About your visit", "text": "The doors open half an hour before."},
)

_ALL = (
    Kind(
        code="hold",
        tells=Telling(
            "booking.created",
            BookingCreated,
            says=("reference", "showtime", "seats", "total", "hold_expires_at"),
            # A booking whose payment came with it, or that costs nothing, or no more than what is exchanged for it, is
            # settled within a second: it needs no notice of its hold.
            when=lambda booking: booking.payment_method is None and booking.to_pay > 0,
            once=lambda booking: f"hold:{booking.booking_id}",
            not_after=lambda booking: booking.hold_expires_at,
        ),
        while_held=True,
        sample={**samples.BOOKING, "total": samples.PRICE, "hold_expires_at": "2026-03-14T10:05:00+00:00"},
    ),
    Kind(
        code="receipt",
        tells=Telling(
            "payment.completed",
            PaymentCompleted,
            says=(
                *("payment_id", "receipt_number", "lines", "taxes", "amount", "free", "captured_at"),
                *("by_card", "card_last4", "card_amount", "carried", "carried_alone"),
                *("gift_card_last4", "gift_card_amount", "gift_card_alone", "seller", "tax_number"),
            ),
            once=lambda payment: receipt_key(payment.booking_id),
        ),
        owed=_always,
        sample={
            "payment_id": samples.PAYMENT_ID,
            **samples.RECEIPT,
            "amount": samples.PRICE,
            "free": False,
            "captured_at": "2026-03-14T10:01:00+00:00",
            "by_card": True,
            "card_last4": "4242",
            "card_amount": {"amount": 200000, "currency": "VND"},
            "gift_card_last4": "7K3Q",
            "gift_card_amount": {"amount": 50000, "currency": "VND"},
            "gift_card_alone": False,
            "carried": {"amount": 30000, "currency": "VND"},
            "carried_alone": False,
        },
    ),
    Kind(
        code="ticket",
        tells=Telling(
            "ticket.issued",
            TicketIssued,
            says=("reference", "ticket", "tickets", "showtime", "seats", "total"),
            once=lambda issued: f"ticket:{issued.booking_id}",
        ),
        channels=(Channel.EMAIL, Channel.SMS),
        while_booked=True,
        owed=_always,
        sample={**samples.BOOKING, "total": samples.PRICE, "ticket": samples.TICKET, "tickets": samples.TICKETS},
    ),
    Kind(
        code="payment_failed",
        tells=Telling(
            "payment.failed",
            PaymentFailed,
            says=("amount", "failure_code", "retryable", "final"),
            # A final failure ends the booking, and the booking's own ending says so too: one message tells of both.
            once=lambda payment: ending_key(payment.booking_id) if payment.final else None,
        ),
        while_booked=True,
        sample={"amount": samples.PRICE, "failure_code": "card_declined", "retryable": True, "final": False},
    ),
    Kind(
        code="booking_moved",
        tells=Telling(
            "booking.moved",
            BookingMoved,
            says=(
                *("reference", "showtime", "seats", "ticket", "tickets", "total"),
                *("before", "changed", "revision", "free_cancellation_until", "seats_before"),
            ),
            once=lambda moved: f"moved:{moved.booking_id}:{moved.revision}",
            not_after=lambda moved: max(moved.before.starts_at, moved.showtime.starts_at),
        ),
        while_booked=True,
        owed=_always,
        sample={
            **samples.BOOKING,
            "ticket": samples.TICKET,
            "tickets": samples.TICKETS,
            "total": samples.PRICE,
            "before": samples.BEFORE,
            "changed": ["starts_at", "screen", "format", "language"],
            "revision": 2,
            "free_cancellation_until": samples.BOOKING["showtime"]["starts_at"],
            "seats_before": "C7, C8",
        },
    ),
    Kind(
        code="booking_cancelled",
        tells=Telling(
            "booking.cancelled",
            BookingCancelled,
            says=(
                *("reference", "reason", "why", "message", "total", "kept", "gone", "back", "paid", "unpaid"),
                *("exchanged", "exchanged_for", "carried"),
            ),
            once=lambda booking: ending_key(booking.booking_id),
        ),
        # Anybody can hold seats and let go of them; whose money it is about is owed the word of it.
        owed=lambda said: not said.get("unpaid"),
        sample=samples.CANCELLATION,
    ),
    Kind(code="booking_expired", tells=_ending("booking.expired"), sample=samples.ENDING),
    Kind(code="booking_rejected", tells=_ending("booking.rejected"), owed=_always, sample=samples.ENDING),
    Kind(code="booking_failed", tells=_ending("booking.failed"), sample=samples.ENDING),
    Kind(
        code="refund",
        tells=Telling(
            "payment.refunded",
            PaymentRefunded,
            says=(
                *("payment_id", "refund_id", "amount", "refunded_amount", "again", "status"),
                *("goodwill", "reason", "of_seats", "by_house"),
                *("gift_card_last4", "gift_card_amount", "gift_card_alone"),
            ),
            once=lambda refund: f"refund:{refund.refund_id}",
            # Whose booking ends reads that first, and what comes back of it.
            follows=lambda refund: None if refund.goes_on else ending_key(refund.booking_id),
        ),
        owed=_always,
        sample={
            "payment_id": samples.PAYMENT_ID,
            "refund_id": samples.REFUND_ID,
            "amount": samples.PRICE,
            "refunded_amount": {"amount": 300000, "currency": "VND"},
            "again": True,
            "status": "refunded",
            "goodwill": False,
            "reason": "The projector failed.",
            "of_seats": "F7",
            "by_house": False,
            "gift_card_last4": "7K3Q",
            "gift_card_amount": {"amount": 50000, "currency": "VND"},
            "gift_card_alone": False,
        },
    ),
    Kind(
        code="booking_reseated",
        tells=Telling(
            "booking.reseated",
            BookingReseated,
            says=("reference", "showtime", "seats", "seats_before", "ticket", "tickets", "message"),
            once=lambda reseated: f"reseated:{reseated.booking_id}:{reseated.seating}",
        ),
        while_booked=True,
        owed=_always,
        sample={
            **samples.BOOKING,
            "ticket": samples.TICKET,
            "tickets": samples.TICKETS,
            "seats_before": "C7, C8",
            "message": "One of the seats is broken. We are sorry.",
        },
    ),
    Kind(
        # The seats, once booking has freed them: what goes with the money is said here, or by the end of the booking.
        # Of those that their customer gave back also what comes of it.
        code="booking_reduced",
        tells=Telling(
            "booking.reduced",
            BookingReduced,
            says=("reference", "showtime", "of_seats", "stay", "back", "kept"),
            once=lambda booking: f"reduced:{booking.booking_id}:{len(booking.seats)}",
        ),
        while_booked=True,
        owed=_always,
        sample={
            "reference": samples.BOOKING["reference"],
            "showtime": samples.BOOKING["showtime"],
            "of_seats": "F7",
            "stay": "F8",
            "back": samples.PRICE,
            "kept": {"amount": 50000, "currency": "VND"},
        },
    ),
    Kind(
        code="fee_lowered",
        tells=Telling(
            "payment.fee_lowered",
            PaymentFeeLowered,
            says=("fee_told", "kept", "of_seats"),
            follows=lambda lowered: ending_key(lowered.booking_id),
        ),
        owed=_always,
        sample={"fee_told": samples.PRICE, "kept": {"amount": 50000, "currency": "VND"}, "of_seats": "F7"},
    ),
    Kind(
        code="welcome",
        # Not before somebody has said that the address is theirs: it may be a stranger's.
        tells=Telling(
            "email.verified",
            EmailVerified,
            when=lambda verified: verified.new_account,
            once=lambda verified: f"welcome:{verified.user_id}",
        ),
        sample={},
    ),
    Kind(
        code="account_exists",
        tells=Telling("email.claimed", EmailClaimed, to=lambda claimed: claimed.email),
        sample={},
    ),
    # Owed, though about no money: whoever takes an account could fill the mailbox first, and nobody would hear of it.
    Kind(code="email_changed", tells=_told("email.changed"), owed=_always, sample=samples.CHANGE),
    Kind(code="password_changed", tells=_told("password.changed"), owed=_always, sample=samples.CHANGE),
    Kind(code="second_factor_changed", tells=SECOND_FACTOR, owed=_always, sample=samples.SECOND_FACTOR),
    Kind(code="security_key_changed", tells=SECURITY_KEY, owed=_always, sample=samples.SECURITY_KEY),
    Kind(code="password_reset", tells=_token("password.reset_requested"), link="/reset", sample=samples.TOKEN),
    Kind(code="email_verification", tells=_token("email.verification_requested"), link="/verify", sample=samples.TOKEN),
    MESSAGE,
)

KINDS: dict[str, Kind] = {kind.code: kind for kind in _ALL}
assert len(KINDS) == len(_ALL), "two kinds of message have one code"


def choices() -> list[tuple[str, str]]:
    """For fields of models. A callable, so that a new kind needs no migration."""
    return [(code, code.replace("_", " ")) for code in KINDS]


def carries_secret(code: str) -> bool:
    """Also what is not known here: a newer version of this service may have written it."""
    return code not in KINDS or KINDS[code].carries_secret
