"""Holding the invariants against everything there is, or what changed lately, and again against what broke them.

What is still under way looks like a violation, so a violation counts only when it is still there after some time.
"""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from audit.invariants import invariants
from audit.keys import keys
from audit.rules import Finding, Invariant, Report, Rule, Violation
from audit.sources import CHUNK, Sources

# Kinds of things that are looked at side by side: the databases are servers of their own.
AT_ONCE = 2
# So often broken, an invariant is looked at no further.
MOST = 1000
# An id is a little older than its commit.
OVERLAP = timedelta(minutes=1)


class Pass:
    """One look at things: what was found, and how much was looked at."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._broker = sources.broker()
        self._invariants = invariants(
            self._broker, has_record=sources.record is not None, messages_days=sources.messages_days
        )
        self.examined: Counter[int] = Counter()
        self.violations: set[Violation] = set()
        self._broken: Counter[int] = Counter()
        self._counting = threading.Lock()

    def look_at_all(self, *, since: datetime | None = None) -> None:
        """At everything, or at what changed since then and whatever is open. Raises Unreadable."""

        def look_at(of: str) -> None:
            for things in keys(self._sources, of, since):
                self._look(of, things)

        kinds = dict.fromkeys(rule.of for invariant in self._invariants for rule in invariant.rules)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            # list(): so that what one of them raises is raised here.
            list(pool.map(look_at, kinds))

    def look_again(self, violations: Iterable[Violation]) -> None:
        """At the things of these violations, and at nothing else. Raises Unreadable."""
        things: Mapping[str, set[str]] = defaultdict(set)
        for violation in violations:
            things[violation.of].add(violation.key)
        for of, some in things.items():
            ordered = sorted(some)
            for start in range(0, len(ordered), CHUNK):
                self._look(of, ordered[start : start + CHUNK])

    def _look(self, of: str, things: Sequence[str]) -> None:
        known: dict[object, str] = {None: "[]"}
        for invariant in self._invariants:
            for rule in invariant.rules:
                if rule.of == of and self._broken[invariant.number] < MOST:
                    if rule.beside not in known and rule.beside is not None:
                        known[rule.beside] = self._sources.beside(rule.beside, things)
                    self._hold(invariant, rule, things, known[rule.beside])

    def _hold(self, invariant: Invariant, rule: Rule, things: Sequence[str], rows: str) -> None:
        looked_at, wrong = self._sources.look(rule, things, rows, most=MOST)
        with self._counting:
            self.examined[invariant.number] += looked_at if rule.counted else 0
            self._broken[invariant.number] += len(wrong)
            self.violations |= {Violation(invariant.number, rule.of, key, words) for key, words in wrong}

    def report(self, examined: Mapping[int, int]) -> Report:
        findings = []
        for invariant in self._invariants:
            number = invariant.number
            words = sorted({violation.words for violation in self.violations if violation.number == number})
            findings.append(
                Finding(number, invariant.words, examined[number], tuple(words), self._broken[number] >= MOST)
            )
        return Report(tuple(findings), self._broker.dead_letters)


def look(sources: Sources, *, since: datetime | None = None) -> Report:
    """What is violated at this moment, whether it is under way or not. Raises Unreadable."""
    found = Pass(sources)
    found.look_at_all(since=since)
    return found.report(found.examined)


def settle(
    sources: Sources, *, seconds: float, pause: float = 1.0, since: datetime | None = None, go_on: bool = True
) -> Report:
    """As soon as nothing is violated, at the latest so many seconds after the first look; another one each `pause`.

    go_on: it also looks at what has changed since it began, so that what comes to an end meanwhile is seen to its end.
    Without, only what is violated at every look counts: what is under way all the time does not.
    Raises Unreadable.
    """
    began = datetime.now(UTC)
    found = Pass(sources)
    found.look_at_all(since=since)
    examined, deadline = found.examined, time.monotonic() + seconds
    while found.violations and time.monotonic() < deadline:
        time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
        again = Pass(sources)
        again.look_again(found.violations)
        if go_on:
            again.look_at_all(since=began - OVERLAP)
        else:
            again.violations &= found.violations
        found = again
    return found.report(examined)
