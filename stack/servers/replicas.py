"""Replicas of catalog's PostgreSQL: streaming standbys, made by the script that the chart has."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from stack.instance import ROOT, Instance
from stack.ports import HOST
from stack.servers import postgres, private_folder, run_as
from stack.services import service_named

SERVICE = service_named("catalog")
PRIMARY = f"postgres-{SERVICE.name}"
MOST = 2
SCRIPT = ROOT / "helm" / "marquee" / "files" / "postgres" / "standby.sh"


def names(instance: Instance) -> list[str]:
    return [f"{PRIMARY}-replica-{number}" for number in range(1, instance.replicas + 1)]


def provision(instance: Instance) -> None:
    """Lay ready what the first start needs; the copy is made then, when the primary answers."""
    for name in names(instance):
        private_folder(instance.data / name, owner=run_as(postgres.ACCOUNT))
        postgres.forget_dead_postmaster(_home(instance, name))
    # Where PostgreSQL's account can read it.
    shutil.copyfile(SCRIPT, _script(instance))


def command(instance: Instance, name: str, *, ports: Mapping[str, int]) -> list[str]:
    """What makes the copy unless it is there, and then runs it in the foreground."""
    server = postgres.command(instance, SERVICE, port=ports[name], home=_home(instance, name))
    server += ["-c", f"primary_conninfo=host={HOST} port={ports[PRIMARY]} user={postgres.SUPERUSER}"]
    server += ["-c", f"hba_file={postgres.folder(instance, SERVICE) / 'pg_hba.conf'}"]
    return ["bash", "-c", 'bash "$0" && exec "$@"', str(_script(instance)), *server]


def environment(
    instance: Instance, name: str, *, ports: Mapping[str, int], secrets: Mapping[str, str]
) -> dict[str, str]:
    """What libpq reads, of the script's programs and of the server's own client, which fetches what is new."""
    verified = (
        {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(instance.trusted_by_servers)} if instance.is_secured else {}
    )
    return {
        "PATH": f"{postgres.binaries()}:/usr/local/bin:/usr/bin:/bin",
        # Over TLS libpq looks at home for a certificate of its own: somewhere that the server's account may look.
        "HOME": str(instance.data / name),
        "PGDATA": str(_home(instance, name)),
        "SLOT": name,
        "PGHOST": HOST,
        "PGPORT": str(ports[PRIMARY]),
        "PGUSER": postgres.SUPERUSER,
        "PGPASSWORD": secrets["POSTGRES_PASSWORD"],
        **verified,
    }


def _home(instance: Instance, name: str) -> Path:
    return instance.data / name / "pgdata"


def _script(instance: Instance) -> Path:
    return instance.data / SCRIPT.name
