"""What the stack costs in memory, measured as proportional set size: shared pages count in parts."""

import sys
from collections import defaultdict

from stack import processes
from stack.errors import StackError
from stack.instance import Instance
from stack.supervision import Supervisor


def by_kind(instance: Instance) -> dict[str, tuple[int, int]]:
    """Kind of process (web, worker, postgres ...) → how many processes, bytes."""
    if not sys.platform.startswith("linux"):
        raise StackError("proportional set sizes can be read on Linux only")
    supervisor = Supervisor(instance)
    supervised = {process.pid: process for process in supervisor.processes().values() if process.pid}
    family = {process.pid: process for process in processes.of_instance(instance)}
    totals: dict[str, list[int]] = defaultdict(list)
    totals["supervisord and its keeper"] = [
        processes.proportional_set_size(pid)
        for pid in (supervisor.pid(), *(p.pid for p in supervised.values() if p.name == "keeper"))
    ]
    for pid in family:
        root = pid
        while root in family and root not in supervised:
            root = family[root].parent
        name = supervised[root].name if root in supervised else "left behind"
        totals[kind_of(name)].append(processes.proportional_set_size(pid))
    return {kind: (len(sizes), sum(sizes)) for kind, sizes in totals.items()}


def kind_of(name: str) -> str:
    """`booking-web` is a web, `booking-worker-2` a worker, `postgres-auth` a postgres; others are their own kind."""
    last = name.rstrip("-0123456789").rpartition("-")[2]
    if last in ("web", "worker", "relay"):
        return last
    return "postgres" if name.startswith("postgres-") else name


def print_table(instance: Instance) -> None:
    table = by_kind(instance)
    print(f"{'kind':28} {'processes':>9} {'MiB':>8}")
    for kind, (count, size) in sorted(table.items(), key=lambda row: -row[1][1]):
        print(f"{kind:28} {count:9} {size / 2**20:8.1f}")
    total = sum(size for _, size in table.values())
    print(f"{'together':28} {sum(count for count, _ in table.values()):9} {total / 2**20:8.1f}")
