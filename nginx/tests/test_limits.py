import json
import re
import resource
from functools import partial
from pathlib import Path

import pytest
from gateway import SERVICES, Answer, Gateway, Plan, Upstream, wait_until

from stack.ports import any_free_port


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.header("Content-Type")) == (status, "application/problem+json")
    problem = answer.json()
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, f"urn:marquee:problem:{code}")
    assert problem["title"]
    assert problem["detail"]
    assert problem["correlation_id"] == answer.header("X-Correlation-ID")
    assert answer.header("X-Content-Type-Options") == "nosniff"


def test_an_unknown_path_names_itself_without_its_query(gateway: Gateway) -> None:
    answer = gateway.get("/api/nothing/here?token=secret", X_Correlation_ID="from-a-customer")
    assert_problem(answer, 404, "not_found")
    assert answer.json()["instance"] == "/api/nothing/here"
    assert answer.json()["correlation_id"] == "from-a-customer"


def test_a_path_that_would_break_json_is_not_echoed(gateway: Gateway) -> None:
    head, _, body = gateway.raw(b'GET /api/no"thing\\ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n').partition(
        b"\r\n\r\n"
    )
    assert b" 404 " in head.splitlines()[0]
    assert json.loads(body)["instance"] == "/"


def test_a_body_over_a_megabyte_is_refused_before_the_service(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    assert gateway.request("POST", "/api/bookings", body=b"x" * (1024 * 1024)).status == 200
    upstreams["booking"].reset()
    assert_problem(gateway.request("POST", "/api/bookings", body=b"x" * (3 * 1024 * 1024)), 413, "payload_too_large")
    assert not upstreams["booking"].received


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/movies/1/poster"),
        ("POST", "/admin/catalog/catalog/movie/1/change/"),
        ("POST", "/admin/catalog/catalog/movie/add/"),
        ("POST", "/admin/catalog/catalog/showtime/import/"),
    ],
)
def test_a_poster_or_a_file_to_be_imported_may_be_larger(
    gateway: Gateway, upstreams: dict[str, Upstream], method: str, path: str
) -> None:
    assert gateway.request(method, path, body=b"x" * (8 * 1024 * 1024)).status == 200
    assert_problem(gateway.request(method, path, body=b"x" * (12 * 1024 * 1024)), 413, "payload_too_large")
    assert len(upstreams["catalog"].received) == 1


@pytest.mark.parametrize(
    "path", ["/api/movies/1/texts/vi", "/admin/catalog/catalog/movie/", "/admin/auth/catalog/movie/add/"]
)
def test_nothing_else_may(gateway: Gateway, path: str) -> None:
    assert_problem(gateway.request("POST", path, body=b"x" * (3 * 1024 * 1024)), 413, "payload_too_large")


def test_a_chunked_body_over_a_megabyte_is_refused_too(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    request = b"POST /api/bookings HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    head = gateway.raw(request + chunk * 17).partition(b"\r\n\r\n")[0]
    assert b" 413 " in head.splitlines()[0]
    assert b"application/problem+json" in head
    assert not upstreams["booking"].received


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/api/movies?q=" + "%25" * 2500, {}),
        ("/api/movies/" + "a" * 7900, {}),
        ("/api/movies/" + "%C3%A9" * 1250, {}),
        ("/static/catalog/" + "a" * 7900, {}),
        ("/api/showtimes/" + "a" * 7900 + "/seats", {}),
        ("/api/movies", {"Cookie": "a=" + "b" * 7900}),
        ("/api/movies?q=" + "x" * 7900, {"Host": "a" * 7900, "Cookie": "a=" + "b" * 7900}),
    ],
    ids=["query", "path", "escaped path", "static", "seats", "cookie", "everything"],
)
def test_what_is_as_long_as_it_may_be_reaches_its_service(
    gateway: Gateway, target: str, headers: dict[str, str]
) -> None:
    assert gateway.request("GET", target, headers=headers).status == 200


def test_a_very_long_address_or_header_is_refused(gateway: Gateway) -> None:
    assert_problem(gateway.get("/api/movies?q=" + "x" * 10_000), 414, "uri_too_long")
    assert_problem(gateway.get("/api/movies", X_Long="x" * 10_000), 431, "headers_too_large")


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /api/movies/%00 HTTP/1.1",
        b"GET /%zz HTTP/1.1",
        b"GET /../../etc/passwd HTTP/1.1",
        b"G\x01T / HTTP/1.1",
    ],
)
def test_a_request_that_is_not_http_is_a_problem(gateway: Gateway, request_line: bytes) -> None:
    answer = gateway.raw(request_line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 400 " in head.splitlines()[0]
    assert json.loads(body)["code"] == "bad_request"
    assert head.lower().count(b"x-correlation-id:") == 1


def test_trace_is_not_a_method_here(gateway: Gateway) -> None:
    assert_problem(gateway.request("TRACE", "/api/movies"), 405, "method_not_allowed")


def test_a_dead_service_is_503_with_retry_after(
    gateway: Gateway, upstreams: dict[str, Upstream], tmp_path: Path
) -> None:
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    with Gateway(tmp_path, {**addresses, "payment": f"127.0.0.1:{any_free_port()}"}) as gateway:
        for method in ("GET", "POST"):
            answer = gateway.request(method, "/api/payments", headers={"Origin": "https://x.example"})
            assert_problem(answer, 503, "service_unavailable")
            assert answer.header("Retry-After") == "5"
        assert gateway.get("/api/bookings").status == 200


def test_a_slow_service_is_504(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    upstreams["payment"].plans["/payments"] = Plan(hang=True)
    answer = gateway.request("POST", "/api/payments", body=b"{}")
    assert_problem(answer, 504, "gateway_timeout")
    assert answer.header("Retry-After") == "5"
    assert len(upstreams["payment"].received) == 1


def test_a_write_that_was_sent_is_never_sent_again(upstreams: dict[str, Upstream], tmp_path: Path) -> None:
    pair = (upstreams["payment"], twin := Upstream("payment"))
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    addresses["payment"] = f"{pair[0].address}; server {pair[1].address}"
    try:
        with Gateway(tmp_path, addresses) as gateway:
            for upstream in pair:
                upstream.plans["/payments"] = Plan(close_without_answer=True)
            for sent, method in enumerate(("POST", "PATCH"), start=1):
                assert_problem(gateway.request(method, "/api/payments", body=b"{}"), 503, "service_unavailable")
                assert sum(len(upstream.received) for upstream in pair) == sent
    finally:
        twin.stop()


def test_a_replica_that_is_away_costs_no_request(upstreams: dict[str, Upstream], tmp_path: Path) -> None:
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    addresses["payment"] = f"127.0.0.1:{any_free_port()}; server {addresses['payment']}"
    with Gateway(tmp_path, addresses) as gateway:
        statuses = {gateway.request(method, "/api/payments").status for method in ("GET", "POST") for _ in range(10)}
    assert statuses == {200}


@pytest.mark.parametrize("status", [400, 401, 402, 404, 409, 413, 422, 429, 500, 502, 503, 504])
def test_a_services_own_error_passes_untouched(gateway: Gateway, upstreams: dict[str, Upstream], status: int) -> None:
    body = json.dumps({"code": "of_the_service", "status": status}).encode()
    upstreams["booking"].plans["/bookings"] = Plan(
        status, {"Content-Type": "application/problem+json", "Retry-After": "17"}, body
    )
    answer = gateway.get("/api/bookings")
    assert (answer.status, answer.body, answer.header("Retry-After")) == (status, body, "17")
    assert answer.header("Content-Type") == "application/problem+json"


def test_a_minutes_allowance_may_be_spent_at_once_and_then_429(upstreams: dict[str, Upstream], tmp_path: Path) -> None:
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    with Gateway(tmp_path, addresses, GATEWAY_RATE_PER_MINUTE="6", CORS_ALLOWED_ORIGINS="http://a.example") as gateway:
        answers = [gateway.get(path, Origin="http://a.example") for path in ("/api/bookings", "/api/payments") * 4]

        assert [answer.status for answer in answers] == [200] * 6 + [429] * 2
        assert_problem(answers[-1], 429, "too_many_requests")
        assert answers[-1].header("Retry-After") == "10"
        assert answers[-1].header("Access-Control-Allow-Origin") == "http://a.example"

        preflight = {"Origin": "http://a.example", "Access-Control-Request-Method": "POST"}
        assert gateway.request("OPTIONS", "/api/bookings", headers=preflight).status == 204
        for path in ("/health", "/api/auth/health", "/static/auth/x.css", "/api/payments/webhooks/simulated"):
            assert {gateway.get(path).status for _ in range(10)} == {200}


def test_services_are_told_what_to_count(upstreams: dict[str, Upstream], tmp_path: Path) -> None:
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    told = {"X-Rate-Per-Address": "60", "X-Rate-Per-User": "30"}
    with Gateway(tmp_path, addresses, GATEWAY_RATE_PER_MINUTE="60", GATEWAY_RATE_PER_USER="30") as gateway:
        for path in ("/api/bookings", "/api/movies", "/admin/auth/", "/api/booking/docs/"):
            service = gateway.get(path, X_Rate_Per_Address="1").json()["service"]
            headers = upstreams[service].received[-1].headers
            assert {name: headers.get(name) for name in told} == told
        for path in ("/api/auth/health", "/static/auth/told.css", "/api/payments/webhooks/simulated"):
            service = gateway.get(path, X_Rate_Per_Address="1").json()["service"]
            assert not told.keys() & upstreams[service].received[-1].headers.keys()


def test_without_a_limit_services_count_nothing(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    gateway.get("/api/bookings", X_Rate_Per_User="1")
    assert not {"X-Rate-Per-Address", "X-Rate-Per-User"} & upstreams["booking"].received[-1].headers.keys()


def test_how_a_client_stands_is_told_once_and_to_nobody_else(upstreams: dict[str, Upstream], tmp_path: Path) -> None:
    standing = {"RateLimit": '"address";r=7;t=9', "RateLimit-Policy": '"address";q=2;w=60'}
    for name, path in (("booking", "/bookings"), ("catalog", "/movies/stands")):
        upstreams[name].plans[path] = Plan(headers=standing)
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    with Gateway(tmp_path, addresses, GATEWAY_RATE_PER_MINUTE="4") as gateway:
        own = gateway.get("/api/bookings")
        assert {name: own.header(name) for name in standing} == standing
        kept = [gateway.get("/api/movies/stands") for _ in range(3)]
        assert "HIT" in [answer.header("X-Cache") for answer in kept]
        for answer in kept:
            asked_itself = answer.header("X-Cache") in ("MISS", "EXPIRED")
            assert answer.header("RateLimit") == (standing["RateLimit"] if asked_itself else None)
        refused = gateway.get("/api/bookings")
        assert refused.status == 429
        assert refused.header("RateLimit-Policy") == '"address";q=4;w=60'
        assert refused.header("RateLimit") == '"address";r=0;t=15'


def test_each_client_behind_a_trusted_balancer_has_its_own_allowance(
    upstreams: dict[str, Upstream], tmp_path: Path
) -> None:
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    limits = {"GATEWAY_RATE_PER_MINUTE": "2", "GATEWAY_TRUSTED_PROXIES": "127.0.0.1"}
    with Gateway(tmp_path, addresses, **limits) as gateway:
        for client in ("198.51.100.1", "198.51.100.2"):
            statuses = [gateway.get("/api/bookings", X_Forwarded_For=client).status for _ in range(3)]
            assert statuses == [200, 200, 429]


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="only Linux tells what limits a process has")
def test_a_worker_may_have_the_files_of_all_its_connections_open(
    upstreams: dict[str, Upstream], tmp_path: Path
) -> None:
    """A shell's 1024 would end at half of them: a request takes the customer's, the service's and one of the cache."""
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        with Gateway(tmp_path, addresses) as gateway:
            (connections,) = re.findall(r"worker_connections (\d+);", (tmp_path / "nginx.conf").read_text())
            # The master listens before it has any.
            wait_until(gateway.workers, what="there are workers")
            for worker in gateway.workers():  # each says so itself, once it is there
                wait_until(partial(has_files, worker, 2 * int(connections)), what="the worker may open as many files")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "[alert]" not in gateway.error_log.read_text()


def has_files(process: int, wanted: int) -> bool:
    return open_files_limit(process) >= wanted


def open_files_limit(process: int) -> int:
    (soft,) = re.findall(r"^Max open files\s+(\d+)", Path(f"/proc/{process}/limits").read_text(), re.MULTILINE)
    return int(soft)


@pytest.mark.parametrize("page", ["/reset", "/verify"])
def test_no_log_has_the_secret_of_a_mailed_link_even_where_its_page_is_away(tmp_path: Path, page: str) -> None:
    with Gateway(tmp_path, dict.fromkeys(SERVICES, f"127.0.0.1:{any_free_port()}")) as gateway:
        assert gateway.get(f"{page}?token=a-secret", X_Correlation_ID="look-for-this-one").status == 503
        wait_until(lambda: "look-for-this-one" in gateway.access_log.read_text(), what="the line is in the log")
        assert "a-secret" not in gateway.access_log.read_text() + gateway.error_log.read_text()


def test_the_access_log_is_json_with_the_correlation_id_and_no_query(gateway: Gateway) -> None:
    gateway.get("/api/movies?token=a-secret", X_Correlation_ID="look-for-this-one", User_Agent='quo"te')
    wait_until(lambda: "look-for-this-one" in gateway.access_log.read_text(), what="the line is in the log")

    text = gateway.access_log.read_text()
    assert "a-secret" not in text + gateway.error_log.read_text()
    (line,) = [json.loads(line) for line in text.splitlines() if "look-for-this-one" in line]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/movies", 200)
    assert line["user_agent"] == 'quo"te'


def test_the_error_log_holds_no_query(upstreams: dict[str, Upstream], tmp_path: Path) -> None:
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    limits = {"GATEWAY_RATE_PER_MINUTE": "2"}
    with Gateway(tmp_path, {**addresses, "payment": f"127.0.0.1:{any_free_port()}"}, **limits) as gateway:
        statuses = [gateway.get("/api/payments?token=a-secret").status for _ in range(3)]
        assert statuses == [503, 503, 429]
        wait_until(lambda: '"status":429' in gateway.access_log.read_text(), what="the line is in the log")
    assert "a-secret" not in gateway.access_log.read_text() + gateway.error_log.read_text()
