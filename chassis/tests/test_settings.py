"""One settings module, driven by the environment: a missing secret stops the boot with its name."""

import os
import subprocess
import sys
from typing import Any

import pytest
from kombu import Connection
from processes import HERE, PATIENCE, address, running

from chassis.messaging import topology
from chassis.testing import wait_until

COMPLETE = {
    "SECRET_KEY": "x" * 50,
    "DATABASE_URL": "postgres://u:p%40ss@db.example:5433/things?sslmode=require",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "RABBITMQ_URL": "amqp://guest:guest@127.0.0.1:5672/%2F",
    "AUTH_URL": "http://auth.example",
    "ALLOWED_HOSTS": "marquee.example",
}


def boot(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs code in a process that has nothing but this environment."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=HERE,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


SETTINGS = "from chassis.settings import service_settings as f; s = f(name='n', app='a', title='T'); print({})"


def test_the_documented_variables_are_enough() -> None:
    done = boot(SETTINGS.format("s['DEBUG'], s['ALLOWED_HOSTS']"), COMPLETE)
    assert done.stdout == "False ['marquee.example']\n", done.stderr


def test_replicas_are_given_up_sooner_than_the_primary_and_never_written_to() -> None:
    urls = "postgres://u:p@one.example:5433/things?sslmode=verify-full,postgres://u:p@two.example:5433/things"
    environment = {**COMPLETE, "DATABASE_REPLICA_URLS": urls, "DATABASE_POOL_SIZE": "4"}
    code = """
databases = s['DATABASES']
print(s['DATABASE_REPLICAS'], s['DATABASE_ROUTERS'], list(databases))
for alias in s['DATABASE_REPLICAS']:
    primary, replica = databases['default']['OPTIONS'], databases[alias]['OPTIONS']
    assert replica['pool']['timeout'] < primary['pool']['timeout']
    assert replica['pool']['connection_class'].answer_seconds < primary['pool']['connection_class'].answer_seconds
    assert 'default_transaction_read_only=on' in replica['options']
    assert databases[alias]['HOST'] != databases['default']['HOST']
assert databases['replica1']['OPTIONS']['sslmode'] == 'verify-full'
"""
    done = boot(SETTINGS.format("''") + code, environment)
    assert done.returncode == 0, done.stderr
    aliases = "('replica1', 'replica2') ['chassis.storage.replicas.Router'] ['default', 'replica1', 'replica2']"
    assert done.stdout.strip() == aliases
    assert boot(SETTINGS.format("s['DATABASE_REPLICAS'], s['DATABASE_ROUTERS']"), COMPLETE).stdout == "() []\n"


@pytest.mark.parametrize("missing", COMPLETE)
def test_without_a_required_variable_the_boot_stops_and_names_it(missing: str) -> None:
    done = boot("from config import settings", {name: v for name, v in COMPLETE.items() if name != missing})
    assert done.returncode != 0
    assert missing in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(("name", "most"), [("EXPORTED_ROWS", 1_000_000), ("IMPORTED_LINES", 10_000)])
def test_a_bound_of_files_that_is_none_stops_the_boot_and_is_named(name: str, most: int) -> None:
    taken = boot(SETTINGS.format(f"s['{name}']"), {**COMPLETE, name: str(most)})
    assert taken.stdout == f"{most}\n", taken.stderr
    for wrong in (0, most + 1):
        done = boot(SETTINGS.format(""), {**COMPLETE, name: str(wrong)})
        assert f"{name} is {wrong}, and has to be" in done.stderr.splitlines()[-1]


def test_options_in_the_databases_address_are_kept() -> None:
    done = boot(
        SETTINGS.format("s['DATABASES']['default']['OPTIONS']['sslmode'], s['DATABASES']['default']['PASSWORD']"),
        COMPLETE,
    )
    assert done.stdout == "require p@ss\n", done.stderr


def test_the_relay_needs_no_django() -> None:
    done = boot(
        "import sys, chassis.messaging.relay; print([m for m in sys.modules if m.split('.')[0] == 'django'])", {}
    )
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.django_db
def test_every_table_has_its_migration() -> None:
    from django.core.management import call_command

    call_command("makemigrations", "chassis", check=True, dry_run=True, verbosity=0)


def test_the_clock_ticks_and_goes_on_ticking_after_the_broker_was_away(
    broker: str, proxied: Any, settings: Any
) -> None:
    topology.declare({}, ["clock.second"])
    proxy = proxied(broker, 5672)

    def ticks() -> int:
        with Connection(broker) as opened:
            return opened.channel().queue_declare("chassis_ticks", passive=True).message_count

    def forget() -> None:
        with Connection(broker) as opened:
            opened.channel().queue_purge("chassis_ticks")

    command = ["celery", "-A", "chassis.messaging.clock", "beat", "--scheduler", "celery.beat:Scheduler"]
    with running(*command, RABBITMQ_URL=address(broker, proxy.port)) as beat:
        wait_until(lambda: ticks() > 0, PATIENCE)
        proxy.cut()
        forget()
        proxy.mend()
        wait_until(lambda: ticks() > 0, PATIENCE)
        assert beat.running


def test_amounts_are_read_as_the_documents_write_them() -> None:
    code = "from chassis.settings import amounts; print(amounts('MOST', {'*': 1}))"
    assert (
        boot(code, {"MOST": "EUR=20000,VND=5000000,*=20000"}).stdout == "{'EUR': 20000, 'VND': 5000000, '*': 20000}\n"
    )
    assert boot(code, {}).stdout == "{'*': 1}\n"
    assert "ValueError" in boot(code, {"MOST": "EUR=much"}).stderr
