"""What is written for the servers is read back by their own parsers, where those are at hand."""

import os
import shutil
import stat
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from supervisor.options import ServerOptions

from stack import api_documents, checks, credentials, ports, report, supervision, variables
from stack.errors import StackError
from stack.instance import Instance
from stack.programs import TIERS, Program, all_programs
from stack.servers import postgres, rabbitmq
from stack.services import SERVICES, service_named


@pytest.fixture
def instance(tmp_path):
    instance = Instance.at(tmp_path / "trial")
    for folder in (instance.state, instance.run, instance.log, instance.data):
        folder.mkdir()
    return instance


@pytest.fixture
def secrets():
    return {name: make() for name, make in credentials.MAKERS.items()}


@pytest.fixture
def programs(instance, secrets):
    return all_programs(instance, ports=ports.USUAL, secrets=secrets)


def as_supervisord_reads(instance, programs):
    supervision.write_configuration(instance, programs)
    options = ServerOptions()
    options.realize(["-c", str(supervision.configuration_file(instance))])
    return {process.name: process for group in options.process_group_configs for process in group.process_configs}


def test_supervisord_reads_every_program_as_it_was_meant(instance, programs, monkeypatch):
    # It puts its own address into the environment of whoever parses.
    monkeypatch.setattr(os, "environ", dict(os.environ))
    read = as_supervisord_reads(instance, programs)
    assert set(read) == {program.name for program in programs} | {"keeper"}
    for program in programs:
        process = read[program.name]
        expected = {**program.environment, supervision.MARK: f"{instance.state}:{program.name}"}
        assert process.environment == expected, program.name
        assert process.directory == str(program.directory)
        assert not process.autostart
        assert process.autorestart


def test_a_value_that_would_break_the_configuration_is_refused_by_name(instance):
    with pytest.raises(StackError, match="GREETING"):
        supervision.configuration(instance, [Program("a", TIERS[0], ["true"], {"GREETING": 'say "hi"'})])


def test_the_configuration_is_for_its_owner_only(instance, programs):
    supervision.write_configuration(instance, programs)
    mode = supervision.configuration_file(instance).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_every_service_has_a_web_process_a_worker_and_a_relay_and_the_shop_serves_alone(programs):
    names = {program.name for program in programs}
    assert {f"{service.name}-{kind}" for service in SERVICES for kind in ("web", "worker", "relay")} <= names
    assert {name for name in names if name.startswith("frontend")} == {"frontend-web"}


def test_every_address_is_of_the_loopback_interface(instance, secrets):
    for service in SERVICES:
        own = variables.of_service(instance, service, ports=ports.USUAL, secrets=secrets)
        assert own["BIND"] == "127.0.0.1"
        assert all("127.0.0.1" in value for name, value in own.items() if name.endswith("_URL"))
    assert "0.0.0.0" not in rabbitmq.configuration(instance, ports.USUAL, secrets)


def test_a_service_is_given_no_secret_of_another(instance, secrets):
    for service in SERVICES:
        own = variables.of_service(instance, service, ports=ports.USUAL, secrets=secrets)
        for other in SERVICES:
            if other is not service:
                assert secrets[f"{other.name.upper()}_DATABASE_PASSWORD"] not in str(own)
                assert secrets[f"{other.name.upper()}_SECRET_KEY"] not in str(own)
        assert ("JWT_PRIVATE_KEY" in own) == (service.name == "auth")
        assert ("MAILED_SECRET_KEYS" in own) == (service.name in {"auth", "notify"})
        assert ("PAYMENT_SECRET_KEYS" in own) == (service.name == "payment")


def test_catalog_alone_reads_from_its_replicas(instance, secrets):
    instance.set_numbers(workers=1, replicas=2)
    told = {s.name: variables.of_service(instance, s, ports=ports.USUAL, secrets=secrets) for s in SERVICES}
    assert {name for name, own in told.items() if "DATABASE_REPLICA_URLS" in own} == {"catalog"}
    urls = told["catalog"]["DATABASE_REPLICA_URLS"].split(",")
    primary = told["catalog"]["DATABASE_URL"]
    assert urls == [primary.replace(":5434/", f":{port}/") for port in (5441, 5442)]
    names = {program.name for program in all_programs(instance, ports=ports.USUAL, secrets=secrets)}
    assert {"postgres-catalog-replica-1", "postgres-catalog-replica-2"} <= names


def test_the_key_before_a_rotation_reaches_the_service_that_verifies_with_it(instance, secrets):
    previous = {"JWT_PREVIOUS_PUBLIC_KEY": "auth", "TICKET_PREVIOUS_PUBLIC_KEY": "booking"}
    for name, reader in previous.items():
        changing = {**secrets, name: "a public key"}
        told = {
            s.name for s in SERVICES if name in variables.of_service(instance, s, ports=ports.USUAL, secrets=changing)
        }
        assert told == {reader}


@pytest.mark.parametrize("name", ["EXPORTED_ROWS", "IMPORTED_LINES"])
def test_the_bounds_of_files_reach_every_service(instance, secrets, monkeypatch, name):
    monkeypatch.setenv(name, "7")
    told = [variables.of_service(instance, service, ports=ports.USUAL, secrets=secrets) for service in SERVICES]
    assert [own[name] for own in told] == ["7"] * 5


def test_the_tools_of_rabbitmq_are_those_beside_its_server(instance):
    own = rabbitmq.tools_environment(instance, ports=ports.USUAL)
    tool = shutil.which("rabbitmqctl", path=own["PATH"])
    assert tool is not None
    assert os.path.dirname(tool) == os.path.dirname(rabbitmq.script())
    assert own["RABBITMQ_NODENAME"] == rabbitmq.environment(instance, ports=ports.USUAL)["RABBITMQ_NODENAME"]


def test_a_role_may_connect_to_its_own_database_only():
    (rules,) = {
        postgres.access_rules(service, test_databases=False) for service in SERVICES if service.name == "booking"
    }
    assert rules.splitlines()[0] == "host bookings_db booking_user 127.0.0.1/32 scram-sha-256"
    assert rules.count("booking_user") == 1
    assert "trust" not in rules


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path):
    file = tmp_path / "secrets.env"
    first = credentials.load_or_make(file)
    assert credentials.load_or_make(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(set(first.values())) == len(first)


def test_a_secret_that_came_later_is_added_to_the_others(tmp_path):
    file = tmp_path / "secrets.env"
    file.write_text("REDIS_PASSWORD=kept\n")
    assert credentials.load_or_make(file)["REDIS_PASSWORD"] == "kept"
    assert set(credentials.parse(file.read_text())) == set(credentials.MAKERS)


def test_the_generated_key_is_an_ed25519_key():
    pem = credentials.ed25519_private_key()
    assert "\n" not in pem
    assert isinstance(load_pem_private_key(pem.replace("\\n", "\n").encode(), None), Ed25519PrivateKey)


def test_the_socket_of_a_deep_checkout_is_somewhere_short(tmp_path):
    deep = Instance.at(tmp_path / ("a" * 90) / "main")
    assert len(str(deep.socket)) <= 100
    assert deep.socket != Instance.at(tmp_path / ("b" * 90) / "main").socket


def test_what_opentelemetry_reads_is_passed_on_to_whatever_makes_spans(instance, secrets, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    programs = all_programs(instance, ports=ports.USUAL, secrets=secrets)
    told = {program.name for program in programs if "OTEL_EXPORTER_OTLP_ENDPOINT" in program.environment}
    services = {f"{service.name}-{kind}" for service in SERVICES for kind in ("web", "worker", "relay")}
    assert told == {*services, "booking-live", "frontend-web"}


def test_a_load_test_that_cannot_be_run_is_refused(tmp_path, monkeypatch):
    broken = tmp_path / "journey.js"
    broken.write_text(checks.JOURNEY.read_text() + "\nexport default function {\n")
    if shutil.which("k6") or shutil.which("node"):
        checks.check_journey()
        with pytest.raises(StackError, match="k6 can run"):
            checks.check_journey(broken)
    monkeypatch.setattr(checks.shutil, "which", lambda _: None)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(StackError, match="neither k6 nor Node"):
        checks.check_journey()


def test_an_api_document_that_is_not_what_the_service_answers_is_refused(tmp_path):
    service = service_named("notify")
    environment = checks._service_variables(service)
    api_documents.write(service, environment, tmp_path)
    api_documents.check(service, environment, tmp_path)
    assert api_documents.document(service, tmp_path).read_text() == api_documents.document(service).read_text()
    with api_documents.document(service, tmp_path).open("a") as file:
        file.write("# edited by hand\n")
    with pytest.raises(StackError, match="make contracts"):
        api_documents.check(service, environment, tmp_path)


def test_a_cluster_of_another_postgresql_is_told_apart_from_a_broken_one(instance, secrets):
    service = service_named("auth")
    home = postgres.folder(instance, service)
    home.mkdir()
    (home / "PG_VERSION").write_text("9\n")
    with pytest.raises(StackError, match=f"made by PostgreSQL 9, this is {postgres.version()}: .*--erase.*trial"):
        postgres.provision(instance, service, secrets=secrets)


def test_the_shop_is_the_first_address_that_is_told(instance, secrets):
    stack = SimpleNamespace(instance=instance, ports=ports.USUAL, secrets=secrets)
    first, *_ = report.addresses(stack).items()
    assert first == ("shop", f"http://127.0.0.1:{ports.USUAL['gateway']}/")
