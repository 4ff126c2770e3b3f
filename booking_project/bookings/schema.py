"""What the API answers, for its OpenAPI document alone; presentation.py makes the answers."""

from typing import Any

from rest_framework import serializers

from bookings.domain import PaymentStatus, State
from bookings.models import BookingTransition


class MoneySerializer(serializers.Serializer[Any]):
    amount = serializers.IntegerField(help_text="Minor units.")
    currency = serializers.CharField(help_text="ISO 4217.")


class BookedSeatSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    row = serializers.CharField()
    number = serializers.IntegerField()
    category = serializers.CharField()
    price = MoneySerializer()


class BookingSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    reference = serializers.CharField()
    status = serializers.ChoiceField(choices=[state.value for state in State])
    payment_status = serializers.ChoiceField(choices=[status.value for status in PaymentStatus])
    payment_id = serializers.UUIDField(allow_null=True)
    showtime_id = serializers.UUIDField()
    showtime = serializers.DictField()
    seats = BookedSeatSerializer(many=True)
    total = MoneySerializer()
    hold_expires_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    ticket = serializers.CharField(allow_null=True)


class TransitionSerializer(serializers.ModelSerializer[BookingTransition]):
    class Meta:
        model = BookingTransition
        fields = ["from_status", "to_status", "trigger", "cause", "actor", "reason", "at"]


class SeatSerializer(BookedSeatSerializer):
    x = serializers.IntegerField()
    y = serializers.IntegerField()
    accessible = serializers.BooleanField()
    status = serializers.ChoiceField(choices=["available", "held", "sold", "blocked"])


class SeatMapSerializer(serializers.Serializer[Any]):
    showtime_id = serializers.UUIDField()
    version = serializers.CharField()
    screen = serializers.DictField()
    seats = SeatSerializer(many=True)
