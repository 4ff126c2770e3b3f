"""Five PostgreSQL clusters, each with one database, its role that may connect to nothing else, and one that audits."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from stack.errors import StackError
from stack.instance import MAIN, TEST, Instance
from stack.ports import HOST
from stack.servers import private_folder, required, run_as
from stack.services import Service

ACCOUNT = "postgres"
SUPERUSER = "postgres"
# May read everything and change nothing.
AUDITOR = "auditor"
OLDEST = 15
# Small machines run five of these beside everything else. fsync stays on: a sold seat is on the disk.
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "effective_cache_size": "256MB",
    "min_wal_size": "64MB",
    "max_wal_size": "256MB",
    # What a replica that does not come back may cost of the disk.
    "max_slot_wal_keep_size": "256MB",
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "log_line_prefix": "%m [%p] %u@%d ",
    # A statement, its parameters and the details of an error hold what customers typed: none of it is logged.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "password_encryption": "scram-sha-256",
}
# Tests kill servers and never the machine: what a server has written the kernel keeps. Waiting for the disk would be a
# good part of their time.
OF_TESTS = {"fsync": "off", "full_page_writes": "off"}


@cache
def binaries() -> str:
    """Folder of the newest installed server's programs (15 where there is one); StackError without any."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    preferred = [path for path in folders if path.parts[-3] == "15"] or folders[-1:]
    if preferred:
        return str(preferred[-1].parent)
    for prefix in ("/opt/homebrew/opt", "/usr/local/opt"):
        for path in sorted(Path(prefix).glob("postgresql@*/bin/postgres"), reverse=True):
            return str(path.parent)
    return str(Path(required("postgres")).parent)


@cache
def version() -> str:
    """The first number of the version of these programs, as clusters have it in PG_VERSION: "15"."""
    printed = _run([f"{binaries()}/postgres", "--version"], owner=None).stdout
    return printed.partition(" (PostgreSQL) ")[2].partition(".")[0]


def folder(instance: Instance, service: Service) -> Path:
    return instance.data / f"postgres-{service.name}"


def command(instance: Instance, service: Service, *, port: int, home: Path | None = None) -> list[str]:
    """What runs the cluster in the foreground. home: of a copy of it."""
    words = [f"{binaries()}/postgres", "-D", str(home or folder(instance, service)), "-p", str(port)]
    own = OF_TESTS if instance.name == TEST else {}
    for name, value in {**SETTINGS, **own, **_tls(instance, service)}.items():
        words += ["-c", f"{name}={value}"]
    return words


def _tls(instance: Instance, service: Service) -> Mapping[str, str]:
    if not instance.is_secured:
        return {}
    server = f"postgres-{service.name}"
    files = {"ssl_cert_file": instance.certificate(server), "ssl_key_file": instance.key(server)}
    return {"ssl": "on", **{name: str(file) for name, file in files.items()}}


def provision(instance: Instance, service: Service, *, secrets: Mapping[str, str]) -> None:
    """Make the cluster unless it is there, and say who may connect. It has its name only when it is complete.

    StackError when another version of PostgreSQL has made it, as after an upgrade of the system.
    """
    home = folder(instance, service)
    owner = run_as(ACCOUNT)
    if home.exists():
        _check_version(instance, home)
        forget_dead_postmaster(home)
        if AUDITOR not in (home / "pg_hba.conf").read_text():  # made before there was one
            _execute(home, _auditor(service, secrets), owner=owner, what=AUDITOR)
        _write_access_rules(instance, service, home)
        return
    draft = home.with_name(f"{home.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    private_folder(draft, owner=owner)
    _initialise(draft, owner=owner)
    _create_database(draft, service, owner=owner, secrets=secrets, test_databases=instance.name != MAIN)
    _write_access_rules(instance, service, draft)
    draft.rename(home)


def _write_access_rules(instance: Instance, service: Service, home: Path) -> None:
    rules = access_rules(service, test_databases=instance.name != MAIN, tls=instance.is_secured)
    (home / "pg_hba.conf").write_text(rules)


def access_rules(service: Service, *, test_databases: bool, tls: bool = False) -> str:
    """pg_hba.conf: passwords over the loopback interface, and the roles see the service's database alone.

    test_databases: pytest makes databases of its own, and asks for that in `postgres`. tls: nobody without it.
    """
    databases, connection = "all" if test_databases else service.database, "hostssl" if tls else "host"
    return "".join(
        f"{connection} {which} {role} {HOST}/32 scram-sha-256\n"
        for which, role in (
            (databases, service.role),
            (databases, AUDITOR),
            ("all", SUPERUSER),
            ("replication", SUPERUSER),
        )
    )


def _initialise(draft: Path, *, owner: str | None) -> None:
    # --no-sync: a cluster that a power cut interrupts here has no name yet, and is made again.
    words = [f"{binaries()}/initdb", "-D", str(draft), "-U", SUPERUSER, "--encoding=UTF8"]
    words += ["--auth=reject", "--no-sync", "--no-instructions"]
    result = _run([*words, "--locale=C.UTF-8"], owner=owner)
    if result.returncode and "invalid locale" in result.stderr:  # macOS has no C.UTF-8
        result = _run([*words, "--locale=en_US.UTF-8"], owner=owner)
    if result.returncode:
        raise StackError(f"initdb failed: {_last_line(result.stderr)}", details=result.stderr)


def _create_database(
    draft: Path, service: Service, *, owner: str | None, secrets: Mapping[str, str], test_databases: bool
) -> None:
    password = secrets[f"{service.name.upper()}_DATABASE_PASSWORD"]
    rights = "LOGIN CREATEDB" if test_databases else "LOGIN"
    statements = [
        f"ALTER ROLE {SUPERUSER} PASSWORD '{secrets['POSTGRES_PASSWORD']}'",
        f"CREATE ROLE {service.role} {rights} PASSWORD '{password}'",
        f"CREATE DATABASE {service.database} OWNER {service.role}",
        f"REVOKE ALL ON DATABASE {service.database} FROM PUBLIC",
        *_auditor(service, secrets),
    ]
    if not test_databases:
        statements.append("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
    _execute(draft, statements, owner=owner, what=service.database)


def _auditor(service: Service, secrets: Mapping[str, str]) -> list[str]:
    return [
        f"CREATE ROLE {AUDITOR} LOGIN PASSWORD '{secrets['AUDIT_DATABASE_PASSWORD']}' CONNECTION LIMIT 8"
        " IN ROLE pg_read_all_data",
        f"GRANT CONNECT ON DATABASE {service.database} TO {AUDITOR}",
    ]


def _execute(home: Path, statements: list[str], *, owner: str | None, what: str) -> None:
    """Single-user mode: the statements run with no server, no port and nobody else about."""
    # It takes a line as a statement, says each back on standard output, and exits 0 whatever they come to.
    words = [f"{binaries()}/postgres", "--single", "-j", "-F", "-D", str(home), SUPERUSER]
    result = _run(words, owner=owner, stdin="".join(f"{statement};\n\n" for statement in statements))
    if result.returncode or "ERROR" in result.stderr or "FATAL" in result.stderr:
        raise StackError(f"cannot create {what}: {_last_line(result.stderr)}")


def _run(words: list[str], *, owner: str | None, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        check=False,
        input=stdin,
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        user=owner,
        group=pwd.getpwnam(owner).pw_gid if owner else None,
        extra_groups=[] if owner else None,
    )


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"


def _check_version(instance: Instance, home: Path) -> None:
    made_by = (home / "PG_VERSION").read_text().strip()
    if made_by != version():
        raise StackError(
            f"{home.name} was made by PostgreSQL {made_by}, this is {version()}:"
            f" start anew with `python3 -m stack down --erase --instance {instance.name}`"
        )


def forget_dead_postmaster(home: Path) -> None:
    """After a crash postmaster.pid names a process that is gone; its number may be somebody else's by now.

    PostgreSQL would then refuse to start, when that somebody is another server of the same account.
    """
    pid_file = home / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        directory = os.readlink(f"/proc/{pid}/cwd")
    except (FileNotFoundError, ValueError, ProcessLookupError):
        if Path("/proc/self").exists():
            pid_file.unlink(missing_ok=True)
        return
    if Path(directory) != home:
        pid_file.unlink(missing_ok=True)
