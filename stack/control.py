"""What tests and fault runs do to the processes of a running instance.

The instance is the one whose state folder MARQUEE_STATE names, else the main one. Names are those of `make status`:
`booking-web`, `payment-worker`, `notify-relay`, `postgres-auth`, `redis`, `rabbitmq`, `gateway` ...
Every function raises StackError when the instance does not run or has no such process.
"""

import os
import signal as signals
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

from stack import lifecycle, processes
from stack.errors import StackError
from stack.instance import MAIN, Instance
from stack.lifecycle import Stack
from stack.programs import Program
from stack.supervision import Supervised, log_file


def names() -> list[str]:
    """Every process of the stack, in the order in which they are started."""
    return [program.name for program in _stack().programs]


def pid(name: str) -> int:
    """Its process id; 0 while it has none. `supervisord` is known here too."""
    if name == "supervisord":
        return _stack().supervisor.pid()
    return _supervised(name).pid


def pids(name: str) -> list[int]:
    """Its process id and those of its children, such as gunicorn's workers."""
    family = processes.of_instance(_stack().instance)
    found = {pid(name)} - {0}
    while more := {process.pid for process in family if process.parent in found} - found:
        found |= more
    return sorted(found)


def is_ready(name: str) -> bool:
    """Whether it runs and answers."""
    return lifecycle.is_ready(_program(name), _supervised(name))


def wait_ready(*of: str) -> None:
    """Wait until these answer, all processes if none is named. StackError after their own limits."""
    lifecycle.wait_ready(_stack(), [_program(name) for name in of or names()])


def stop(name: str) -> None:
    """Stop it as `down` would; it stays stopped until `start`."""
    _stack().supervisor.stop(_program(name).supervised_name)


def start(name: str) -> None:
    """Start it, and wait until it answers; nothing when it runs."""
    _stack().supervisor.start(_program(name).supervised_name)
    wait_ready(name)


def restart(name: str) -> None:
    stop(name)
    start(name)


@contextmanager
def running_with(environment: Mapping[str, str], *of: str) -> Iterator[None]:
    """Meanwhile these run with further variables, beside supervisord, and afterwards as before."""
    stack = _stack()
    with ThreadPoolExecutor(len(of)) as pool:
        list(pool.map(stop, of))
        started = []
        try:
            for program in map(_program, of):
                with log_file(stack.instance, program.name).open("a") as log:
                    started.append(
                        subprocess.Popen(
                            program.command,
                            cwd=program.directory,
                            env={**program.environment, **environment},
                            stdin=subprocess.DEVNULL,
                            stdout=log,
                            stderr=subprocess.STDOUT,
                        )
                    )
            for program in map(_program, of):
                _wait_answers(program)
            yield
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(30)
            list(pool.map(start, of))


def _wait_answers(program: Program) -> None:
    deadline = time.monotonic() + program.ready_seconds
    while program.ready is not None and not program.ready():
        if time.monotonic() > deadline:
            raise lifecycle.not_ready(_stack().instance, program, "is not ready")
        time.sleep(lifecycle.POLL_SECONDS)


def kill(name: str, signal: str | int = "KILL") -> int:
    """Send a signal to it, to the main process only; the process id that got it comes back.

    What dies of it is started again by the stack. STOP freezes it, CONT wakes it.
    """
    number = signals.Signals[f"SIG{signal}"] if isinstance(signal, str) else signals.Signals(signal)
    target = pid(name)
    if not target:
        raise StackError(f"{name} does not run")
    try:
        os.kill(target, number)
    except ProcessLookupError:
        raise StackError(f"{name} ended a moment ago") from None
    return target


def wait_restarted(name: str, old_pid: int, *, seconds: float = 60) -> float:
    """Wait until another process than `old_pid` answers in its place; the seconds that it took come back."""
    started = time.monotonic()
    while pid(name) in (0, old_pid) or not is_ready(name):
        if time.monotonic() - started > seconds:
            raise lifecycle.not_ready(_stack().instance, _program(name), f"was not back after {seconds:.0f} s")
        time.sleep(lifecycle.POLL_SECONDS)
    return time.monotonic() - started


def _supervised(name: str) -> Supervised:
    try:
        return _stack().supervisor.processes()[name]
    except KeyError:
        raise StackError(f"there is no process {name!r}; there are {', '.join(names())}") from None


def _program(name: str) -> Program:
    for program in _stack().programs:
        if program.name == name:
            return program
    raise StackError(f"there is no process {name!r}; there are {', '.join(names())}")


def _stack() -> Stack:
    state = os.environ.get("MARQUEE_STATE")
    return _loaded(state)


@cache
def _loaded(state: str | None) -> Stack:
    return lifecycle.load(Instance.at(state) if state else Instance.named(MAIN))
