"""Which services need no preparing: their code and their servers' data are those that were prepared last."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from stack import lock
from stack.instance import ROOT
from stack.lifecycle import Stack
from stack.servers import postgres, rabbitmq
from stack.services import Service


def is_prepared(stack: Stack, service: Service, *, with_demo: bool) -> bool:
    try:
        return _stamp(stack, service).read_text() == fingerprint(stack, service, with_demo=with_demo)
    except FileNotFoundError:
        return False


def remember(stack: Stack, service: Service, *, with_demo: bool) -> None:
    _stamp(stack, service).write_text(fingerprint(stack, service, with_demo=with_demo))


def fingerprint(stack: Stack, service: Service, *, with_demo: bool) -> str:
    """Of the code, the lock, the database and broker that it was prepared in, and the day if there is demo data.

    Demo data is two weeks of showtimes from today, so each day lacks some.
    """
    digest = hashlib.sha256()
    for path in _code(service):
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    # Files that are written once, when a database or a broker is made.
    born = (postgres.folder(stack.instance, service) / "PG_VERSION", rabbitmq.cookie(stack.instance))
    digest.update(" ".join(str(path.stat().st_mtime_ns) for path in born).encode())
    digest.update(str(rabbitmq.database_folder(stack.instance).stat().st_ino).encode())
    if with_demo:
        digest.update(f"{datetime.now(UTC):%F}".encode())
    return digest.hexdigest()


def _code(service: Service) -> Iterator[Path]:
    yield lock.FILE
    for folder in (service.folder / "config", service.folder / service.app, ROOT / "chassis" / "src"):
        yield from sorted(folder.rglob("*.py"))


def _stamp(stack: Stack, service: Service) -> Path:
    return stack.instance.data / f"{service.name}.prepared"
