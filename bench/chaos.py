"""`python -m bench.chaos`: bookings of every kind while processes are killed; then the data is audited.

The seed that is printed makes the same customers and the same order of faults again.
"""

import argparse
import json
import os
import pwd
import random
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from audit.of_stack import settle
from audit.printing import print_report
from audit.rules import DeadLetter, Report
from bench import system
from bench.buyers import Load
from bench.http import Client
from bench.market import BenchError, Market, wait_for
from stack import control
from stack.errors import StackError
from stack.servers import postgres, replicas, run_as
from stack.services import FRONTEND, NAMES

KILLS_PER_KIND = 5
BACK_SECONDS = 60
FROZEN_SECONDS = 20
# A card gateway that is slow runs for a tenth of a second, then not for one: so often.
SLOW_TURNS, SLOW_SECONDS, AWAKE_SECONDS = 20, 1.0, 0.1
# Of a PostgreSQL whose disk is full no file grows beyond this.
FULL_SECONDS, FULL_BYTES = 10, 64 * 1024
BROKER_AWAY_SECONDS = 20
ANSWER_SECONDS = 5.0
# Of the promo code that customers have: few, so that its bound is reached again and again.
CODE_USES = 6
# Of the gift cards that they have: few, and each good for two bookings and a part of a third.
GIFT_CARDS, GIFT_CARD_CENTS = 4, 5000
DRAIN_SECONDS = 120


@dataclass
class Fault:
    """recovered: seconds until the process answered again. answered: until the gateway did."""

    kind: str
    target: str
    at: float
    recovered: float = 0.0
    answered: float = 0.0


@dataclass
class Run:
    market: Market
    chance: random.Random
    started: float = field(default_factory=time.monotonic)
    began: float = field(default_factory=time.time)
    faults: list[Fault] = field(default_factory=list)
    beside: list[threading.Thread] = field(default_factory=list)

    def strike(self, kind: str, target: str, act: Callable[[], int]) -> None:
        """Does it and watches what comes back. act returns the process id that was hit."""
        fault = Fault(kind, target, time.monotonic() - self.started)
        old_pid = act()
        fault.answered = self._until_the_gateway_answers()
        fault.recovered = control.wait_restarted(target, old_pid, seconds=90) + fault.answered
        self.faults.append(fault)

    def _until_the_gateway_answers(self) -> float:
        """The gateway itself, whatever the services behind it do."""
        started = time.monotonic()
        client = Client(self.market.gateway, timeout=5)
        while client.get("/api/showtimes?page_size=1").status not in (200, 503):
            time.sleep(0.05)
            if time.monotonic() - started > 60:
                raise BenchError("the gateway did not answer for a minute")
        client.close()
        return time.monotonic() - started


def plan(chance: random.Random) -> list[tuple[str, str]]:
    """Every fault of a run, in the order of this seed: (kind, process)."""
    kills = [
        ("web", [f"{name}-web" for name in (*NAMES, FRONTEND)]),
        ("worker", [one for one in control.names() if "-worker" in one]),
    ]
    kills += [("relay", [f"{name}-relay" for name in NAMES]), ("scheduler", ["scheduler"])]
    kills += [("gateway-simulator", ["gateway-simulator"]), ("gateway", ["gateway"]), ("live", ["booking-live"])]
    faults = []
    for kind, targets in kills:
        # each of them in turn, so that each service, and the shop, is once among them
        order = chance.sample(targets, len(targets))
        faults += [(kind, order[number % len(order)]) for number in range(max(KILLS_PER_KIND, len(order)))]
    faults += [("postgres", f"postgres-{name}") for name in NAMES]
    faults += [("redis", "redis")] * KILLS_PER_KIND
    faults += [("frozen worker", f"{chance.choice(('booking', 'payment', 'notify'))}-worker")]
    faults += [("frozen postgres", f"postgres-{chance.choice(('booking', 'payment', 'notify'))}")]
    faults += [("full disk", f"postgres-{chance.choice(NAMES)}"), ("slow card gateway", "gateway-simulator")]
    if copies := [one for one in control.names() if one.startswith(f"{replicas.PRIMARY}-")]:
        faults += [("replica", copies[number % len(copies)]) for number in range(KILLS_PER_KIND)]
        faults += [("frozen replica", chance.choice(copies))]
    chance.shuffle(faults)
    return faults


def strike(run: Run, kind: str, target: str) -> None:
    # A database that met a full disk may be on its way back.
    wait_for(lambda: control.pid(target), BACK_SECONDS, f"{target} does not come back")
    match kind:
        case "postgres":
            # SIGQUIT is PostgreSQL's immediate shutdown: no checkpoint, recovery at the next start.
            run.strike(kind, target, lambda: control.kill(target, "QUIT"))
        case "frozen worker" | "frozen postgres" | "frozen replica":
            _freeze(run, kind, target)
        case "full disk":
            _beside(run, kind, target, _fill_the_disk)
        case "slow card gateway":
            _beside(run, kind, target, _slow_down)
        case "web" | "worker" if run.chance.random() < 0.5:
            # one of its children; the main process stays and replaces it
            children = [pid for pid in control.pids(target) if pid != control.pid(target)]
            victim = run.chance.choice(children) if children else control.pid(target)
            _kill_child(run, kind, target, victim)
        case _:
            run.strike(kind, target, lambda: control.kill(target, "KILL"))


def _kill_child(run: Run, kind: str, target: str, pid: int) -> None:
    fault = Fault(kind, f"{target} (child)", time.monotonic() - run.started)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    fault.answered = run._until_the_gateway_answers()
    control.wait_ready(target)
    fault.recovered = time.monotonic() - run.started - fault.at
    run.faults.append(fault)


def _freeze(run: Run, kind: str, target: str) -> None:
    """SIGSTOP to a process and its children for a while: it comes back believing that no time has passed."""

    def for_a_while(target: str) -> None:
        pids = control.pids(target)
        _signal(pids, signal.SIGSTOP)
        time.sleep(FROZEN_SECONDS)
        _signal(pids, signal.SIGCONT)

    _beside(run, kind, target, for_a_while)


def _slow_down(target: str) -> None:
    for _ in range(SLOW_TURNS):
        pids = control.pids(target)
        _signal(pids, signal.SIGSTOP)
        time.sleep(SLOW_SECONDS)
        _signal(pids, signal.SIGCONT)
        time.sleep(AWAKE_SECONDS)


def _fill_the_disk(target: str) -> None:
    """Each write that would make a file larger fails, those of whatever is started meanwhile too."""
    until, limited = time.monotonic() + FULL_SECONDS, 0
    while time.monotonic() < until:
        limited += _allow_files_of(target, str(FULL_BYTES))
        time.sleep(0.2)
    if not limited:
        raise BenchError(f"the files of {target} could not be limited")
    _allow_files_of(target, "unlimited")


def _allow_files_of(target: str, size: str) -> int:
    """As the account that the server runs as, who may do so with its own; of how many processes."""
    account = run_as(postgres.ACCOUNT)
    group = pwd.getpwnam(account).pw_gid if account else None
    words = [["prlimit", f"--pid={pid}", f"--fsize={size}:"] for pid in control.pids(target)]
    done = [subprocess.run(each, user=account, group=group, stderr=subprocess.DEVNULL, check=False) for each in words]
    return sum(one.returncode == 0 for one in done)


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _beside(run: Run, kind: str, target: str, harm: Callable[[str], None]) -> None:
    """Does it while the run goes on, which waits for it in the end."""
    fault = Fault(kind, target, time.monotonic() - run.started)

    def work() -> None:
        harm(target)
        fault.recovered = time.monotonic() - run.started - fault.at
        run.faults.append(fault)

    thread = threading.Thread(target=work)
    thread.start()
    run.beside.append(thread)


def _stop_the_broker(run: Run) -> None:
    fault = Fault("rabbitmq away", "rabbitmq", time.monotonic() - run.started)
    control.stop("rabbitmq")
    time.sleep(BROKER_AWAY_SECONDS)
    control.start("rabbitmq")
    fault.recovered = time.monotonic() - run.started - fault.at
    run.faults.append(fault)


def storm(run: Run, *, seconds: float) -> None:
    """Every planned fault, spread over the time; the broker's absence beside them."""
    faults = plan(run.chance)
    broker = threading.Timer(run.chance.uniform(0.2, 0.5) * seconds, _stop_the_broker, [run])
    broker.start()
    for number, (kind, target) in enumerate(faults):
        due = run.started + number * seconds / len(faults)
        time.sleep(max(0.0, due - time.monotonic()))
        strike(run, kind, target)
    for thread in (broker, *run.beside):
        thread.join()
    time.sleep(max(0.0, run.started + seconds - time.monotonic()))


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    print(f"chaos: seed {options.seed}", flush=True)
    try:
        return report(*run_once(seed=options.seed, seconds=options.seconds))
    except (BenchError, StackError) as error:
        print(f"chaos: {error} (seed {options.seed})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nchaos: interrupted; the edge limit is as it was", file=sys.stderr)
        return 130


def run_once(*, seed: int, seconds: float) -> tuple[Run, Load, float, Report]:
    """One run: the faults, the load, the seconds until nothing was under way, and what the audit found."""
    stack = system.running()
    with system.unlimited(stack):
        market = system.market(stack, showtimes=10, customers=24)
        load = Load(
            market,
            seed,
            promo_code=system.promo_code(stack, most_uses=CODE_USES),
            gift_cards=system.gift_cards(stack, count=GIFT_CARDS, amount=GIFT_CARD_CENTS),
            staff=system.manager(stack),
        )
        run = Run(market, random.Random(seed))
        load.start()
        storm(run, seconds=seconds)
        load.stop()
        control.wait_ready()
        began = time.monotonic()
        audited = settle(stack, seconds=DRAIN_SECONDS)
        return run, load, time.monotonic() - began, audited


def unexplained(run: Run, audited: Report) -> list[DeadLetter]:
    """Dead letters of this run that its faults should not have made.

    A bound on files is no full disk in one respect: a table that may not grow is an error (XX000) which nobody repeats,
    where a full disk's (53100) is tried again.
    """
    full = {f"{fault.target.removeprefix('postgres-')}.dead" for fault in run.faults if fault.kind == "full disk"}
    return [one for one in audited.dead_letters if one.queue not in full and _made_at(one.event_id) >= run.began]


def _made_at(event_id: str) -> float:
    """Seconds since 1970; of what has no id of ours, which nobody could read, the latest of all."""
    try:
        return (UUID(event_id).int >> 80) / 1000
    except ValueError:
        return float("inf")


def report(run: Run, load: Load, drain_seconds: float, audited: Report) -> int:
    """Prints the tables; 0 when nothing is violated, left out or lost, and the gateway was never away for long."""
    print(f"\n{'request':20} answers by status (0: none)")
    by_request: dict[str, dict[int, int]] = defaultdict(dict)
    for (name, status), count in sorted(load.answers.items()):
        by_request[name][status] = count
    for name, statuses in by_request.items():
        print(f"{name:20} {json.dumps(statuses)}")
    print(f"customers: {dict(load.habits)}")
    print(f"\n{'fault':20} {'times':>6} {'recovered, s: median':>22} {'longest':>9} {'gateway, s':>11}")
    for kind in sorted({fault.kind for fault in run.faults}):
        of_kind = [fault for fault in run.faults if fault.kind == kind]
        recovered = sorted(fault.recovered for fault in of_kind)
        answered = max(fault.answered for fault in of_kind)
        print(
            f"{kind:20} {len(of_kind):6} {recovered[len(recovered) // 2]:22.1f} {recovered[-1]:9.1f} {answered:11.1f}"
        )
    longest = max((fault.answered for fault in run.faults), default=0.0)
    print(
        f"\neverything settled after {drain_seconds:.1f} s; the gateway was away for {longest:.1f} s at the longest\n"
    )
    print_report(audited)
    unseen = [finding.invariant for finding in audited.findings if not finding.examined]
    if unseen:
        print(f"\nnobody did what this is about: {', '.join(unseen)}")
    lost = unexplained(run, audited)
    if lost:
        print(f"\n{len(lost)} of the dead letters are events of this run, and of no service whose disk was full")
    clean = not audited.violations and not unseen and not lost and longest <= ANSWER_SECONDS
    print("\nchaos: clean" if clean else "\nchaos: NOT clean")
    return 0 if clean else 1


if __name__ == "__main__":
    raise SystemExit(main())
