"""Ports: the usual ones unless busy, then free ones; remembered, so that addresses stay the same."""

import contextlib
import errno
import fcntl
import json
import os
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stack.errors import StackError
from stack.instance import MAIN, Instance
from stack.services import FRONTEND, FRONTEND_PORT, SERVICES

HOST = "127.0.0.1"

USUAL = {
    "gateway": 8080,
    # Used where the instance speaks TLS; the other one sends on to it then.
    "gateway-tls": 8443,
    **{service.name: service.port for service in SERVICES},
    FRONTEND: FRONTEND_PORT,
    "booking-live": 8013,
    **{f"postgres-{service.name}": service.database_port for service in SERVICES},
    **{f"postgres-catalog-replica-{number}": 5440 + number for number in (1, 2)},
    "redis": 6379,
    "rabbitmq": 5672,
    "rabbitmq-management": 15672,
    "rabbitmq-prometheus": 15692,
    "rabbitmq-distribution": 18682,
    "epmd": 4379,
    "flower": 5555,
    "gateway-simulator": 8900,
    "audit": 9400,
    "smtp": 1025,
    "mailbox": 8025,
}
# Instances beside the main one look here first, so that they leave the usual ports to it.
ASIDE = 12_000
# Where to look next when a port is busy; the last ones stay below the ephemeral range of Linux.
STEPS = (0, 100, 200, 300, 400, 500, 1000, 2000)
# Where any port will do. The system gives ports from 32768 on (Linux) or 49152 on (macOS) to outgoing connections.
BELOW_THE_EPHEMERAL = range(20_000, 32_000)
TRIES = 100
# Between choosing a port and listening on it: long enough for a first start on a slow machine.
RESERVED_SECONDS = 600
RESERVATIONS = Path(tempfile.gettempdir()) / "marquee-ports"


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback interface now."""
    with socket.socket() as client:
        client.settimeout(0.2)
        if client.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((HOST, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def any_free_port(free: Callable[[int], bool] = is_free) -> int:
    """A port that no outgoing connection can take before somebody listens on it. StackError when none is found."""
    for _ in range(TRIES):
        port = secrets.choice(BELOW_THE_EPHEMERAL)
        if free(port):
            return port
    raise StackError(f"no free port was found in {TRIES} tries from {BELOW_THE_EPHEMERAL[0]} on")


def choose(
    *,
    instance: str,
    remembered: Mapping[str, int],
    fixed: Mapping[str, int],
    reserved: Container[int] = (),
    free: Callable[[int], bool] = is_free,
) -> dict[str, int]:
    """A port for every name in USUAL.

    fixed: ports that somebody asked for; StackError when one of them is busy or its name is unknown.
    remembered: last time's choice, kept while those ports are free. reserved: what other instances have chosen.
    """
    unknown = sorted(set(fixed) - set(USUAL))
    if unknown:
        raise StackError(f"no port is named {unknown[0]!r}; there are {', '.join(USUAL)}")
    chosen: dict[str, int] = {}

    def suits(port: int) -> bool:
        return port not in chosen.values() and port not in reserved and free(port)

    for name, port in fixed.items():
        if not suits(port):
            reason = "needs root" if port < 1024 and os.getuid() else "is taken by another process"
            raise StackError(f"port {port} for {name} {reason}")
        chosen[name] = port
    offset = 0 if instance == MAIN else ASIDE
    for name, usual in USUAL.items():
        if name in chosen:
            continue
        candidates = [remembered[name]] if name in remembered else []
        candidates += [usual + offset + step for step in STEPS]
        chosen[name] = next(filter(suits, candidates), None) or any_free_port(suits)
    return {name: chosen[name] for name in USUAL}


def load(path: Path) -> dict[str, int]:
    """The ports chosen last time, or none."""
    try:
        stored = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    if not isinstance(stored, dict):
        return {}
    return {name: port for name, port in stored.items() if name in USUAL and isinstance(port, int)}


def save(path: Path, ports: Mapping[str, int]) -> None:
    path.write_text(json.dumps(ports, indent=2) + "\n")


@contextmanager
def reservations(instance: Instance) -> Iterator[set[int]]:
    """The ports that other instances of this machine have chosen, while no instance can choose others.

    Two instances that start at the same time would otherwise both find the same ports free.
    """
    RESERVATIONS.mkdir(exist_ok=True)
    with contextlib.suppress(PermissionError):
        RESERVATIONS.chmod(0o1777)
    with (RESERVATIONS / f"lock-{instance.owner}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        others = (path for path in RESERVATIONS.glob("*.json") if path.stem != instance.digest)
        yield {port for path in others for port in _reserved(path)}


def reserve(instance: Instance, ports: Mapping[str, int]) -> None:
    """Keep others from choosing these ports for as long as the instance is starting or running."""
    entry = {"socket": str(instance.socket), "until": time.time() + RESERVED_SECONDS, "ports": list(ports.values())}
    (RESERVATIONS / f"{instance.digest}.json").write_text(json.dumps(entry))


def release(instance: Instance) -> None:
    (RESERVATIONS / f"{instance.digest}.json").unlink(missing_ok=True)


def _reserved(path: Path) -> list[int]:
    try:
        entry = json.loads(path.read_text())
        ports: list[int] = entry["ports"]
        return ports if time.time() < entry["until"] or _answers(entry["socket"]) else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except OSError:
            return False
    return True
