"""The chart as objects: rendered by helm, parsed, and asked who may speak to whom."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

HELM = Path(__file__).resolve().parent.parent
CHART = HELM / "marquee"
sys.path.insert(0, str(HELM))
import tools  # noqa: E402

NAMESPACE = "movie-booking-prod"
VALUES = ("default", "local", "production")
# Switches that no values file turns: each is rendered, validated and tested as well.
VARIANTS = {
    "upgrade": ["--is-upgrade", "--set", "backup.enabled=true"],
    "green": [
        "-f", str(CHART / "values-production.yaml"), "--set", "color=green", "--set", "colors.green.tag=1.1.0",
    ],
    "internal": ["--set", "tls.internal=true", "--set", "tls.issuer.name=marquee-internal"],
    "operators": [
        "--set", "postgresql.operator.enabled=true", "--set", "rabbitmq.operator.enabled=true",
        "--set", "monitoring.serviceMonitors=true", "--set", "backup.enabled=true",
    ],
    "loadbalancer": ["-f", str(CHART / "values-production.yaml"), "--set", "ingress.enabled=false"],
    "watched": [
        "--set", "tls.internal=true", "--set", "tls.issuer.name=marquee-internal",
        "--set", "monitoring.stack.enabled=true",
    ],
    "monitoring": ["--set", "monitoring.stack.enabled=true"],
    "external": [
        "--set", "postgresql.external.enabled=true",
        *(word for name in ("auth", "catalog", "booking", "payment", "notify")
          for word in ("--set", f"postgresql.external.hosts.{name}={name}.db.example:5432")),
        "--set", "redis.external.enabled=true", "--set", "redis.external.host=redis.example:6379",
        "--set", "rabbitmq.external.enabled=true", "--set", "rabbitmq.external.host=rabbitmq.example",
        "--set", "rabbitmq.external.managementHost=rabbitmq.example:15672",
    ],
}  # fmt: skip
SERVICES = ("auth", "catalog", "booking", "payment", "notify")
FRONTEND = "frontend"
# Who has web pods behind the gateway.
WEBS = (*SERVICES, FRONTEND)
WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob", "Pod")


def arguments(variant: str) -> list[str]:
    """What names a values file or one of VARIANTS on helm's command line."""
    if variant == "default":
        return []
    return VARIANTS.get(variant) or ["-f", str(CHART / f"values-{variant}.yaml")]


def wait_until(done: Callable[[], object], what: str, *, seconds: float = 60) -> None:
    """Fails when it is not so within these seconds."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


def helm(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tools.program("helm"), *words], capture_output=True, text=True, check=False)


@cache
def rendered(*words: str, release: str = "marquee") -> str:
    """What `helm template` makes of these arguments; fails with its complaint."""
    result = helm("template", release, str(CHART), "-n", NAMESPACE, "--kube-version", "1.34", *words)
    assert result.returncode == 0, result.stderr
    return result.stdout


@cache
def objects(variant: str) -> list[dict]:
    return [part for one in whole(variant) for part in (hook_items(one) if one["kind"] == "List" else [one])]


def hook_items(one: dict) -> list[dict]:
    """The objects of a List, which Helm takes as one hook; those that only tidy up run nothing and are left out."""
    hook = one["metadata"]["annotations"]["helm.sh/hook"]
    return [] if hook == "post-delete" else one["items"]


@cache
def whole(variant: str) -> list[dict]:
    """The documents as Helm sees them."""
    return parsed(rendered(*arguments(variant)))


def parsed(text: str) -> list[dict]:
    """The documents that are not empty, read by libyaml where it is there: ten times as quick."""
    return [one for one in yaml.load_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if one]


def secrets_sums(documents: list[dict]) -> dict[str, str]:
    """Deployment → the sum of what its pods are given of the Secret; those that are given nothing are left out."""
    told = {
        one["metadata"]["name"]: one["spec"]["template"]["metadata"].get("annotations", {})
        for one in documents
        if one["kind"] == "Deployment"
    }
    return {name: notes["checksum/secrets"] for name, notes in told.items() if "checksum/secrets" in notes}


def of_kind(variant: str, *kinds: str) -> list[dict]:
    return [one for one in objects(variant) if one["kind"] in kinds]


@cache
def values(variant: str) -> dict:
    """The values that a variant comes to, overrides by --set left out."""
    [merged] = parsed((CHART / "values.yaml").read_text())
    for word in arguments(variant):
        if word.endswith(".yaml"):
            for other in parsed(Path(word).read_text()):
                _merge(merged, other)
    return merged


def _merge(into: dict, other: dict) -> None:
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


@dataclass(frozen=True)
class Pod:
    """A pod that a workload makes."""

    name: str
    kind: str
    labels: dict
    spec: dict

    @property
    def containers(self) -> list[dict]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def component(self) -> str:
        return self.labels["app.kubernetes.io/component"]

    @property
    def process(self) -> str:
        return self.labels.get("marquee/process", "")

    def container(self, name: str) -> dict:
        return next(one for one in self.containers if one["name"] == name)


def pods(variant: str) -> list[Pod]:
    found = []
    for one in of_kind(variant, *WORKLOADS):
        template = one
        if one["kind"] == "CronJob":
            template = one["spec"]["jobTemplate"]["spec"]["template"]
        elif one["kind"] != "Pod":
            template = one["spec"]["template"]
        found.append(Pod(one["metadata"]["name"], one["kind"], template["metadata"]["labels"], template["spec"]))
    return found


def pod(variant: str, component: str, process: str = "") -> Pod:
    return next(one for one in pods(variant) if one.component == component and process in ("", one.process))


def environment(variant: str, container: dict) -> dict[str, str]:
    """Its variables; those from a Secret or from the pod have the source as their value."""
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(variant, "ConfigMap")}
    found = {}
    for source in container.get("envFrom", []):
        found.update(maps[source["configMapRef"]["name"]])
    for entry in container.get("env", []):
        found[entry["name"]] = entry["value"] if "value" in entry else json.dumps(entry["valueFrom"])
    return found


def selects(selector: dict, labels: dict) -> bool:
    """Whether a LabelSelector takes a pod with these labels."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    return all(
        expression["operator"] == "In" and labels.get(expression["key"]) in expression["values"]
        for expression in selector.get("matchExpressions", [])
    )


def may_speak(variant: str, one: Pod, other: Pod, port: int) -> bool:
    """Whether the policies let the one pod open a connection to the other's port: out of the one and into the other."""
    return _allows(variant, one, "Egress", "egress", "to", other, port) and _allows(
        variant, other, "Ingress", "ingress", "from", one, port
    )


def _allows(variant: str, whose: Pod, type_: str, key: str, peers: str, other: Pod, port: int) -> bool:
    policies = [
        policy["spec"]
        for policy in of_kind(variant, "NetworkPolicy")
        if selects(policy["spec"]["podSelector"], whose.labels) and type_ in policy["spec"]["policyTypes"]
    ]
    assert policies, f"no policy holds for {whose.name}: everybody may speak to it"

    def takes(peer: dict) -> bool:
        return "podSelector" in peer and selects(peer["podSelector"], other.labels)

    return any(
        port in [entry["port"] for entry in rule["ports"] if entry.get("protocol") == "TCP"]
        and (peers not in rule or any(map(takes, rule[peers])))
        for policy in policies
        for rule in policy.get(key, [])
    )  # fmt: skip
