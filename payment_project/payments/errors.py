"""What this service refuses, each with a stable code."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from chassis.web.problems import (
    BadRequest,
    BadRequestFields,
    Conflict,
    NotFound,
    PermissionDenied,
    Problem,
    ServiceUnavailable,
    TooManyRequests,
    Unauthenticated,
    Unprocessable,
)

ITS_PAYMENT: dict[str, Any] = {
    "payment_id": {
        "type": "string",
        "format": "uuid",
        "description": "The payment of the booking.",
        "examples": ["019ab1c8-1000-7a00-8000-000000000022"],
    }
}


class PaymentNotFound(NotFound):
    code = "payment_not_found"
    title = "There is no such payment"


class BookingNotFound(NotFound):
    code = "booking_not_found"
    title = "There is no such booking"


class RefundNotFound(NotFound):
    code = "refund_not_found"
    title = "There is no such refund"


class PayOutNotFound(NotFound):
    code = "pay_out_not_found"
    title = "There is no such pay-out"


class MethodNotFound(NotFound):
    code = "payment_method_not_found"
    title = "There is no such saved payment method"


class CardNumberRefused(BadRequest):
    code = "card_number_refused"
    title = "Card numbers are never sent here; send the token that the payment form gave you"


class UnknownMethod(BadRequest):
    code = "invalid"
    title = "A field is missing, unknown or wrong"

    def __init__(self) -> None:
        super().__init__(errors=[{"pointer": "/payment_method/id", "detail": "You have no such saved method."}])


class BookingEnded(Conflict):
    code = "booking_ended"
    title = "The booking has ended; no payment is taken for it"


class HoldExpired(Conflict):
    code = "hold_expired"
    title = "The time to pay for these seats is over"


class AlreadyPaid(Conflict):
    code = "already_paid"
    title = "This booking's payment is authorised or captured already"
    members = ITS_PAYMENT


class PaymentInProgress(Conflict):
    """The gateway has been asked and has not answered yet."""

    code = "payment_in_progress"
    title = "The card's bank is being asked; wait for its answer"
    members = ITS_PAYMENT

    def __init__(self, detail: str = "", *, retry_after: int = 2, **extra: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, **extra)


class AttemptWithdrawn(Conflict):
    code = "attempt_withdrawn"
    title = "This attempt to pay was withdrawn: the booking ended, or another card was used; nothing was taken"
    members = ITS_PAYMENT


class TooManyMethods(Conflict):
    code = "too_many_payment_methods"
    title = "No more payment methods can be saved; delete one first"


class InvalidSignature(Unauthenticated):
    code = "invalid_signature"
    title = "The webhook is not signed as it should be"


class NotRefundable(Conflict):
    code = "not_refundable"
    title = "There is no captured money to give back"


class NothingPaid(Conflict):
    code = "nothing_paid"
    title = "Nothing was paid for this, so nothing goes back"


class ReceiptNotFound(NotFound):
    """Also of a payment that was not captured, or before there were receipts."""

    code = "receipt_not_found"
    title = "There is no such receipt"


class RefundTooLarge(Conflict):
    code = "refund_too_large"
    title = "More than what is left of the captured money cannot be given back"
    members = {
        "refundable": {
            "type": "object",
            "required": ["amount", "currency"],
            "properties": {"amount": {"type": "integer"}, "currency": {"type": "string"}},
            "description": "What is left.",
            "examples": [{"amount": 5000, "currency": "VND"}],
        }
    }


class PartCannotCancel(Conflict):
    code = "part_cannot_cancel"
    title = "A booking ends with all that is left of its money, or seat by seat; another part of it is goodwill"


class UnknownSeat(BadRequestFields):
    """A seat id that is not of the payment's booking."""

    code = "unknown_seat"
    title = "A seat is not one of this booking"


class SeatsUnknown(Conflict):
    """It was opened before payments knew seats and their prices: an amount can be given back."""

    code = "seats_unknown"
    title = "What the seats of this payment were sold at is not known here; give back an amount"


class _AboutSeats(Conflict):
    members = {
        "seats": {
            "type": "array",
            "items": {"type": "string", "format": "uuid"},
            "description": "Which seats it is about.",
            "examples": [["019ab1c4-5e40-7f50-8a05-3d4e5f6a7b05"]],
        }
    }

    def __init__(self, seats: Iterable[UUID]) -> None:
        super().__init__(seats=sorted(map(str, seats)))


class SeatRefunded(_AboutSeats):
    code = "seat_refunded"
    title = "The money of a seat has gone back already"


class CheckedIn(_AboutSeats):
    """Who was let in has had what was paid for."""

    code = "checked_in"
    title = "Somebody was let in with this ticket: it is not given back, but money may be, as goodwill"


class OwnPurchase(PermissionDenied):
    code = "own_purchase"
    title = "Nobody gives back the money of their own purchase; ask a colleague"


class AddressChanged(PermissionDenied):
    code = "address_changed_by_you"
    title = "You changed this customer's address within the last day; ask a colleague"


class AddressChangedByAsker(PermissionDenied):
    """Two who act together would be one pair of hands and a colleague who trusts them."""

    code = "address_changed_by_who_asked"
    title = "Who asked for this refund changed the customer's address within a day; refuse it, and ask anew yourself"


class SecondPersonNeeded(PermissionDenied):
    code = "second_person_needed"
    title = "Somebody else than who asked for this has to decide on it"


class NotRefusedByGateway(Conflict):
    """Money that is given back by hand would else be easier to take than to give."""

    code = "not_refused_by_gateway"
    title = "Money goes back by the card gateway, unless it has refused a refund of this payment"


class RefundAwaitsApproval(Conflict):
    code = "refund_awaits_approval"
    title = "Another refund of this payment waits for somebody's approval"


class NotAwaitingApproval(Conflict):
    code = "not_awaiting_approval"
    title = "This refund does not wait for an approval"


class PaidOutBefore(Conflict):
    code = "paid_out_before"
    title = "Somebody has handed this money over already"


class CurrencyMismatch(Conflict):
    code = "currency_mismatch"
    title = "The payment was made in another currency"


class RefundRefused(Conflict):
    code = "refund_refused"
    title = "The payment gateway refused the refund"
    members = {
        "failure_code": {"type": "string", "description": "The gateway's reason.", "examples": ["charge_disputed"]}
    }


class GatewayUnavailable(ServiceUnavailable):
    code = "gateway_unavailable"
    title = "The payment gateway is not available right now"
    members = ITS_PAYMENT


class BookingUnavailable(ServiceUnavailable):
    code = "booking_unavailable"
    title = "The booking cannot be looked up right now"


_REASONS = {
    "card_declined": "The card was declined by its bank.",
    "insufficient_funds": "There is not enough money on the card.",
    "expired_card": "The card has expired.",
    "invalid_token": "The payment token is not known to the gateway.",
    "request_refused": "The payment gateway does not take such a payment.",
}


class CardDeclined(Problem):
    """402; the code is the gateway's reason. retryable: another card may be tried while the hold lasts."""

    status = 402
    code = "card_declined"
    title = "The card was declined"
    codes = tuple(_REASONS)
    members = {
        "retryable": {"type": "boolean", "description": "Another card may be tried.", "examples": [True]},
        **ITS_PAYMENT,
    }

    def __init__(self, code: str, *, retryable: bool, **extra: Any) -> None:
        reason = _REASONS.get(code, "The card was declined.")
        advice = " Another card may be tried." if retryable else ""
        super().__init__(reason + advice, retryable=retryable, **extra)
        self.code = code if code in _REASONS else "card_declined"


class GiftCardInvalid(Conflict):
    """No card has this code. Whatever it is instead is not told, for it would help whoever guesses."""

    code = "gift_card_invalid"
    title = "This is the code of no gift card"


class GiftCardBlocked(Conflict):
    code = "gift_card_blocked"
    title = "This gift card is blocked; please ask the cinema"


class GiftCardExpired(Conflict):
    code = "gift_card_expired"
    title = "This gift card has expired"


class GiftCardEmpty(Conflict):
    """Nothing is on it that is not reserved by another payment."""

    code = "gift_card_empty"
    title = "Nothing is left on this gift card"


class GiftCardCurrency(Conflict):
    code = "gift_card_currency"
    title = "This gift card is for another currency"


class ExchangeNotCovered(Conflict):
    """What the old booking was worth is not there, or may not be: money of it went back, or is on its way."""

    code = "exchange_not_covered"
    title = "The booking that is exchanged does not pay its part right now"


class GiftCardNotEnough(Conflict):
    """It pays a part: the rest needs a payment method."""

    code = "gift_card_not_enough"
    title = "This gift card does not pay all of it; give a payment method for the rest"
    members = {
        "rest": {
            "type": "object",
            "description": "What a payment method has to pay.",
            "required": ["amount", "currency"],
            "properties": {"amount": {"type": "integer"}, "currency": {"type": "string"}},
            "examples": [{"amount": 80000, "currency": "VND"}],
        }
    }


class TooManyGiftCardCodes(TooManyRequests):
    """Of codes that are none: by this account, from this address, or by everybody together."""

    code = "too_many_gift_card_codes"
    title = "Too many codes that are not valid were tried"


class GiftCardNotFound(NotFound):
    code = "gift_card_not_found"
    title = "There is no such gift card"


class GiftCardIssueNotFound(NotFound):
    code = "gift_card_issue_not_found"
    title = "There is no such issue of gift cards"


class GiftCardIssueOver(Conflict):
    """It does not wait for that: it was approved, made or refused before, or has lapsed."""

    code = "gift_card_issue_over"
    title = "This issue of gift cards does not wait for that any more"


class GiftCardsTooLarge(Unprocessable):
    code = "gift_cards_too_large"
    title = "These gift cards come to more than may be issued at once"


class CodesAreTheirs(PermissionDenied):
    """Who approved it does not get its codes, nor does anybody else."""

    code = "gift_card_codes_not_yours"
    title = "The codes go to whoever asked for these gift cards"
