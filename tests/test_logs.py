"""What the logs of all that runs hold after this: no customer's address, no statement that was refused."""

import os
import re
from pathlib import Path

import pytest
from waiting import wait_for
from world import Market, Person, World, book, new_key

pytestmark = pytest.mark.late
STATE = os.environ.get("MARQUEE_STATE", "")
# Of PostgreSQL's: what failed, with what it failed on.
STATEMENTS = re.compile(r"STATEMENT:|DETAIL:|WITH wanted AS|INSERT INTO")
ADDRESS = re.compile(r"[\w.+-]+@(?:customers|marquee)\.example")


@pytest.mark.skipif(not STATE, reason="the logs of a stack somewhere else cannot be read")
def test_no_log_holds_an_address_or_a_refused_statement(world: World, market: Market, customer: Person) -> None:
    address = f"logged-{new_key()}@customers.example"
    account = {"username": f"logged-{new_key()[:8]}", "email": address, "password": "a-long-phrase-42"}
    world.anybody.post("/api/auth/register", account).ok(201)
    world.anybody.post("/api/auth/register", {**account, "username": f"again-{new_key()[:8]}"})
    world.anybody.post("/api/auth/token", {"username": address, "password": "wrong"}).problem(401)
    world.anybody.post("/api/auth/password/reset", {"email": address}).ok(202)
    world.anybody.get(f"/api/movies?q={address}")
    world.anybody.get(f"/api/nothing/{new_key()}?email={address}").problem(404)
    choice = market.seats(2)
    book(customer, choice)
    market.customer().post("/api/bookings", choice.body()).problem(409)
    mark = f"look-for-{new_key()}"
    world.anybody.get("/api/movies", X_Correlation_ID=mark)

    logs = sorted(path for path in (Path(STATE) / "log").iterdir() if path.is_file())
    assert len(logs) > 10
    # The access log is written last, a second later.
    wait_for(lambda: any(mark in read(path) for path in logs))
    lines = ((path, line) for path in logs for line in read(path).splitlines())
    found = [f"{path.name}: {line[:200]}" for path, line in lines if tells_too_much(path, line)]
    assert not found, "\n".join(found[:20])


def read(path: Path) -> str:
    return path.read_text(errors="replace")


def tells_too_much(path: Path, line: str) -> bool:
    return bool(ADDRESS.search(line) or (path.name.startswith("postgres") and STATEMENTS.search(line)))
