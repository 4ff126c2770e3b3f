"""docker-compose.replica.yml on docker-compose.yml."""

from typing import Any

import pytest
import yaml
from conftest import ROOT, interpolated, together

from stack.ports import USUAL
from stack.services import service_named

Services = dict[str, dict[str, Any]]
NAME = "postgres-catalog-replica"


@pytest.fixture
def replicated(services: Services, values: dict[str, str]) -> Services:
    raw = yaml.safe_load((ROOT / "docker-compose.replica.yml").read_text())
    above = interpolated(raw["services"], values)
    assert above.keys() - services.keys() == {NAME}
    return {name: together(services.get(name, {}), above.get(name, {})) for name in services.keys() | above.keys()}


def test_a_replica_may_hold_what_its_primary_holds(replicated: Services) -> None:
    """PostgreSQL refuses to follow with fewer connections, say."""
    replica, primary = replicated[NAME], replicated["postgres-catalog"]
    for what in ("image", "command", "mem_limit", "stop_grace_period", "restart"):
        assert replica[what] == primary[what], what
    assert replica["environment"]["PGPASSWORD"] == primary["environment"]["POSTGRES_PASSWORD"]
    assert replica["ports"] == [f"127.0.0.1:{USUAL[f'{NAME}-1']}:5432"]
    assert "max_slot_wal_keep_size=" in primary["command"]


def test_catalog_reads_from_it_as_itself_and_nobody_else_knows_it(replicated: Services) -> None:
    told = {
        name: service["environment"]["DATABASE_REPLICA_URLS"]
        for name, service in replicated.items()
        if "DATABASE_REPLICA_URLS" in (service.get("environment") or {})
    }
    assert told.keys() == {"catalog", "catalog-worker"}
    of_primary = replicated["catalog"]["environment"]["DATABASE_URL"]
    assert set(told.values()) == {of_primary.replace("@postgres-catalog:", f"@{NAME}:")}
    assert f"/{service_named('catalog').database}" in of_primary


def test_the_script_is_there_and_a_primary_lets_it_in(replicated: Services) -> None:
    (script,) = [mount for mount in replicated[NAME]["volumes"] if mount.startswith("./")]
    assert (ROOT / script.partition(":")[0]).read_text().startswith("#!/bin/bash")
    assert "host replication $POSTGRES_USER all scram-sha-256" in (ROOT / "docker/postgres/database.sh").read_text()
