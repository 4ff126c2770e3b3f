"""Who is asked: five databases, RabbitMQ's management, and the card gateway's record where it shows one.

All of them are only read, and each answers within its time or is not believed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import psycopg

from audit.broker import Broker
from audit.record import Record
from audit.rules import SERVICES, Beside, Rule
from audit.web import Unreadable, Web
from chassis.storage.postgresql import KEEPALIVES, BoundedConnection

# How many things one statement is about.
CHUNK = 10_000
# Every statement goes by indexes: what it costs follows from what it is asked, and not from what there is.
OPTIONS = (
    "-c default_transaction_read_only=on -c statement_timeout=60000 -c lock_timeout=3000 -c TimeZone=UTC"
    " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off"
)

_ASKED = "SELECT unnest($1::text[])::uuid AS id"
_ASKED_BESIDE = "SELECT * FROM json_to_recordset($2::json) AS beside({columns})"
_ROWS = """
WITH asked AS (SELECT unnest($1::text[])::uuid AS id)
SELECT coalesce(json_agg(known), '[]')::text FROM ({sql}) AS known
"""
_LOOK = """
WITH given AS (SELECT $1::text[] AS keys, $2::json AS rows), asked AS ({asked}),
looked_at (key, wrong) AS MATERIALIZED ({sql})
SELECT (SELECT count(*) FROM looked_at), found.key::text, found.wrong
FROM (SELECT) AS one LEFT JOIN (SELECT key, wrong FROM looked_at WHERE wrong IS NOT NULL LIMIT {most}) AS found ON true
"""


def _array(ids: Sequence[str]) -> str:
    """As PostgreSQL writes it: a list would be taken apart id by id."""
    return "{" + ",".join(ids) + "}"


# notify's own default.
MESSAGES_DAYS = 400


class PatientConnection(BoundedConnection):
    """Of nobody who waits; a server that is frozen is noticed all the same."""

    answer_seconds = 70.0


class Sources:
    """A context manager, whose end closes what was opened; several threads may ask at once.

    Whoever does not answer is named by Unreadable.
    """

    def __init__(
        self,
        databases: Mapping[str, str],
        broker: Web,
        gateway: Web | None,
        *,
        vhost: str = "marquee",
        messages_days: int = MESSAGES_DAYS,
    ) -> None:
        """databases: the address of each service's. gateway: where it shows its record, if it does. messages_days: for
        how long notify keeps its messages.
        """
        self.messages_days = messages_days
        self._databases = databases
        self._broker = broker
        self._vhost = vhost
        self.record = Record(gateway) if gateway else None
        # Of each service those that nobody asks something over at the moment.
        self._idle: dict[str, list[psycopg.Connection[Any]]] = {name: [] for name in databases}

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """<SERVICE>_DATABASE_URL of each, RABBITMQ_MANAGEMENT_URL with a login (and RABBITMQ_VHOST), and where there is
        one the record's GATEWAY_RECORD_URL with GATEWAY_RECORD_API_KEY; SSL_CERT_FILE: who is trusted; notify's
        NOTIFICATION_KEEP_DAYS. Raises KeyError with the name of what is missing.
        """
        authority = environment.get("SSL_CERT_FILE") or None
        broker = Web.with_login(environment["RABBITMQ_MANAGEMENT_URL"], name="RabbitMQ's management", trusted=authority)
        gateway = None
        if url := environment.get("GATEWAY_RECORD_URL"):
            bearer = f"Bearer {environment['GATEWAY_RECORD_API_KEY']}"
            gateway = Web(url, bearer, name="the gateway's record", trusted=authority)
        databases = {name: environment[f"{name.upper()}_DATABASE_URL"] for name in SERVICES}
        days = int(environment.get("NOTIFICATION_KEEP_DAYS") or MESSAGES_DAYS)
        vhost = environment.get("RABBITMQ_VHOST") or "marquee"
        return cls(databases, broker, gateway, vhost=vhost, messages_days=days)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connections in self._idle.values():
            while connections:
                connections.pop().close()

    def broker(self) -> Broker:
        """Its bindings and dead letters as they are now."""
        return Broker.read(self._broker, self._vhost)

    def keys(self, service: str, sql: str, *values: Any) -> Iterator[list[str]]:
        """What a SELECT of one column finds, as text, CHUNK at a time; over a connection of its own, of one moment."""
        with self._reading(service), self._connect(service) as connection, connection.transaction():
            cursor = psycopg.RawServerCursor(connection, "keys")
            cursor.execute(sql, values)
            while rows := cursor.fetchmany(CHUNK):
                yield [str(key) for (key,) in rows]

    def beside(self, beside: Beside, keys: Sequence[str]) -> str:
        """What its owner knows of these things, as JSON."""
        if beside.owner == "gateway":
            return json.dumps(self.record.of(keys)) if self.record else "[]"
        ((rows,),) = self._ask(beside.owner, _ROWS.format(sql=beside.sql), [_array(keys)])
        return str(rows)

    def look(self, rule: Rule, keys: Sequence[str], rows: str, *, most: int) -> tuple[int, list[tuple[str, str]]]:
        """How many things the rule was held against, and (key, what is wrong) of at most so many."""
        asked = _ASKED_BESIDE.format(columns=rule.beside.columns) if rule.beside else _ASKED
        statement = _LOOK.format(asked=asked, sql=rule.sql, most=most)
        given = ["{}", rows] if rule.beside else [_array(keys), "[]"]
        answers = self._ask(rule.database, statement, [*given, *rule.values])
        return answers[0][0], [(key, wrong) for _, key, wrong in answers if wrong is not None]

    def _ask(self, service: str, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._reading(service):
            try:
                connection = self._idle[service].pop()
            except IndexError:
                connection = self._connect(service)
            try:
                answers = psycopg.RawCursor(connection).execute(statement, values).fetchall()
            except BaseException:
                connection.close()
                raise
            self._idle[service].append(connection)
            return answers

    def _connect(self, service: str) -> psycopg.Connection[Any]:
        url = psycopg.conninfo.make_conninfo(self._databases[service], **KEEPALIVES)
        return PatientConnection.connect(
            url, autocommit=True, connect_timeout=5, application_name="audit", options=OPTIONS
        )

    @contextmanager
    def _reading(self, service: str) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise Unreadable(f"cannot read {service}'s database: {error}") from error
