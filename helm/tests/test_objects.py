"""What every rendered object must be."""

import base64
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from chart import (
    CHART,
    FRONTEND,
    HELM,
    SERVICES,
    VALUES,
    VARIANTS,
    WEBS,
    arguments,
    environment,
    helm,
    objects,
    of_kind,
    pod,
    pods,
    rendered,
    selects,
    values,
)

ROOT = HELM.parent
sys.path.insert(0, str(ROOT))
from stack import credentials  # noqa: E402
from stack.services import SERVICES as STACK_SERVICES  # noqa: E402

ALL = [*VALUES, *VARIANTS]
# Which pods and nodes there are; what else they may is in test_monitoring.py.
ASK_THE_API_SERVER = ("prometheus", "kube-state-metrics")
# Its database is a file, which two at a time would break. Nobody who buys a ticket asks Grafana, and a bank that was
# away is asked again.
ONE_AT_A_TIME = ("marquee-grafana", "marquee-gateway-simulator")
# env.str("NAME") and its like, without a default.
REQUIRED = re.compile(r'env(?:\.(?:str|int|bool|list|db|url))?\(\s*"([A-Z_]+)"(?![^)]*default)[^)]*\)')


def required_variables(service: str) -> set[str]:
    """What the settings of a service ask for without having a default of their own."""
    files = [ROOT / "chassis/src/chassis/settings.py", ROOT / f"{service}_project/config/settings.py"]
    found = set().union(*(REQUIRED.findall(file.read_text()) for file in files))
    assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "RABBITMQ_URL", "AUTH_URL"} <= found
    return found


def test_required_variables_are_read_from_the_settings():
    assert "JWT_PRIVATE_KEY" in required_variables("auth")
    assert {"CATALOG_URL", "TICKET_SIGNING_KEY"} <= required_variables("booking")
    assert "HOLD_SECONDS" not in required_variables("booking")


@pytest.mark.parametrize("variant", ALL)
def test_every_pod_passes_the_restricted_standard(variant):
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and a read-only root."""
    found = pods(variant)
    assert len(found) > 20
    for one in found:
        security = one.spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] > 0
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert one.spec["automountServiceAccountToken"] is (one.component in ASK_THE_API_SERVER)
        assert not {"hostNetwork", "hostPID", "hostIPC"} & one.spec.keys()
        for volume in one.spec.get("volumes", []):
            assert volume.keys() - {"name"} <= {"emptyDir", "configMap", "secret", "persistentVolumeClaim"}, one.name
        for container in one.containers:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, (one.name, container["name"])
            assert "hostPort" not in str(container.get("ports"))


@pytest.mark.parametrize("variant", ALL)
def test_every_container_says_what_it_needs_and_may_take(variant):
    for one in pods(variant):
        for container in one.containers:
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}, one.name
            assert container["resources"]["limits"].keys() == {"cpu", "memory"}, one.name


def drained(container: dict) -> int:
    """Seconds that it goes on serving while every node, a busy one too, learns that its pod has gone."""
    program, seconds = container["lifecycle"]["preStop"]["exec"]["command"]
    assert program == "sleep"
    assert int(seconds) >= 15
    return int(seconds)


@pytest.mark.parametrize("variant", ALL)
def test_what_serves_is_probed_and_drops_no_request(variant):
    for name in WEBS:
        one = pod(variant, name, "web")
        web = one.container("web")
        assert web["livenessProbe"]["httpGet"]["path"] == web["startupProbe"]["httpGet"]["path"] == "/health/live"
        assert web["readinessProbe"]["httpGet"]["path"] == "/health/ready"
        # gunicorn ends its requests: graceful_timeout is 20 s.
        assert one.spec["terminationGracePeriodSeconds"] >= drained(web) + 20 + 5
    one = pod(variant, "gateway")
    # NGINX ends its own: GATEWAY_UPSTREAM_TIMEOUT is 30 s.
    assert one.spec["terminationGracePeriodSeconds"] >= drained(one.container("gateway")) + 30 + 5
    for deployment in of_kind(variant, "Deployment"):
        if deployment["metadata"]["name"] in ONE_AT_A_TIME:
            assert deployment["spec"]["strategy"] == {"type": "Recreate"}
        else:
            assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@pytest.mark.parametrize("variant", ALL)
@pytest.mark.parametrize("process", ["web", "worker", "relay", "migrate"])
def test_every_variable_that_the_settings_require_is_there(variant, process):
    for name in SERVICES:
        for container in pod(variant, name, process).containers:
            there = environment(variant, container)
            missing = required_variables(name) | {"PORT", "SERVICE_NAME"} - there.keys()
            assert not missing - there.keys(), (name, process)
            for variable, value in there.items():
                for used in re.findall(r"\$\(([A-Z_]+)\)", value):
                    names = [entry["name"] for entry in container["env"]]
                    assert names.index(used) < names.index(variable), f"{variable} uses {used} before it is known"


@pytest.mark.parametrize("variant", VALUES)
def test_databases_are_those_of_the_design(variant):
    for service in STACK_SERVICES:
        url = environment(variant, pod(variant, service.name, "web").container("web"))["DATABASE_URL"]
        assert f"postgres://{service.role}:$(DATABASE_PASSWORD)@marquee-postgres-{service.name}:5432/" in url
        assert f"/{service.database}" in url
        database = pod(variant, "postgres", service.name).container("postgres")
        there = environment(variant, database)
        assert (there["SERVICE_DATABASE"], there["SERVICE_USER"]) == (service.database, service.role)
        assert database["image"].startswith("postgres:15")


@pytest.mark.parametrize("variant", VALUES)
def test_pods_are_spread_over_nodes_and_zones(variant):
    for one in pods(variant):
        if one.kind in ("Deployment", "StatefulSet"):
            keys = {constraint["topologyKey"] for constraint in one.spec["topologySpreadConstraints"]}
            assert keys == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
            for constraint in one.spec["topologySpreadConstraints"]:
                assert selects(constraint["labelSelector"], one.labels), one.name


@pytest.mark.parametrize("variant", VALUES)
def test_selectors_select_their_own_pods_and_no_others(variant):
    everybody = pods(variant)
    for one in of_kind(variant, "Deployment", "StatefulSet"):
        mine = [other.name for other in everybody if selects(one["spec"]["selector"], other.labels)]
        assert mine == [one["metadata"]["name"]]
    for service in of_kind(variant, "Service"):
        wanted = dict(service["spec"]["selector"])
        one_of = wanted.pop("statefulset.kubernetes.io/pod-name", None)  # Kubernetes' own label
        behind = [other for other in everybody if selects({"matchLabels": wanted}, other.labels)]
        if one_of:
            name, _, number = one_of.rpartition("-")
            (those,) = [one for one in of_kind(variant, "StatefulSet") if one["metadata"]["name"] == name]
            assert [other.name for other in behind] == [name]
            assert int(number) < those["spec"]["replicas"]
        assert behind, service["metadata"]["name"]
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            assert any(
                target in (entry.get("name"), entry["containerPort"])
                for other in behind
                for container in other.containers
                for entry in container.get("ports", [])
            ), (service["metadata"]["name"], port)


@pytest.mark.parametrize("variant", ["default", "production"])
def test_services_scale_as_agreed(variant):
    agreed = {"auth": (2, 5), "catalog": (3, 10), "booking": (3, 10), "payment": (2, 5), "notify": (2, 5)}
    agreed[FRONTEND] = (2, 10)
    for name, limits in agreed.items():
        target = f"marquee-{name}-web-blue"
        if values(variant)["keda"]["enabled"]:
            spec = next(o for o in of_kind(variant, "ScaledObject") if o["metadata"]["name"] == target)["spec"]
            assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == limits
            continue
        spec = next(o for o in of_kind(variant, "HorizontalPodAutoscaler") if o["metadata"]["name"] == target)["spec"]
        assert (spec["minReplicas"], spec["maxReplicas"]) == limits
        averages = {m["resource"]["name"]: m["resource"]["target"]["averageUtilization"] for m in spec["metrics"]}
        assert averages == {"cpu": 70, **({"memory": 80} if name == "booking" else {})}


def test_with_keda_pods_follow_queues_and_rates():
    thresholds = {}
    for one in of_kind("production", "ScaledObject"):
        for trigger in one["spec"]["triggers"]:
            if trigger["type"] in ("prometheus", "rabbitmq"):
                meta = trigger["metadata"]
                thresholds[one["metadata"]["name"]] = int(meta.get("threshold") or meta["value"])
    assert thresholds["marquee-notify-worker"] == 1000
    assert thresholds["marquee-auth-web-blue"] == 100
    assert thresholds["marquee-catalog-web-blue"] == 500
    assert thresholds["marquee-booking-web-blue"] == 50
    assert thresholds["marquee-payment-web-blue"] == 100
    queues = {
        "auth": "auth",
        "catalog": "catalog",
        "booking": "booking",
        "payment": "payment",
        "notify": "notification",
    }
    for name, service in values("production")["services"].items():
        assert service["worker"]["autoscaling"]["queue"]["name"] == f"{queues[name]}_queue"


def test_volumes_have_the_agreed_sizes():
    sizes = {
        one["metadata"]["name"].removeprefix("marquee-"): claim["spec"]["resources"]["requests"]["storage"]
        for one in of_kind("default", "StatefulSet")
        for claim in one["spec"]["volumeClaimTemplates"]
    }
    assert sizes == {
        "postgres-auth": "20Gi",
        "postgres-payment": "150Gi",
        "postgres-notify": "150Gi",
        "postgres-catalog": "20Gi",
        "postgres-catalog-standby": "20Gi",
        "postgres-booking": "140Gi",
        "redis": "5Gi",
        "rabbitmq": "10Gi",
    }
    replicas = {one["metadata"]["name"]: one["spec"]["replicas"] for one in of_kind("default", "StatefulSet")}
    assert replicas["marquee-redis"] == replicas["marquee-rabbitmq"] == 3
    assert replicas["marquee-postgres-catalog-standby"] == 2


@pytest.mark.parametrize("variant", ["production", "green"])
def test_nothing_mutable_runs_in_production(variant):
    for one in pods(variant):
        for container in one.containers:
            _, _, tag = container["image"].rpartition(":")
            assert re.fullmatch(r"[vV]?\d+\.\d+(\.\d+)?(-[a-z]+)?", tag), container["image"]


def test_secrets_are_the_stacks_own_and_more():
    (secret,) = [o for o in of_kind("default", "Secret") if o["metadata"]["name"] == "marquee-secrets"]
    # A key of wallet passes that nobody knows is for trying them out.
    assert credentials.MAKERS.keys() - {"WALLET_PEM"} <= secret["data"].keys()
    assert secret["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    key = base64.b64decode(secret["data"]["JWT_PRIVATE_KEY"]).decode()
    assert key.startswith("-----BEGIN PRIVATE KEY-----")
    assert key != base64.b64decode(secret["data"]["TICKET_SIGNING_KEY"]).decode()


@pytest.mark.parametrize("variant", ALL)
def test_every_key_that_is_asked_for_is_in_the_secret(variant):
    (secret,) = [o for o in of_kind(variant, "Secret") if o["metadata"]["name"] == "marquee-secrets"]
    asked = set(re.findall(r"secretKeyRef: \{name: marquee-secrets, key: (\w+)\}", rendered(*arguments(variant))))
    assert asked
    assert asked <= secret["data"].keys()


def test_a_secret_of_yours_replaces_the_generated_one():
    text = rendered("--set", "secrets.existing=ours")
    assert "name: marquee-secrets" not in text
    assert "secretKeyRef: {name: ours, key: JWT_PRIVATE_KEY}" in text


def test_blue_stays_while_green_comes():
    names = {one.name: one for one in pods("green")}
    for name in SERVICES:
        assert names[f"marquee-{name}-worker"].container("worker")["image"].endswith(":1.1.0")
    for name in WEBS:
        blue, green = names[f"marquee-{name}-web-blue"], names[f"marquee-{name}-web-green"]
        assert blue.container("web")["image"].endswith(f"/{name}:1.0.0")
        assert green.container("web")["image"].endswith(f"/{name}:1.1.0")
        gateway = environment("green", pod("green", "gateway").container("gateway"))
        assert gateway[f"{name.upper()}_UPSTREAM"].startswith(f"marquee-{name}-green:")
    # The gateway's new pods wait for green, and its old ones go on sending to blue.
    awaited = pod("green", "gateway").container("await-green")["command"]
    assert [word.split(":")[0] for word in awaited[4:]] == [
        *sorted(f"marquee-{name}-green" for name in SERVICES),
        f"marquee-{FRONTEND}-green",
    ]


def test_one_colour_runs_alone_unless_the_other_has_a_version():
    assert not [one for one in pods("default") if one.labels.get("marquee/color") == "green"]


@pytest.mark.parametrize("server", ["postgresql", "redis", "rabbitmq"])
def test_tls_is_verified_by_everybody_who_connects(server):
    for name in SERVICES:
        for process in ("web", "worker", "relay", "migrate"):
            one = pod("production", name, process)
            for container in one.containers:
                there = environment("production", container)
                assert "sslmode=verify-full" in there["DATABASE_URL"]
                assert there["REDIS_URL"].startswith("rediss://")
                assert there["RABBITMQ_URL"].startswith("amqps://")
                assert any(mount["mountPath"] == f"/etc/marquee/tls/{server}" for mount in container["volumeMounts"])
    certificates = {one["spec"]["secretName"]: one["spec"]["dnsNames"] for one in of_kind("production", "Certificate")}
    used = {
        volume["secret"]["secretName"]
        for one in pods("production")
        for volume in one.spec["volumes"]
        if "secret" in volume
    }
    assert used == certificates.keys()
    for secret, names in certificates.items():
        assert secret.removesuffix("-tls") in names


def test_operators_and_external_servers_replace_ours():
    assert not of_kind("operators", "StatefulSet")[1:], "Redis alone has no operator"
    clusters = {one["metadata"]["name"]: one["spec"] for one in of_kind("operators", "Cluster")}
    for service in STACK_SERVICES:
        spec = clusters[f"marquee-postgres-{service.name}"]
        assert (spec["bootstrap"]["initdb"]["database"], spec["bootstrap"]["initdb"]["owner"]) == (
            service.database,
            service.role,
        )
        url = environment("operators", pod("operators", service.name, "web").container("web"))["DATABASE_URL"]
        assert f"@marquee-postgres-{service.name}-rw:5432/" in url
    (rabbit,) = of_kind("operators", "RabbitmqCluster")
    assert rabbit["spec"]["replicas"] == 3
    assert rabbit["spec"]["secretBackend"]["externalSecret"]["name"] == "marquee-rabbitmq-user"
    assert not of_kind("external", "StatefulSet")


@pytest.mark.parametrize("variant", ALL)
def test_kubernetes_runs_what_the_images_have(variant):
    entrypoint = (ROOT / "docker" / "entrypoint.sh").read_text()
    for name in SERVICES:
        for process in ("web", "worker", "relay"):
            assert pod(variant, name, process).container(process)["args"] == [process]
            assert f"\n    {process})" in entrypoint


def test_rules_and_dashboards_are_those_of_the_monitoring_folder():
    files = {file.stem for file in (ROOT / "monitoring" / "rules").glob("*.yml")}
    rules = {one["metadata"]["name"].removeprefix("marquee-"): one for one in of_kind("production", "PrometheusRule")}
    assert rules.keys() == files
    for name, one in rules.items():
        assert one["spec"] == yaml.safe_load((ROOT / "monitoring" / "rules" / f"{name}.yml").read_text())
    boards = [o for o in of_kind("production", "ConfigMap") if o["metadata"]["labels"].get("grafana_dashboard")]
    assert len(boards) == 4


@pytest.mark.parametrize("switch", ["serviceMonitors", "rules"])
def test_auto_means_when_the_operator_is_there(switch):
    kind = {"serviceMonitors": "ServiceMonitor", "rules": "PrometheusRule"}[switch]
    assert f"kind: {kind}" not in rendered()
    assert f"kind: {kind}" in rendered("--api-versions", "monitoring.coreos.com/v1")


def test_the_ingress_gets_its_certificate():
    (ingress,) = of_kind("production", "Ingress")
    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt"
    assert ingress["spec"]["tls"][0]["hosts"] == [ingress["spec"]["rules"][0]["host"]]


def test_scripts_of_the_chart_are_shell():
    files = sorted(Path(CHART / "files").glob("*/*.sh"))
    assert len(files) >= 4
    for file in files:
        assert subprocess.run(["bash", "-n", str(file)], check=False).returncode == 0, file


def test_values_are_documented_key_by_key():
    text = (CHART / "values.yaml").read_text().splitlines()
    for key in yaml.safe_load("\n".join(text)):
        line = next(number for number, line in enumerate(text) if line.startswith(f"{key}:"))
        assert text[line - 1].startswith("#"), f"{key} is not explained"


def test_helm_has_nothing_to_complain_of():
    for variant in VALUES:
        result = helm("lint", "--strict", "--kube-version", "1.34", str(CHART), *arguments(variant))
        assert result.returncode == 0, result.stdout + result.stderr


def test_nothing_is_rendered_twice():
    for variant in ALL:
        names = [(one["kind"], one["metadata"]["name"]) for one in objects(variant)]
        assert len(names) == len(set(names))
