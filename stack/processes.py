"""The processes of an instance as the system sees them: those that outlived their parent, and their memory."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stack.instance import Instance
from stack.supervision import MARK

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """program is the supervised program that it belongs to, empty when its title hides that."""

    pid: int
    parent: int
    program: str


def of_instance(instance: Instance) -> list[Process]:
    """Every living process that was started by this instance's supervisord, children included."""
    if PROC.joinpath("self").exists():
        return _from_proc(instance)
    return _from_ps(instance)


def orphans(instance: Instance, *, supervisor_pid: int | None) -> list[Process]:
    """Processes of the instance that do not descend from its supervisord; all of them when that is None."""
    family = of_instance(instance)
    parents = {process.pid: process.parent for process in family}

    def descends(pid: int) -> bool:
        while pid in parents:
            pid = parents[pid]
        return pid == supervisor_pid

    return [process for process in family if not descends(process.pid)]


def end(processes: Iterable[Process], *, grace_seconds: float) -> None:
    """Ask them to stop, and kill what is left after the grace."""
    left = list(processes)
    pids = {process.pid for process in left}
    for process in left:
        if process.parent not in pids:
            # PostgreSQL takes TERM as «when the last client has gone».
            _signal(process.pid, signal.SIGINT if process.program.startswith("postgres-") else signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and any(is_alive(process.pid) for process in left):
        time.sleep(0.05)
    for process in left:
        _signal(process.pid, signal.SIGKILL)
    while any(is_alive(process.pid) for process in left) and time.monotonic() < deadline + 5:
        time.sleep(0.02)


def proportional_set_size(pid: int) -> int:
    """Bytes of memory of a process, what it shares counted in parts; 0 when it is gone. Linux only."""
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0


def _from_proc(instance: Instance) -> list[Process]:
    mark = f"{MARK}={instance.state}:".encode()
    data = str(instance.data)
    found = []
    for folder in PROC.iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if (program := _program_of(folder, mark, data)) is not None:
                status = (folder / "stat").read_text().rpartition(")")[2].split()
                if status[0] != "Z":
                    found.append(Process(int(folder.name), int(status[1]), program))
    return found


def _program_of(folder: Path, mark: bytes, data: str) -> str | None:
    environment = (folder / "environ").read_bytes()
    _, marked, rest = environment.partition(mark)
    if marked:
        return rest.partition(b"\0")[0].decode()
    # PostgreSQL and NGINX write their titles over their environment; they work in the data folder.
    if MARK.encode() not in environment and b"PATH=" not in environment and environment:
        directory = os.readlink(folder / "cwd")
        if directory == data or directory.startswith(f"{data}/"):
            return ""
    return None


def _from_ps(instance: Instance) -> list[Process]:
    """Where there is no /proc: `ps` shows the environment of one's own processes."""
    mark = f"{MARK}={instance.state}:"
    flags = "-axEwwo" if sys.platform == "darwin" else "axewwo"
    result = subprocess.run(["ps", flags, "pid=,ppid=,command="], capture_output=True, text=True, check=False)
    found = []
    for line in result.stdout.splitlines():
        pid, parent, command = [*line.split(None, 2), "", ""][:3]
        _, marked, rest = command.partition(mark)
        if marked:
            found.append(Process(int(pid), int(parent), rest.split()[0] if rest else ""))
    return found


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not PROC.joinpath("self").exists()
