"""Decisions about payments in one statement, one round trip, however many they are and however much hangs on them.

Written one by one, what a payment's hot path touches (its row, an operation, the ledger, the outbox) is a transaction
of seven round trips; here it is one, in which the database itself sees to "all or nothing". The text depends on which
tables are touched, never on the number of rows, so it stays prepared.
"""

from collections.abc import Mapping, Sequence
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
    *("card_last4", "seats", "let_in", "ended_reason", "hold_expires_at", "captured_at"),
)
ANSWERED = ("state", "outcome_code", "result", "finished_at")
ASKED = (
    *("id", "payment_id", "provider", "kind", "state", "amount", "currency", "payment_token", "target", "result"),
    *("ends_booking", "outcome_code", "attempts", "leased_until", "last_error"),
)
REFUND_ENDED = ("status", "kind", "failure_code", "finished_at", "seats")
REFUND_OPENED = (
    *("id", "payment_id", "operation_id", "amount", "currency", "status", "kind", "seats", "reason"),
    *("requested_by", "requested_by_id", "failure_code"),
)
POSTED = ("id", "payment_id", "operation_id", "kind", "account", "amount", "currency", "created_at")


def _given(table: str) -> str:
    """Rows that come as one parameter."""
    return f"jsonb_populate_recordset(NULL::{table}, %s) AS new"


def _insert(table: str, columns: Sequence[str], *made_now: str) -> str:
    values = [*(f"new.{column}" for column in columns), *("statement_timestamp()" for _ in made_now)]
    return f"INSERT INTO {table} ({', '.join([*columns, *made_now])}) SELECT {', '.join(values)} FROM {_given(table)}"  # noqa: S608  (names from the code)


def _set(columns: Sequence[str]) -> str:
    return ", ".join(f"{column} = new.{column}" for column in columns)


# Of payments that are there, locked in the order of their ids: all of them, or none when one has another version.
_CHANGE = f"""
WITH given AS MATERIALIZED (SELECT * FROM {_given("payments")}),
fit AS MATERIALIZED (
  SELECT old.id FROM payments AS old JOIN given ON given.id = old.id WHERE old.version = given.version - 1
  ORDER BY old.id FOR UPDATE OF old
),
written AS (
  UPDATE payments AS old SET {_set((*DECIDED, "version"))}, updated_at = statement_timestamp()
  FROM given AS new
  WHERE old.id = new.id AND (SELECT count(*) FROM fit) = (SELECT count(*) FROM given)
  RETURNING old.id
)"""  # noqa: S608  (names from the code)

# Unless they are there: a column named in ON CONFLICT would let another key of them raise.
_MAKE = f"""
WITH written AS ({_insert("payments", (*NEW_PAYMENT, *DECIDED))} ON CONFLICT DO NOTHING RETURNING id)"""

_WRITTEN = "new.payment_id IN (SELECT id FROM written)"

# What hangs on payments that were written, in the order of their parameters.
_PARTS = {
    "answered": (
        f"UPDATE gateway_operations AS old SET {_set(ANSWERED)}, leased_until = NULL, payment_token = '',"  # noqa: S608
        f" last_error = '' FROM {_given('gateway_operations')} WHERE old.id = new.id AND {_WRITTEN} RETURNING old.id"
    ),
    "reversing": (
        "UPDATE gateway_operations AS old SET state = 'reversing', due_at = statement_timestamp(),"  # noqa: S608
        f" attempts = old.attempts + 1, leased_until = new.leased_until FROM {_given('gateway_operations')}"
        f" WHERE old.payment_id = new.payment_id AND old.state = 'pending' AND {_WRITTEN}"
    ),
    "asked": f"{_insert('gateway_operations', ASKED, 'due_at', 'created_at')} WHERE {_WRITTEN}",
    "refunds_ended": (
        f"UPDATE refunds AS old SET {_set(REFUND_ENDED)}"  # noqa: S608
        f" FROM {_given('refunds')} WHERE old.id = new.id AND {_WRITTEN}"
    ),
    "refunds_going_on": (
        f"UPDATE refunds AS old SET {_set(('operation_id', 'status'))}"  # noqa: S608
        f" FROM {_given('refunds')} WHERE old.id = new.id AND {_WRITTEN}"
    ),
    "refunds_opened": f"{_insert('refunds', REFUND_OPENED, 'created_at')} WHERE {_WRITTEN}",
    "posted": f"{_insert('transactions', POSTED)} WHERE {_WRITTEN}",
}
# A payment has one operation under way at most: the next one comes when those before it are finished.
_AFTER_ANSWERED = " AND (SELECT count(*) FROM answered) >= 0"
_TOLD = outbox_table.insert_from("told", event="jsonb_array_elements(%s)", exchange="%s", fill={})


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
        self.told: list[dict[str, Any]] = []

    def change(self, payments: Sequence[Row]) -> bool:
        """Saves payments (id, the version after, DECIDED) and all that hangs on them.

        False, and nothing is written, when one of them is not of the version before it any more.
        """
        return len(self._written(_CHANGE, payments)) == len(payments)

    def make(self, payments: Sequence[Row]) -> set[UUID]:
        """Inserts those payments (NEW_PAYMENT, DECIDED) that are not there, and what hangs on them; their ids.

        Nothing can be told with it.
        """
        assert not self.told
        return self._written(_MAKE, payments)

    def _written(self, start: str, payments: Sequence[Row]) -> set[UUID]:
        present = tuple(name for name in _PARTS if getattr(self, name))
        # By their ids: two that write the same ones wait for each other in one order.
        parameters = [as_jsonb(sorted(payments, key=lambda row: row["id"]))]
        parameters += [as_jsonb(getattr(self, name)) for name in present]
        if self.told:
            parameters += [settings.EVENTS_EXCHANGE, as_jsonb(self.told)]
        with connection.cursor() as cursor:
            cursor.execute(_text(start, present, tells=bool(self.told)), parameters)
            return {row_id for (row_id,) in cursor.fetchall()}


@cache
def _text(start: str, present: Sequence[str], *, tells: bool) -> str:
    parts = [start]
    for name in present:
        waits = _AFTER_ANSWERED if name == "asked" and "answered" in present else ""
        parts.append(f"{name} AS ({_PARTS[name]}{waits})")
    if tells:
        parts += ["told AS (SELECT FROM written LIMIT 1)", f"outbox_done AS ({_TOLD})"]
    return f"{', '.join(parts)} SELECT id FROM written"  # noqa: S608  (names from the code)
