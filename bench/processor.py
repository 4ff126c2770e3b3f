"""The processor time of a process of the running stack: on a busy machine it says more than the clock."""

from pathlib import Path

from stack import control, processes
from stack.lifecycle import Stack


def seconds_of(stack: Stack, name: str) -> float:
    """Seconds that the processes of a server or a service have used, to the nanosecond; of those that live."""
    first = control.pid(name)
    family = [process.pid for process in processes.of_instance(stack.instance) if process.parent == first]
    return sum(_nanoseconds(pid) for pid in (first, *family)) / 1e9


def _nanoseconds(pid: int) -> int:
    """By schedstat, each thread for itself: utime and stime of proc(5) are in ticks, and a booking is less than one."""
    used = 0
    for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            used += int(thread.read_text().partition(" ")[0])
        except OSError:  # it has ended
            continue
    return used
