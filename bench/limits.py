"""What the machine can do at best, measured in the same run: the figures are held against these."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.market import BenchError
from stack.servers import required
from stack.servers.postgres import binaries

TABLES = """
DROP SCHEMA IF EXISTS bench_limit CASCADE;
CREATE SCHEMA bench_limit;
CREATE TABLE bench_limit.bookings (id uuid PRIMARY KEY, user_id uuid, showtime_id uuid, status text, total bigint,
                                   hold_expires_at timestamptz, created_at timestamptz);
CREATE TABLE bench_limit.seat_status (showtime_id uuid, seat_id uuid, booking_id uuid, status text,
                                      held_until timestamptz, PRIMARY KEY (showtime_id, seat_id));
CREATE TABLE bench_limit.outbox (id uuid PRIMARY KEY, type text, body jsonb, created_at timestamptz);
"""
# The same transaction as a booking, bare: one booking, two seats under a unique index, one outbox row.
TRANSACTION = r"""
SELECT quote_literal(gen_random_uuid()) AS booking, quote_literal(gen_random_uuid()) AS showtime \gset
BEGIN;
INSERT INTO bench_limit.bookings
VALUES (:booking, :showtime, :showtime, 'PENDING', 1000, now() + interval '5 min', now());
INSERT INTO bench_limit.seat_status
SELECT :showtime, gen_random_uuid(), :booking, 'held', now() + interval '5 min' FROM generate_series(1, 2);
INSERT INTO bench_limit.outbox VALUES (gen_random_uuid(), 'booking.created', '{"data": {"total": 1000}}', now());
COMMIT;
"""


def transactions_per_second(database_url: str, *, clients: int, seconds: int) -> float:
    """What pgbench reaches with the bare booking transaction on the booking service's own server."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(TABLES)
        try:
            with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
                script.write(TRANSACTION)
                script.flush()
                words = [
                    *(f"{binaries()}/pgbench", "--no-vacuum", "--client", str(clients), "--jobs", "2"),
                    *("--time", str(seconds), "--file", script.name, database_url),
                ]
                printed = _run(words)
        finally:
            connection.execute("DROP SCHEMA bench_limit CASCADE")
    found = re.search(r"tps = ([\d.]+)", printed)
    if found is None:
        raise BenchError(f"pgbench printed no rate: {printed}")
    return float(found[1])


def reads_per_second(url: str, *, connections: int, seconds: int) -> float:
    """What wrk gets of one address. Raises BenchError when an answer is not 2xx."""
    printed = _run([wrk(), "-t2", f"-c{connections}", f"-d{seconds}s", url])
    if "Non-2xx" in printed:
        raise BenchError(f"{url} was refused: {printed}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    if found is None:
        raise BenchError(f"wrk printed no rate: {printed}")
    return float(found[1])


def wrk() -> str:
    """wrk's path; it is installed where that is possible. Raises BenchError."""
    if shutil.which("wrk") is None and shutil.which("apt-get") and os.getuid() == 0:
        _run(["apt-get", "install", "-y", "-q", "wrk"])
    found = shutil.which("wrk")
    if found is None:
        raise BenchError("wrk is missing: install the package `wrk`")
    return found


@contextmanager
def file_server(content: bytes, *, port: int) -> Iterator[str]:
    """An NGINX of its own that serves these bytes from a file; its address."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        (home / "seats.json").write_bytes(content)
        user = "user nobody nogroup;" if os.getuid() == 0 and os.path.exists("/etc/debian_version") else ""
        (home / "nginx.conf").write_text(
            f"{user} daemon off; worker_processes auto; pid {home}/pid; error_log {home}/error.log;"
            " events { worker_connections 512; }"
            f" http {{ access_log off; sendfile on; tcp_nopush on; open_file_cache max=16;"
            f" client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f;"
            f" uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;"
            f" server {{ listen 127.0.0.1:{port}; root {home}; default_type application/json; }} }}"
        )
        server = subprocess.Popen([required("nginx"), "-p", folder, "-c", f"{folder}/nginx.conf"])
        try:
            time.sleep(0.5)
            yield f"http://127.0.0.1:{port}/seats.json"
        finally:
            server.terminate()
            server.wait(10)


def _run(words: list[str]) -> str:
    result = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    if result.returncode:
        raise BenchError(f"{words[0]} failed: {result.stderr.strip()[-500:]}")
    return result.stdout
