"""Connections at full scale stay below max_connections of each database."""

import math

import pytest
from chart import SERVICES, environment, pod, values

# What PostgreSQL keeps for its superuser; the exporter (its role may have 3), a backup or restore, a person with psql,
# and the audit (its role may have 8): two connections that ask and two that read keys, of two pods in a rollout.
RESERVED = 3
OTHERS = 3 + 2 + 2 + 8


def at_full_scale(name: str, service: dict) -> int:
    """Web pods of both colours, workers and relays in a rollout, and the migration, each with all it may open."""
    web, worker = service["web"], service["worker"]
    # chassis.web.gunicorn: a pool of WEB_THREADS for each gunicorn process.
    webs = 2 * web["autoscaling"]["max"] * web["workers"] * web["threads"]
    # config/celery.py of each: its threads and what they come from, and those of payment's that wait for a slow card.
    pool = worker["concurrency"] + 2 + (8 if name == "payment" else 0)
    workers = math.ceil(worker["autoscaling"]["max"] * 1.25) * pool
    relays = service["relay"]["replicas"] + 1
    migration = 1
    # live_seats/__main__.py: its readers, and the one that is asked whether it is ready.
    live = math.ceil(service["live"]["autoscaling"]["max"] * 1.25) * (4 + 1) if "live" in service else 0
    return webs + workers + relays + migration + live


@pytest.mark.parametrize("variant", ["default", "local", "production"])
@pytest.mark.parametrize("name", SERVICES)
def test_everybody_finds_a_connection(variant, name):
    service = values(variant)["services"][name]
    there = service["database"]["maxConnections"]
    assert at_full_scale(name, service) + RESERVED + OTHERS <= there


@pytest.mark.parametrize("variant", ["default", "production"])
def test_the_last_standby_takes_all_of_catalogs_readers(variant):
    """Each process may have as many connections to each of them as to the primary; those that measure are workers."""
    service = values(variant)["services"]["catalog"]
    assert service["database"]["standbys"] == 2
    readers = at_full_scale("catalog", service) - (service["relay"]["replicas"] + 1) - 1
    assert readers + RESERVED + OTHERS <= service["database"]["maxConnections"]


def test_pods_open_what_was_counted():
    """The sum above counts WEB_THREADS a gunicorn process: nothing else sets the size of the pool."""
    for name in SERVICES:
        there = environment("default", pod("default", name, "web").container("web"))
        assert "DATABASE_POOL_SIZE" not in there
        assert there["WEB_THREADS"] == str(values("default")["services"][name]["web"]["threads"])
