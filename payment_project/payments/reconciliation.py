"""Our books held against a provider's own record, a day of UTC at a time: by the clock, and when staff ask.

Page by page the record is read, outside any transaction, and each move looked for among our operations by the key it
was asked under. What is left of our ledger of that day then has not been there: a provider is asked once more about
such a payment, whose move may be on the day before or after there.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from chassis.ids import first_uuid7_at
from chassis.storage.audit_log import Actor, record
from payments import gateways, operations
from payments.gateways import Moved, Unknown
from payments.ledger import Account, Kind
from payments.models import UNFINISHED, GatewayOperation, Payment, Refund, RefundStatus, Transaction
from payments.reconciliation_models import Difference, DifferenceState, MovedThere, Reconciliation, RunState
from payments.reconciliation_rules import Differs, Ours, differs
from payments.refund_rules import Way
from payments.states import OperationState

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=1)
# So often a provider may not answer, a lease apart, before a comparison is given up.
PATIENCE = 10
# What only we have is looked for there a second time for so many; there are others only where all is wrong.
ASKED_AGAIN, MISSING_AT_MOST = 50, 1000
MOVES_AT_MOST = 2_000_000
# Yesterday is compared from this hour of UTC on: what came before midnight has been answered by then.
NIGHT = 3
_CARD_KINDS = (Kind.CAPTURE, Kind.REFUND, Kind.RETURN)


class DayAhead(ValueError):
    """The future has no record."""


def ask(day: date, actor: Actor) -> int:
    """A day of UTC is to be compared, at each provider that tells what it moved: how many comparisons begin.

    One that waits, or is under way, is not begun again. Raises DayAhead.
    """
    if day > timezone.now().date():
        raise DayAhead
    begun = 0
    with transaction.atomic():
        for provider in gateways.reporting():
            run, made = _ask(provider, day, requested_by=actor.name)
            if made:
                record(actor, "reconciliation.asked", ("reconciliation", run.id), after={"day": day, "of": provider})
            begun += made
    return begun


def ask_for_yesterday() -> int:
    """Once it is night, unless that day was compared, or is to be, already; how many comparisons begin."""
    now = timezone.now()
    day = now.date() - timedelta(days=1)
    if now.hour < NIGHT:
        return 0
    compared = set(Reconciliation.objects.filter(day=day).values_list("provider", flat=True))
    return sum(_ask(provider, day)[1] for provider in gateways.reporting() if provider not in compared)


def _ask(provider: str, day: date, *, requested_by: str = "") -> tuple[Reconciliation, bool]:
    said = {"requested_by": requested_by}
    return Reconciliation.objects.get_or_create(provider=provider, day=day, state=RunState.ASKED, defaults=said)


def go_on(*, pages: int) -> int:
    """Reads so many pages at most of the record that has waited the longest; how many that were.

    One that fails is tried again a lease later: whoever is killed meanwhile leaves it to the next.
    """
    for done in range(pages):
        run = _lease()
        if run is None:
            return done
        if run.is_read:
            _finish(run)
        else:
            _read(run)
    return pages


def note(difference_id: UUID, text: str, actor: Actor) -> bool:
    """Somebody writes what was done about a difference, which is open no more; False where it was not."""
    with transaction.atomic():
        found = Difference.objects.select_for_update().filter(id=difference_id, state=DifferenceState.OPEN).first()
        if found is None:
            return False
        found.state, found.note, found.noted_by, found.ended_at = (
            DifferenceState.NOTED.value,
            text,
            actor.name,
            timezone.now(),
        )
        found.save()
        record(actor, "difference.noted", ("difference", found.id), after={"what": str(found)}, reason=text)
    return True


def _lease() -> Reconciliation | None:
    now = timezone.now()
    waiting = Reconciliation.objects.filter(Q(leased_until=None) | Q(leased_until__lt=now), state=RunState.ASKED)
    with transaction.atomic():
        run = waiting.select_for_update(skip_locked=True).order_by("id").first()
        if run is not None:
            run.leased_until = now + LEASE
            run.save(update_fields=["leased_until"])
    return run


def _read(run: Reconciliation) -> None:
    page = gateways.moved_on(run.provider, run.day, after=run.after)
    if isinstance(page, Unknown):
        _was_not_answered(run, page.reason)
        return
    if (page.after and page.after == run.after) or run.moves > MOVES_AT_MOST:
        _was_not_answered(run, "a record without an end")
        return
    known = _operations(run.provider, page.moves)
    repaired = {id_ for id_, each in known.items() if each.state in UNFINISHED and _repair(run, each)}
    by_hand = _given_by_hand(page.moves)
    payments = _payments(page.moves)
    with transaction.atomic():
        for moved in page.moves:
            ours = known.get(_id(moved.key))
            if ours is not None and ours.id in repaired:
                _keep(run, Differs.STATE, moved, ours, payments, state=DifferenceState.REPAIRED)
            how = differs((moved.amount, moved.currency), _said(ours))
            if how is not None and (_id(moved.reference), moved.amount) not in by_hand:
                _keep(run, how, moved, ours, payments)
        there = [MovedThere(run=run, operation_id=each.id) for each in known.values()]
        MovedThere.objects.bulk_create(there, ignore_conflicts=True)
        run.after, run.is_read, run.leased_until = page.after[:128], not page.after, None
        run.moves += len(page.moves)
        run.save()


def _finish(run: Reconciliation) -> None:
    """What we have of the day and did not find there; and what was open of it and is there no more."""
    missing: list[GatewayOperation] = []
    for number, operation in enumerate(_not_found(run)):
        _hold(run)
        page = gateways.moved_of(run.provider, operation.payment_id) if number < ASKED_AGAIN else None
        if isinstance(page, Unknown):
            _was_not_answered(run, page.reason)
            return
        if page is None or operation.id not in {_id(moved.key) for moved in page.moves}:
            missing.append(operation)
    with transaction.atomic():
        for operation in missing:
            _keep(run, Differs.ONLY_HERE, None, operation, {operation.payment_id})
        gone = Difference.objects.filter(provider=run.provider, day=run.day, state=DifferenceState.OPEN)
        gone.exclude(run=run).update(state=DifferenceState.REPAIRED, ended_at=timezone.now())
        run.moved.all().delete()
        run.state, run.finished_at, run.leased_until = RunState.DONE.value, timezone.now(), None
        run.save()
    log.info("reconciled", extra={"provider": run.provider, "day": str(run.day), "moves": run.moves})


def _hold(run: Reconciliation) -> None:
    """It stays ours for another call, which may take some seconds."""
    run.leased_until = timezone.now() + LEASE
    run.save(update_fields=["leased_until"])


def _was_not_answered(run: Reconciliation, reason: str) -> None:
    """The lease stays: the next one tries again when it has ended."""
    run.failures += 1
    run.failure = reason[:200]
    if run.failures >= PATIENCE:
        run.state, run.finished_at = RunState.FAILED.value, timezone.now()
    run.save()
    log.warning("not reconciled", extra={"provider": run.provider, "day": str(run.day), "reason": reason})


def _not_found(run: Reconciliation) -> Iterable[GatewayOperation]:
    """Of what the ledger of the day says that the provider moved, what was not in its record of that day."""
    start = datetime.combine(run.day, time(), UTC)
    lines = Transaction.objects.filter(
        ~Exists(MovedThere.objects.filter(run=run, operation_id=OuterRef("operation_id"))),
        id__gte=first_uuid7_at(start),
        id__lt=first_uuid7_at(start + timedelta(days=1)),
        account=Account.CASH,
        kind__in=_CARD_KINDS,
        operation__provider=run.provider,
    )
    found = lines.select_related("operation").order_by("id")[:MISSING_AT_MOST]
    return [line.operation for line in found]


def _operations(provider: str, moves: Iterable[Moved]) -> Mapping[UUID | None, GatewayOperation]:
    ids = {id_ for moved in moves if (id_ := _id(moved.key))}
    found = GatewayOperation.objects.filter(id__in=ids, provider=provider, kind__in=_CARD_KINDS)
    return {operation.id: operation for operation in found}


def _repair(run: Reconciliation, operation: GatewayOperation) -> bool:
    """We do not know of an outcome that the provider has: it is asked for again, under the same key."""
    _hold(run)
    leased = operations.lease(operation.id)
    if leased is None:
        return False
    operations.run(leased)
    operation.refresh_from_db()
    log.info("outcome found by its record", extra={"operation": str(operation.id), "state": operation.state})
    return operation.state == OperationState.SUCCEEDED


def _said(operation: GatewayOperation | None) -> Ours | None:
    if operation is None:
        return None
    return Ours(operation.amount, operation.currency, operation.state == OperationState.SUCCEEDED)


def _given_by_hand(moves: Iterable[Moved]) -> Collection[tuple[UUID | None, int]]:
    """Refunds that staff have written down as done at the provider itself: their payments and amounts."""
    of = [id_ for moved in moves if moved.kind == Kind.REFUND and (id_ := _id(moved.reference))]
    written = Refund.objects.filter(payment__in=of, outside=Way.PROVIDER, status=RefundStatus.SUCCEEDED)
    return set(written.values_list("payment_id", F("amount") - F("gift_amount")))


def _payments(moves: Iterable[Moved]) -> Collection[UUID]:
    ids = {id_ for moved in moves if (id_ := _id(moved.reference))}
    return set(Payment.objects.filter(id__in=ids).values_list("id", flat=True))


def _keep(
    run: Reconciliation,
    how: Differs,
    moved: Moved | None,
    operation: GatewayOperation | None,
    payments: Collection[UUID],
    *,
    state: DifferenceState = DifferenceState.OPEN,
) -> None:
    """One that was found before stays as it is, unless it was repaired and is there again."""
    of = operation.payment_id if operation else _id(moved.reference if moved else "")
    found, made = Difference.objects.get_or_create(
        provider=run.provider,
        differs=how,
        key=str(operation.id) if operation else (moved.id if moved else ""),
        defaults={
            "run": run,
            "day": run.day,
            "kind": moved.kind if moved else operation.asks if operation else "",
            "payment_id": of if of in payments else None,
            "theirs": moved.amount if moved else None,
            "ours": operation.amount if operation else None,
            "currency": (moved.currency if moved else operation.currency if operation else "")[:3],
            "our_state": operation.state if operation else "",
            "state": state,
            "ended_at": None if state is DifferenceState.OPEN else timezone.now(),
        },
    )
    if not made:
        found.run = run
        if found.state == DifferenceState.REPAIRED and state is DifferenceState.OPEN:
            found.state, found.ended_at = DifferenceState.OPEN.value, None
        found.save()


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
