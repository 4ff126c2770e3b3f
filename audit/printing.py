"""A report for people."""

from audit.rules import Report

SHOWN = 10


def print_report(report: Report) -> None:
    for finding in report.findings:
        count = f"{len(finding.violations)}{' or more' if finding.more else ''}"
        verdict = f"{count} violated" if finding.violations else "ok"
        print(f"  {finding.number}. {finding.invariant:58} {finding.examined:8} looked at  {verdict}")
        for violation in finding.violations[:SHOWN]:
            print(f"       {violation}")
        if len(finding.violations) > SHOWN:
            print(f"       and {len(finding.violations) - SHOWN} more")
    for letter in report.dead_letters:
        print(f"  dead letter in {letter.queue}: {letter.type} {letter.event_id}")
