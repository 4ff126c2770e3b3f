"""`python -m audit <state folder> [seconds]`: one line per invariant; exits 1 when one is violated.

Of a stack on this machine. `python -m audit once` is the same of what the environment names (Sources.of), all of it or
with `--hours` what changed since; `python -m audit hourly` goes on, and shows what it finds to Prometheus.
What is still under way looks like a violation, so a violation counts only when it is still there after `seconds`.
"""

import argparse
import os
import sys
from datetime import UTC, datetime, timedelta

from audit.auditing import settle
from audit.printing import print_report
from audit.sources import Sources
from audit.web import Unreadable


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m audit", description=__doc__)
    parser.add_argument("what", help="once, hourly, or the state folder of a stack on this machine")
    parser.add_argument("seconds", nargs="?", type=float, default=30.0, help="for what is under way (%(default)s)")
    parser.add_argument("--hours", type=float, help="look only at what was made or changed in these, and what is open")
    options = parser.parse_args()
    if options.what == "hourly":
        # What serves metrics is only loaded here.
        from audit.hourly import main as run_hourly

        return run_hourly()
    since = datetime.now(UTC) - timedelta(hours=options.hours) if options.hours else None
    try:
        with _sources(options.what) as sources:
            report = settle(sources, seconds=options.seconds, since=since)
    except KeyError as missing:
        print(f"marquee: {missing.args[0]} is not set", file=sys.stderr)
        return 2
    except Unreadable as error:
        print(f"marquee: {error}", file=sys.stderr)
        return 1
    print_report(report)
    violations = len(report.violations)
    print(f"\nmarquee: {violations} violations" if violations else "\nmarquee: everything that must be true is")
    return 1 if violations else 0


def _sources(what: str) -> Sources:
    if what == "once":
        return Sources.of(os.environ)
    # An image of the audit has no stack in it.
    from audit.of_stack import sources_at

    return sources_at(what)


if __name__ == "__main__":
    sys.exit(main())
