"""What the API takes, field by field."""

import re
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chassis.codes import MAX_TYPED
from chassis.money import LARGEST_PAYMENT, Money
from chassis.web.parsing import StrictSerializer, StrictUUIDField
from chassis.web.queries import PageQuery
from payments import schema
from payments.errors import CardNumberRefused
from payments.heard import FORM_GIVEN, MethodGiven
from payments.models import RefundStatus
from payments.outside import is_card_number
from payments.refund_rules import Way
from payments.seats import RefundKind
from payments.states import Status

# More than any booking has.
MAX_SEATS = 100

# No receipt was issued before, and an id knows the time of no later one.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)

# ISO/IEC 7812-1: 12 to 19 digits, written with or without gaps.
_CARD_NUMBER = re.compile(r"(?:\d[ .-]?){11,18}\d")


def no_card_number(text: str) -> str:
    """The text, as it is. Raises CardNumberRefused."""
    if _CARD_NUMBER.search(text):
        raise CardNumberRefused
    return text


class TokenField(serializers.RegexField):
    """A fresh token, as the payment form gives it. Raises CardNumberRefused for what looks like a card number.

    What a saved card is known by at the gateway is nothing that anybody may send: it is named by its id.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(FORM_GIVEN, trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, str | int) and _CARD_NUMBER.search(str(data)):
            raise CardNumberRefused
        if not isinstance(data, str):
            self.fail("invalid")
        token: str = super().to_internal_value(data)
        return token


class MethodRequest(StrictSerializer):
    """Either a token of the payment gateway or the id of a saved method; never a card number."""

    token = TokenField(required=False)
    id = StrictUUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> MethodGiven:
        if len(attrs) != 1:
            raise serializers.ValidationError("Give either `token` or `id`.")
        return MethodGiven(**attrs)


class StrictIntegerField(serializers.IntegerField):
    """An integer as a JSON number; DRF's own would take a text or 5.0 for one."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        value: int = super().to_internal_value(data)
        return value


class StrictTextField(serializers.CharField):
    """A text; DRF's own would take a number for one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class GiftCardCodeRequest(StrictSerializer):
    code = StrictTextField(max_length=MAX_TYPED, help_text="However it is typed: case, spaces and dashes do not count.")


class PaymentRequest(StrictSerializer):
    """A payment method, a gift card, or both: then the gift card pays what it can, and the method the rest."""

    booking_id = StrictUUIDField()
    payment_method = MethodRequest(required=False)
    gift_card = GiftCardCodeRequest(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.keys() & {"payment_method", "gift_card"}:
            missing = "Give a payment method, a gift card, or both."
            raise serializers.ValidationError({"payment_method": missing})
        return attrs


class MoneyRequest(StrictSerializer):
    amount = StrictIntegerField(min_value=1, max_value=LARGEST_PAYMENT)
    currency = serializers.RegexField(r"\A[A-Z]{3}\Z")


@extend_schema_field({"oneOf": [schema.AMOUNT, schema.MONEY_TO_REFUND]})
class AmountField(serializers.Field[Any, Any, Any, Any]):
    """Minor units, with their currency or without."""

    def to_internal_value(self, data: Any) -> int | Money:
        if isinstance(data, dict):
            return Money(**MoneyRequest.parse(data))
        amount: int = StrictIntegerField(min_value=1, max_value=LARGEST_PAYMENT).run_validation(data)
        return amount


class RefundRequest(StrictSerializer):
    payment_id = StrictUUIDField()
    amount = AmountField(
        required=False, help_text="Minor units; all that is left when neither this nor `seats` is given."
    )
    seats = serializers.ListField(
        child=StrictUUIDField(),
        min_length=1,
        max_length=MAX_SEATS,
        required=False,
        help_text="Instead of an amount: the ids of the seats whose money goes back, each at what it was sold at.",
    )
    kind = serializers.ChoiceField(
        choices=[kind.value for kind in RefundKind],
        required=False,
        help_text="`cancel` gives the seats back, or all that is left and with it the booking, which is what happens "
        "to seats and to all of it when nothing is said; with `goodwill` the ticket stays good, as it does with every "
        "other amount.",
    )
    reason = StrictTextField(max_length=200, help_text="The customer reads it.")

    def validate_reason(self, reason: str) -> str:
        return no_card_number(reason)

    def validate_seats(self, seats: list[UUID]) -> list[UUID]:
        if len(set(seats)) != len(seats):
            raise serializers.ValidationError("A seat is named twice.")
        return seats

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "amount" in attrs and "seats" in attrs:
            raise serializers.ValidationError("Give either `amount` or `seats`, or neither.")
        return attrs


class OutsideRequest(RefundRequest):
    """A refund as it is asked for, and how it goes back outside of the gateway."""

    way = serializers.ChoiceField(choices=[way.value for way in Way])
    reference = StrictTextField(
        max_length=64,
        help_text="What it is found by in the books of till, bank or provider; no card's number.",
    )

    def validate_reference(self, reference: str) -> str:
        if is_card_number(reference):
            raise CardNumberRefused
        return reference


class RefusalRequest(StrictSerializer):
    note = StrictTextField(max_length=200, help_text="For who asked for it.")


class ReferenceField(serializers.CharField):
    """As a customer reads it out."""

    def __init__(self) -> None:
        super().__init__(max_length=32, required=False, help_text="Of the booking, in whatever case.")

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(data)).upper()


class RefundFilter(PageQuery):
    status = serializers.ChoiceField(choices=[status.value for status in RefundStatus], required=False)
    payment_id = StrictUUIDField(required=False)
    reference = ReferenceField()


class PaidOutRequest(StrictSerializer):
    till = StrictTextField(
        max_length=64, required=False, help_text="Where it was handed over, as the house calls it; no card's number."
    )

    def validate_till(self, till: str) -> str:
        return no_card_number(till)


class PayOutFilter(PageQuery):
    owed = serializers.BooleanField(default=True, help_text="Still to be handed over, or handed over.")
    theater_id = StrictUUIDField(required=False)
    reference = ReferenceField()


@cache
def _zones() -> set[str]:
    return available_timezones()


class TimeZoneField(serializers.CharField):
    """A zone of the IANA database."""

    def __init__(self) -> None:
        super().__init__(max_length=64, required=False, help_text="Of the day: Asia/Ho_Chi_Minh. Default: UTC.")

    def to_internal_value(self, data: Any) -> str:
        name = str(super().to_internal_value(data))
        if name not in _zones():
            raise serializers.ValidationError("There is no such time zone.")
        return name


class ReceiptFilter(PageQuery):
    theater_id = StrictUUIDField(required=False)
    number = serializers.RegexField(r"\A[Rr]\d{1,10}-\d{1,19}\Z", required=False, help_text="R7-000123.")
    reference = ReferenceField()
    day = serializers.DateField(required=False, help_text="On which they were issued, in the time zone.")
    time_zone = TimeZoneField()

    def validate_day(self, day: date) -> date:
        if not FIRST_DAY <= day <= LAST_DAY:
            raise serializers.ValidationError(f"Between {FIRST_DAY} and {LAST_DAY}.")
        return day

    def validate_number(self, number: str) -> str:
        return number.upper()


class SaveMethodRequest(StrictSerializer):
    token = TokenField()


class PaymentFilter(PageQuery):
    booking_id = StrictUUIDField(required=False)
    reference = ReferenceField()
    status = serializers.ChoiceField(choices=[status.value for status in Status], required=False)
    user_id = StrictUUIDField(required=False, help_text="Staff only: whose payments.")
