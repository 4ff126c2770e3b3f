"""The takings by day: added up from receipts, credit notes and kept fees by the clock, a second after they are written.

Receipts of a theater have numbers without a gap, and whoever gives one out is through before the next one is: those
up to a number are in the takings, once, and those behind it are not yet. So a capture writes nothing more than its
receipt, and many captures of one showtime wait for nobody here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models import BooleanField, Q, Sum
from django.db.models.expressions import RawSQL

from chassis.ids import uuid7
from chassis.storage.database import as_jsonb, execute, lock_names
from payments import receipts, takings_rules
from payments.kept import known
from payments.lines import ShowtimeSold
from payments.models import Payment
from payments.receipt_models import Receipt
from payments.takings_models import FeeKept, Takings, TakingsCode, TakingsSeries

ONE_AT_A_TIME = "takings"
# So many theaters, those that wait longest for it, and receipts of each are added up by one statement.
THEATERS, OF_EACH, FEES = 10, 100, 200
# Payments that are looked at together for fees that nobody wrote down.
ROWS = 500
SUMS = ("tickets", "returned", "gross", "refunds", "tax", "reductions", "gift", "cash", "terminal", "kept")
KEY = ("day", "theater_id", "film", "ticket_type", "currency")
CODE_KEY, CODE_SUMS = ("day", "theater_id", "code", "currency"), ("uses", "amount")
# As long as a title, a name and a code are kept here.
_TITLE, _CODE = 200, 64

Key = tuple[date, UUID, str, str, str]
CodeKey = tuple[date, UUID, str, str]

_UNSUMMED = """
WITH behind AS MATERIALIZED (
  SELECT theater_id, coalesce(summed.position, 0) AS position
  FROM receipt_series AS series LEFT JOIN takings_series AS summed USING (theater_id)
  WHERE series.last > coalesce(summed.position, 0)
  ORDER BY series.last - coalesce(summed.position, 0) DESC LIMIT %s
)
SELECT receipt.* FROM behind CROSS JOIN LATERAL (
  SELECT * FROM receipts WHERE receipts.theater_id = behind.theater_id AND receipts.position > behind.position
  ORDER BY receipts.position LIMIT %s
) AS receipt ORDER BY receipt.theater_id, receipt.position
"""
_BEHIND = """
SELECT coalesce(sum(series.last - coalesce(summed.position, 0)), 0)
FROM receipt_series AS series LEFT JOIN takings_series AS summed USING (theater_id)
"""
_GIVEN_BACK = RawSQL("seats @? '$[*] ? (@.due != null)'", [], output_field=BooleanField())


class _Sums:
    """What a batch adds, by the rows that it is added to."""

    def __init__(self) -> None:
        self.takings: dict[Key, Counter[str]] = {}
        self.names: dict[Key, str] = {}
        self.codes: dict[CodeKey, Counter[str]] = {}
        self.code_names: dict[CodeKey, str] = {}
        self.series: dict[UUID, TakingsSeries] = {}

    def add(self, receipt: Receipt) -> None:
        showtime, is_credit = _sold(receipt.showtime), receipt.refund_id is not None
        day = takings_rules.day_of(receipt.issued_at, showtime.time_zone)
        told = receipts.lines_of(receipt)
        counter = (receipt.counter or {}).get("method", "")
        for part in takings_rules.taken(told, gift=receipt.gift_amount, is_credit=is_credit, counter=counter):
            of_type = (day, receipt.theater_id, _film(showtime), part.ticket_type[:_CODE], receipt.currency)
            self.names[of_type] = part.type_name[:_TITLE]
            numbers = {name: value for name, value in asdict(part).items() if name in SUMS}
            self.takings.setdefault(of_type, Counter()).update(numbers)
        for off in takings_rules.reduced(told, is_credit=is_credit):
            of_code = (day, receipt.theater_id, off.code[:_CODE], receipt.currency)
            self.code_names[of_code] = off.name[:_TITLE]
            self.codes.setdefault(of_code, Counter()).update(uses=off.uses, amount=off.amount)
        self.series[receipt.theater_id] = TakingsSeries(
            theater_id=receipt.theater_id,
            position=receipt.position,
            theater_name=showtime.theater_name[:_TITLE],
            time_zone=showtime.time_zone[:_CODE],
        )

    def keep(self, fee: FeeKept, receipt: Receipt) -> None:
        """receipt: of the payment that it was kept of."""
        showtime = _sold(receipt.showtime)
        day = takings_rules.day_of(fee.created_at, showtime.time_zone)
        of_type = (day, receipt.theater_id, _film(showtime), "", fee.currency)
        self.names.setdefault(of_type, "")
        self.takings.setdefault(of_type, Counter()).update(kept=fee.amount)

    def write(self) -> None:
        """Within a transaction, which no other one writes beside."""
        _add_to("takings", KEY, "type_name", SUMS, self.takings, self.names)
        _add_to("takings_codes", CODE_KEY, "name", CODE_SUMS, self.codes, self.code_names)
        TakingsSeries.objects.bulk_create(
            self.series.values(),
            update_conflicts=True,
            unique_fields=["theater_id"],
            update_fields=["position", "theater_name", "time_zone"],
        )


def _sold(showtime: Mapping[str, Any] | None) -> ShowtimeSold:
    """What a receipt says of what it is for."""
    return msgspec.convert(showtime or {}, ShowtimeSold)


def sum_up(*, batches: int) -> int:
    """Adds up receipts and fees that are not in the takings yet, in so many batches at most; how many there were.

    None where somebody is at it already, or makes them anew.
    """
    done = 0
    for _ in range(batches):
        with transaction.atomic():
            added = _add_batch() if _is_free() else 0
        done += added
        if not added:
            break
    return done


def rebuild() -> int:
    """Makes the takings anew from all receipts and fees; how many there were. Until it is through, those of before are
    read, and nothing is added to them.
    """
    bring_in_fees()
    with transaction.atomic():
        lock_names([ONE_AT_A_TIME])
        for model in (Takings, TakingsCode, TakingsSeries):
            model.objects.all().delete()
        FeeKept.objects.filter(is_summed=True).update(is_summed=False)
        done = 0
        while added := _add_batch():
            done += added
    return done


def bring_in_fees() -> int:
    """Writes down fees that a process of before has kept, and that nobody wrote down; how many payments that concerned.

    Their day is that of the payment's last change: when else it was is not known.
    """
    done = 0
    captured = Payment.objects.filter(captured_amount__gt=0)
    found = captured.filter(Q(retained_amount__gt=0) | Q(_GIVEN_BACK)).order_by().iterator(chunk_size=ROWS)
    while chunk := list(islice(found, ROWS)):
        told = _fees_told([row.id for row in chunk])
        for row in chunk:
            if known(row).fee != told.get(row.id, 0):
                done += _bring_in_fee(row.id)
    return done


def behind() -> int:
    """How many receipts are not in the takings yet."""
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND)
        return int(cursor.fetchone()[0])


def _is_free() -> bool:
    """Whether nobody else is at it; then it is ours until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [ONE_AT_A_TIME])
        return bool(cursor.fetchone()[0])


def _add_batch() -> int:
    sums = _Sums()
    found = list(Receipt.objects.raw(_UNSUMMED, [THEATERS, OF_EACH]))
    for receipt in found:
        sums.add(receipt)
    fees = list(FeeKept.objects.filter(is_summed=False).order_by("id").select_for_update()[:FEES])
    of = {
        each.payment_id: each for each in Receipt.objects.filter(payment__in=[f.payment_id for f in fees], refund=None)
    }
    for fee in fees:
        # A payment of before there were receipts has none, and is in no takings.
        if fee.payment_id in of:
            sums.keep(fee, of[fee.payment_id])
    if fees:
        FeeKept.objects.filter(id__in=[fee.id for fee in fees]).update(is_summed=True)
    sums.write()
    return len(found) + len(fees)


def _add_to(
    table: str,
    key: Sequence[str],
    name: str,
    sums: Sequence[str],
    added: Mapping[Any, Counter[str]],
    names: Mapping[Any, str],
) -> None:
    if not added:
        return
    rows = [
        {"id": uuid7(), name: names[of], **dict(zip(key, of, strict=True)), **{each: counted[each] for each in sums}}
        for of, counted in added.items()
    ]
    columns = ("id", *key, name, *sums)
    more = ", ".join(f"{each} = {table}.{each} + excluded.{each}" for each in sums)
    execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns)}"  # noqa: S608  (names of ours)
        f" FROM jsonb_populate_recordset(NULL::{table}, %s) ON CONFLICT ({', '.join(key)}) DO UPDATE"
        f" SET {more}, {name} = coalesce(nullif(excluded.{name}, ''), {table}.{name})",
        [as_jsonb(rows)],
    )


def _fees_told(payment_ids: Iterable[UUID]) -> Mapping[UUID, int]:
    told = FeeKept.objects.filter(payment__in=payment_ids).order_by()
    return dict(told.values_list("payment_id").annotate(Sum("amount")))


def _bring_in_fee(payment_id: UUID) -> int:
    """Asked again while nobody changes it."""
    with transaction.atomic():
        row = Payment.objects.select_for_update().get(id=payment_id)
        missing = known(row).fee - _fees_told([row.id]).get(row.id, 0)
        if missing:
            FeeKept.objects.create(payment=row, amount=missing, currency=row.currency, created_at=row.updated_at)
    return 1 if missing else 0


def _film(showtime: ShowtimeSold) -> str:
    return showtime.movie_title[:_TITLE]
