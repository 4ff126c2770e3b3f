"""What the API takes and gives where many showtimes are planned at once."""

from typing import Any

from rest_framework import serializers

from catalog import copying, drafts
from catalog.models import SHOWING, Showing, Showtime
from catalog.planning import Wanted
from catalog.serializers import (
    LocalTimeField,
    MovieReference,
    ScreenReference,
    ShowtimeInput,
)
from chassis.web.parsing import StrictJSONParser, StrictSerializer, StrictUUIDField

MOST_ITEMS = drafts.MOST
MOST_DAYS = 60
MOST_SCREENS = 100


class PlanParser(StrictJSONParser):
    """For as many showtimes as a batch may hold, each with a price for every category."""

    max_bytes = 1024 * 1024
    max_values = MOST_ITEMS * 40


class BatchInput(StrictSerializer):
    dry_run = serializers.BooleanField(default=False, help_text="Nothing is written; errors are part of the answer.")
    publish = serializers.BooleanField(default=False, help_text="On sale at once; else they are drafts.")
    # The stubs do not know that many=True makes a list of them.
    items = ShowtimeInput(many=True, allow_empty=False, max_length=MOST_ITEMS)  # type: ignore[call-arg]


def wanted_of(item: dict[str, Any]) -> Wanted:
    """Of what ShowtimeInput has read, which it takes apart."""
    showing = Showing(**{name: item.pop(name) for name in SHOWING})
    return Wanted(showing=showing, **item)


class DraftsInput(StrictSerializer):
    showtime_ids = serializers.ListField(child=StrictUUIDField(), allow_empty=False, max_length=MOST_ITEMS)

    def validate_showtime_ids(self, ids: list[Any]) -> list[Any]:
        if len(set(ids)) < len(ids):
            raise serializers.ValidationError("A showtime is named twice.")
        return ids


class PublishInput(DraftsInput):
    dry_run = serializers.BooleanField(default=False, help_text="Nothing is written; errors are part of the answer.")


class CopyInput(StrictSerializer):
    days = serializers.IntegerField(min_value=1, max_value=7, help_text="1, a day, or 7, a week.")
    to = serializers.ListField(
        child=serializers.DateField(),
        allow_empty=False,
        max_length=MOST_DAYS,
        help_text="The days on which the copies begin.",
    )
    screens = serializers.ListField(
        child=StrictUUIDField(),
        required=False,
        allow_empty=False,
        max_length=MOST_SCREENS,
        help_text="Of these screens alone.",
    )
    fold = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=1,
        help_text="Which is meant of a time that the clocks show twice on its new day: 0 the first, 1 the second.",
    )
    leave_out = serializers.BooleanField(default=False, help_text="What does not fit is left out, and named in errors.")
    dry_run = serializers.BooleanField(default=False, help_text="Nothing is written; errors are part of the answer.")
    publish = serializers.BooleanField(default=False, help_text="On sale at once; else they are drafts.")

    def get_fields(self) -> dict[str, Any]:
        """`from` is no name in Python."""
        return {"from": serializers.DateField(help_text="The first day that is copied."), **super().get_fields()}

    def validate_days(self, days: int) -> int:
        if days not in (1, 7):
            raise serializers.ValidationError("A day is 1, a week 7.")
        return days

    def validate_to(self, days: list[Any]) -> list[Any]:
        if len(set(days)) < len(days):
            raise serializers.ValidationError("A day is named twice.")
        return days


class FaultSerializer(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="RFC 6901, into the body.")
    code = serializers.CharField()
    detail = serializers.CharField()


class CopyFaultSerializer(FaultSerializer):
    showtime_id = serializers.UUIDField(help_text="The original.")


class PlannedSerializer(serializers.ModelSerializer[Showtime]):
    movie = MovieReference()
    screen = ScreenReference()
    starts_at = LocalTimeField("starts_at")
    ends_at = LocalTimeField("ends_at")

    class Meta:
        model = Showtime
        fields = ["id", "movie", "screen", "starts_at", "ends_at", *SHOWING, "status"]


class PlanSerializer(serializers.Serializer[Any]):
    """What was planned; of a dry run, what would be, under ids that nothing has."""

    dry_run = serializers.BooleanField()
    showtimes = serializers.ListField(child=PlannedSerializer(), max_length=copying.MOST)
    errors = serializers.ListField(  # type: ignore[assignment]  # a member's name, and not DRF's own
        child=FaultSerializer(), help_text="Empty unless it was a dry run."
    )


class CopySerializer(PlanSerializer):
    errors = serializers.ListField(child=CopyFaultSerializer(), help_text="Of what does not fit, and is left out.")


class RemovedSerializer(serializers.Serializer[Any]):
    removed = serializers.IntegerField()
