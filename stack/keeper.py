"""Keeps supervisord, which keeps everything else: `python -m stack.keeper <state folder>`.

supervisord starts it as an event listener, so it learns of each process that died and kills what that one left
behind (a gunicorn worker that still holds the port, say). The end of its standard input means that supervisord
itself is gone: it then clears up and starts the instance again, a new keeper with it.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import NoReturn

from stack import lifecycle, processes
from stack.errors import StackError
from stack.instance import Instance
from stack.supervision import Supervisor

# supervisord asks one tier after the other to stop before it ends.
SHUTDOWN_SECONDS = 180


def events() -> Iterator[str]:
    """Event names as supervisord sends them, each acknowledged when the next is asked for; ends with its death."""
    while True:
        _say("READY\n")
        header = sys.stdin.readline()
        if not header:
            return
        tokens = dict(token.split(":", 1) for token in header.split())
        sys.stdin.read(int(tokens["len"]))
        yield tokens["eventname"]
        _say("RESULT 2\nOK")


def keep(instance: Instance) -> None:
    supervisor_pid = os.getppid()

    def sweep() -> None:
        if left := processes.orphans(instance, supervisor_pid=supervisor_pid):
            _note(f"killing {len(left)} left behind by {', '.join(sorted({p.program or 'a server' for p in left}))}")
            processes.end(left, grace_seconds=0)

    try:
        sweep()
        for _ in events():
            sweep()
    except BrokenPipeError:
        pass
    heal(instance)


def heal(instance: Instance) -> None:
    """Start the instance again, unless somebody wants it to be down or was quicker."""
    log = os.open(instance.log / "keeper.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if not lifecycle.wanted(instance):
        return
    _note("supervisord is gone; starting it again")
    with instance.locked("the keeper"):
        if lifecycle.wanted(instance) and not Supervisor(instance).is_running():
            lifecycle.revive(instance)
            _note("everything was started again")


def leave_or_succeed(instance: Instance, supervisor_pid: int) -> NoReturn:
    """On SIGTERM: either only we are meant, and supervisord starts another keeper, or it is going down itself.

    Going down without `down` having asked for it is a mishap like any other: a child of ours outlives it and heals.
    """
    if lifecycle.wanted(instance) and not Supervisor(instance).is_running() and os.fork() == 0:
        os.setsid()
        deadline = time.monotonic() + SHUTDOWN_SECONDS
        while processes.is_alive(supervisor_pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        heal(instance)
    os._exit(0)


def main() -> int:
    instance = Instance.at(sys.argv[1])
    supervisor_pid = os.getppid()
    signal.signal(signal.SIGTERM, lambda *_: leave_or_succeed(instance, supervisor_pid))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        keep(instance)
    except StackError as error:
        _note(str(error))
        return 1
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _note(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
