"""Services that are asked over TLS are verified by name, and in a container a renewed certificate is read by itself."""

import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gateway import SERVICES, Gateway, Upstream, wait_until
from render import DEFAULTS

from stack.ports import any_free_port

RENEWED = DEFAULTS.parent / "40-renewed-certificates.sh"
Sign = Callable[..., Path]


def openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


@pytest.fixture
def sign(tmp_path: Path) -> Sign:
    """sign("auth", by="ca") → a file with a key and a certificate of that name; `ca` is made with the first."""

    def authority(name: str) -> None:
        made = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / f"{name}.key")
        openssl("req", "-x509", *made, "-days", 2, "-subj", f"/CN={name}", "-out", tmp_path / f"{name}.crt")

    def make(name: str, *, by: str = "ca") -> Path:
        if not (tmp_path / f"{by}.crt").exists():
            authority(by)
        key, request, names = (tmp_path / f"{name}.{end}" for end in ("key", "request", "names"))
        names.write_text(f"subjectAltName=DNS:{name}")
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        openssl("req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", request)
        signed_by = ("-CA", tmp_path / f"{by}.crt", "-CAkey", tmp_path / f"{by}.key", "-CAcreateserial")
        certificate = tmp_path / f"{name}.crt"
        openssl("x509", "-req", "-in", request, *signed_by, "-days", 2, "-extfile", names, "-out", certificate)
        both = tmp_path / f"{name}.pem"
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        return both

    return make


@pytest.fixture
def secured() -> Iterator[Upstream]:
    upstream = Upstream("auth")
    yield upstream
    upstream.stop()


def show(upstream: Upstream, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    upstream.server.socket = context.wrap_socket(upstream.server.socket, server_side=True)


# Live seats show the certificate of booking, whose process they are.
LIVE = "/api/showtimes/1/seats/live"


@pytest.mark.parametrize(
    ("path", "name", "by", "status"),
    [
        ("/api/auth/token", "auth", "ca", 200),
        ("/api/auth/token", "booking", "ca", 503),
        ("/api/auth/token", "auth", "stranger", 503),
        (LIVE, "booking", "ca", 200),
        (LIVE, "auth", "ca", 503),
    ],
)
def test_a_service_is_asked_only_with_a_certificate_of_its_own_name(
    secured: Upstream, sign: Sign, tmp_path: Path, path: str, name: str, by: str, status: int
) -> None:
    trusted = sign("whoever").with_name("ca.crt")
    show(secured, sign(name, by=by))
    addresses = dict.fromkeys(SERVICES, secured.address)
    with Gateway(tmp_path, addresses, GATEWAY_UPSTREAM_CA=str(trusted)) as gateway:
        assert gateway.get(path).status == status
    assert len(secured.received) == (status == 200)


def test_a_renewed_certificate_is_shown_by_itself(secured: Upstream, sign: Sign, tmp_path: Path) -> None:
    port = any_free_port()
    tls = {
        "GATEWAY_TLS_CERTIFICATE": str(sign("localhost")),
        "GATEWAY_TLS_CERTIFICATE_KEY": str(tmp_path / "localhost.key"),
        "GATEWAY_TLS_PORT": str(port),
    }

    def shown() -> bytes | None:
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
        with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
            return context.wrap_socket(plain, server_hostname="localhost").getpeercert(binary_form=True)

    with Gateway(tmp_path, dict.fromkeys(SERVICES, secured.address), **tls) as gateway:
        watch = subprocess.Popen(
            ["sh", RENEWED],
            env={**os.environ, **tls, "GATEWAY_MASTER": str(gateway.process.pid), "GATEWAY_CERTIFICATE_SECONDS": "0.1"},
            start_new_session=True,
        )
        try:
            assert watch.wait(10) == 0
            before = shown()
            sign("localhost")
            wait_until(lambda: shown() != before, what="the renewed certificate is shown")
            assert gateway.get("/health").status == 200
        finally:
            os.killpg(watch.pid, signal.SIGKILL)


def test_without_certificates_nothing_is_watched() -> None:
    done = subprocess.run(
        ["sh", RENEWED], env={"PATH": os.environ["PATH"]}, capture_output=True, timeout=10, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
