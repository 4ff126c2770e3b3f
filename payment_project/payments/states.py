"""What became of the money, what became of the booking, and what may follow what. Pure, as domain.py is."""

from enum import StrEnum

from chassis.states import Machine


class Status(StrEnum):
    """The money, as the API shows it."""

    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    PROCESSING = "processing"  # an authorisation was asked for and its outcome is not known yet
    DECLINED = "declined"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    VOIDED = "voided"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    FAILED = "failed"


class Booking(StrEnum):
    """The booking, as far as money is concerned. Each wins over the ones before it, whatever arrives last."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    ENDED = "ended"


class OperationState(StrEnum):
    """What the gateway has made of a thing that it was asked for."""

    PENDING = "pending"
    REVERSING = "reversing"  # an authorisation of unknown outcome that is no longer wanted
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    REVERSED = "reversed"


class Fact(StrEnum):
    """What can happen to the money."""

    AUTHORIZATION_REQUESTED = "authorization_requested"
    ACCEPTED = "accepted"  # nothing is to be paid: no card is asked for
    AUTHORIZED = "authorized"
    DECLINED = "declined"
    REVERSED = "reversed"
    CAPTURED = "captured"
    CAPTURE_REFUSED = "capture_refused"
    VOIDED = "voided"
    REFUNDED_PARTLY = "refunded_partly"
    REFUNDED_FULLY = "refunded_fully"
    CLOSED = "closed"  # the booking ended before any money was asked for


TRANSITIONS: dict[tuple[Status, Fact], Status] = {
    (Status.REQUIRES_PAYMENT_METHOD, Fact.AUTHORIZATION_REQUESTED): Status.PROCESSING,
    (Status.REQUIRES_PAYMENT_METHOD, Fact.ACCEPTED): Status.AUTHORIZED,
    (Status.REQUIRES_PAYMENT_METHOD, Fact.CLOSED): Status.VOIDED,
    (Status.PROCESSING, Fact.AUTHORIZED): Status.AUTHORIZED,
    (Status.PROCESSING, Fact.DECLINED): Status.DECLINED,
    (Status.PROCESSING, Fact.REVERSED): Status.REQUIRES_PAYMENT_METHOD,
    (Status.DECLINED, Fact.AUTHORIZATION_REQUESTED): Status.PROCESSING,
    (Status.AUTHORIZED, Fact.CAPTURED): Status.CAPTURED,
    (Status.AUTHORIZED, Fact.CAPTURE_REFUSED): Status.FAILED,
    (Status.AUTHORIZED, Fact.VOIDED): Status.VOIDED,
    (Status.CAPTURED, Fact.REFUNDED_PARTLY): Status.PARTIALLY_REFUNDED,
    (Status.CAPTURED, Fact.REFUNDED_FULLY): Status.REFUNDED,
    (Status.PARTIALLY_REFUNDED, Fact.REFUNDED_PARTLY): Status.PARTIALLY_REFUNDED,
    (Status.PARTIALLY_REFUNDED, Fact.REFUNDED_FULLY): Status.REFUNDED,
    (Status.FAILED, Fact.VOIDED): Status.FAILED,
}
MACHINE = Machine(TRANSITIONS)

BOOKING_ORDER = (Booking.OPEN, Booking.CONFIRMED, Booking.ENDED)


def later(known: Booking, news: Booking) -> Booking:
    """What is known of the booking once there are news of it."""
    return max(known, news, key=BOOKING_ORDER.index)
