from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway import Gateway, Plan, Upstream

from stack.ports import any_free_port

SHOWTIME = "0198c0de-0000-7000-8000-000000000001"


@pytest.fixture(scope="module")
def away(running_upstreams: dict[str, Upstream], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway behind which neither the shop nor the card company answers."""
    addresses = {name: upstream.address for name, upstream in running_upstreams.items()}
    gone = dict.fromkeys(("frontend", "card_page"), f"127.0.0.1:{any_free_port()}")
    with Gateway(tmp_path_factory.mktemp("away"), {**addresses, **gone}) as gateway:
        yield gateway


ROUTES = [
    ("/admin/", "auth", "/admin/"),
    ("/api/auth/register", "auth", "/register"),
    ("/api/auth/token/refresh", "auth", "/token/refresh"),
    ("/api/auth/users/me", "auth", "/users/me"),
    ("/api/auth/.well-known/jwks.json", "auth", "/.well-known/jwks.json"),
    ("/api/movies", "catalog", "/movies"),
    ("/api/movies/42?page=2&q=%C3%A9", "catalog", "/movies/42?page=2&q=%C3%A9"),
    ("/api/theaters", "catalog", "/theaters"),
    ("/api/theaters/7", "catalog", "/theaters/7"),
    ("/api/screens/7", "catalog", "/screens/7"),
    ("/api/showtimes", "catalog", "/showtimes"),
    ("/api/showtimes:batch", "catalog", "/showtimes:batch"),
    ("/api/theaters/7/plan:copy", "catalog", "/theaters/7/plan:copy"),
    (f"/api/showtimes/{SHOWTIME}", "catalog", f"/showtimes/{SHOWTIME}"),
    (f"/api/showtimes/{SHOWTIME}/seats", "booking", f"/showtimes/{SHOWTIME}/seats"),
    (f"/api/showtimes/{SHOWTIME}/seats?v=1", "booking", f"/showtimes/{SHOWTIME}/seats?v=1"),
    (f"/api/showtimes/{SHOWTIME}/tickets/revoked", "booking", f"/showtimes/{SHOWTIME}/tickets/revoked"),
    ("/api/tickets/check-in", "booking", "/tickets/check-in"),
    ("/api/tickets/.well-known/jwks.json", "booking", "/tickets/.well-known/jwks.json"),
    (f"/api/showtimes/{SHOWTIME}/seatsong", "catalog", f"/showtimes/{SHOWTIME}/seatsong"),
    ("/api/bookings", "booking", "/bookings"),
    ("/api/bookings/1/history", "booking", "/bookings/1/history"),
    ("/api/promotions/1/codes", "booking", "/promotions/1/codes"),
    ("/api/payments", "payment", "/payments"),
    ("/api/payments/methods", "payment", "/payments/methods"),
    ("/api/payments/webhooks/simulated", "payment", "/payments/webhooks/simulated"),
    ("/api/refunds/9", "payment", "/refunds/9"),
    ("/api/notifications/history", "notify", "/notifications/history"),
    ("/verify?token=a-secret", "frontend", "/verify?token=a-secret"),
    ("/reset", "frontend", "/reset"),
    ("/api/movies/a%2Fb%3Fc", "catalog", "/movies/a/b%3Fc"),
]
SERVICE_PAGES = [
    (f"/api/{service}/{page}", service, f"/{page}")
    for service in ("auth", "catalog", "booking", "payment", "notify")
    for page in ("schema/", "docs/", "health", "health/live", "health/ready")
] + [
    (f"/{area}/{service}/{rest}", service, f"/{area}/{service}/{rest}")
    for service in ("auth", "catalog", "booking", "payment", "notify")
    for area, rest in (("admin", "login/?next=/x"), ("static", "routed.css"))
]
# What is nobody else's is the shop's: it says in words what it has not.
SHOP = [
    (path, "frontend", path)
    for path in (
        *(
            "/",
            "/en/",
            "/vi/films/dune/?cinema=7",
            "/en/showtimes/7/",
            "/card-entered",
            "/static/frontend/shop/shop.css?v=1",
        ),
        *(
            "/favicon.ico",
            "/robots.txt",
            "/sitemap.xml",
            "/manifest.webmanifest",
            "/sw.js",
            "/.env",
            "/reset/",
            "/verify/x",
        ),
    )
] + [("/simulated-card?state=1", "card_page", "/simulated-card?state=1")]


@pytest.mark.parametrize(("path", "service", "target"), ROUTES + SERVICE_PAGES + SHOP)
def test_a_path_reaches_its_service_without_the_prefix(
    gateway: Gateway, upstreams: dict[str, Upstream], path: str, service: str, target: str
) -> None:
    answer = gateway.request("GET", path, headers={"Authorization": "Bearer x"})

    assert (answer.status, answer.json()) == (200, {"service": service})
    assert [(request.service, request.target) for up in upstreams.values() for request in up.received] == [
        (service, target)
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/metrics/",
        "/health/",
        "/health/live",
        "/health/ready",
        "/api",
        "/api/nothing",
        "/api/moviesque",
        "/api/bookingsx",
        "/api/unknown/docs/",
        "/admin/unknown/",
        "/static/unknown/x.css",
        "/_problem/404",
        "/_page/503",
        "/api/catalog/movies",
        "/api/auth",
        "/api/auth/",
        *(f"/api/{service}/metrics" for service in ("auth", "catalog", "booking", "payment", "notify")),
        "/api/auth/metrics/",
        "/api/auth//metrics",
        "/api/auth/x/../metrics",
        "/api/auth/%6detrics",
        "/api/auth/admin/auth/login/",
        "/api/auth/static/auth/x.css",
        "/api/movies/..%2f..%2fetc%2fpasswd",
        "/api/movies/../../en/",
    ],
)
def test_any_other_path_is_a_problem_and_reaches_nobody(
    gateway: Gateway, upstreams: dict[str, Upstream], path: str
) -> None:
    answer = gateway.get(path)

    assert (answer.status, answer.header("Content-Type")) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"
    assert not any(upstream.received for upstream in upstreams.values())


def test_the_api_has_an_index_and_the_gateway_its_own_health(gateway: Gateway) -> None:
    index = gateway.get("/api/")
    assert (index.status, index.header("Content-Type")) == (200, "application/json")
    assert index.json()["links"]["movies"] == "/api/movies"
    assert gateway.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize("page", ["/admin", "/admin/auth", "/api/auth/docs", "/api/booking/schema", "/flower"])
def test_a_page_without_its_last_slash_is_redirected(gateway: Gateway, page: str) -> None:
    answer = gateway.get(page)
    assert answer.status in (301, 308)
    assert answer.header("Location") == page + "/"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_passes_with_its_body(gateway: Gateway, upstreams: dict[str, Upstream], method: str) -> None:
    body = b'{"a": 1}' if method in ("POST", "PUT", "PATCH") else None
    assert gateway.request(method, "/api/bookings", body=body).status == 200

    (request,) = upstreams["booking"].received
    assert (request.method, request.body) == (method, body or b"")


@pytest.mark.parametrize("method", ["FOO", "A", "LOCK", "CONNECT-IT"])
def test_a_method_that_nobody_has_is_refused_before_the_service(
    gateway: Gateway, upstreams: dict[str, Upstream], method: str
) -> None:
    answer = gateway.request(method, "/api/bookings")
    assert (answer.status, answer.json()["code"]) == (405, "method_not_allowed")
    assert not upstreams["booking"].received


@pytest.mark.parametrize("page", ["", "metrics", "healthcheck", "static/js/flower.js", "tasks?limit=1", "%6detrics"])
def test_every_page_of_flower_asks_it_for_the_password_first(
    gateway: Gateway, upstreams: dict[str, Upstream], page: str
) -> None:
    asked = "/flower/api/task/types"
    flower = upstreams["flower"]
    flower.plans[asked] = Plan(401, {"WWW-Authenticate": 'Basic realm="flower"'})
    refused = gateway.request("POST", f"/flower/{page}", body=b"state=1")
    assert (refused.status, refused.json()["code"]) == (401, "not_authenticated")
    assert refused.header("WWW-Authenticate") == 'Basic realm="flower"'
    assert [(request.method, request.target) for request in flower.received] == [("GET", asked)]

    flower.reset()
    assert gateway.get(f"/flower/{page}", Authorization="Basic dTpw").status == 200
    check, request = flower.received
    assert check.headers["Authorization"] == request.headers["Authorization"] == "Basic dTpw"
    assert (check.target, request.target) == (asked, f"/flower/{page}")


def test_flower_that_is_away_is_503(upstreams: dict[str, Upstream], tmp_path: Path) -> None:
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    with Gateway(tmp_path, {**addresses, "flower": f"127.0.0.1:{any_free_port()}"}) as gateway:
        answer = gateway.get("/flower/")
    assert (answer.status, answer.json()["code"], answer.header("Retry-After")) == (503, "service_unavailable", "5")


@pytest.mark.parametrize(
    ("path", "language", "words"),
    [
        ("/en/", "en", "does not answer"),
        ("/vi/films/x/", "vi", "Vé bạn đã mua"),
        ("/", "en", "Tickets"),
        ("/simulated-card", "en", ""),
    ],
)
def test_a_shop_that_is_away_is_a_page_in_words_and_the_apis_go_on(
    away: Gateway, path: str, language: str, words: str
) -> None:
    answer = away.get(path, Accept="application/json")
    assert (answer.status, answer.header("Retry-After")) == (503, "5")
    assert answer.header("Content-Type") == "text/html; charset=utf-8"
    said = answer.body.decode()
    assert f'<html lang="{language}">' in said
    assert words in said
    assert answer.header("X-Correlation-ID") in said
    assert away.get("/api/movies").status == 200


def test_what_the_shop_says_itself_is_passed_on(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    own = Plan(
        404, {"Content-Type": "text/html", "Content-Security-Policy": "default-src 'self'"}, b"<h1>Not found</h1>"
    )
    upstreams["frontend"].plans["/en/nothing"] = own
    answer = gateway.get("/en/nothing")
    assert (answer.status, answer.body) == (404, own.body)
    assert answer.header("Content-Security-Policy") == "default-src 'self'"


def test_a_form_that_is_too_large_is_said_so_in_words(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    answer = gateway.request("POST", "/de/sign-in/", body=b"x" * 1_100_000)
    assert (answer.status, answer.header("Content-Type")) == (413, "text/html; charset=utf-8")
    assert "zu groß" in answer.body.decode()
    assert not upstreams["frontend"].received


def test_connections_to_a_service_are_kept_and_used_again(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    before = len(upstreams["notify"].connections)
    for _ in range(20):
        assert gateway.get("/api/notifications/history").status == 200
    # One connection for each nginx worker, and a worker for each core.
    assert len(upstreams["notify"].connections) - before < 20


def test_the_forwarded_prefix_is_what_was_stripped(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    prefixes = {
        "/api/auth/users/me": "/api/auth",
        "/api/bookings": "/api",
        "/api/booking/docs/": "/api/booking",
        "/admin/payment/": None,
    }
    for path, prefix in prefixes.items():
        service = gateway.get(path).json()["service"]
        assert upstreams[service].received[-1].headers.get("X-Forwarded-Prefix") == prefix
