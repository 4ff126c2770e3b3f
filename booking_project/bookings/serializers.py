"""What is sent to book seats, and to ask what they would cost."""

import re
from contextlib import suppress
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from bookings.choices import Quantity
from chassis.codes import MAX_TYPED
from chassis.web.parsing import StrictSerializer, StrictUUIDField

MOST = settings.MAX_SEATS_PER_BOOKING


class PaymentMethodSerializer(StrictSerializer):
    """Either a token of the payment gateway or the id of a saved method; never a card number."""

    token = serializers.RegexField(r"\Atok_[A-Za-z0-9_]{1,64}\Z", required=False)
    id = StrictUUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Give either `token` or `id`.")
        return {name: str(value) for name, value in attrs.items()}


class TicketSerializer(StrictSerializer):
    seat_id = StrictUUIDField()
    ticket_type = serializers.CharField(
        max_length=64, required=False, help_text="The code of one of the showtime's types; without it, its default."
    )

    def run_validation(self, data: Any = empty) -> Any:
        """What is right at the first look is taken at once: it is the body of nearly every booking."""
        match data:
            case {"seat_id": str(seat_id), "ticket_type": str(code)} if len(data) == 2 and _CODE.fullmatch(code):
                with suppress(ValueError):
                    return {"seat_id": UUID(seat_id), "ticket_type": code}
        return super().run_validation(data)


_CODE = re.compile(r"[a-z0-9_-]{1,64}")

_COUNT: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": MOST}


@extend_schema_field(
    {
        "oneOf": [
            _COUNT,
            {"type": "object", "additionalProperties": _COUNT, "minProperties": 1, "maxProperties": MOST},
        ]
    }
)
class QuantityField(serializers.Field[Quantity, Any, Any, Any]):
    """A number, or numbers by code of a ticket type, which in all are at most MOST."""

    _number = serializers.IntegerField(min_value=1, max_value=MOST)
    _by_type = serializers.DictField(child=_number, allow_empty=False)

    def to_internal_value(self, data: Any) -> Quantity:
        if not isinstance(data, dict):
            return cast(int, self._number.run_validation(data))
        counts: dict[str, int] = self._by_type.run_validation(data)
        if sum(counts.values()) > MOST:
            raise serializers.ValidationError(f"At most {MOST} tickets.")
        return counts


class WantedSerializer(StrictSerializer):
    """Which seats, and for whom."""

    seats = serializers.ListField(
        child=TicketSerializer(),
        min_length=1,
        max_length=MOST,
        required=False,
        help_text="Seats, each with the type of its ticket.",
    )
    seat_ids = serializers.ListField(
        child=StrictUUIDField(),
        min_length=1,
        max_length=MOST,
        required=False,
        help_text="Instead of seats: all of them of the showtime's default type.",
    )
    quantity = QuantityField(
        required=False,
        help_text="Instead of both: the best available seats, of the cheapest kind that has so many. A number of the "
        "showtime's default type, or a number for each type by its code.",
    )
    category = serializers.CharField(max_length=32, required=False, help_text="With quantity: of this kind.")
    promo_code = serializers.CharField(
        max_length=MAX_TYPED, required=False, help_text="A word or a voucher; case, spaces and dashes do not count."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """With `seats` taken apart into the ids and their types, as holds and quotes have them."""
        if len(attrs.keys() & {"seats", "seat_ids", "quantity"}) != 1:
            raise serializers.ValidationError("Give one of `seats`, `seat_ids` and `quantity`.")
        if "category" in attrs and "quantity" not in attrs:
            raise serializers.ValidationError({"category": ["Only with `quantity`."]})
        tickets = attrs.pop("seats", None)
        if tickets is not None:
            attrs["seat_ids"] = [ticket["seat_id"] for ticket in tickets]
            attrs["ticket_types"] = {
                ticket["seat_id"]: ticket["ticket_type"] for ticket in tickets if "ticket_type" in ticket
            }
        return attrs

    def validate_seats(self, tickets: list[dict[str, Any]]) -> list[dict[str, Any]]:
        _once([ticket["seat_id"] for ticket in tickets])
        return tickets

    def validate_seat_ids(self, seat_ids: list[UUID]) -> list[UUID]:
        _once(seat_ids)
        return seat_ids


def _once(seat_ids: list[UUID]) -> None:
    if len(set(seat_ids)) != len(seat_ids):
        raise serializers.ValidationError("A seat is named twice.")


class SeatsBackRequest(StrictSerializer):
    seat_ids = serializers.ListField(child=StrictUUIDField(), min_length=1, max_length=MOST)

    def validate_seat_ids(self, seat_ids: list[UUID]) -> list[UUID]:
        _once(seat_ids)
        return seat_ids


class AcceptanceRequest(StrictSerializer):
    revision = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, help_text="That of `change`: what was looked at, and nothing later."
    )


class BookingRequest(WantedSerializer):
    showtime_id = StrictUUIDField()
    payment_method = PaymentMethodSerializer(required=False, allow_null=True)


class ExchangeQuoteRequest(WantedSerializer):
    showtime_id = StrictUUIDField()


class ExchangeRequest(BookingRequest):
    reason = serializers.CharField(
        max_length=300, required=False, help_text="From staff, who give one: a note that the customer does not see."
    )


class StaffExchangeRequest(BookingRequest):
    reason = serializers.CharField(max_length=300)
