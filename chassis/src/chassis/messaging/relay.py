"""The outbox relay: publishes what was committed, in batches, and marks it when the broker has confirmed it.

Run with `python -m chassis.messaging.relay`; needs DATABASE_URL, RABBITMQ_URL and SERVICE_NAME, and no Django,
which keeps it small. Several may run: each takes rows the others have not locked. A crash between the confirm and the
mark publishes a batch twice; consumers know that from their inbox.
"""

import logging
import logging.config
import os
import select
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import amqp
import msgspec
import psycopg
import psycopg.conninfo
from psycopg.types.json import set_json_loads

from chassis.ids import first_uuid7_at, time_of_uuid7
from chassis.jitter import jittered
from chassis.messaging import outbox_table
from chassis.messaging.publisher import NotConfirmed, Publisher
from chassis.storage.postgresql import KEEPALIVES, LIMITS, BoundedConnection
from chassis.telemetry import metrics, metrics_port, tracing
from chassis.telemetry.logs import logging_config

log = logging.getLogger("chassis.messaging.relay")

BATCH = 200
POLL_SECONDS = 1.0
# A batch of several events that is followed by more within BUSY_SECONDS lets those gather: a statement, a commit and a
# confirm for each event would be most of what it costs. On a quiet day every event leaves at once.
BUSY_SECONDS = 0.1
GATHER_SECONDS = 0.02
BACKOFF_MAX_SECONDS = 5.0
# What is published stays in the index until vacuum comes by, and vacuum waits for every dump: a batch begins where the
# one before has ended. The id of an event is older than its commit, by so much unless its host's clock is wrong.
LATE_SECONDS = 5.0
# Anything older, or left by a relay that was killed, is looked for from the beginning, so often, and less often the
# more that costs: for a twentieth of the time.
LOOK_AGAIN_SECONDS = 5.0
LOOK_AGAIN_COSTS = 20

PUBLISHED = metrics.counter("outbox_published_total", "Events published")
LAG = metrics.histogram("outbox_lag_seconds", "From the commit of an event to its publication")
OLDEST = metrics.gauge("outbox_oldest_unpublished_seconds", "Age of the oldest event that is not published")


class Relay:
    def __init__(self, database_url: str, broker_url: str, *, service: str) -> None:
        self._database_url = database_url
        self._publisher = Publisher(broker_url, origin=f"{service}-relay")
        self._connection: psycopg.Connection[Any] | None = None
        self._look_again_at = time.monotonic()
        # Below this nothing is left but what is late.
        self.reached = UUID(int=0)
        self.stopping = False

    def run(self) -> None:
        """Until `stopping`. What is away, the database or the broker, is waited for with jittered back-off."""
        pause = 0.1
        while not self.stopping:
            try:
                published = self.publish_batch()
                if published < BATCH:
                    waited = self._wait()
                    if published > 1 and waited < BUSY_SECONDS:
                        time.sleep(GATHER_SECONDS)
                pause = 0.1
            except (psycopg.Error, OSError, amqp.AMQPError, NotConfirmed) as exc:
                log.warning("relay interrupted", extra={"error": type(exc).__name__})
                self._publisher.abandon()
                if isinstance(exc, psycopg.Error):
                    self._disconnect()
                self._sleep(jittered(pause))
                pause = min(pause * 2, BACKOFF_MAX_SECONDS)
        self.close()

    def _sleep(self, seconds: float) -> None:
        """In short naps: a signal sets `stopping`, but does not end a sleep."""
        until = time.monotonic() + seconds
        while not self.stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))

    def publish_batch(self) -> int:
        """Publishes up to BATCH events, the oldest first; their number comes back.

        The rows stay locked while the broker is asked, so that no second relay takes them; nothing but relays
        ever locks a row of the outbox.
        """
        connection = self._connect()
        with connection.transaction():
            rows = self._take(connection)
            if not rows:
                OLDEST.set(0)
                return 0
            OLDEST.set(rows[0][3])
            self._publisher.publish([(exchange, body) for _, exchange, body, _ in rows])
            taken = {"ids": [row[0] for row in rows], "first": rows[0][0], "last": rows[-1][0]}
            lags = connection.execute(outbox_table.MARK, taken).fetchall()
        self.reached = max(self.reached, _shortly_before(rows[-1][0]))
        PUBLISHED.inc(len(rows))
        for (lag,) in lags:
            LAG.observe(lag)
        return len(rows)

    def _take(self, connection: psycopg.Connection[Any]) -> list[Any]:
        began = time.monotonic()
        again = began >= self._look_again_at
        start = UUID(int=0) if again else self.reached
        rows = connection.execute(outbox_table.TAKE, [start, BATCH]).fetchall()
        # As long as whole batches are late there may be more of them.
        if again and (len(rows) < BATCH or rows[-1][0] >= self.reached):
            now = time.monotonic()
            self._look_again_at = now + max(LOOK_AGAIN_SECONDS, LOOK_AGAIN_COSTS * (now - began))
        return rows

    def close(self) -> None:
        self._publisher.close()
        self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = BoundedConnection.connect(
                psycopg.conninfo.make_conninfo(self._database_url, **KEEPALIVES),
                autocommit=True,
                connect_timeout=3,
                application_name="relay",
                # A mark that a crash of the server loses is made again: publishing twice is allowed, waiting for
                # the disk is not needed. What is kept of a plan leaves out partitions as well as one made anew
                # does, which would be most of what a statement costs.
                options=f"{LIMITS} -c synchronous_commit=off -c plan_cache_mode=force_generic_plan",
            )
            set_json_loads(msgspec.json.decode, self._connection)
            self._connection.execute("LISTEN outbox")
        return self._connection

    def _wait(self) -> float:
        """Until a commit notifies, at the longest POLL_SECONDS; the seconds it took."""
        assert self._connection is not None
        started = time.monotonic()
        if not self._notified(self._connection):
            # psycopg, which is asked to wait, wakes up ten times a second.
            poll = select.poll()
            poll.register(self._connection.pgconn.socket, select.POLLIN)
            poll.poll(POLL_SECONDS * 1000)
            self._notified(self._connection)
        self._publisher.keep_alive()
        return time.monotonic() - started

    @staticmethod
    def _notified(connection: psycopg.Connection[Any]) -> bool:
        return bool(list(connection.notifies(timeout=0, stop_after=1)))


def _shortly_before(event_id: UUID) -> UUID:
    """The first id of LATE_SECONDS before; a clock that is ahead is not believed."""
    moment = min(time_of_uuid7(event_id), datetime.now(UTC))
    return first_uuid7_at(moment - timedelta(seconds=LATE_SECONDS))


def main() -> None:
    service = os.environ["SERVICE_NAME"]
    logging.config.dictConfig(logging_config(service=service, level=os.environ.get("LOG_LEVEL", "INFO")))
    relay = Relay(os.environ["DATABASE_URL"], os.environ["RABBITMQ_URL"], service=service)

    def stop(*_: object) -> None:
        relay.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    metrics_port.serve()
    tracing.start()
    log.info("relay started")
    relay.run()


if __name__ == "__main__":
    main()
