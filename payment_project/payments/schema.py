"""What the OpenAPI document says of the answers. Nothing is rendered with these: presentation.py does that."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from payments.domain import Status
from payments.models import RefundStatus

IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True)


class MoneySerializer(serializers.Serializer[Any]):
    amount = serializers.IntegerField(help_text="Minor units.")
    currency = serializers.CharField(help_text="ISO 4217.")


class PaymentSerializer(serializers.Serializer[Any]):
    """The shape of a payment, for the documentation; present_payment() makes it."""

    id = serializers.UUIDField()
    booking_id = serializers.UUIDField()
    booking_reference = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=[status.value for status in Status])
    amount = MoneySerializer()
    captured_amount = MoneySerializer()
    refunded_amount = MoneySerializer()
    failure_code = serializers.CharField(allow_null=True)
    hold_expires_at = serializers.DateTimeField(allow_null=True)
    captured_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class RefundSerializer(serializers.Serializer[Any]):
    """The shape of a refund; present_refund() makes it."""

    id = serializers.UUIDField()
    payment_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=[status.value for status in RefundStatus])
    amount = MoneySerializer()
    reason = serializers.CharField()
    failure_code = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class MethodSerializer(serializers.Serializer[Any]):
    """The shape of a saved method; present_method() makes it."""

    id = serializers.UUIDField()
    brand = serializers.CharField()
    last4 = serializers.CharField()
    expiry_month = serializers.IntegerField()
    expiry_year = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class Page(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class PaymentPage(Page):
    results = PaymentSerializer(many=True)


class MethodPage(Page):
    results = MethodSerializer(many=True)
