"""TLS everywhere, on servers that really run: nothing answers plainly, and a renewal fails nobody."""

import http.client
import shutil
import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from stack import certificates, lifecycle, probes, rotation, up, variables
from stack.errors import StackError
from stack.instance import Instance
from stack.lifecycle import Stack
from stack.ports import HOST
from stack.services import service_named

# One of each kind: its database, Redis, RabbitMQ, a web process, the shop, and the gateway in front of them.
SERVERS = ("postgres-auth", "redis", "rabbitmq")
BEHIND = ("auth-web", "frontend-web", "gateway")
SHOWING = (*SERVERS, "auth", "gateway")
READY = "/api/auth/health/ready"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    instance = Instance.named("test-tls")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifecycle, "SERVICES", (service_named("auth"),))
        patch.setenv("GATEWAY_RATE_PER_MINUTE", "0")
        patch.setenv("WEB_WORKERS", "1")
        lifecycle.stop(instance, say=lambda _: None)
        made = lifecycle.configure(instance, fixed_ports={}, tls=True)
        try:
            lifecycle.provision(made)
            lifecycle.start_supervisor(made)
            for names in (("epmd",), SERVERS, BEHIND):
                if names is BEHIND:  # ready is who has tables
                    with up._migrate(made, service_named("auth"), with_demo=False) as preparing:
                        preparing.kill()
                programs = [program for program in made.programs if program.name in names]
                lifecycle.start(made, programs)
                lifecycle.wait_ready(made, programs)
            yield made
        finally:
            lifecycle.stop(instance, say=lambda _: None)
            lifecycle.erase(instance)
            shutil.rmtree(instance.state)


def asked(stack: Stack, trusted: ssl.SSLContext | None = None) -> int:
    """The status of a request through the gateway, which needs all five of them."""
    context = trusted or certificates.trusting(stack.instance)
    connection = http.client.HTTPSConnection(HOST, stack.ports["gateway-tls"], timeout=30, context=context)
    try:
        connection.request("GET", READY)
        return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def asking(stack: Stack) -> Iterator[list[int | str]]:
    """Somebody asks all the time, on a new connection each time; what they were answered, or what went wrong."""
    answers: list[int | str] = []
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.02):
            try:
                answers.append(asked(stack))
            except (OSError, http.client.HTTPException) as error:
                answers.append(repr(error))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        done.set()
        thread.join()


def test_every_server_shows_a_certificate_of_its_own_and_keys_are_their_owners(stack: Stack) -> None:
    assert all(rotation.is_shown(stack, name) for name in SHOWING)
    keys = [stack.instance.tls / "authority.key", *(stack.instance.key(name) for name in certificates.SERVERS)]
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert len({key.read_bytes() for key in keys}) == len(keys)
    assert asked(stack) == 200


def test_nobody_answers_who_asks_plainly(stack: Stack) -> None:
    ports = stack.ports
    assert not probes.redis(ports["redis"], stack.secrets["REDIS_PASSWORD"])()
    assert not probes.amqp(ports["rabbitmq"])()
    # PostgreSQL answers, and lets nobody in.
    assert not probes.postgres(ports["postgres-auth"])()
    assert not probes.healthy(f"http://{HOST}:{ports['auth']}/health/live")()
    assert not probes.healthy(f"http://{HOST}:{ports['rabbitmq-management']}/")()
    connection = http.client.HTTPConnection(HOST, ports["gateway"], timeout=10)
    connection.request("GET", READY)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Location")) == (308, f"https://{HOST}:{ports['gateway-tls']}{READY}")
    connection.close()


def test_the_shop_says_https_wherever_it_says_an_address_and_its_cookies_go_no_other_way(stack: Stack) -> None:
    origin = variables.gateway_url(stack.instance, stack.ports)
    connection = http.client.HTTPSConnection(
        HOST, stack.ports["gateway-tls"], timeout=30, context=certificates.trusting(stack.instance)
    )

    def page(path: str) -> tuple[http.client.HTTPResponse, str]:
        connection.request("GET", path, headers={"Accept": "text/html"})
        answer = connection.getresponse()
        return answer, answer.read().decode()

    with closing(connection):
        terms, text = page("/en/terms/")
        assert (terms.status, terms.headers["Strict-Transport-Security"]) == (200, "max-age=31536000")
        assert f'<link rel="canonical" href="{origin}/en/terms/">' in text
        assert f'hreflang="vi" href="{origin}/vi/terms/">' in text
        assert "http://" not in text
        assert f"Sitemap: {origin}/sitemap.xml" in page("/robots.txt")[1]
        cookies = page("/en/sign-in/")[0].headers.get_all("Set-Cookie") or []
        assert cookies
        assert all("; Secure" in cookie for cookie in cookies)


def test_somebody_who_trusts_another_authority_trusts_none_of_them(stack: Stack, tmp_path: object) -> None:
    stranger = Instance.at(f"{tmp_path}/stranger")
    stranger.make_folders()
    certificates.switch(stranger, on=True)
    for name in SHOWING:
        request = probes.SSL_REQUEST if name.startswith("postgres-") else b""
        port = stack.ports["gateway-tls" if name == "gateway" else name]
        with pytest.raises(ssl.SSLCertVerificationError):
            probes.connect(port, trusted=stranger.trusted, asked=request)
    shutil.rmtree(stranger.data)


def test_a_renewal_restarts_nobody_and_fails_nobody(stack: Stack) -> None:
    pids = {name: process.pid for name, process in stack.supervisor.processes().items()}
    before = ssl.create_default_context(cafile=str(stack.instance.trusted))
    with asking(stack) as answers:
        rotation.renew(stack, authority=True, say=lambda _: None)
        both = stack.instance.trusted.read_text()
        with pytest.raises(ssl.SSLCertVerificationError):
            asked(stack, before)
        rotation.renew(stack, authority=False, say=lambda _: None)
        assert asked(stack) == 200
    assert len(answers) > 2
    assert set(answers) == {200}
    assert {name: process.pid for name, process in stack.supervisor.processes().items()} == pids
    # The old authority was trusted for as long as that took, and is no more.
    assert both.count("BEGIN CERTIFICATE") == 2
    assert stack.instance.trusted.read_text().count("BEGIN CERTIFICATE") == 1


def test_the_gateway_asks_nobody_whose_certificate_is_of_another_service(stack: Stack) -> None:
    shutil.copy(stack.instance.certificate("booking"), stack.instance.certificate("auth"))
    shutil.copy(stack.instance.key("booking"), stack.instance.key("auth"))
    # On connections of before it was the right one.
    rotation._reload_gateway(stack)
    assert asked(stack) == 503
    certificates.issue(stack.instance, ["auth"])
    assert asked(stack) == 200


def test_an_authority_that_comes_later_is_trusted_without_reading_again(tmp_path: Path) -> None:
    """As Tornado's context of Flower, which is made once: what is in the folder is looked for when it is met."""
    instance = Instance.at(tmp_path / "later")
    instance.make_folders()
    certificates.switch(instance, on=True)
    kept = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    kept.load_verify_locations(cafile=str(instance.trusted), capath=str(instance.trusted_folder))
    stranger = ssl.create_default_context(cafile=str(instance.trusted))
    certificates.renew_authority(instance)
    certificates.issue(instance, ["flower"])
    assert len(list(instance.trusted_folder.iterdir())) == 2
    assert shakes_hands(kept, instance)
    assert not shakes_hands(stranger, instance)
    certificates.forget_former(instance)
    assert len(list(instance.trusted_folder.iterdir())) == 1


def shakes_hands(client: ssl.SSLContext, instance: Instance) -> bool:
    """Whether it believes what the instance's Flower shows."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(instance.certificate("flower"), instance.key("flower"))
    buffers = [ssl.MemoryBIO() for _ in range(2)]
    ours = client.wrap_bio(buffers[0], buffers[1], server_hostname="localhost")
    theirs = server.wrap_bio(buffers[1], buffers[0], server_side=True)
    for side in (ours, theirs, ours):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError:
            return False
    return True


def test_renewing_what_speaks_no_tls_says_so(tmp_path: object) -> None:
    instance = Instance.at(f"{tmp_path}/plain")
    with pytest.raises(StackError, match="TLS=1"):
        rotation.renew(Stack(instance, {}, {}), authority=False, say=lambda _: None)


def test_off_is_how_it_was_before_there_was_tls(tmp_path: object, stack: Stack) -> None:
    instance = Instance.at(f"{tmp_path}/plain")
    instance.state.mkdir()
    own = variables.of_service(instance, service_named("auth"), ports=stack.ports, secrets=stack.secrets)
    assert not [name for name in own if "TLS" in name or "SSL" in name]
    assert not [value for value in own.values() if "https:" in value or "amqps:" in value or "rediss:" in value]
    secured = variables.of_service(stack.instance, service_named("booking"), ports=stack.ports, secrets=stack.secrets)
    schemes = {name: value.partition("://")[0] for name, value in secured.items() if name.endswith("_URL")}
    https = dict.fromkeys(("RABBITMQ_MANAGEMENT_URL", "AUTH_URL", "CATALOG_URL", "PUBLIC_URL"), "https")
    assert schemes == {"DATABASE_URL": "postgres", "REDIS_URL": "rediss", "RABBITMQ_URL": "amqps", **https}
    assert "sslmode=verify-full" in secured["DATABASE_URL"]
