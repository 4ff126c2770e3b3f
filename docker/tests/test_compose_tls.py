"""docker-compose.tls.yml on docker-compose.yml: nothing of ours speaks plainly, and each has its own key alone."""

import re
import ssl
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from make_env import make_certificates

from stack import certificates
from stack.instance import Instance
from stack.services import NAMES

Services = dict[str, dict[str, Any]]
FOLDER = "./.stack/compose/data/tls/"
# They speak to no server of ours over a network, or are asked by those alone who bring a password of their own kind.
PLAIN = ("http://message-sink:8025", "smtp://message-sink:1025", "http://gateway-simulator:8900", "http://localhost")
ADDRESS = re.compile(r"(?:postgres|redis|rediss|amqps?|https?|smtp)://")


def mounted(service: dict[str, Any]) -> list[str]:
    """Whose certificates it has."""
    found = [mount.removeprefix(FOLDER).partition(":")[0] for mount in service.get("volumes", []) if FOLDER in mount]
    return [name for name in found if name]


def test_nobody_is_asked_plainly(secured: Services) -> None:
    looked_at = 0
    for name, service in secured.items():
        for variable, value in (service.get("environment") or {}).items():
            if not ADDRESS.match(str(value)) or value.startswith(PLAIN):
                continue
            if value.startswith("postgres://"):
                assert value.endswith("?sslmode=verify-full&sslrootcert=/tls/ca.crt"), (name, variable)
            else:
                assert value.startswith(("amqps://", "rediss://", "https://")), (name, variable)
            looked_at += 1
        if "DATA_SOURCE_URI" in service.get("environment", {}):
            assert "sslmode=verify-full" in service["environment"]["DATA_SOURCE_URI"]
    assert looked_at > 100


def test_each_server_has_its_own_key_and_whoever_asks_has_none(secured: Services) -> None:
    servers: dict[str, str] = {name: name for name in (*certificates.SERVERS,)}
    servers |= {f"{name}-{kind}": name for name in NAMES for kind in ("worker", "relay", "migrate")}
    servers |= {"auth-demo": "auth", "catalog-demo": "catalog", "booking-live": "booking"}
    for name, service in secured.items():
        allowed = {servers.get(name, certificates.CLIENTS), certificates.CLIENTS}
        assert set(mounted(service)) <= allowed, name
        told = str(service.get("environment")) + str(service.get("entrypoint"))
        if "/tls/" in told or "ssl" in told:
            assert mounted(service), name
    assert all(mounted(secured[name]) for name in certificates.SERVERS)


def test_the_gateway_is_published_where_browsers_look(secured: Services) -> None:
    gateway = secured["gateway"]
    assert gateway["ports"] == ["80:8080", "443:8443"]
    assert gateway["environment"]["GATEWAY_TLS_CERTIFICATE"] == "/etc/marquee/tls/tls.crt"
    assert gateway["environment"]["GATEWAY_UPSTREAM_CA"] == "/tls/ca.crt"
    assert f"{FOLDER}gateway:/etc/marquee/tls:ro" in gateway["volumes"]


def test_every_service_that_it_names_is_one_of_docker_compose_yml(services: Services, over_tls: Services) -> None:
    assert over_tls.keys() <= services.keys()
    files = {mount.partition(":")[0] for service in over_tls.values() for mount in service.get("volumes", [])}
    assert {file for file in files if not file.startswith(FOLDER)} == {"./docker/tls", "./docker/tls/rabbitmq.conf"}
    assert all((ROOT / file).exists() for file in files if not file.startswith(FOLDER))


def test_postgresql_lets_nobody_in_from_elsewhere_without_tls() -> None:
    rules = [line.split() for line in (ROOT / "docker" / "tls" / "pg_hba.conf").read_text().splitlines()]
    rules = [rule for rule in rules if rule and rule[0] != "#"]
    assert [rule[0] for rule in rules if rule[3] not in ("trust", "127.0.0.1/32")] == ["hostssl"]
    assert [rule[0] for rule in rules if rule[-1] == "trust"] == ["local"]


def test_prometheus_asks_the_services_over_tls_and_nobody_else(tmp_path: Path) -> None:
    script = (ROOT / "docker" / "tls" / "prometheus.sh").read_text()
    config = ROOT / "monitoring" / "prometheus.yml"
    script = script.replace("/etc/prometheus/prometheus.yml", str(config)).replace(
        "/prometheus/tls.yml", f"{tmp_path}/made"
    )
    subprocess.run(["sh", "-c", script.partition("exec ")[0]], check=True)
    made = (tmp_path / "made").read_text()
    assert made.count("scheme: https") == 1
    assert "- job_name: service\n    scheme: https\n    tls_config: {ca_file: /tls/ca.crt}\n" in made


def test_certificates_are_of_one_authority_and_last_from_one_run_to_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    instance = Instance.at(tmp_path / "compose")
    make_certificates("https://tickets.example:8443", instance)
    assert str(len(certificates.SERVERS)) in capsys.readouterr().out
    words = ["openssl", "verify", "-CAfile", str(instance.trusted), "-verify_hostname"]
    for server in certificates.SERVERS:
        own = instance.certificate(server)
        names = [server, "localhost", *(["tickets.example"] if server == "gateway" else [])]
        for name in names:
            done = subprocess.run([*words, name, str(own)], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        other = subprocess.run([*words, "another.example", str(own)], capture_output=True, check=False)
        assert other.returncode != 0
        assert (own.parent / "ca.crt").read_text() == instance.trusted.read_text()
    shown = instance.certificate("gateway").read_text()
    make_certificates("https://tickets.example:8443", instance)
    assert instance.certificate("gateway").read_text() == shown


def test_keys_can_be_read_by_accounts_that_only_containers_have_behind_a_door_that_nobody_else_opens(
    tmp_path: Path,
) -> None:
    instance = Instance.at(tmp_path / "compose")
    make_certificates("https://127.0.0.2", instance)
    assert stat.S_IMODE(instance.state.stat().st_mode) == 0o700
    assert stat.S_IMODE(instance.key("redis").stat().st_mode) == 0o644
    assert stat.S_IMODE(instance.key("redis").parent.stat().st_mode) == 0o755
    # The key of the authority is in no folder that a container has.
    assert not [path for path in (instance.data / "tls").rglob("*") if path.name.startswith("authority")]
    ssl.create_default_context().load_cert_chain(instance.certificate("redis"), instance.key("redis"))
    assert (
        "IP Address:127.0.0.2"
        in subprocess.run(
            ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", str(instance.certificate("gateway"))],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )


def test_an_address_without_a_host_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="names no host"):
        make_certificates("tickets", Instance.at(tmp_path / "compose"))


def test_an_entry_point_is_a_script_that_its_shell_can_read() -> None:
    for name, shell in (("postgres.sh", "bash"), ("prometheus.sh", "sh")):
        assert subprocess.run([shell, "-n", str(ROOT / "docker" / "tls" / name)], check=False).returncode == 0
