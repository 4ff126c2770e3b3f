"""What the API document says of payments: the shapes that presentation.py makes, and examples of what is sent."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from chassis.money import LARGEST_PAYMENT
from chassis.web.openapi import page_of, sends
from payments.ledger import COUNTER
from payments.models import RefundStatus
from payments.seats import RefundKind
from payments.states import Status

IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True)

BOOKING_ID = "019ab1c8-1000-7a00-8000-000000000021"
PAYMENT_ID = "019ab1c8-1000-7a00-8000-000000000022"
GIFT_CODE = "7K3Q-0M9T-4W2E-8R5Y-1N6B-3C7D-9F2H"
METHOD_ID = "019ab1c8-1000-7a00-8000-0000000000b1"

SEAT_ID = "019ab1c4-5e40-7f50-8a05-3d4e5f6a7b05"

AMOUNT: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAYMENT}
MONEY_TO_REFUND: dict[str, Any] = {
    "type": "object",
    "required": ["amount", "currency"],
    "properties": {"amount": AMOUNT, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}},
    "additionalProperties": False,
}

PAY = sends(
    by_a_new_card={"booking_id": BOOKING_ID, "payment_method": {"token": "tok_visa"}},
    by_a_saved_card={"booking_id": BOOKING_ID, "payment_method": {"id": METHOD_ID}},
    by_a_gift_card={"booking_id": BOOKING_ID, "gift_card": {"code": GIFT_CODE}},
    by_both={"booking_id": BOOKING_ID, "gift_card": {"code": GIFT_CODE}, "payment_method": {"token": "tok_visa"}},
)
GIFT_CARD = sends(a_code={"code": GIFT_CODE})
ISSUE_GIFT_CARDS = sends(
    sold_at_the_desk={
        "origin": "sold",
        "amount": {"amount": 500000, "currency": "VND"},
        "reason": "Paid for in cash, till 2, 0093.",
    },
    a_hundred_for_a_year={
        "origin": "goodwill",
        "amount": {"amount": 100000, "currency": "VND"},
        "count": 100,
        "expires_at": "2027-12-31T23:59:59+07:00",
        "reason": "The opening night was cancelled.",
    },
)
BLOCK_GIFT_CARD = sends(lost={"reason": "Reported as stolen."})
SAVE_METHOD = sends(a_card={"token": "tok_visa"})
REFUND = sends(
    a_part={"payment_id": PAYMENT_ID, "amount": {"amount": 1000, "currency": "VND"}, "reason": "The sound failed."},
    a_seat={"payment_id": PAYMENT_ID, "seats": [SEAT_ID], "reason": "You asked us to take it back."},
    all_that_is_left={"payment_id": PAYMENT_ID, "reason": "The hall was flooded."},
    all_while_the_ticket_stays={"payment_id": PAYMENT_ID, "kind": "goodwill", "reason": "The sound failed."},
)
GIVE_OUTSIDE = sends(
    by_transfer={
        "payment_id": PAYMENT_ID,
        "way": "bank_transfer",
        "reference": "VCB 2026-11-22 0417",
        "reason": "Your card had expired: we sent it to your account.",
    },
    a_part_in_cash={
        "payment_id": PAYMENT_ID,
        "amount": {"amount": 1000, "currency": "VND"},
        "way": "cash",
        "reference": "till 2, 0093",
        "reason": "Your bank would not take it back.",
    },
)
PAY_OUT = sends(at_a_till={"till": "till 2"}, somewhere={})
REFUSE = sends(with_a_note={"note": "The film was shown to its end; see the log of the hall."})


class MoneySerializer(serializers.Serializer[Any]):
    amount = serializers.IntegerField(help_text="Minor units.")
    currency = serializers.CharField(help_text="ISO 4217.")


class SoldSeatSerializer(serializers.Serializer[Any]):
    """A seat of the booking, as it was sold."""

    id = serializers.UUIDField()
    row = serializers.CharField()
    number = serializers.IntegerField()
    price = MoneySerializer()


class PaidSeatSerializer(SoldSeatSerializer):
    refunded = serializers.CharField(
        allow_null=True,
        help_text="What its money went back as, by the seat: `cancel`, the booking has it no more, or `goodwill`.",
    )
    checked_in = serializers.BooleanField(help_text="Whether somebody was let in to it.")


class RefundedSeatSerializer(SoldSeatSerializer):
    refunded = serializers.CharField(
        allow_null=True,
        help_text="What it went back as; `goodwill` also of a seat that somebody was in by then. null: not yet.",
    )


class GiftCardPartSerializer(serializers.Serializer[Any]):
    last4 = serializers.CharField(help_text="The last signs of its code.")
    amount = MoneySerializer()


class GiftCardShareSerializer(GiftCardPartSerializer):
    refunded_amount = MoneySerializer(help_text="What went back to it.")


class ExchangedBookingSerializer(serializers.Serializer[Any]):
    booking_id = serializers.UUIDField()
    carried = MoneySerializer(help_text="What it pays; the rest needs a payment method.")


class PaymentSerializer(serializers.Serializer[Any]):
    """The one payment of a booking."""

    id = serializers.UUIDField()
    booking_id = serializers.UUIDField()
    booking_reference = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=[status.value for status in Status])
    amount = MoneySerializer()
    captured_amount = MoneySerializer()
    refunded_amount = MoneySerializer()
    gift_card = GiftCardShareSerializer(allow_null=True, help_text="What a gift card pays of it; null: none does.")
    exchange = ExchangedBookingSerializer(
        allow_null=True, help_text="The booking that is exchanged for this one; null: none is."
    )
    seats = PaidSeatSerializer(many=True, help_text="None of a payment that was opened before seats were known here.")
    failure_code = serializers.CharField(allow_null=True, help_text="Why the last attempt was declined.")
    hold_expires_at = serializers.DateTimeField(allow_null=True, help_text="Until then it can be paid.")
    captured_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class RefundDecisionSerializer(serializers.Serializer[Any]):
    """Who asked for a refund, and who decided on it where one pair of hands was not enough."""

    requested_by = serializers.CharField(
        allow_null=True, help_text="Nobody: its booking had ended, or its customer gave seats back."
    )
    decided_by = serializers.CharField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField(allow_null=True, help_text="Why it was refused.")
    reference = serializers.CharField(
        allow_null=True, help_text="What it is found by elsewhere, where it went back outside of the gateway."
    )


class RefundSerializer(serializers.Serializer[Any]):
    """Captured money on its way back."""

    id = serializers.UUIDField()
    payment_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=[status.value for status in RefundStatus])
    kind = serializers.ChoiceField(
        choices=[kind.value for kind in RefundKind], help_text="Whether the seats are given back."
    )
    amount = MoneySerializer()
    gift_card_amount = MoneySerializer(
        allow_null=True, help_text="Of it, what goes to the gift card that paid; null: nothing, or not known yet."
    )
    seats = RefundedSeatSerializer(many=True, help_text="Whose money it is; none where it is an amount.")
    reason = serializers.CharField()
    failure_code = serializers.CharField(allow_null=True)
    outside = serializers.CharField(
        allow_null=True,
        help_text="How it goes back where the card gateway has refused to: of the house's own money (`cash`, "
        "`bank_transfer`, `other`) or by hand at the `provider`; null: the gateway does it.",
    )
    approve_by = serializers.DateTimeField(
        allow_null=True, help_text="Until then a second person may approve it, where one is needed."
    )
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    staff = RefundDecisionSerializer(allow_null=True, help_text="For staff alone: null for everybody else.")


class PayOutSerializer(serializers.Serializer[Any]):
    """Money of the counter that staff hand over by hand: a refund, or what was paid for a sale that came to nothing."""

    id = serializers.UUIDField()
    payment_id = serializers.UUIDField()
    booking_id = serializers.UUIDField()
    booking_reference = serializers.CharField(allow_null=True)
    theater_id = serializers.UUIDField(allow_null=True, help_text="null: it is not known.")
    amount = MoneySerializer()
    way = serializers.ChoiceField(choices=sorted(COUNTER), help_text="As it was paid: by the card machine, or in cash.")
    refund_id = serializers.UUIDField(allow_null=True, help_text="null: it is no refund, and so of no booking sold.")
    owed_since = serializers.DateTimeField()
    paid_out_at = serializers.DateTimeField(allow_null=True, help_text="null: it is owed.")
    paid_out_by = serializers.CharField(allow_null=True)
    till = serializers.CharField(allow_null=True, help_text="Where it was handed over, if that was told.")


class LineSerializer(serializers.Serializer[Any]):
    """Minor units of the receipt's currency; net and tax are gross."""

    kind = serializers.CharField(help_text="ticket, discount or fee; refund: a part of what was paid, of no one line.")
    code = serializers.CharField(allow_blank=True)
    name = serializers.CharField()
    seat_id = serializers.UUIDField(allow_null=True, help_text="Whose price it is a part of; null: the booking's.")
    net = serializers.IntegerField()
    tax = serializers.IntegerField()
    gross = serializers.IntegerField()
    rate = serializers.IntegerField(help_text="Of the tax, in basis points: 500 is 5 %.")


class TaxedSerializer(serializers.Serializer[Any]):
    """What the lines of one rate come to."""

    rate = serializers.IntegerField()
    net = serializers.IntegerField()
    tax = serializers.IntegerField()
    gross = serializers.IntegerField()


class SellerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(allow_blank=True)
    address = serializers.CharField(allow_blank=True)
    tax_number = serializers.CharField(allow_blank=True)


class ShowtimeSoldSerializer(serializers.Serializer[Any]):
    movie_title = serializers.CharField(allow_blank=True)
    theater_name = serializers.CharField(allow_blank=True)
    screen = serializers.CharField(allow_blank=True)
    starts_at = serializers.DateTimeField(allow_null=True)
    time_zone = serializers.CharField(allow_blank=True)


class ReceiptSerializer(serializers.Serializer[Any]):
    """As it was issued. The amounts of a credit note are negative."""

    id = serializers.UUIDField()
    number = serializers.CharField(help_text="Without a gap among those of its theater.")
    kind = serializers.CharField(help_text="receipt or credit_note.")
    payment_id = serializers.UUIDField()
    refund_id = serializers.UUIDField(allow_null=True, help_text="Of a credit note.")
    booking_id = serializers.UUIDField()
    booking_reference = serializers.CharField(allow_null=True)
    theater_id = serializers.UUIDField(allow_null=True, help_text="null: it was sold before payments knew theaters.")
    issued_at = serializers.DateTimeField()
    seller = SellerSerializer(allow_null=True)
    showtime = ShowtimeSoldSerializer(allow_null=True)
    lines = LineSerializer(many=True)
    taxes = TaxedSerializer(many=True, help_text="The lines by their rates.")
    total = MoneySerializer()
    card_last4 = serializers.CharField(allow_null=True, help_text="Of the card that paid; null: none did.")
    gift_card = GiftCardPartSerializer(allow_null=True, help_text="What a gift card paid of it; null: none did.")
    counter = serializers.CharField(
        allow_null=True, help_text="How staff took the money at the counter, `cash` or `terminal`; null: they did not."
    )
    exchanged = MoneySerializer(
        allow_null=True, help_text="What a booking paid of it that was exchanged for this one; null: none did."
    )


class ReceiptWithNotesSerializer(ReceiptSerializer):
    credit_notes = ReceiptSerializer(many=True, help_text="Of what went back, the first one first.")


class MethodSerializer(serializers.Serializer[Any]):
    """A saved card, as its holder may see it."""

    id = serializers.UUIDField()
    brand = serializers.CharField()
    last4 = serializers.CharField()
    expiry_month = serializers.IntegerField()
    expiry_year = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class WebhookSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["accepted", "seen before"])


PAYMENTS = page_of(PaymentSerializer)
METHODS = page_of(MethodSerializer)
REFUNDS = page_of(RefundSerializer)
PAY_OUTS = page_of(PayOutSerializer)
RECEIPTS = page_of(ReceiptSerializer)
