"""The chart's scripts on real servers: a database is dumped, lost, and put back on a server that has never seen it."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from chart import wait_until
from psycopg import sql

HELM = Path(__file__).resolve().parent.parent
ROOT = HELM.parent
sys.path.insert(0, str(ROOT))
from stack import credentials, ports, probes, variables  # noqa: E402
from stack.instance import Instance  # noqa: E402
from stack.servers import postgres, run_as  # noqa: E402
from stack.services import service_named  # noqa: E402

SCRIPTS = HELM / "marquee" / "files" / "backup"
BOOKING = service_named("booking")
SECRETS = {name: make() for name, make in credentials.MAKERS.items()}
WAIT_SECONDS = 60
# Every invariant of one database that the audit knows (audit/invariants.py), as a query for what breaks it.
VIOLATIONS = """
    SELECT count(*) FROM bookings
    JOIN booking_seats ON booking_seats.booking_id = bookings.id AND booking_seats.given_back_at IS NULL
    LEFT JOIN seat_status ON seat_status.showtime_id = booking_seats.showtime_id
        AND seat_status.seat_id = booking_seats.seat_id
    WHERE bookings.status = 'CONFIRMED'
      AND (seat_status.status IS DISTINCT FROM 'sold' OR seat_status.booking_id IS DISTINCT FROM bookings.id)
"""


@dataclass(frozen=True)
class Server:
    url: str
    environment: dict[str, str]


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """A PostgreSQL of its own, as the stack makes the one of booking, with an empty database."""
    folder = Path(tempfile.mkdtemp(prefix="marquee-backup-"))
    folder.chmod(0o755)
    instance = Instance.at(folder)
    instance.make_folders()
    process = None
    try:
        postgres.provision(instance, BOOKING, secrets=SECRETS)
        port = ports.any_free_port()
        process = subprocess.Popen(
            postgres.command(instance, BOOKING, port=port),
            cwd="/",
            user=run_as(postgres.ACCOUNT),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(probes.postgres(port), "PostgreSQL answers", seconds=WAIT_SECONDS)
        environment = variables.of_service(
            instance, BOOKING, ports={**dict.fromkeys(ports.USUAL, 1), "postgres-booking": port}, secrets=SECRETS
        )
        yield Server(environment["DATABASE_URL"], {**os.environ, **environment, "PATH": _path()})
    finally:
        if process is not None:
            process.terminate()
            process.wait(WAIT_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _path() -> str:
    return f"{postgres.binaries()}{os.pathsep}{os.environ['PATH']}"


CASTS = r"::character varying|::text(\[\])?|[()]"


def script(name: str, at: Server, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(SCRIPTS / f"{name}.sh")],
        env={**at.environment, "BACKUP_FOLDER": str(folder), "KEEP": "2", **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def contents(at: Server) -> dict[str, list[tuple]]:
    """Every table with all its rows, and what guards them."""
    with psycopg.connect(at.url) as connection:
        tables = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        found = {}
        for table in tables:
            rows = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
            found[table] = sorted(map(repr, rows))
        guards = (
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        )
        found["its constraints"] = sorted(map(repr, connection.execute(guards)))
        triggers = "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
        found["its triggers"] = sorted(map(repr, connection.execute(triggers)))
        indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
        # A list of texts is written with other casts once it has been read.
        found["its indexes"] = sorted(re.sub(CASTS, "", text) for (text,) in connection.execute(indexes))
    return found


SALE = """
    INSERT INTO showtimes (id, revision, screen_id, screen_name, movie_id, movie_title, theater_id, theater_name,
        time_zone, starts_at, ends_at, format, language, currency, prices, rules, status)
    SELECT gen_random_uuid(), 1, gen_random_uuid(), 'Hall 1', gen_random_uuid(), 'Salt Road', gen_random_uuid(),
        'Bến Thành', 'Asia/Ho_Chi_Minh', now() + interval '1 day', now() + interval '26 hours', '2d', 'vi', 'VND',
        '{"standard": 90000}', '{}', 'scheduled';
    INSERT INTO bookings (id, reference, user_id, showtime_id, status, payment_status, total_amount, currency,
        hold_expires_at, created_at, ticket)
    SELECT gen_random_uuid(), 'REF' || n, gen_random_uuid(), (SELECT id FROM showtimes), 'CONFIRMED', 'captured',
        90000, 'VND', now(), now(), '' FROM generate_series(1, 200) n;
    INSERT INTO booking_seats (booking_id, showtime_id, seat_id, "row", number, category, price_amount)
    SELECT id, showtime_id, gen_random_uuid(), 'A', 1, 'standard', 90000 FROM bookings;
    INSERT INTO seat_status (showtime_id, seat_id, status, booking_id)
    SELECT showtime_id, seat_id, 'sold', booking_id FROM booking_seats;
"""
STEP = """
    INSERT INTO booking_history (booking_id, from_status, to_status, trigger, cause, actor, reason, at)
    SELECT id, '', 'PENDING', 'held', '', 'nobody', '', now() FROM bookings RETURNING id
"""


@pytest.fixture(scope="module")
def sold() -> Iterator[Server]:
    """A migrated database with sales in it."""
    with server() as at:
        migrate = [sys.executable, "manage.py", "migrate", "--noinput", "-v", "0"]
        subprocess.run(migrate, cwd=BOOKING.folder, env=at.environment, check=True)
        with psycopg.connect(at.url) as connection:
            connection.execute(SALE)
            connection.execute(STEP)
        yield at


def restored(at: Server, folder: Path) -> subprocess.CompletedProcess[str]:
    """Once the server has ended what connections closed a moment ago have left: until then it is refused."""
    tries: list[subprocess.CompletedProcess[str]] = []

    def is_alone() -> bool:
        tries.append(script("restore", at, folder))
        return "connections of the service are open" not in tries[-1].stderr

    wait_until(is_alone, "the connections that were closed are gone", seconds=WAIT_SECONDS)
    return tries[-1]


def test_a_lost_database_comes_back_on_a_fresh_server(sold, tmp_path):
    before = contents(sold)
    assert len(before["bookings"]) == 200
    assert before["its triggers"]
    done = script("backup", sold, tmp_path)
    assert done.returncode == 0, done.stderr
    with server() as fresh:
        done = restored(fresh, tmp_path)
        assert done.returncode == 0, done.stderr
        assert contents(fresh) == before
        with psycopg.connect(fresh.url) as connection:
            assert connection.execute(VIOLATIONS).fetchone() == (0,)
            # What the database numbers goes on where it was.
            numbered = {row[0] for row in connection.execute("SELECT id FROM booking_history")}
            assert not numbered & {row[0] for row in connection.execute(STEP)}
            connection.rollback()
        check = [sys.executable, "manage.py", "migrate", "--check"]
        assert subprocess.run(check, cwd=BOOKING.folder, env=fresh.environment, check=False).returncode == 0
        # Again, over what is there now: what came after the dump is gone.
        with psycopg.connect(fresh.url) as connection:
            connection.execute("CREATE TABLE afterwards (id int)")
            connection.execute("DELETE FROM seat_status")
        assert restored(fresh, tmp_path).returncode == 0
        assert contents(fresh) == before


def test_nothing_is_restored_under_a_running_service(sold, tmp_path):
    assert script("backup", sold, tmp_path).returncode == 0
    before = contents(sold)
    with psycopg.connect(sold.url):
        done = script("restore", sold, tmp_path)
    assert done.returncode == 1
    assert "stop its pods first" in done.stderr
    assert contents(sold) == before


def test_a_broken_dump_leaves_the_database_as_it_was(sold, tmp_path):
    assert script("backup", sold, tmp_path).returncode == 0
    (dump,) = tmp_path.glob("*.dump")
    dump.write_bytes(dump.read_bytes()[: dump.stat().st_size // 2])
    before = contents(sold)
    assert script("restore", sold, tmp_path).returncode != 0
    assert contents(sold) == before


@pytest.mark.parametrize("name", ["backup", "restore"])
def test_a_server_that_does_not_answer_is_waited_for_and_then_named(sold, tmp_path, name):
    nowhere = sold.url.partition("@")[0] + "@127.0.0.1:1/bookings_db"
    began = time.monotonic()
    done = script(name, sold, tmp_path, DATABASE_URL=nowhere, AWAIT_SECONDS="2")
    assert done.returncode == 1
    assert time.monotonic() - began >= 2
    assert "127.0.0.1:1/bookings_db does not answer" in done.stderr
    assert nowhere not in done.stderr, "with its password"


def test_so_many_dumps_are_kept_and_the_oldest_go(sold, tmp_path):
    for old in ("20200101T000000Z", "20200102T000000Z", "20200103T000000Z"):
        (tmp_path / f"{old}.dump").touch()
    assert script("backup", sold, tmp_path).returncode == 0
    left = sorted(file.name for file in tmp_path.iterdir())
    assert len(left) == 2
    assert left[0] == "20200103T000000Z.dump"


def test_a_dump_that_fails_leaves_nothing_behind(sold, tmp_path):
    done = script("backup", sold, tmp_path, DATABASE_URL=sold.url.replace("bookings_db", "no_such_db"))
    assert done.returncode != 0
    assert list(tmp_path.iterdir()) == []
