"""A node of Redis, started as the chart starts it."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import tools
from chart import CHART, wait_until

from stack.ports import any_free_port

PASSWORD = "secret"


@contextlib.contextmanager
def first_node(folder: Path, *, replicas: int) -> Iterator[int]:
    """The port of the first of so many nodes, which is alone so far."""
    if shutil.which("redis-server") is None:
        raise tools.Missing("redis-server is not installed")
    port = any_free_port()
    script = (CHART / "files" / "redis" / "start.sh").read_text()
    ours = {"6379": str(port), "/data": str(folder), "/tmp/redis.conf": str(folder / "redis.conf")}
    for theirs, own in (ours | {"bind * -::*": "bind 127.0.0.1"}).items():
        assert theirs in script
        script = script.replace(theirs, own)
    named = {"POD_NAME": "redis-0", "FIRST": "redis-0", "NODES": "nodes.invalid", "REPLICAS": str(replicas)}
    given = {"MAX_MEMORY": "16mb", "TLS": "no", "REDIS_PASSWORD": PASSWORD, "PATH": os.environ["PATH"]}
    words = ["bash", "-c", script, "start.sh", "redis"]
    with subprocess.Popen(words, env=named | given, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            wait_until(lambda: asked(port, "PING") == "PONG", "an answer", seconds=20)
            yield port
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def asked(port: int, *words: str) -> str:
    command = ["redis-cli", "-p", str(port), *words]
    environment = os.environ | {"REDISCLI_AUTH": PASSWORD}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout.strip()


@pytest.mark.parametrize(("replicas", "answer"), [(3, "NOREPLICAS Not enough good replicas to write."), (1, "OK")])
def test_a_master_without_its_replicas_takes_no_writes_that_would_be_lost(tmp_path, replicas, answer):
    with first_node(tmp_path, replicas=replicas) as port:
        assert asked(port, "SET", "lock", "owner") == answer
