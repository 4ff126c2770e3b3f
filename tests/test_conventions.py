"""What holds for every answer: correlation, caching, documents, health, and the admin sites' front doors."""

import re

import pytest
from admin_site import joined, sign_in_to_admin
from endpoints import NOWHERE, SERVICES
from reads import ITEMS, LISTS, PRIVATE
from world import Choice, Market, Person, World, book, settled

EVERYWHERE = ["/", *LISTS, *[path.format(NOWHERE) for path in ITEMS], *PRIVATE, "/api/nothing", "/nothing"]


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_carries_a_correlation_id(world: World, admin: Person, path: str) -> None:
    for who in (world.anybody, admin):
        assert re.fullmatch(r"[A-Za-z0-9._:-]{8,128}", who.get(path).headers["X-Correlation-ID"])
        answer = who.get(path, X_Correlation_ID="black-box-0001")
        assert answer.headers["X-Correlation-ID"] == "black-box-0001"


@pytest.mark.parametrize("bad", ["a b", "x" * 500, "<script>", "ab"])
def test_a_correlation_id_that_is_none_is_replaced(world: World, bad: str) -> None:
    given = world.anybody.get("/api/movies", X_Correlation_ID=bad).headers["X-Correlation-ID"]
    assert given != bad
    assert re.fullmatch(r"[A-Za-z0-9._:-]{8,128}", given)


@pytest.mark.parametrize("path", ["/api/movies", "/api/theaters", "/api/showtimes"])
def test_a_list_that_did_not_change_is_not_sent_again(world: World, path: str) -> None:
    first = world.anybody.get(path)
    assert first.headers["ETag"]
    again = world.anybody.get(path, If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


def test_what_a_customer_reads_carries_a_validator(customer: Person, choice: Choice) -> None:
    booked = book(customer, choice, "tok_visa")
    settled(customer, booked, "CONFIRMED", "captured")
    for path in (f"/api/bookings/{booked['id']}", "/api/bookings", "/api/payments", "/api/auth/users/me"):
        first = customer.get(path)
        again = customer.get(path, If_None_Match=first.headers["ETag"])
        assert again.status == 304, path


def test_a_seat_map_changes_its_validator_when_a_seat_is_taken(world: World, customer: Person, choice: Choice) -> None:
    from waiting import wait_for

    path = f"/api/showtimes/{choice.showtime}/seats"
    before = world.anybody.get(path)
    assert before.headers["ETag"]
    book(customer, choice)
    wait_for(
        lambda: world.anybody.get(path, If_None_Match=before.headers["ETag"]).status == 200, what="a newer seat map"
    )


def test_lists_are_walked_by_their_links(world: World) -> None:
    url: str | None = "/api/showtimes?page_size=20"
    seen: list[str] = []
    for _ in range(5):
        assert url is not None
        page = world.anybody.get(url).ok()
        assert set(page) == {"next", "previous", "results"}
        seen += [showtime["id"] for showtime in page["results"]]
        url = page["next"]
        assert url is None or url.startswith(f"{world.where.gateway}/api/showtimes?")
    assert len(seen) == len(set(seen)) == 100


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_documents_itself(world: World, service: str) -> None:
    schema = world.anybody.get(f"/api/{service}/schema/", Accept="application/vnd.oai.openapi+json").ok()
    assert schema["openapi"].startswith("3.1")
    assert len(schema["paths"]) >= 3
    docs = world.anybody.get(f"/api/{service}/docs/", Accept="text/html")
    assert docs.status == 200
    assert b"swagger" in docs.body.lower()


@pytest.mark.parametrize("service", SERVICES)
def test_health_is_told_to_everybody_and_nothing_of_what_it_stands_on(world: World, service: str) -> None:
    for path in ("health", "health/live", "health/ready"):
        assert world.anybody.get(f"/api/{service}/{path}").ok() == {"status": "ok", "service": service}


@pytest.mark.parametrize("service", SERVICES)
def test_the_metrics_of_a_service_stay_inside(world: World, service: str) -> None:
    for path in (f"/api/{service}/metrics", "/metrics", "/api/metrics"):
        world.anybody.get(path).problem(404)


@pytest.mark.parametrize("service", SERVICES)
def test_the_admin_asks_who_is_there(world: World, service: str) -> None:
    answer = world.anybody.get(f"/admin/{service}/", Accept="text/html")
    assert answer.status == 302
    login = world.anybody.get(answer.headers["Location"], Accept="text/html")
    assert login.status == 200
    assert b'name="password"' in login.body


@pytest.mark.parametrize("service", SERVICES)
def test_staff_sign_in_to_every_admin_with_one_account_and_customers_do_not(
    world: World, market: Market, service: str
) -> None:
    status, cookies = sign_in_to_admin(world, service, world.where.accounts["admin"])
    assert status == 302
    assert "staff" in cookies
    index = world.anybody.get(f"/admin/{service}/", Cookie=joined(cookies), Accept="text/html")
    assert index.status == 200
    assert b"Log out" in index.body or b"logout" in index.body

    someone = market.customers[0]
    status, cookies = sign_in_to_admin(world, service, {"username": someone.username, "password": someone.password})
    assert status == 200
    assert world.anybody.get(f"/admin/{service}/", Cookie=joined(cookies), Accept="text/html").status == 302


def test_a_person_is_protected_by_headers(world: World) -> None:
    for path in ("/api/movies", "/admin/auth/login/"):
        headers = world.anybody.get(path, Accept="text/html").headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "Referrer-Policy" in headers


def test_the_key_that_verifies_tokens_is_public(world: World) -> None:
    keys = world.anybody.get("/api/auth/.well-known/jwks.json").ok()["keys"]
    assert keys
    assert all("d" not in key for key in keys)
