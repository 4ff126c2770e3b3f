"""`python -m audit <state folder> [seconds]`: one line per invariant; exits 1 when one is violated.

What is still under way looks like a violation, so a violation counts only when it is still there after `seconds`.
"""

import sys
import time

from audit.facts import Facts, collect
from audit.invariants import Finding, audit
from stack import lifecycle
from stack.errors import StackError
from stack.instance import Instance
from stack.lifecycle import Stack

SHOWN = 10
PAUSE_SECONDS = 1.0


def settle(stack: Stack, *, seconds: float) -> tuple[Facts, list[Finding]]:
    """The facts and findings as soon as nothing is violated, at the latest after these seconds."""
    deadline = time.monotonic() + seconds
    while True:
        facts = collect(stack)
        findings = audit(facts)
        if not any(finding.violations for finding in findings) or time.monotonic() > deadline:
            return facts, findings
        time.sleep(PAUSE_SECONDS)


def print_findings(facts: Facts, findings: list[Finding]) -> None:
    for finding in findings:
        verdict = f"{len(finding.violations)} violated" if finding.violations else "ok"
        print(f"  {finding.number}. {finding.invariant:58} {finding.examined:8} looked at  {verdict}")
        for violation in finding.violations[:SHOWN]:
            print(f"       {violation}")
        if len(finding.violations) > SHOWN:
            print(f"       and {len(finding.violations) - SHOWN} more")
    for letter in facts.dead_letters:
        print(f"  dead letter in {letter.queue}: {letter.type} {letter.event_id}")


def main() -> int:
    instance = Instance.at(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    try:
        facts, findings = settle(lifecycle.load(instance), seconds=seconds)
    except StackError as error:
        print(f"marquee: {error}", file=sys.stderr)
        return 1
    print_findings(facts, findings)
    violations = sum(len(finding.violations) for finding in findings)
    print(f"\nmarquee: {violations} violations" if violations else "\nmarquee: everything that must be true is")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
