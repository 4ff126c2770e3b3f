"""Decisions about payments in one statement, one round trip, however many they are and however much hangs on them.

Written one by one, what a payment's hot path touches (its row, an operation, the ledger, the outbox) is a transaction
of seven round trips; here it is one, in which the database itself sees to "all or nothing". The text depends on which
tables are touched, never on the number of rows, so it stays prepared.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from chassis.messaging import outbox_table
from chassis.storage.database import as_jsonb

# Column → value, in JSON types or in what msgspec makes such of.
Row = Mapping[str, Any]

NEW_PAYMENT = ("id", "booking_id", "booking_reference", "user_id", "amount", "currency")
DECIDED = (
    *("status", "booking_state", "held_amount", "captured_amount", "refunded_amount", "retained_amount"),
    *("fee_told_amount", "under_way", "failure_code", "attention", "provider", "authorisation_id", "capture_id"),
    *("card_last4", "seats", "let_in", "sale", "ended_reason", "hold_expires_at", "captured_at"),
    *("gift_amount", "gift_refunded_amount", "gift_card_id", "gift_last4"),
    *("exchange_of", "exchange_amount", "carried_amount", "lent_amount", "exchanged_amount", "to_return_amount"),
    "theater_id",
)
ANSWERED = ("state", "outcome_code", "result", "finished_at")
ASKED = (
    *("id", "payment_id", "provider", "kind", "state", "amount", "currency", "payment_token", "target", "result"),
    *("ends_booking", "outcome_code", "attempts", "leased_until", "last_error", "gift_amount", "carried_amount"),
)
REFUND_ENDED = ("status", "kind", "failure_code", "finished_at", "seats")
REFUND_OPENED = (
    *("id", "payment_id", "operation_id", "amount", "currency", "status", "kind", "seats", "reason"),
    *("requested_by", "requested_by_id", "failure_code", "gift_amount"),
)
ISSUED = (
    *("id", "payment_id", "refund_id", "theater_id", "total", "currency", "lines", "seller", "showtime"),
    *("card_last4", "gift_amount", "gift_last4", "carried_amount", "counter", "issued_at"),
)
GIFT_MOVED = ("id", "card_id", "move", "account", "amount", "currency", "payment_id", "operation_id", "created_at")
FEE_KEPT = ("id", "payment_id", "amount", "currency", "created_at")
POSTED = ("id", "payment_id", "operation_id", "kind", "account", "amount", "currency", "created_at")


_WRITTEN = "new.payment_id IN (SELECT id FROM written)"


def _given(table: str) -> str:
    """Rows that come as one parameter."""
    return f"jsonb_populate_recordset(NULL::{table}, %s) AS new"


def _update(table: str, changes: str, *, by: str = "id", also: str = "") -> str:
    """by: what rows are found by."""
    return (
        f"UPDATE {table} AS old SET {changes} FROM {_given(table)}"  # noqa: S608  (names from the code)
        f" WHERE old.{by} = new.{by}{also} AND {_WRITTEN}"
    )


def _insert(table: str, columns: Sequence[str], *made_now: str) -> str:
    values = [*(f"new.{column}" for column in columns), *("statement_timestamp()" for _ in made_now)]
    return f"INSERT INTO {table} ({', '.join([*columns, *made_now])}) SELECT {', '.join(values)} FROM {_given(table)}"  # noqa: S608  (names from the code)


def _set(columns: Sequence[str]) -> str:
    return ", ".join(f"{column} = new.{column}" for column in columns)


# Of payments that are there, locked in the order of their ids: all of them, or none when one has another version.
# Their ids come again as an array: PostgreSQL takes what is given for a hundred rows, and would rather read tables of
# some thousands from end to end.
_SAVE = f"""
WITH given AS MATERIALIZED (SELECT * FROM {_given("payments")}),
fit AS MATERIALIZED (
  SELECT old.id FROM payments AS old JOIN given ON given.id = old.id
  WHERE old.id = ANY(%s::uuid[]) AND old.version = given.version - 1
  ORDER BY old.id FOR UPDATE OF old
),
written AS (
  UPDATE payments AS old SET {_set((*DECIDED, "version"))}, updated_at = statement_timestamp()
  FROM given AS new
  WHERE old.id = ANY(%s::uuid[]) AND old.id = new.id
    AND (SELECT count(*) FROM fit) = (SELECT count(*) FROM given)
  RETURNING old.id
)"""  # noqa: S608  (names from the code)

# Unless they are there: a column named in ON CONFLICT would let another key of them raise.
_MAKE = f"""
WITH written AS ({_insert("payments", (*NEW_PAYMENT, *DECIDED))} ON CONFLICT DO NOTHING RETURNING id)"""

# Of payments that stay as they are, and are locked.
_KEEP = "WITH written AS (SELECT id FROM payments WHERE id = ANY(%s::uuid[]))"

# What hangs on payments that were written, in the order of their parameters.
_INSERTS = {
    "asked": f"{_insert('gateway_operations', ASKED, 'due_at', 'created_at')} WHERE {_WRITTEN}",
    "refunds_opened": f"{_insert('refunds', REFUND_OPENED, 'created_at')} WHERE {_WRITTEN}",
    "posted": f"{_insert('transactions', POSTED)} WHERE {_WRITTEN}",
    "fees_kept": f"{_insert('fees_kept', FEE_KEPT)} WHERE {_WRITTEN}",
}
_NOTHING_KEPT = "leased_until = NULL, payment_token = '', last_error = ''"
_REVERSED = "state = 'reversing', due_at = statement_timestamp(), attempts = old.attempts + 1"
_UPDATES = {
    "answered": f"{_update('gateway_operations', f'{_set(ANSWERED)}, {_NOTHING_KEPT}')} RETURNING old.id",
    "reversing": _update(
        "gateway_operations",
        f"{_REVERSED}, leased_until = new.leased_until",
        by="payment_id",
        also=" AND old.state = 'pending'",
    ),
    "refunds_ended": _update("refunds", _set(REFUND_ENDED)),
    "refunds_going_on": _update("refunds", _set(("operation_id", "status", "gift_amount"))),
}
# A payment has one operation under way at most: the next one comes when those before it are finished.
_AFTER_ANSWERED = " AND (SELECT count(*) FROM answered) >= 0"
# `told` is one row, however many payments were written: each event goes in once.
_TOLD = outbox_table.insert_from("told", event="jsonb_array_elements(%s)", exchange="%s", fill={})
_TOLD_NUMBERED = outbox_table.insert_from(
    "told", event="jsonb_array_elements((SELECT events FROM numbered))", exchange="%s", fill={}
)
# Gift cards are locked in the order of their ids, after the payments. What comes back to one that has expired, or is
# about to, is good for some time still.
_GIFT_MOVED = f"""
gift_moved AS MATERIALIZED (SELECT * FROM {_given("gift_card_lines")} WHERE {_WRITTEN}),
gift_sums AS MATERIALIZED (
  SELECT card_id, coalesce(sum(amount) FILTER (WHERE account = 'balance'), 0) AS balance,
         coalesce(sum(amount) FILTER (WHERE account = 'reserved'), 0) AS reserved
  FROM gift_moved GROUP BY card_id
),
gift_locked AS MATERIALIZED (
  SELECT id FROM gift_cards WHERE id = ANY(%s::uuid[]) AND EXISTS (SELECT FROM gift_sums) ORDER BY id FOR UPDATE
),
gift_cards_done AS (
  UPDATE gift_cards AS card SET balance = card.balance + sums.balance, reserved = card.reserved + sums.reserved,
    expires_at = CASE WHEN sums.balance > 0 AND card.expires_at IS NOT NULL
      THEN greatest(card.expires_at, statement_timestamp() + %s) ELSE card.expires_at END
  FROM gift_sums AS sums JOIN gift_locked ON gift_locked.id = sums.card_id
  WHERE card.id = ANY(%s::uuid[]) AND card.id = sums.card_id
),
gift_lines_done AS (
  INSERT INTO gift_card_lines ({", ".join(GIFT_MOVED)}) SELECT {", ".join(GIFT_MOVED)} FROM gift_moved
)"""  # noqa: S608  (names from the code)
# Receipts and credit notes get their numbers last, and then the events that name a receipt are written: whoever else
# issues some of the same theaters waits from here on for the commit. Series are counted in the order of their theaters;
# one that is not there begins with 1.
_ISSUED = f"""
to_issue AS MATERIALIZED (
  SELECT new.*, row_number() OVER of_theater AS place, count(*) OVER (PARTITION BY theater_id) AS together
  FROM {_given("receipts")} WHERE {_WRITTEN} WINDOW of_theater AS (PARTITION BY theater_id ORDER BY id)
),
wanted AS MATERIALIZED (SELECT DISTINCT theater_id, together FROM to_issue),
locked AS MATERIALIZED (
  SELECT theater_id FROM receipt_series WHERE theater_id = ANY(%s::uuid[]) AND EXISTS (SELECT FROM wanted)
  ORDER BY theater_id FOR UPDATE
),
counted AS (
  UPDATE receipt_series AS series SET last = series.last + wanted.together FROM wanted JOIN locked USING (theater_id)
  WHERE series.theater_id = ANY(%s::uuid[]) AND series.theater_id = wanted.theater_id
  RETURNING series.theater_id, series.id, series.last
),
begun AS (
  INSERT INTO receipt_series AS series (theater_id, last)
  SELECT theater_id, together FROM wanted WHERE theater_id NOT IN (SELECT theater_id FROM locked) ORDER BY theater_id
  ON CONFLICT (theater_id) DO UPDATE SET last = series.last + excluded.last
  RETURNING series.theater_id, series.id, series.last
),
issued AS (
  INSERT INTO receipts ({", ".join(ISSUED)}, position, number)
  SELECT {", ".join(f"new.{column}" for column in ISSUED)}, numbered.position,
         format('R%%s-%%s', series.id, lpad(numbered.position::text, greatest(6, length(numbered.position::text)), '0'))
  FROM to_issue AS new JOIN (SELECT * FROM counted UNION ALL SELECT * FROM begun) AS series USING (theater_id)
  CROSS JOIN LATERAL (SELECT series.last - new.together + new.place AS position) AS numbered
  RETURNING id, number
)"""  # noqa: S608  (names from the code)
_NUMBERED = """
numbered AS (
  SELECT jsonb_agg(
    CASE WHEN issued.id IS NULL THEN event ELSE jsonb_set(event, '{data,receipt,number}', to_jsonb(issued.number)) END
    ORDER BY place
  ) AS events
  FROM jsonb_array_elements(%s) WITH ORDINALITY AS given (event, place)
  LEFT JOIN issued ON issued.id = (event #>> '{data,receipt,id}')::uuid
)"""


class Parts:
    """What hangs on the payments of a statement: rows by the parts of it, and events as they are told."""

    def __init__(self) -> None:
        self.answered: list[Row] = []
        self.reversing: list[Row] = []
        self.asked: list[Row] = []
        self.refunds_ended: list[Row] = []
        self.refunds_going_on: list[Row] = []
        self.refunds_opened: list[Row] = []
        self.posted: list[Row] = []
        self.fees_kept: list[Row] = []
        self.gift_moved: list[Row] = []
        self.told: list[dict[str, Any]] = []
        self.issued: list[Row] = []

    def change(self, payments: Sequence[Row]) -> bool:
        """Saves payments (id, the version after, DECIDED) and all that hangs on them.

        False, and nothing is written, when one of them is not of the version before it any more.
        """
        ids = [row["id"] for row in payments]
        return len(self._written(_SAVE, [as_jsonb(payments), ids, ids])) == len(payments)

    def make(self, payments: Sequence[Row]) -> set[UUID]:
        """Inserts those payments (NEW_PAYMENT, DECIDED) that are not there, and what hangs on them; their ids.

        Nothing can be told with it, no gift card moved and no receipt issued.
        """
        assert not self.told
        assert not self.issued
        assert not self.gift_moved
        # By their ids: two that insert the same ones wait for each other in one order.
        return self._written(_MAKE, [as_jsonb(sorted(payments, key=lambda row: row["id"]))])

    def issue(self, payments: Sequence[UUID]) -> None:
        """Writes what hangs on these payments, which are locked and stay as they are."""
        self._written(_KEEP, [list(payments)])

    def _written(self, start: str, parameters: list[Any]) -> set[UUID]:
        updates = tuple(name for name in _UPDATES if getattr(self, name))
        inserts = tuple(name for name in _INSERTS if getattr(self, name))
        parameters += [as_jsonb(getattr(self, name)) for name in (*updates, *inserts)]
        told = as_jsonb(self.told)
        if self.told and not self.issued:
            parameters += [settings.EVENTS_EXCHANGE, told]
        if self.gift_moved:
            cards = sorted({row["card_id"] for row in self.gift_moved})
            parameters += [as_jsonb(self.gift_moved), cards, timedelta(days=settings.GIFT_CARD_REOPENED_DAYS), cards]
        if self.issued:
            theaters = sorted({row["theater_id"] for row in self.issued})
            parameters += [as_jsonb(self.issued), theaters, theaters]
        if self.told and self.issued:
            parameters += [told, settings.EVENTS_EXCHANGE]
        with connection.cursor() as cursor:
            text = _text(start, updates, inserts, bool(self.told), bool(self.gift_moved), bool(self.issued))
            cursor.execute(text, parameters)
            return {row_id for (row_id,) in cursor.fetchall()}


@cache
def _text(
    start: str, updates: Sequence[str], inserts: Sequence[str], tells: bool, moves_gift: bool, issues: bool
) -> str:
    parts = [start, *(f"{name} AS ({_UPDATES[name]})" for name in updates)]
    for name in inserts:
        waits = _AFTER_ANSWERED if name == "asked" and "answered" in updates else ""
        parts.append(f"{name} AS ({_INSERTS[name]}{waits})")
    if tells:
        parts.append("told AS (SELECT FROM written LIMIT 1)")
    if tells and not issues:
        parts.append(f"outbox_done AS ({_TOLD})")
    if moves_gift:
        parts.append(_GIFT_MOVED)
    if issues:
        parts.append(_ISSUED)
    if tells and issues:
        parts += [_NUMBERED, f"outbox_done AS ({_TOLD_NUMBERED})"]
    return f"{', '.join(parts)} SELECT id FROM written"  # noqa: S608  (names from the code)
