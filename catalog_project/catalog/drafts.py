"""Drafts: published, and removed, a set of them together and all or nothing.

Locks are taken in the order of catalog.scheduling. actor: who of staff does it, for the audit log.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from catalog import domain
from catalog.cache import catalog_changed
from catalog.domain import Command, ShowtimeStatus
from catalog.errors import Fault, InvalidFields, PlanRefused
from catalog.events import ShowtimeScheduled
from catalog.models import Showtime
from catalog.planning import Places, Plan, Row, name_clashes
from catalog.pricing import choose, lists_of, own_of, reprice, try_price
from catalog.records import Deed, record_deeds, state
from catalog.scheduling import faults_of, place, refusing_overlaps
from catalog.tariff_models import PriceList
from catalog.theaters import refuse_elsewhere
from chassis.messaging.outbox import emit_all
from chassis.storage import rows
from chassis.storage.audit_log import Actor, changes

# Of one request.
MOST = 500


def publish_drafts(*, showtime_ids: Sequence[UUID], dry_run: bool = False, actor: Actor | None = None) -> Plan:
    """Puts drafts on sale, once more held against their film, their hall and what has their screen by now.

    A showtime that is scheduled already stays as it is, so the same may be asked twice. dry_run: nothing is written,
    and whatever is in the way comes back with the rows. Raises PlanRefused, whose pointers are into /showtime_ids.
    """
    with refusing_overlaps():
        found = _locked(showtime_ids, lock=not dry_run)
        refuse_elsewhere(actor, *(showtime.theater_id for showtime in found.values()))
        plan = Plan([_looked_at(found.get(id_)) for id_ in showtime_ids], done=not dry_run)
        to_publish = [row for row in plan.rows if row.showtime and row.showtime.status == ShowtimeStatus.DRAFT]
        drafts = [row.showtime for row in to_publish if row.showtime is not None]
        name_clashes(to_publish, statuses=[ShowtimeStatus.SCHEDULED])
        if dry_run:
            return plan
        _refuse(plan)
        _publish(drafts, actor)
    return plan


def remove_drafts(*, showtime_ids: Sequence[UUID], actor: Actor | None = None) -> int:
    """Removes drafts; how many. Raises PlanRefused, whose pointers are into /showtime_ids."""
    with transaction.atomic():
        found = {
            showtime.id: showtime
            for showtime in Showtime.objects.select_for_update(of=("self",))
            .filter(id__in=showtime_ids)
            .select_related("movie", "theater", "screen")
            .prefetch_related("prices")
            .order_by("id")
        }
        refuse_elsewhere(actor, *(showtime.theater_id for showtime in found.values()))
        _refuse(Plan([_known(found.get(id_), Command.PUBLISH) for id_ in showtime_ids], done=False))
        record_deeds(actor, [Deed("removed", showtime, before=state(showtime)) for showtime in found.values()])
        Showtime.objects.filter(id__in=found).delete()
    return len(found)


def price_drafts(*, showtime_ids: Sequence[UUID], price_list_id: UUID, actor: Actor | None = None) -> Plan:
    """Lets drafts follow a price list of their theater. Raises PlanRefused, whose pointers are into /showtime_ids."""
    with transaction.atomic():
        found = _locked(showtime_ids, lock=True)
        refuse_elsewhere(actor, *(showtime.theater_id for showtime in found.values()))
        plan = Plan([_known(found.get(id_), Command.PUBLISH) for id_ in showtime_ids], done=True)
        drafts = [row.showtime for row in plan.rows if row.showtime is not None and row.fits]
        before = [state(draft) for draft in drafts]
        lists = lists_of([price_list_id])
        for row in plan.rows:
            if row.showtime is not None and row.fits:
                row.faults += _listed(row.showtime, price_list_id, lists)
        _refuse(plan)
        _write(drafts, before, ["price_list_id"], "changed", actor)
    return plan


def errors_of(plan: Plan) -> list[dict[str, str]]:
    """As a problem has them, where the rows were named by their ids alone."""
    return [
        {"pointer": f"/showtime_ids/{number}", "code": fault.code, "detail": fault.detail}
        for number, row in enumerate(plan.rows)
        for fault in row.faults
    ]


def _refuse(plan: Plan) -> None:
    if errors := errors_of(plan):
        raise PlanRefused(errors)


def _locked(showtime_ids: Sequence[UUID], *, lock: bool) -> dict[UUID, Showtime]:
    """With their films, screens, theaters and prices."""
    wanted = Showtime.objects.filter(id__in=showtime_ids)
    of = list(wanted.values_list("movie_id", "screen_id"))
    places = Places.of({movie for movie, _ in of}, {screen for _, screen in of}, lock=lock)
    found = wanted.prefetch_related("prices", "price_list").order_by("id")
    showtimes = {showtime.id: showtime for showtime in (found.select_for_update(no_key=True) if lock else found)}
    for showtime in showtimes.values():
        showtime.movie, showtime.screen = places.movies[showtime.movie_id], places.screens[showtime.screen_id]
        showtime.theater = showtime.screen.theater
    return showtimes


def _looked_at(showtime: Showtime | None) -> Row:
    """A row with what does not fit of itself; what is published is not looked at again."""
    row = _known(showtime, Command.CHANGE)
    if showtime is not None and row.fits and showtime.status == ShowtimeStatus.DRAFT:
        place(showtime)
        _, faults = try_price(showtime, None if showtime.price_list_id else own_of(showtime))
        row.faults += [*faults_of(showtime), *faults]
    return row


def _known(showtime: Showtime | None, command: Command) -> Row:
    if showtime is None:
        return Row(None, faults=[Fault("id", "showtime_not_found", "There is no such showtime.")])
    row = Row(showtime, showtime.amounts, str(showtime))
    if not domain.SHOWTIME.allows(ShowtimeStatus(showtime.status), command):
        row.faults.append(Fault("id", "not_a_draft", f"The showtime is {showtime.status}, and no draft."))
    return row


def _listed(draft: Showtime, price_list_id: UUID, lists: Mapping[UUID, PriceList]) -> list[Fault]:
    """The draft follows the list; what stands against it."""
    try:
        choose(draft, price_list_id, None, None, lists)
    except InvalidFields as refused:
        return [*refused.faults]
    return try_price(draft, None)[1]


def _publish(drafts: Sequence[Showtime], actor: Actor | None) -> None:
    if not drafts:
        return
    before = [state(draft) for draft in drafts]
    for draft in drafts:
        draft.status = domain.SHOWTIME.next(ShowtimeStatus(draft.status), Command.PUBLISH)
    _write(drafts, before, ["status", "starts_at", "ends_at", "screen_free_at"], "published", actor)
    emit_all([(ShowtimeScheduled.of(draft), draft.id) for draft in drafts])
    catalog_changed()


def _write(
    drafts: Sequence[Showtime], before: Sequence[dict[str, Any]], fields: Sequence[str], done: str, actor: Actor | None
) -> None:
    """These fields, and what the drafts cost: lists and ticket types may be others than when they were planned."""
    reprice(drafts)
    now = timezone.now()
    for draft in drafts:
        draft.revision += 1
        draft.updated_at = now
    rows.update(drafts, fields=[*fields, "revision", "updated_at", "type_prices", "tariff"])
    changed = [changes(was, state(draft)) for draft, was in zip(drafts, before, strict=True)]
    record_deeds(actor, [Deed(done, draft, *differs) for draft, differs in zip(drafts, changed, strict=True)])
