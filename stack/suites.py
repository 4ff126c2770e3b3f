"""`test`: every suite on the servers of a test instance, then the black-box tests through its gateway."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stack import lifecycle, up, variables
from stack.environment import PYTHON
from stack.errors import StackError
from stack.instance import ROOT, Instance
from stack.lifecycle import Stack
from stack.services import SERVICES, service_named

Say = Callable[[str], None]
BLACK_BOX = "black box"
# chassis is no service; on the servers of one its tests find what a service has.
CHASSIS_HOST = "auth"
SUMMARY = re.compile(r"\b(passed|failed|errors?|no tests ran)\b.* in \d")


@dataclass(frozen=True)
class Result:
    """summary: how pytest summed it up."""

    name: str
    passed: bool
    seconds: float
    summary: str


def names() -> list[str]:
    return ["chassis", *(service.name for service in SERVICES), "nginx", "stack", BLACK_BOX]


def run(instance: Instance, *, only: Sequence[str], arguments: Sequence[str], say: Say) -> list[Result]:
    """Run the suites, or those named, each with pytest's further arguments. The instance is always stopped."""
    wanted = [name for name in names() if not only or name in only]
    if unknown := sorted(set(only) - set(names())):
        raise StackError(f"there is no suite {unknown[0]!r}; there are {', '.join(names())}")
    os.environ["GATEWAY_RATE_PER_MINUTE"] = "0"
    # The black-box tests see a hold end.
    os.environ["HOLD_SECONDS"] = "60"
    results = []
    instance.make_folders()
    with instance.locked("make test"):
        lifecycle.stop(instance, say=say)
        lifecycle.erase(instance)
    with _stopped_at_the_end(instance, say=say):
        stack = up.infrastructure(instance, fixed_ports={}, say=say)
        for name in wanted:
            if name == BLACK_BOX:
                up.up(instance, fixed_ports={}, with_demo=True, say=say)
            say(f"testing {name}")
            results.append(_run_suite(name, stack, arguments))
    return results


def print_results(results: Sequence[Result]) -> None:
    print()
    for result in results:
        print(
            f"  {'passed' if result.passed else 'FAILED'}  {result.name:10} {result.seconds:6.1f} s  {result.summary}"
        )
    failed = [result.name for result in results if not result.passed]
    total = sum(result.seconds for result in results)
    print(f"\nmarquee: {'failed: ' + ', '.join(failed) if failed else 'all suites passed'} in {total:.0f} s")


@contextmanager
def _stopped_at_the_end(instance: Instance, *, say: Say) -> Iterator[None]:
    try:
        yield
    finally:
        with instance.locked("make test"):
            lifecycle.stop(instance, say=say)


def _run_suite(name: str, stack: Stack, arguments: Sequence[str]) -> Result:
    folder, own = _place(name, stack)
    words = [str(PYTHON), "-m", "pytest", *_targets(name), *arguments]
    inherited = {key: value for key, value in os.environ.items() if key in ("TERM", "COLUMNS", "CI")}
    started = time.monotonic()
    summary = "pytest said nothing at its end"
    with subprocess.Popen(
        words,
        cwd=folder,
        env={**variables.base(stack.instance), **own, **inherited},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if SUMMARY.search(line):
                summary = line.strip().strip("= ")
    return Result(name, process.returncode == 0, time.monotonic() - started, summary)


def _place(name: str, stack: Stack) -> tuple[Path, Mapping[str, str]]:
    """Where a suite runs, and what its environment adds."""
    if name in ("nginx", "stack"):
        return (ROOT / "nginx" if name == "nginx" else ROOT), {}
    if name == BLACK_BOX:
        return ROOT, {"MARQUEE_GATEWAY_URL": variables.gateway_url(stack.ports), "PYTHONPATH": str(ROOT)}
    service = service_named(CHASSIS_HOST if name == "chassis" else name)
    own = variables.of_service(stack.instance, service, ports=stack.ports, secrets=stack.secrets)
    # Counters of a test are its own process's.
    own.pop("PROMETHEUS_MULTIPROC_DIR")
    own.pop("HOLD_SECONDS", None)
    return (ROOT / "chassis" if name == "chassis" else service.folder), own


def _targets(name: str) -> list[str]:
    """What pytest is told; the projects say in their own settings where their tests are, and to be quiet."""
    match name:
        case "nginx":
            return ["-q"]
        case "stack":
            return ["-q", "stack"]
        case "black box":
            return ["-q", "tests"]
        case _:
            return []
