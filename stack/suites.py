"""`test`: every suite on the servers of a test instance, two at a time, at last those that need the whole stack."""

import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stack import demo, lifecycle, packages, up, variables
from stack.environment import PYTHON
from stack.errors import StackError
from stack.instance import ROOT, Instance
from stack.lifecycle import Stack
from stack.services import FRONTEND, FRONTEND_FOLDER, SERVICES, Service, service_named

Say = Callable[[str], None]
# Beside them the checks run, and what servers do: of three at a time none was over sooner.
AT_ONCE = 2
# chassis is no service; on the servers of one its tests find what a service has.
CHASSIS_HOST = "auth"
BLACK_BOX = "black box"
# As long as what is left of the black box without it: mostly they wait, so they run side by side.
SHOP_AND_STAFF = "shop and staff"
OF_SHOP_AND_STAFF = (
    *("tests/test_access.py", "tests/test_counter.py", "tests/test_desk.py", "tests/test_documents.py"),
    *("tests/test_files.py", "tests/test_shop*.py", "tests/test_sign_on.py", "tests/test_staff_*.py"),
    "tests/test_theater_limits.py",
)
PAGES = "pages"
FAULTS = "faults"
METRICS = "metrics"
# Kills between all the steps of one story, and of each kind of process, take long: these run where they are asked for,
# as `make chaos` does.
LONG_FAULTS = "long faults"
OF_LONG_FAULTS = ("tests/saga/test_killed_exchange.py", "tests/faults/test_killed_waves.py")
# The desk in a browser: whole working days, for which a machine of two cores takes minutes. Where it is asked for, too.
DESK_PAGES = "desk pages"
OF_DESK_PAGES = ("tests/browser/test_desk*.py", "tests/browser/test_wording_preview.py")
# The shop in a browser: what comes after a purchase, each page by its accessibility, further languages, and 200 %.
SHOP_PAGES = "shop pages"
OF_SHOP_PAGES = (
    *("tests/browser/test_after_a_purchase.py", "tests/browser/test_shop_access.py"),
    *("tests/browser/test_shop_languages.py", "tests/browser/test_shop_offline.py"),
    "tests/browser/test_shop_hold_end.py",
)
# A purchase on a stack that speaks TLS everywhere, which is another one.
OVER_TLS = "over TLS"
OF_OVER_TLS = ("tests/browser/test_over_tls.py",)
# Those run where they are named.
ASKED_FOR = {LONG_FAULTS, DESK_PAGES, SHOP_PAGES, OVER_TLS}
# The saga as its decisions make it needs no stack, and much of a processor.
MODELS = ("tests/saga/test_model.py", "tests/saga/test_exchange_model.py")
# These look at a running stack: at the same time, for their tests mostly wait; then what stops its servers; and in the
# end the metrics of what the others did.
STAGES = ((BLACK_BOX, SHOP_AND_STAFF, PAGES), (DESK_PAGES, SHOP_PAGES, OVER_TLS), (FAULTS,), (LONG_FAULTS,), (METRICS,))
OF_THE_WHOLE = tuple(name for stage in STAGES for name in stage)
# These begin first, for they take longest: what is short fills up the end.
LONG = ("catalog", "chassis", "payment", "booking", "notify", "auth")
# Short ones: these fill up the time while the stack starts and the first of its tests run.
SHORT = ("audit", "nginx", "frontend")
# These need no server. They run beside the tests that stop servers, which mostly wait, with the processor time that
# those leave.
BESIDE_THE_WHOLE = ("helm", "stack", "docker", "monitoring", "saga")
SUMMARY = re.compile(r"\b(passed|failed|errors?|no tests ran)\b.* in \d")


@dataclass(frozen=True)
class Suite:
    """pytest, run in a folder. service: whose environment and servers it gets, beside a Redis database of its own."""

    name: str
    folder: Path
    arguments: tuple[str, ...] = ()
    service: Service | None = None


@dataclass(frozen=True)
class Result:
    """summary: how pytest summed it up."""

    name: str
    passed: bool
    seconds: float
    summary: str


def all_suites() -> list[Suite]:
    """chassis, the services, each folder with a pytest.ini, the stack's own, and the black-box tests."""
    suites = [Suite("chassis", ROOT / "chassis", service=service_named(CHASSIS_HOST))]
    suites += [Suite(service.name, service.folder, service=service) for service in SERVICES]
    suites.append(Suite(FRONTEND, FRONTEND_FOLDER))
    suites.append(Suite("audit", ROOT, ("-q", "audit")))
    suites.append(Suite("stack", ROOT, ("-q", "stack", "mailbox")))
    suites.append(Suite("saga", ROOT, ("-q", *MODELS)))
    for file in sorted(ROOT.glob("*/pytest.ini")):
        # What monitoring has beside its tests wants to see a stack that has sold something.
        part = ("tests",) if file.parent.name == "monitoring" else ()
        suites.append(Suite(file.parent.name, file.parent, part))
    apart = _ignored(["tests/browser", *MODELS, *OF_LONG_FAULTS])
    of_both, of_the_desk = _files(OF_SHOP_AND_STAFF), _files(OF_DESK_PAGES)
    suites.append(Suite(BLACK_BOX, ROOT, ("-q", "tests", *apart, *_ignored(of_both), "--servers=kept")))
    suites.append(Suite(SHOP_AND_STAFF, ROOT, ("-q", *of_both, "--servers=kept")))
    suites.append(Suite(PAGES, ROOT, ("-q", "tests/browser", *_ignored([*of_the_desk, *OF_SHOP_PAGES, *OF_OVER_TLS]))))
    suites.append(Suite(DESK_PAGES, ROOT, ("-q", *of_the_desk)))
    suites.append(Suite(SHOP_PAGES, ROOT, ("-q", *OF_SHOP_PAGES)))
    suites.append(Suite(OVER_TLS, ROOT, ("-q", *OF_OVER_TLS)))
    suites.append(Suite(FAULTS, ROOT, ("-q", "tests", *apart, "--servers=stopped")))
    suites.append(Suite(LONG_FAULTS, ROOT, ("-q", *OF_LONG_FAULTS)))
    return [*suites, Suite(METRICS, ROOT / "monitoring", ("live",))]


def _files(patterns: Sequence[str]) -> list[str]:
    return sorted(str(file.relative_to(ROOT)) for pattern in patterns for file in ROOT.glob(pattern))


def _ignored(files: Sequence[str]) -> list[str]:
    return [f"--ignore={file}" for file in files]


def names() -> list[str]:
    return [suite.name for suite in all_suites()]


def run(instance: Instance, *, only: Sequence[str], arguments: Sequence[str], say: Say) -> list[Result]:
    """Run the suites, or those named, each with pytest's further arguments. The instance is always stopped.

    It speaks TLS where OVER_TLS is named, and then whatever is named beside runs over TLS too.
    """
    if unknown := sorted(set(only) - set(names())):
        raise StackError(f"there is no suite {unknown[0]!r}; there are {', '.join(names())}")
    wanted = [suite for suite in all_suites() if suite.name in (only or set(names()) - ASKED_FOR)]
    whole, tls = any(suite.name in OF_THE_WHOLE for suite in wanted), OVER_TLS in only
    beside = [suite for suite in wanted if whole and suite.name in BESIDE_THE_WHOLE]
    of_parts = _in_order([suite for suite in wanted if suite.name not in OF_THE_WHOLE and suite not in beside], LONG)
    of_the_whole = _in_order([suite for suite in wanted if suite.name in OF_THE_WHOLE], OF_THE_WHOLE)
    os.environ["GATEWAY_RATE_PER_MINUTE"] = "0"
    # The black-box tests see a hold end.
    os.environ["HOLD_SECONDS"] = "60"
    # What is tested is not traced, but where a test says so.
    for name in [name for name in os.environ if name.startswith(variables.TRACING)]:
        del os.environ[name]
    if any(suite.name in (PAGES, DESK_PAGES, SHOP_PAGES, OVER_TLS) for suite in wanted):
        packages.ensure_browser(say)
    instance.make_folders()
    with instance.locked("make test"):
        lifecycle.stop(instance, say=say)
        lifecycle.erase(instance)
    with _stopped_at_the_end(instance, say=say):
        stack = up.infrastructure(instance, fixed_ports={}, say=say, tls=tls, replicas=1)

        with _two_at_a_time() as pool_beside, _two_at_a_time() as pool:
            run_one = partial(_run_suite, stack=stack, arguments=arguments, say=say)
            parts = [pool.submit(run_one, suite) for suite in of_parts if suite.name not in SHORT]
            short: list[Future[list[Result]]] = []
            jobs, spare = list(parts), threading.Event()
            if whole:
                on_it = partial(_run_on_the_whole, of_the_whole, stack, run_one, say=say, spare=spare)
                jobs.append(pool.submit(on_it, parts=parts, short=short))
                # However it ends, nobody goes on waiting for it.
                jobs[-1].add_done_callback(lambda _: spare.set())
            # One after the other: the tests of the whole are beside them.
            shorts = [suite for suite in of_parts if suite.name in SHORT]
            short.append(pool.submit(lambda: [result for suite in shorts for result in run_one(suite)]))

            def run_beside(suite: Suite) -> list[Result]:
                spare.wait()
                return run_one(suite, first=("nice", "-n19"))

            jobs += [*short, *(pool_beside.submit(run_beside, suite) for suite in _in_order(beside, BESIDE_THE_WHOLE))]
            return [result for job in jobs for result in job.result()]


def _in_order(suites: Sequence[Suite], names: Sequence[str]) -> list[Suite]:
    """Those that are named as they are named, then the others as they are."""
    return sorted(suites, key=lambda suite: names.index(suite.name) if suite.name in names else len(names))


def _run_on_the_whole(
    suites: Sequence[Suite],
    stack: Stack,
    run_one: Callable[[Suite], list[Result]],
    *,
    parts: Sequence[Future[list[Result]]],
    short: Sequence[Future[list[Result]]],
    spare: threading.Event,
    say: Say,
) -> list[Result]:
    """parts: much work, which is over before these begin. short: goes on beside them until they stop servers.

    spare: set when what runs leaves most of the processor.
    """
    started = time.monotonic()
    try:
        up.up(stack.instance, fixed_ports={}, with_demo=True, say=say, tls=stack.instance.is_secured)
        demo.buy_one(stack)
    except StackError as error:
        print(f"\n{error}\n{error.details}\n", flush=True)
        return [Result("the stack", False, time.monotonic() - started, f"it did not start: {error}")]
    wait(parts)
    if not any(suite.name == FAULTS for suite in suites):
        spare.set()
    results = []
    with ThreadPoolExecutor(max(map(len, STAGES))) as pool:
        for stage in STAGES:
            if FAULTS in stage:
                wait(short)
                spare.set()
            together = list(pool.map(run_one, [suite for suite in suites if suite.name in stage]))
            results += [result for found in together for result in found]
    return results


def print_results(results: Sequence[Result], *, seconds: float) -> None:
    print()
    for result in results:
        verdict = "passed" if result.passed else "FAILED"
        print(f"  {verdict}  {result.name:10} {result.seconds:6.1f} s  {result.summary}")
    failed = [result.name for result in results if not result.passed]
    print(f"\nmarquee: {'failed: ' + ', '.join(failed) if failed else 'all suites passed'} in {seconds:.0f} s")


@contextmanager
def _stopped_at_the_end(instance: Instance, *, say: Say) -> Iterator[None]:
    try:
        yield
    finally:
        with instance.locked("make test"):
            lifecycle.stop(instance, say=say)


_printing = threading.Lock()
_running: set[subprocess.Popen[str]] = set()


@contextmanager
def _two_at_a_time() -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in tuple(_running):
            process.terminate()
        raise
    finally:
        pool.shutdown()


def _run_suite(
    suite: Suite, *, stack: Stack, arguments: Sequence[str], say: Say, first: Sequence[str] = ()
) -> list[Result]:
    """Its output is shown when it has ended, so that it mixes with no other. first: the words before the command."""
    say(f"testing {suite.name}")
    started = time.monotonic()
    with subprocess.Popen(
        [*first, str(PYTHON), "-m", "pytest", *suite.arguments, *arguments],
        cwd=suite.folder,
        env=_variables(suite, stack),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        _running.add(process)
        output, _ = process.communicate()
        _running.discard(process)
    seconds = time.monotonic() - started
    summaries = [line.strip("= ") for line in output.splitlines() if SUMMARY.search(line)]
    with _printing:
        say(f"tested {suite.name}")
        print(output, flush=True)
    summary = summaries[-1] if summaries else "pytest said nothing at its end"
    return [Result(suite.name, process.returncode == 0, seconds, summary)]


def _variables(suite: Suite, stack: Stack) -> Mapping[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    path = f"{variables.BINARIES}{os.pathsep}{inherited.get('PATH', os.defpath)}"
    everywhere = {**inherited, **variables.base(stack.instance), "PATH": path}
    if suite.service is not None or suite.name == FRONTEND:
        if suite.service is not None:
            own = variables.of_service(stack.instance, suite.service, ports=stack.ports, secrets=stack.secrets)
        else:
            own = variables.of_frontend(stack.instance, ports=stack.ports, secrets=stack.secrets)
        number = names().index(suite.name) + 1
        own["REDIS_URL"] = variables.redis_url(stack.instance, stack.ports, stack.secrets, number=number)
        # The counters of a test are its own process's.
        own.pop("PROMETHEUS_MULTIPROC_DIR")
        return {**everywhere, **own, "PATH": path}
    if suite.name in OF_THE_WHOLE:
        return {
            **everywhere,
            "MARQUEE_GATEWAY_URL": variables.gateway_url(stack.instance, stack.ports),
            "PYTHONPATH": str(ROOT),
        }
    return everywhere
