"""The audit as a process: each hour it looks at what changed since the last time, and tells Prometheus and the log.

Its environment: what Sources.of reads, METRICS_PORT and BIND, LOG_LEVEL, and maybe AUDIT_EVERY_SECONDS.
"""

import logging
import logging.config
import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta

from audit.auditing import settle
from audit.rules import Report
from audit.sources import Sources
from audit.web import Unreadable
from chassis.telemetry import metrics, metrics_port
from chassis.telemetry.logs import logging_config

log = logging.getLogger("audit")

EVERY_SECONDS = 3600.0
# What it has not seen since it was started may have happened while it was not running.
AT_FIRST = timedelta(hours=26)
# What changed a moment before the last run began.
OVERLAP = timedelta(hours=1)
# A payment whose gateway is away for a quarter of an hour has an alert of its own, and is no violation yet.
PATIENCE_SECONDS = 900.0
PAUSE_SECONDS = 60.0
RETRY_SECONDS = 300.0
# Of one invariant.
LOGGED = 100

VIOLATIONS = metrics.gauge(
    "audit_violations", "What must never be, found by the last audit", ["invariant"], mode="livemax"
)
EXAMINED = metrics.gauge("audit_examined", "Things that the last audit looked at", ["invariant"], mode="livemax")
SECONDS = metrics.gauge("audit_run_seconds", "What the last audit took, with its looks again", mode="livemax")
ENDED = metrics.gauge(
    "audit_ended_timestamp_seconds", "When an audit came to its end; at first when its process began", mode="livemax"
)


class Hourly:
    """seen: when the last audit began that came to its end."""

    def __init__(self, *, patience: float = PATIENCE_SECONDS, pause: float = PAUSE_SECONDS) -> None:
        self._patience = patience
        self._pause = pause
        self.seen: datetime | None = None
        ENDED.set(time.time())

    def run(self, sources: Sources) -> Report:
        """One audit, told to Prometheus and the log. Raises Unreadable, and nothing is told then."""
        began, started = datetime.now(UTC), time.monotonic()
        since = self.seen - OVERLAP if self.seen else began - AT_FIRST
        with sources:
            report = settle(sources, seconds=self._patience, pause=self._pause, since=since, go_on=False)
        self.seen = began
        for finding in report.findings:
            VIOLATIONS.labels(finding.invariant).set(len(finding.violations))
            EXAMINED.labels(finding.invariant).set(finding.examined)
            for violation in finding.violations[:LOGGED]:
                log.error("violated", extra={"invariant": finding.invariant, "violation": violation})
        SECONDS.set(time.monotonic() - started)
        ENDED.set(time.time())
        found = {"violations": len(report.violations), "since": since.isoformat(timespec="seconds")}
        log.info("audited", extra=found | {"seconds": round(time.monotonic() - started, 1)})
        return report


def main() -> int:
    """Until SIGTERM."""
    logging.config.dictConfig(logging_config(service="audit", level=os.environ.get("LOG_LEVEL", "INFO")))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        sources = Sources.of(os.environ)
    except KeyError as missing:
        log.critical("%s is not set", missing.args[0])
        return 2
    every = float(os.environ.get("AUDIT_EVERY_SECONDS") or EVERY_SECONDS)
    metrics_port.serve()
    hourly = Hourly()
    while True:
        started = time.monotonic()
        try:
            hourly.run(sources)
        except Unreadable as error:
            log.warning("not audited", extra={"error": str(error)})
            time.sleep(min(RETRY_SECONDS, every))
            continue
        time.sleep(max(1.0, started + every - time.monotonic()))
