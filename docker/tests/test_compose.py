import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Unset, interpolated
from make_env import MAKERS

from stack import credentials, variables
from stack.instance import Instance
from stack.ports import USUAL
from stack.services import FRONTEND, FRONTEND_FOLDER, NAMES, SERVICES, Service

Services = dict[str, dict[str, Any]]
KINDS = ("", "-worker", "-relay", "-migrate")
CONTAINERS = {
    "auth": "postgres_auth",
    "catalog": "postgres_movie",
    "booking": "postgres_booking",
    "payment": "postgres_payment",
    "notify": "postgres_notification",
}
# What a process finds on one machine and not in a container: where it is, and the machine's own.
LOCAL = {"PATH", "HOME", "LANG", "TZ", "PYTHONUNBUFFERED", "MALLOC_ARENA_MAX", "MARQUEE_STATE", "BIND"}
# An instance that nobody has, so that it has no replica say.
UNMADE = "unmade"
# Said by the code where a container does not say it.
DEFAULTED = {"DJANGO_SETTINGS_MODULE"}

# Names of variables whose values hold a password or a key.
SECRET = re.compile(r"PASS(WORD)?$|SECRET|KEY$|_AUTH$|(DATABASE|REDIS|RABBITMQ|RABBITMQ_MANAGEMENT)_URL$|BROKER_API$")

each_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


def ours(services: Services) -> Services:
    return {name: service for name, service in services.items() if service["image"].startswith("marquee/")}


@each_service
def test_a_database_has_the_agreed_names_and_port(service: Service, services: Services) -> None:
    server = services[f"postgres-{service.name}"]
    assert server["image"] == "postgres:15"
    assert server["container_name"] == CONTAINERS[service.name]
    assert server["ports"] == [f"127.0.0.1:{service.database_port}:5432"]
    assert server["environment"]["SERVICE_DATABASE"] == service.database
    assert server["environment"]["SERVICE_ROLE"] == service.role
    assert server["volumes"][0] == f"{CONTAINERS[service.name]}_data:/var/lib/postgresql/data"
    for kind in KINDS:
        environment = services[f"{service.name}{kind}"]["environment"]
        password = server["environment"]["SERVICE_PASSWORD"]
        host = f"postgres-{service.name}:5432"
        assert environment["DATABASE_URL"] == f"postgres://{service.role}:{password}@{host}/{service.database}"
        assert environment["PORT"] == service.port


def test_the_servers_all_share_have_the_agreed_names(services: Services) -> None:
    for name in ("gateway", "redis", "rabbitmq"):
        assert services[name]["container_name"] == f"movie_booking_{name}"


def test_only_the_gateway_is_published_beyond_this_machine(services: Services) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published.pop("gateway") == ["80:8080"]
    assert published["redis"] == ["127.0.0.1:6379:6379"]
    assert published["rabbitmq"] == ["127.0.0.1:5672:5672", "127.0.0.1:15672:15672"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_the_network_and_the_volumes_are_named(raw: dict[str, Any], services: Services) -> None:
    assert raw["networks"]["default"] == {"name": "movie_booking_network", "driver": "bridge"}
    used = {mount.split(":")[0] for service in services.values() for mount in service.get("volumes", ())}
    named = {volume for volume in used if not volume.startswith((".", "/"))}
    assert named == set(raw["volumes"])
    assert all((ROOT / path).exists() for path in used - named if path.startswith("."))


def test_every_database_is_dumped_as_its_own_role_by_a_script_that_is_there(services: Services) -> None:
    backup = services["backup"]
    for service in SERVICES:
        url = services[service.name]["environment"]["DATABASE_URL"]
        assert backup["environment"][f"{service.name.upper()}_DATABASE_URL"] == url
        assert backup["depends_on"][f"postgres-{service.name}"] == {"condition": "service_healthy"}
    assert backup["image"] == services["postgres-auth"]["image"]
    assert backup["profiles"] == ["backup"]


@pytest.mark.parametrize(
    ("name", "folder"), [*((service.name, service.folder) for service in SERVICES), (FRONTEND, FRONTEND_FOLDER)]
)
def test_settings_start_with_just_what_is_passed(name: str, folder: Path, services: Services) -> None:
    environment = {variable: str(value) for variable, value in services[name]["environment"].items()}
    environment.pop("PROMETHEUS_MULTIPROC_DIR")
    result = subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=folder,
        env={**environment, "PYTHONPATH": f"{folder}:{ROOT / 'chassis' / 'src'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


@each_service
def test_a_container_is_told_what_a_local_process_is_told(service: Service, services: Services) -> None:
    secrets = {name: make() for name, make in credentials.MAKERS.items()}
    # While a key is changed for another.
    secrets |= {"JWT_PREVIOUS_PUBLIC_KEY": "a key", "TICKET_PREVIOUS_PUBLIC_KEY": "a key"}
    ports = dict.fromkeys(USUAL, 1)
    local = variables.of_service(Instance.named(UNMADE), service, ports=ports, secrets=secrets)
    for kind in KINDS:
        environment = services[f"{service.name}{kind}"]["environment"]
        assert set(local) - LOCAL - DEFAULTED <= set(environment)
    assert environment["WORKER_CONCURRENCY"] == service.worker_concurrency


def test_the_shop_is_told_what_it_is_told_locally_and_no_secret_of_a_service(services: Services) -> None:
    secrets = {name: make() for name, make in credentials.MAKERS.items()}
    local = variables.of_frontend(Instance.named(UNMADE), ports=dict.fromkeys(USUAL, 1), secrets=secrets)
    environment = services[FRONTEND]["environment"]
    assert set(local) - LOCAL - DEFAULTED <= set(environment)
    for service in SERVICES:
        assert environment[f"{service.name.upper()}_URL"] == f"http://{service.name}:{service.port}"
    assert {name for name in environment if SECRET.search(name)} == {"SECRET_KEY", "REDIS_URL", "GOOGLE_WALLET_KEY"}


def test_the_shop_listens_where_the_gateway_asks_it_and_starts_while_services_are_away(services: Services) -> None:
    shop, gateway = services[FRONTEND], services["gateway"]
    assert gateway["environment"]["FRONTEND_UPSTREAM"] == f"{FRONTEND}:{shop['environment']['PORT']}" == "frontend:80"
    assert shop["sysctls"] == {"net.ipv4.ip_unprivileged_port_start": "0"}
    assert not set(NAMES) & set(shop["depends_on"])
    assert {FRONTEND, "gateway-simulator"} <= set(gateway["depends_on"])


def test_the_card_companys_page_is_behind_the_gateway(services: Services) -> None:
    simulator = services["gateway-simulator"]["environment"]
    assert services["gateway"]["environment"]["CARD_PAGE_UPSTREAM"] == f"gateway-simulator:{simulator['PORT']}"
    shop = services[FRONTEND]["environment"]
    assert shop["CARD_PAGE_URL"] == f"{shop['PUBLIC_URL']}/simulated-card"


def test_helpers_are_told_what_they_are_told_locally(services: Services) -> None:
    secrets = {name: make() for name, make in credentials.MAKERS.items()}
    instance, ports = Instance.named(UNMADE), dict.fromkeys(USUAL, 1)
    simulator = variables.of_gateway_simulator(instance, ports=ports, secrets=secrets)
    assert set(simulator) - LOCAL == set(services["gateway-simulator"]["environment"])
    sink = variables.of_message_sink(instance, ports=ports, secrets=secrets)
    assert set(sink) - LOCAL == set(services["message-sink"]["environment"])
    audit = variables.of_audit(instance, ports=ports, secrets=secrets)
    assert set(audit) - LOCAL <= set(services["audit"]["environment"])
    for name in ("beat", "flower"):
        clock = variables.of_clock(instance, ports=ports, secrets=secrets)
        assert set(clock) - LOCAL <= set(services[name]["environment"])


def test_the_audit_reads_each_database_as_who_can_change_nothing(services: Services) -> None:
    environment = services["audit"]["environment"]
    for service in SERVICES:
        server = services[f"postgres-{service.name}"]["environment"]
        url = f"postgres://auditor:{server['AUDIT_PASSWORD']}@postgres-{service.name}:5432/{service.database}"
        assert environment[f"{service.name.upper()}_DATABASE_URL"] == url
    script = (ROOT / "docker" / "postgres" / "database.sh").read_text()
    assert "CREATE ROLE auditor LOGIN PASSWORD :'audit_password' CONNECTION LIMIT 8 IN ROLE pg_read_all_data;" in script


def test_there_is_no_password_that_make_env_did_not_make(raw: dict[str, Any], compose_text: str) -> None:
    marked = {name: f"generated-{name}" for name in MAKERS}
    looked_at = 0
    for service in interpolated(raw["services"], marked).values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name) and "PUBLIC" not in name:
                looked_at += 1
                assert "generated-" in str(value), name
    assert looked_at > 40
    assert not [name for name in marked if f"${{{name}:-" in compose_text]


@pytest.mark.parametrize("missing", sorted(MAKERS))
def test_without_one_of_its_secrets_nothing_starts(missing: str, raw: dict[str, Any], values: dict[str, str]) -> None:
    incomplete = {name: value for name, value in values.items() if name != missing}
    with pytest.raises(Unset, match=missing):
        interpolated(raw["services"], incomplete)


def test_who_is_waited_for_can_become_ready(services: Services) -> None:
    waits = 0
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            waits += 1
            assert other in services, f"{name} waits for {other}"
            if how["condition"] == "service_completed_successfully":
                assert services[other]["restart"] == "no"
            else:
                assert how["condition"] == "service_healthy"
                assert "healthcheck" in services[other] or other in ours(services)
    assert waits > 60


def test_everything_has_a_memory_limit_and_comes_back(services: Services) -> None:
    for name, service in services.items():
        assert service["mem_limit"].endswith("m"), name
        assert service["restart"] == ("no" if name.endswith(("-migrate", "-demo")) else "unless-stopped")


def test_our_processes_can_write_nowhere_and_gain_nothing(services: Services) -> None:
    assert len(ours(services)) >= 26
    for name, service in ours(services).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "privileged" not in service
        assert service.get("user") is None


def test_every_image_of_ours_is_built_once(services: Services) -> None:
    built = [service["image"] for service in services.values() if "build" in service]
    assert len(built) == len(set(built))
    assert set(built) == {service["image"] for service in ours(services).values()}


def test_the_gateway_knows_the_port_of_each_service(services: Services) -> None:
    environment = services["gateway"]["environment"]
    for service in SERVICES:
        assert environment[f"{service.name.upper()}_UPSTREAM"] == f"{service.name}:{service.port}"
