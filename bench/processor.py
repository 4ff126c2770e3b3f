"""The processor time of a process of the running stack: on a busy machine it says more than the clock."""

import os
from pathlib import Path

from stack import control, processes
from stack.lifecycle import Stack

TICK = os.sysconf("SC_CLK_TCK")


def seconds_of(stack: Stack, name: str) -> float:
    """Seconds that the processes of a server or a service have used, those that have ended too."""
    first = control.pid(name)
    family = [process.pid for process in processes.of_instance(stack.instance) if process.parent == first]
    return _ticks(first, last=17) / TICK + sum(_ticks(pid, last=15) for pid in family) / TICK


def _ticks(pid: int, *, last: int) -> int:
    """utime and stime, fields 14 and 15 of proc(5); up to 17 those of children that have ended as well."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[11 : last - 2]))
