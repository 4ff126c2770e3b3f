import re
import ssl
import subprocess
import urllib.request
from pathlib import Path

import pytest
from gateway import Gateway, Plan, Upstream

from stack.ports import any_free_port


def test_a_sane_correlation_id_is_kept_and_returned_once(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    upstreams["booking"].plans["/bookings"] = Plan(headers={"X-Correlation-ID": "of-the-service"})

    answer = gateway.get("/api/bookings", X_Correlation_ID="order-0198.c0de:1_x")

    assert answer.all("X-Correlation-ID") == ["order-0198.c0de:1_x"]
    assert upstreams["booking"].received[0].headers["X-Correlation-ID"] == "order-0198.c0de:1_x"


@pytest.mark.parametrize("given", [None, "short", 'quote"in-it-here', "white space inside", "x" * 129])
def test_without_a_sane_correlation_id_one_is_made(
    gateway: Gateway, upstreams: dict[str, Upstream], given: str | None
) -> None:
    answer = gateway.request("GET", "/api/bookings", headers={"X-Correlation-ID": given} if given else {})

    made = answer.header("X-Correlation-ID")
    assert made is not None
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert upstreams["booking"].received[0].headers["X-Correlation-ID"] == made


def test_a_trace_passes_through(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    gateway.request("GET", "/api/bookings", headers={"traceparent": trace, "tracestate": "a=b"})
    seen = upstreams["booking"].received[0].headers
    assert (seen["traceparent"], seen["tracestate"]) == (trace, "a=b")


def test_a_client_cannot_pass_for_another(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    spoofed = {
        "X-Forwarded-For": "10.9.8.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-Port": "1",
        "X-Forwarded-User": "root",
        "X-Real-IP": "10.9.8.7",
        "Forwarded": "for=10.9.8.7",
        "X-Original-URL": "/metrics",
        "X-Rewrite-URL": "/metrics",
        "X-HTTP-Method-Override": "DELETE",
    }
    gateway.request("GET", "/api/bookings", headers=spoofed)

    seen = upstreams["booking"].received[0].headers
    assert {name: seen[name] for name in spoofed if name in seen} == {
        "X-Forwarded-For": "127.0.0.1",
        "X-Real-IP": "127.0.0.1",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": f"127.0.0.1:{gateway.port}",
        "X-Forwarded-Prefix": "/api",
    }
    assert seen["Host"] == f"127.0.0.1:{gateway.port}"


def test_a_trusted_balancer_names_the_client_and_its_scheme(upstreams: dict[str, Upstream], tmp_path: Path) -> None:
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    with Gateway(tmp_path, addresses, GATEWAY_TRUSTED_PROXIES="10.0.0.0/8 127.0.0.1/32") as gateway:
        answer = gateway.get("/api/bookings", X_Forwarded_For="1.2.3.4, 198.51.100.7", X_Forwarded_Proto="https")

    seen = upstreams["booking"].received[0].headers
    assert (seen["X-Forwarded-For"], seen["X-Forwarded-Proto"]) == ("198.51.100.7", "https")
    assert answer.header("Strict-Transport-Security")


@pytest.mark.parametrize("path", ["/", "/api/movies", "/api/bookings", "/nothing", "/api/auth/docs/", "/admin/auth/"])
def test_security_headers_are_on_every_answer_once(gateway: Gateway, upstreams: dict[str, Upstream], path: str) -> None:
    doubled = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "origin",
    }
    upstreams["booking"].plans["/bookings"] = Plan(headers=doubled)
    answer = gateway.get(path)

    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert answer.header("X-Frame-Options") == "DENY"
    assert answer.header("Referrer-Policy") == "same-origin"
    assert answer.header("Strict-Transport-Security") is None
    assert "frame-ancestors 'none'" in (answer.header("Content-Security-Policy") or "")
    assert answer.header("Server") == "nginx"


def test_a_page_may_bring_its_own_content_policy(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    upstreams["auth"].plans["/admin/auth/"] = Plan(headers={"Content-Security-Policy": "default-src 'self'"})
    assert gateway.get("/admin/auth/").header("Content-Security-Policy") == "default-src 'self'"


@pytest.mark.parametrize("path", ["/api/bookings", "/api/movies", "/nothing"])
def test_an_allowed_origin_may_read_answers_and_errors(gateway: Gateway, path: str) -> None:
    answer = gateway.get(path, Origin="https://shop.example")
    assert answer.header("Access-Control-Allow-Origin") == "https://shop.example"
    exposed = set((answer.header("Access-Control-Expose-Headers") or "").split(", "))
    assert {"ETag", "X-Correlation-ID", "Retry-After", "Idempotency-Replayed"} <= exposed
    assert "Origin" in answer.all("Vary")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://shop.example.evil.example",
        "http://shop.example",
        "https://shop",
        "null",
        "x |https://shop.example",
        "https://shop.example http://localhost:3000",
    ],
)
def test_another_origin_gets_no_cors_headers(gateway: Gateway, upstreams: dict[str, Upstream], origin: str) -> None:
    upstreams["booking"].plans["/bookings"] = Plan(headers={"Access-Control-Allow-Origin": "*"})
    answer = gateway.get("/api/bookings", Origin=origin)
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


def test_a_preflight_is_answered_at_the_edge(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    headers = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "DELETE"}
    answer = gateway.request("OPTIONS", "/api/bookings/1", headers=headers)

    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("Access-Control-Allow-Origin") == "http://localhost:3000"
    assert "DELETE" in (answer.header("Access-Control-Allow-Methods") or "")
    assert "Idempotency-Key" in (answer.header("Access-Control-Allow-Headers") or "")
    assert answer.header("Access-Control-Max-Age") == "7200"
    assert answer.header("X-Correlation-ID")
    assert not upstreams["booking"].received

    refused = gateway.request("OPTIONS", "/api/bookings/1", headers={**headers, "Origin": "https://evil.example"})
    assert not [name for name, _ in refused.headers if name.lower().startswith("access-control")]


def test_a_star_allows_any_origin_and_an_empty_list_none(upstreams: dict[str, Upstream], tmp_path: Path) -> None:
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    for origins, expected in (("*", "https://any.example"), ("", None)):
        with Gateway(tmp_path, addresses, CORS_ALLOWED_ORIGINS=origins) as gateway:
            answer = gateway.get("/api/bookings", Origin="https://any.example")
            assert answer.header("Access-Control-Allow-Origin") == expected
            assert gateway.get("/api/bookings").header("Access-Control-Allow-Origin") is None


def test_large_json_is_compressed_for_clients_that_ask(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    upstreams["booking"].plans["/bookings"] = Plan(body=b'{"x": "' + b"a" * 5000 + b'"}', headers={"ETag": '"1"'})
    packed = gateway.get("/api/bookings", Accept_Encoding="gzip")
    assert packed.header("Content-Encoding") == "gzip"
    assert len(packed.body) < 500
    assert gateway.get("/api/bookings").header("Content-Encoding") is None


def test_tls_is_served_when_a_certificate_is_named(upstreams: dict[str, Upstream], tmp_path: Path) -> None:
    certificate, key, tls_port = tmp_path / "tls.crt", tmp_path / "tls.key", any_free_port()
    request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    subprocess.run(
        [
            "openssl",
            *request.split(),
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            key,
            "-out",
            certificate,
        ],
        check=True,
        capture_output=True,
    )
    tls = {
        "GATEWAY_TLS_CERTIFICATE": str(certificate),
        "GATEWAY_TLS_CERTIFICATE_KEY": str(key),
        "GATEWAY_TLS_PORT": str(tls_port),
    }
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    with Gateway(tmp_path, addresses, **tls) as gateway:
        trusting = ssl.create_default_context(cafile=str(certificate))
        with urllib.request.urlopen(f"https://localhost:{tls_port}/api/bookings", context=trusting) as answer:
            assert answer.headers["Strict-Transport-Security"]
        for target in ("/api/bookings?page_size=1", "/", "/admin/auth/", "/api/auth/health"):
            sent_on = gateway.get(target)
            assert (sent_on.status, sent_on.header("Location")) == (308, f"https://127.0.0.1:{tls_port}{target}")
        assert gateway.get("/health").status == 200
    assert upstreams["booking"].received[0].headers["X-Forwarded-Proto"] == "https"
    for published, suffix in (("443", ""), ("9443", ":9443")):
        with Gateway(tmp_path, addresses, **tls, GATEWAY_TLS_PUBLIC_PORT=published) as gateway:
            assert gateway.get("/api/bookings").header("Location") == f"https://127.0.0.1{suffix}/api/bookings"


def test_behind_a_balancer_with_tls_who_came_to_it_plainly_is_sent_on(
    upstreams: dict[str, Upstream], tmp_path: Path
) -> None:
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    behind = {"GATEWAY_HTTPS": "balancer", "GATEWAY_TRUSTED_PROXIES": "127.0.0.1"}
    with Gateway(tmp_path, addresses, **behind) as gateway:
        plain = gateway.get("/api/bookings", Host="tickets.example", X_Forwarded_Proto="http")
        assert (plain.status, plain.header("Location")) == (308, "https://tickets.example/api/bookings")
        secure = gateway.get("/api/bookings", Host="tickets.example", X_Forwarded_Proto="https")
        assert (secure.status, secure.header("Strict-Transport-Security")) == (200, "max-age=31536000")
        assert gateway.get("/api/bookings").status == 200  # from inside, past the balancer


def test_a_client_cannot_say_that_it_came_by_https(upstreams: dict[str, Upstream], tmp_path: Path) -> None:
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    with Gateway(tmp_path, addresses, GATEWAY_HTTPS="balancer") as gateway:
        answer = gateway.get("/api/bookings", X_Forwarded_Proto="https")
        assert answer.header("Strict-Transport-Security") is None
