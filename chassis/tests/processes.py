"""The real processes of a service, on the test's database and broker."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import urllib3
from django.conf import settings
from django.db import connection

from chassis.testing import redis_url, wait_until
from chassis.testing_ports import free_port

HERE = Path(__file__).parent
# Seconds. The machine may be busy with other things; a condition that holds is not waited for any longer.
PATIENCE = 60.0
CELERY = ["celery", "-A", "config.celery", "worker", "-E", "--without-mingle", "--without-gossip"]


def database_url(*, port: int | None = None) -> str:
    """The test database; port: of a proxy in front of it."""
    parts = connection.settings_dict
    user, password = quote(parts["USER"], safe=""), quote(parts["PASSWORD"], safe="")
    host = "127.0.0.1" if port else parts["HOST"]
    return f"postgres://{user}:{password}@{host}:{port or parts['PORT'] or 5432}/{parts['NAME']}"


def address(url: str, port: int) -> str:
    """The same server by way of a proxy at that port."""
    scheme, rest = url.split("://")
    credentials, at, rest = rest.rpartition("@")
    _, slash, path = rest.partition("/")
    return f"{scheme}://{credentials}{at}127.0.0.1:{port}{slash}{path}"


class Process:
    """One process and its children; what it prints is kept."""

    def __init__(self, *command: str, **environment: str) -> None:
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SERVICE_NAME": "chassis",
            "DATABASE_URL": database_url(),
            "RABBITMQ_URL": settings.RABBITMQ_URL,
            "REDIS_URL": redis_url(),
            "PYTHONPATH": str(HERE),
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self._log = tempfile.NamedTemporaryFile(mode="w+", suffix=".log")  # noqa: SIM115  (lives as long as the process)
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=HERE,
            env=env,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """To the process and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def ask_to_stop(self) -> None:
        """SIGTERM to the process alone, as a supervisor does."""
        self._process.terminate()

    def exit_code(self, seconds: float = PATIENCE) -> int:
        return self._process.wait(seconds)

    def terminate(self, seconds: float = PATIENCE) -> int:
        self.ask_to_stop()
        return self.exit_code(seconds)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self._process.wait(10)

    def said(self) -> str:
        """What it has printed up to now."""
        return Path(self._log.name).read_text()


@contextlib.contextmanager
def running(*command: str, **environment: str) -> Iterator[Process]:
    process = Process(*command, **environment)
    try:
        yield process
    finally:
        process.kill()


def worker(*, named: str = "chassis", **environment: str) -> contextlib.AbstractContextManager[Process]:
    """named: the service it works for."""
    return running(
        *CELERY,
        "-n",
        f"{named}@test",
        **{"NAMED": named, "WORKER_CONCURRENCY": "2", **environment},
    )


def relay(**environment: str) -> contextlib.AbstractContextManager[Process]:
    return running("chassis.messaging.relay", **environment)


@contextlib.contextmanager
def web(**environment: str) -> Iterator[tuple[Process, str]]:
    """gunicorn, and its address once it answers."""
    port = free_port()
    command = ["gunicorn", "-c", "python:chassis.web.gunicorn", "config.wsgi"]
    with running(*command, **{"PORT": str(port), **environment}) as process:
        base = f"http{'s' if environment.get('TLS_CERTIFICATE') else ''}://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{base}/health/live"), PATIENCE)
        yield process, base


def answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, retries=False, timeout=2).status == 200
    except urllib3.exceptions.HTTPError:
        return False
