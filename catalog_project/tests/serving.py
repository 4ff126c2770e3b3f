"""The service as its web process answers, on the test database and its replica, under load."""

import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import urllib3
from django.conf import settings
from django.db import connections

from chassis.testing import redis_url, wait_until
from chassis.testing_ports import free_port

PROJECT = Path(__file__).parents[1]
READERS = 4
PATIENCE = 60.0


class Web:
    """gunicorn, and readers who ask it for what nobody has asked before."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._http = urllib3.PoolManager(maxsize=READERS + 1, timeout=20, retries=False)
        self.answers: Counter[int] = Counter()

    def reads(self, server: str) -> float:
        """How many of its answers this server of PostgreSQL has given."""
        text = self._http.request("GET", f"{self._base}/metrics").data.decode()
        found = re.search(rf'^database_reads_total{{server="{server}"}} (\S+)', text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        return self._http.request("GET", f"{self._base}{path}")

    def wait_for_reads(self, server: str) -> None:
        """Until some more of the answers are this server's."""
        enough = self.reads(server) + 10
        wait_until(lambda: self.reads(server) >= enough, PATIENCE)

    @contextmanager
    def under_load(self) -> Iterator[None]:
        done = threading.Event()
        counting = threading.Lock()

        def ask(reader: int) -> None:
            number = 0
            while not done.is_set():
                number += 1
                status = self.get(f"/movies?q={reader}-{number}").status
                with counting:
                    self.answers[status] += 1

        threads = [threading.Thread(target=ask, args=[reader], daemon=True) for reader in range(READERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            done.set()
            for thread in threads:
                thread.join(PATIENCE)


@contextmanager
def serving(folder: Path) -> Iterator[Web]:
    """folder: for its metrics and its log."""
    port = free_port()
    environment = {
        **os.environ,
        "PORT": str(port),
        "DATABASE_URL": _url("default"),
        "DATABASE_REPLICA_URLS": ",".join(_url(alias) for alias in settings.DATABASES if alias != "default"),
        "REDIS_URL": redis_url(),
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:chassis.web.gunicorn", "config.wsgi"]
    with (folder / "web.log").open("w") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: _answers(port), PATIENCE)
            yield Web(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _answers(port: int) -> bool:
    try:
        return urllib3.request("GET", f"http://127.0.0.1:{port}/health/ready", retries=False, timeout=5).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def _url(alias: str) -> str:
    parts = connections[alias].settings_dict
    user, password = quote(parts["USER"], safe=""), quote(parts["PASSWORD"], safe="")
    return f"postgres://{user}:{password}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"
