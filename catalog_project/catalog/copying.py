"""A day or a week of a theater, copied to other days: at the same time of its clocks, whatever these do between."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from catalog.clocks import midnight, on_another_day
from catalog.domain import ON_A_SCREEN
from catalog.errors import InvalidFields, PlanRefused, TheaterNotFound
from catalog.models import Showtime, Theater
from catalog.planning import Plan, Wanted, plan_showtimes
from catalog.pricing import own_of
from catalog.theaters import refuse_elsewhere
from chassis.storage.audit_log import Actor

# Copies of one request: a week of ten screens, five times and more.
MOST = 2000


@dataclass(frozen=True, slots=True)
class Copies:
    """A plan, and of each row its original and which of the days it was copied to, by its place in `to`."""

    plan: Plan
    originals: list[Showtime]
    places: list[int]

    def errors(self) -> list[dict[str, str]]:
        """As a problem has them: the pointer is to the day, and showtime_id is the original's."""
        return [
            {
                "pointer": f"/to/{place}",
                "code": fault.code,
                "detail": f"{original.movie}, {original.screen.name}: {fault.detail}",
                "showtime_id": str(original.id),
            }
            for row, original, place in zip(self.plan.rows, self.originals, self.places, strict=True)
            for fault in row.faults
        ]


def copy_plan(
    *,
    theater_id: UUID,
    first: date,
    days: int,
    to: Sequence[date],
    screen_ids: Collection[UUID] | None = None,
    fold: int | None = None,
    leave_out: bool = False,
    publish: bool = False,
    dry_run: bool = False,
    actor: Actor | None = None,
) -> Copies:
    """Plans again what is planned or scheduled on so many days of the theater, each time at the same local time.

    to: on which days the copies begin. screen_ids: of these screens alone. fold: which is meant of a time that the
    clocks show twice on the new day, 0 the first and 1 the second. leave_out: what does not fit is left out and named.
    publish, dry_run: as of plan_showtimes. Raises TheaterNotFound, InvalidFields; PlanRefused, whose pointers are to
    the days.
    """
    theater = Theater.objects.filter(id=theater_id).prefetch_related("ticket_types").first()
    if theater is None:
        raise TheaterNotFound
    refuse_elsewhere(actor, theater.id)
    zone = ZoneInfo(theater.time_zone)
    of_days = _planned(theater, zone, first, days, screen_ids)
    if len(of_days) * len(to) > MOST:
        raise InvalidFields(to=f"These are {len(of_days) * len(to)} showtimes; at most {MOST:,} are copied at once.")
    originals = [showtime for _ in to for showtime in of_days]
    places = [place for place in range(len(to)) for _ in of_days]
    wanted = [
        Wanted(
            movie_id=showtime.movie_id,
            screen_id=showtime.screen_id,
            starts_at=on_another_day(showtime.starts_at, zone, days=(to[place] - first).days, fold=fold),
            showing=showtime.showing,
            currency=showtime.currency,
            **_costs(showtime),
        )
        for place, showtime in zip(places, originals, strict=True)
    ]
    with transaction.atomic():
        # What is refused is taken back: only here is it known what the rows are called.
        plan = plan_showtimes(wanted=wanted, publish=publish, dry_run=dry_run, leave_out=True, actor=actor)
        copies = Copies(plan, originals, places)
        if not dry_run and not leave_out and (errors := copies.errors()):
            raise PlanRefused(errors)
    return copies


def _costs(showtime: Showtime) -> dict[str, Any]:
    """Whatever it costs on its new day: by its list, or as it does now."""
    if showtime.price_list_id is not None:
        return {"price_list_id": showtime.price_list_id}
    own = own_of(showtime)
    return {"prices": own.amounts, "type_prices": own.by_type or None}


def _planned(
    theater: Theater, zone: ZoneInfo, first: date, days: int, screen_ids: Collection[UUID] | None
) -> list[Showtime]:
    """What begins on those days by the clocks of the theater; none that is cancelled. One more than may be copied."""
    begins, ends = midnight(first, zone), midnight(first + timedelta(days=days), zone)
    showtimes = Showtime.objects.filter(
        theater=theater, starts_at__gte=begins, starts_at__lt=ends, status__in=ON_A_SCREEN
    )
    if screen_ids is not None:
        showtimes = showtimes.filter(screen_id__in=screen_ids)
    ordered = showtimes.select_related("movie", "screen").prefetch_related("prices").order_by("starts_at", "id")
    found = list(ordered[: MOST + 1])
    for showtime in found:
        showtime.theater = theater  # with its ticket types, read once
    return found
