"""The script that makes a replica, on real servers: it copies when it must, and never what is none of its business."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from stack import credentials, ports, probes
from stack.instance import Instance
from stack.servers import postgres, replicas, run_as

SECRETS = {name: make() for name, make in credentials.MAKERS.items()}
NAME = "postgres-catalog-replica-1"
SECONDS = 60
SLOT = "postgres_catalog_replica_1"


def wait_until(done: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < deadline, "still not so"
        time.sleep(0.05)


class Servers:
    """Catalog's primary and its one replica, each as the stack runs it."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.ports = {**dict.fromkeys(ports.USUAL, 1), replicas.PRIMARY: ports.any_free_port()}
        self.ports[NAME] = ports.any_free_port()
        instance.make_folders()
        instance.set_numbers(workers=1, replicas=1)
        postgres.provision(instance, replicas.SERVICE, secrets=SECRETS)
        replicas.provision(instance)

    @contextlib.contextmanager
    def primary(self) -> Iterator[None]:
        command = postgres.command(self.instance, replicas.SERVICE, port=self.ports[replicas.PRIMARY])
        with self._running(command, {"LC_ALL": "C"}, replicas.PRIMARY):
            yield

    @contextlib.contextmanager
    def replica(self) -> Iterator[None]:
        environment = replicas.environment(self.instance, NAME, ports=self.ports, secrets=SECRETS)
        command = replicas.command(self.instance, NAME, ports=self.ports)
        with self._running(command, {"LC_ALL": "C", **environment}, NAME):
            yield

    @contextlib.contextmanager
    def _running(self, command: list[str], environment: dict[str, str], name: str) -> Iterator[None]:
        with (self.instance.log / f"{name}.log").open("a") as log:
            process = subprocess.Popen(
                command,
                cwd="/",
                env={"PATH": os.environ["PATH"], **environment},
                user=run_as(postgres.ACCOUNT),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                wait_until(probes.postgres(self.ports[name]))
                yield
            finally:
                process.send_signal(2)  # PostgreSQL's fast shutdown
                process.wait(SECONDS)

    def ask(self, name: str, statement: str) -> list[tuple[object, ...]]:
        address = {"host": ports.HOST, "port": self.ports[name], "dbname": replicas.SERVICE.database}
        login = {"user": postgres.SUPERUSER, "password": SECRETS["POSTGRES_PASSWORD"]}
        with psycopg.connect(**address, **login, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def copies_made(self) -> int:
        """pg_basebackup has the server say where each copy begins."""
        return (self.instance.log / f"{NAME}.log").read_text().count("starting backup recovery")


@pytest.fixture
def servers() -> Iterator[Servers]:
    folder = Path(tempfile.mkdtemp(prefix="marquee-replica-"))
    folder.chmod(0o755)
    try:
        yield Servers(Instance.at(folder))
    finally:
        shutil.rmtree(folder)


def follows(servers: Servers, number: int) -> None:
    servers.ask(replicas.PRIMARY, f"CREATE TABLE followed_{number} ()")
    wait_until(lambda: servers.ask(NAME, f"SELECT to_regclass('followed_{number}')") != [(None,)])


def test_a_replica_is_made_once_and_goes_on_where_it_was(servers: Servers) -> None:
    with servers.primary():
        with servers.replica():
            follows(servers, 1)
        servers.ask(replicas.PRIMARY, "CREATE TABLE meanwhile ()")
        # Kept for it, and not without bound.
        statement = "SELECT current_setting('max_slot_wal_keep_size'), count(*) FROM pg_replication_slots"
        assert servers.ask(replicas.PRIMARY, statement) == [("256MB", 1)]
        with servers.replica():
            wait_until(lambda: servers.ask(NAME, "SELECT to_regclass('meanwhile')") != [(None,)])
    with servers.replica():  # without its primary
        assert servers.ask(NAME, "SELECT pg_is_in_recovery(), to_regclass('meanwhile') IS NOT NULL") == [(True, True)]
    assert servers.copies_made() == 1


def test_one_that_its_primary_has_given_up_is_made_anew(servers: Servers) -> None:
    with servers.primary():
        with servers.replica():
            follows(servers, 1)
        servers.ask(replicas.PRIMARY, f"SELECT pg_drop_replication_slot('{SLOT}')")
        with servers.replica():
            follows(servers, 2)
            slots = "SELECT slot_name, active FROM pg_replication_slots"
            wait_until(lambda: servers.ask(replicas.PRIMARY, slots) == [(SLOT, True)])
    assert servers.copies_made() == 2


def test_one_that_was_promoted_is_never_overwritten(servers: Servers) -> None:
    with servers.primary():
        with servers.replica():
            follows(servers, 1)
            servers.ask(NAME, "SELECT pg_promote()")
            servers.ask(NAME, "CREATE TABLE written_since ()")
        servers.ask(replicas.PRIMARY, f"SELECT pg_drop_replication_slot('{SLOT}')")
        with servers.replica():
            statement = "SELECT pg_is_in_recovery(), to_regclass('written_since') IS NOT NULL"
            assert servers.ask(NAME, statement) == [(False, True)]
    assert servers.copies_made() == 1
