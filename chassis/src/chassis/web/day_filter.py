"""A filter of a list by a day: some by name, any other out of a calendar."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest

from chassis.ids import first_uuid7_at

_NAMED = {"yesterday": -1, "today": 0, "tomorrow": 1}


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar, or one that is so many days from now wherever it is asked for."""

    said: str

    def date(self, zone: tzinfo) -> date:
        """Which it is in that zone. Raises ValueError, OverflowError for no day."""
        if self.said in _NAMED:
            return datetime.now(zone).date() + timedelta(days=_NAMED[self.said])
        return date.fromisoformat(self.said)

    def hours(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """When it begins in that zone, and when the next one does. Raises ValueError, OverflowError for no day."""
        day = self.date(zone)
        return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


class DayFilter(admin.SimpleListFilter):
    parameter_name = "day"
    template = "chassis/day_filter.html"
    named: ClassVar[tuple[str, ...]] = ("today",)

    @abstractmethod
    def of(self, day: Day, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the day. What `hours` raises may pass."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.capitalize()) for name in self.named]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        if not wanted:
            return queryset
        try:
            return self.of(Day(wanted), queryset)
        except (ValueError, OverflowError) as exc:
            raise IncorrectLookupParameters(exc) from exc

    def choices(self, changelist: Any) -> Iterator[Any]:
        """The calendar is a form, which keeps what else was chosen."""
        picked = self.value() if self.value() not in self.named else ""
        for choice in super().choices(changelist):
            yield {**choice, "kept": changelist.filter_params, "day": picked or ""}


class KeyDayFilter(DayFilter):
    """A day of UTC, of rows whose UUIDv7 holds the moment: the index of the key finds the day."""

    title = "day (UTC)"
    named = ("today", "yesterday")

    def of(self, day: Day, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, behind = day.hours(UTC)
        return queryset.filter(id__gte=first_uuid7_at(first), id__lt=first_uuid7_at(behind))
