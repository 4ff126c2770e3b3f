"""Prometheus, Alertmanager, Grafana and kube-state-metrics by a switch: what they have, see and may speak to."""

import json
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest
import tools
import yaml
from chart import CHART, HELM, NAMESPACE, SERVICES, helm, objects, of_kind, pod, pods, selects

ROOT = HELM.parent
MONITORING = ROOT / "monitoring"
WATCHERS = ("prometheus", "alertmanager", "grafana", "kube-state-metrics")
PROMETHEUS_PORTS = {"service": None, "postgresql": 9187, "redis": 9121, "rabbitmq": 15692, "nginx": 9113}


def of_monitoring(kind: str) -> dict[str, dict]:
    """Objects in the namespace `monitoring`, by their names without the release's."""
    return {
        one["metadata"]["name"].removeprefix("marquee-"): one
        for one in of_kind("monitoring", kind)
        if one["metadata"].get("namespace") == "monitoring"
    }


def configuration() -> dict:
    return yaml.safe_load(of_monitoring("ConfigMap")["prometheus"]["data"]["prometheus.yml"])


def discovered() -> list[dict]:
    """What Kubernetes would tell of each container port of the release's pods, as file_sd has it."""
    found = []
    for one in pods("monitoring"):
        if one.kind not in ("Deployment", "StatefulSet"):
            continue
        meta = {
            f"__meta_kubernetes_pod_label_{re.sub('[^a-zA-Z0-9_]', '_', key)}": it for key, it in one.labels.items()
        }
        meta |= {"__meta_kubernetes_pod_name": one.name, "__meta_kubernetes_pod_phase": "Running"}
        meta |= {"__meta_kubernetes_namespace": NAMESPACE}
        for container in one.containers:
            for port in container.get("ports", []):
                named = {"__meta_kubernetes_pod_container_port_name": port.get("name", "")}
                address = f"{one.name}:{port['containerPort']}"
                found.append({"targets": [address], "labels": {**meta, **named}})
    return found


@cache
def scraped() -> dict[tuple[str, int], dict[str, str]]:
    """(pod's name, port) → its labels after the relabelings of the one job that takes it, as promtool does them."""
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder)
        (there / "found.json").write_text(json.dumps(discovered()))
        jobs = [
            {"job_name": job["job_name"], "relabel_configs": job["relabel_configs"]}
            for job in configuration()["scrape_configs"]
            if job.get("kubernetes_sd_configs", [{}])[0].get("role") == "pod"
        ]
        for job in jobs:
            job["file_sd_configs"] = [{"files": [str(there / "found.json")]}]
        (there / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": jobs}))

        def of(job: str) -> list[dict]:
            words = [tools.program("promtool"), "check", "service-discovery", "--timeout", "2s", "prometheus.yml", job]
            result = subprocess.run(words, cwd=there, capture_output=True, text=True, check=True)
            return [target["labels"] for target in json.loads(result.stdout) if target["labels"]]

        with ThreadPoolExecutor(len(jobs)) as pool:
            kept = [labels for of_job in pool.map(of, [job["job_name"] for job in jobs]) for labels in of_job]
    places = [(labels["pod"], int(labels["instance"].rpartition(":")[2])) for labels in kept]
    assert len(places) == len(set(places)), "somebody is asked twice"
    return dict(zip(places, kept, strict=True))


def test_it_is_off_unless_it_is_asked_for():
    for variant in ("default", "local", "production"):
        assert not [one for one in pods(variant) if one.component in WATCHERS]


def test_it_lives_in_a_namespace_of_its_own_that_is_restricted_and_stays():
    (space,) = of_kind("monitoring", "Namespace")
    assert space["metadata"]["name"] == "monitoring"
    assert space["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}
    assert space["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert of_monitoring("StatefulSet").keys() == {"prometheus"}
    assert of_monitoring("Deployment").keys() == {"alertmanager", "grafana", "kube-state-metrics"}


def test_volumes_have_the_agreed_sizes():
    (claim,) = of_monitoring("StatefulSet")["prometheus"]["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "50Gi"
    grafana = of_monitoring("PersistentVolumeClaim")["grafana"]
    assert grafana["spec"]["resources"]["requests"]["storage"] == "10Gi"
    assert grafana["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_images_are_those_of_compose():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in ("prometheus", "alertmanager", "grafana"):
        assert pod("monitoring", name).container(name)["image"] == compose[name]["image"]


def test_every_server_of_the_release_is_looked_at_once():
    expected = set()
    for one in pods("monitoring"):
        if one.kind not in ("Deployment", "StatefulSet") or one.component in WATCHERS:
            continue
        for container in one.containers:
            for port in container.get("ports", []):
                web = one.process in ("web", "live") and port.get("name") == "http"
                if web or (port.get("name") == "metrics" and one.component != "redis-proxy"):
                    expected.add((one.name, port["containerPort"]))
    assert scraped().keys() == expected
    assert len(expected) > 20
    for (_, port), labels in scraped().items():
        assert PROMETHEUS_PORTS[labels["job"]] in (None, port)


def test_what_is_ours_carries_its_service_and_process_as_everywhere():
    jobs = {config["job_name"]: config for config in configuration()["scrape_configs"]}
    for (name, _), labels in scraped().items():
        if labels["job"] == "service":
            # The audit is one process, and its own service.
            alone = labels["service"] == labels["process"] == "audit"
            assert name.startswith("marquee-audit" if alone else f"marquee-{labels['service']}-{labels['process']}")
        assert labels["namespace"] == NAMESPACE
    databases = {labels["service"] for labels in scraped().values() if labels["job"] == "postgresql"}
    assert databases == set(SERVICES)
    beside_compose = yaml.safe_load((MONITORING / "prometheus.yml").read_text())["scrape_configs"]
    # A node's own exporter is not here: its kubelet tells of disks and containers. The audit is of the job `service`.
    assert {config["job_name"] for config in beside_compose} - {"node", "audit"} <= jobs.keys()
    assert jobs["rabbitmq"]["metrics_path"] == "/metrics/per-object"


def test_all_that_panels_and_alerts_ask_of_a_cluster_is_kept():
    jobs = {config["job_name"]: config for config in configuration()["scrape_configs"]}
    asked = 0
    for exporter, job in (("cadvisor", "cadvisor"), ("kubelet", "kubelet")):
        kept = jobs[job]["metric_relabel_configs"][0]["regex"]
        for metric in (MONITORING / "exporters" / f"{exporter}.txt").read_text().splitlines():
            if not metric.startswith("#"):
                asked += 1
                assert re.fullmatch(kept, metric), metric
    assert asked > 8
    (resources,) = (
        word for word in pod("monitoring", "kube-state-metrics").containers[0]["args"] if "resources" in word
    )
    for metric in (MONITORING / "exporters" / "kube-state-metrics.txt").read_text().splitlines():
        if not metric.startswith("#"):
            assert metric.split("_")[1] + "s" in resources, metric


def test_promtool_and_amtool_accept_what_they_are_given(tmp_path: Path):
    maps = of_monitoring("ConfigMap")
    # Debian's promtool is built without the discovery of Kubernetes: what is left is all else.
    config = configuration()
    for job in config["scrape_configs"]:
        if found := job.pop("kubernetes_sd_configs", None):
            assert found in ([{"role": "node"}], [{"role": "pod", "namespaces": {"names": [NAMESPACE]}}])
            job["file_sd_configs"] = [{"files": ["found.json"]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    (tmp_path / "alertmanager.yml").write_text(maps["alertmanager"]["data"]["alertmanager.yml"])
    for words in (
        [tools.program("promtool"), "check", "config", "--syntax-only", "prometheus.yml"],
        [tools.program("amtool"), "check-config", "alertmanager.yml"],
    ):
        result = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr


def test_rules_routes_and_dashboards_are_those_of_the_monitoring_folder():
    maps = of_monitoring("ConfigMap")
    rules = {file.name: file.read_text() for file in (MONITORING / "rules").glob("*.yml")}
    assert {name: yaml.safe_load(text) for name, text in maps["prometheus-rules"]["data"].items()} == {
        name: yaml.safe_load(text) for name, text in rules.items()
    }
    boards = {file.name for file in (MONITORING / "grafana" / "dashboards").glob("*.json")}
    assert maps["grafana-dashboards"]["data"].keys() == boards
    assert len(boards) == 4
    routes = (MONITORING / "alertmanager" / "alertmanager.yml").read_text()
    assert yaml.safe_load(maps["alertmanager"]["data"]["alertmanager.yml"]) == yaml.safe_load(routes)
    source = yaml.safe_load(maps["grafana"]["data"]["datasources.yml"])["datasources"][0]
    assert (source["uid"], source["url"]) == ("prometheus", "http://marquee-prometheus:9090")


def test_only_those_who_ask_the_api_server_have_a_token_and_it_reads_what_they_need():
    # https://kubernetes.io/docs/reference/instrumentation/node-metrics: nodes/metrics is the right to scrape a kubelet
    rights = {
        (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]): {
            (resource, verb) for rule in one["rules"] for resource in rule["resources"] for verb in rule["verbs"]
        }
        for one in of_kind("monitoring", "Role", "ClusterRole")
        if "prometheus" in one["metadata"]["name"] or "kube-state" in one["metadata"]["name"]
    }
    looked_at = ("cronjobs", "deployments", "jobs", "pods", "statefulsets")
    watched = {(kind, verb) for kind in looked_at for verb in ("list", "watch")}
    assert rights == {
        ("Role", NAMESPACE, "marquee-prometheus"): {("pods", "get"), ("pods", "list"), ("pods", "watch")},
        ("ClusterRole", None, f"{NAMESPACE}-marquee-prometheus"): {
            *(("nodes", verb) for verb in ("get", "list", "watch")),
            ("nodes/metrics", "get"),
        },
        ("Role", NAMESPACE, "marquee-kube-state-metrics"): watched,
    }
    for one in of_kind("monitoring", "RoleBinding", "ClusterRoleBinding"):
        assert {subject["namespace"] for subject in one["subjects"]} == {"monitoring"}
        assert one["roleRef"]["name"] == one["metadata"]["name"]
    with_a_token = {one.component for one in pods("monitoring") if one.spec["automountServiceAccountToken"]}
    assert with_a_token == {"prometheus", "kube-state-metrics"}


def policies_of(component: str) -> list[dict]:
    labels = pod("monitoring", component).labels
    found = [
        one["spec"] for one in of_monitoring("NetworkPolicy").values() if selects(one["spec"]["podSelector"], labels)
    ]
    assert found, f"everybody may speak to {component}"
    return found


def comers(component: str) -> set[tuple[str, int]]:
    """(component that may come, port)."""
    return {
        (peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"], entry["port"])
        for policy in policies_of(component)
        for rule in policy.get("ingress", [])
        for peer in rule["from"]
        for entry in rule["ports"]
    }


def test_nobody_comes_in_but_who_asks_them():
    assert comers("prometheus") == {("grafana", 9090)}
    assert comers("alertmanager") == {("prometheus", 9093)}
    assert comers("kube-state-metrics") == {("prometheus", 8080)}
    assert comers("grafana") == set()


def test_prometheus_may_go_where_it_looks():
    to_the_release = {
        entry["port"]
        for policy in policies_of("prometheus")
        for rule in policy["egress"]
        for peer in rule["to"]
        if peer == {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}}}
        for entry in rule["ports"]
    }
    assert to_the_release == {port for _, port in scraped()}
    grafana = [rule for policy in policies_of("grafana") for rule in policy["egress"]]
    assert {entry["port"] for rule in grafana for entry in rule["ports"]} == {9090, 53}


def test_the_namespace_that_may_look_and_the_one_it_looks_from_are_one():
    words = ["--set", "monitoring.stack.enabled=true", "--set", "monitoring.stack.namespace=elsewhere"]
    refused = helm("template", "marquee", str(CHART), "--kube-version", "1.34", *words)
    assert "networkPolicy.prometheus must name" in refused.stderr
    label = r"networkPolicy.prometheus.kubernetes\.io/metadata\.name=elsewhere"
    assert helm("template", "marquee", str(CHART), "--kube-version", "1.34", *words, "--set", label).returncode == 0


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_seen_by_all_of_its_processes(service):
    names = {
        name for (name, _), labels in scraped().items() if labels["job"] == "service" and labels["service"] == service
    }
    beside = ("live",) if service == "booking" else ()
    assert names == {f"marquee-{service}-{process}" for process in ("web-blue", "worker", "relay", *beside)}


def test_everything_of_it_can_be_found_by_the_release():
    for one in objects("monitoring"):
        if one["metadata"].get("namespace") == "monitoring":
            assert one["metadata"]["labels"]["app.kubernetes.io/instance"] == "marquee"
