"""Ports: the usual ones unless busy, then free ones; remembered, so that addresses stay the same."""

import errno
import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from stack.errors import StackError
from stack.instance import MAIN
from stack.services import SERVICES

HOST = "127.0.0.1"

USUAL = {
    "gateway": 8080,
    **{service.name: service.port for service in SERVICES},
    **{f"postgres-{service.name}": service.database_port for service in SERVICES},
    "redis": 6379,
    "rabbitmq": 5672,
    "rabbitmq-management": 15672,
    "rabbitmq-prometheus": 15692,
    "rabbitmq-distribution": 25682,
    "epmd": 4379,
    "flower": 5555,
    "gateway-simulator": 8900,
    "smtp": 1025,
    "mailbox": 8025,
}
# Instances beside the main one look here first, so that they leave the usual ports to it.
ASIDE = 12_000
# Where to look next when a port is busy; the last ones stay below the ephemeral range of Linux.
STEPS = (0, 100, 200, 300, 400, 500, 1000, 2000)


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


def any_free_port() -> int:
    with socket.socket() as server:
        server.bind((HOST, 0))
        port: int = server.getsockname()[1]
        return port


def choose(
    *,
    instance: str,
    remembered: Mapping[str, int],
    fixed: Mapping[str, int],
    free: Callable[[int], bool] = is_free,
) -> dict[str, int]:
    """A port for every name in USUAL.

    fixed: ports that somebody asked for; StackError when one of them is busy or its name is unknown.
    remembered: last time's choice, kept while those ports are free.
    """
    unknown = sorted(set(fixed) - set(USUAL))
    if unknown:
        raise StackError(f"no port is named {unknown[0]!r}; there are {', '.join(USUAL)}")
    chosen: dict[str, int] = {}
    for name, port in fixed.items():
        if port in chosen.values() or not free(port):
            raise StackError(f"port {port} for {name} is taken by another process")
        chosen[name] = port
    offset = 0 if instance == MAIN else ASIDE
    for name, usual in USUAL.items():
        if name in chosen:
            continue
        candidates = [remembered[name]] if name in remembered else []
        candidates += [usual + offset + step for step in STEPS]
        taken = set(chosen.values())
        chosen[name] = next((port for port in candidates if port not in taken and free(port)), None) or any_free_port()
    return {name: chosen[name] for name in USUAL}


def load(path: Path) -> dict[str, int]:
    """The ports chosen last time, or none."""
    try:
        stored = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return {name: port for name, port in stored.items() if name in USUAL and isinstance(port, int)}


def save(path: Path, ports: Mapping[str, int]) -> None:
    path.write_text(json.dumps(ports, indent=2) + "\n")
