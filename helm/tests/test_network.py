"""Who may open which port: everybody who must, and nobody else."""

import pytest
from chart import FRONTEND, SERVICES, VALUES, may_speak, of_kind, pod, pods, selects, values


def needed(variant: str) -> dict[tuple[str, int], set[tuple[str, str]]]:
    """(component and process that listen, port) → the (component, process) pairs inside the release that connect."""
    config = values(variant)
    tls = config["rabbitmq"]["tls"]["enabled"] or config["tls"]["internal"]
    backup, simulator = config["backup"]["enabled"], config["simulator"]["enabled"]
    asking = [(name, process) for name in SERVICES for process in ("web", "worker")] + [("booking", "live")]
    everyone = [(name, process) for name in SERVICES for process in ("web", "worker", "relay", "migrate")]
    calls = {name: {"auth", *config["services"][name]["calls"]} - {name} for name in SERVICES}
    need: dict[tuple[str, int], set[tuple[str, str]]] = {
        ("gateway", 8080): {("test", "")} | ({("gateway-simulator", "simulator")} if simulator else set()),
        ("flower", 5555): {("gateway", "")},
        ("rabbitmq", 5671 if tls else 5672): {*everyone, ("scheduler", "beat"), ("flower", "flower")},
        ("rabbitmq", 15672): {("flower", "flower"), ("audit", "audit")},
        ("rabbitmq", 4369): {("rabbitmq", "")},
        ("rabbitmq", 25672): {("rabbitmq", "")},
    }
    need["booking/live", config["services"]["booking"]["live"]["port"]] = {("gateway", "")}
    for name in SERVICES:
        callers = {(other, process) for other, process in asking if name in calls[other]}
        need[f"{name}/web", config["services"][name]["port"]] = {("gateway", ""), (FRONTEND, "web"), *callers}
        clients = (
            {("audit", "audit")}
            | {one for one in {*everyone, *asking} if one[0] == name}
            | ({("backup", name)} if backup else set())
        )
        if config["services"][name]["database"]["standbys"]:
            clients.add(("postgres-standby", name))
            need[f"postgres-standby/{name}", 5432] = {(name, "web"), (name, "worker")}
        need[f"postgres/{name}", 5432] = clients
    # Demo data makes old what catalog keeps there.
    filling = [(name, "migrate") for name in SERVICES if config["migrations"]["demoData"]]
    need[f"{FRONTEND}/web", config[FRONTEND]["port"]] = {("gateway", "")}
    asking.append((FRONTEND, "web"))
    if config["redis"]["replicas"] > 1:
        need["redis-proxy", 6379] = {*asking, *filling}
        need["redis", 6379] = {("redis-proxy", ""), ("redis", "")}
        need["redis", 26379] = {("redis", ""), ("redis-proxy", "")}
    else:
        need["redis", 6379] = {*asking, *filling}
    if simulator:
        need["gateway-simulator", 9001] = {("payment", "web"), ("payment", "worker"), ("audit", "audit")}
        # Customers type their cards there.
        need["gateway-simulator", 9001].add(("gateway", ""))
        need["message-sink", 9025] = need["message-sink", 9026] = {("notify", "web"), ("notify", "worker")}
    return need


@pytest.mark.parametrize("variant", VALUES)
def test_every_port_is_reachable_by_whom_it_is_for_and_nobody_else(variant):
    need = needed(variant)
    looked_at = 0
    for listener in pods(variant):
        for port in {
            entry["containerPort"] for container in listener.containers for entry in container.get("ports", [])
        }:
            expected = next(
                (
                    need[key, port]
                    for key in (f"{listener.component}/{listener.process}", listener.component)
                    if (key, port) in need
                ),
                set(),
            )
            allowed = {(one.component, one.process) for one in pods(variant) if may_speak(variant, one, listener, port)}
            assert allowed == expected, f"{listener.name}:{port}"
            looked_at += 1
    assert looked_at >= 35


@pytest.mark.parametrize("variant", VALUES)
def test_prometheus_reaches_every_metrics_port_from_its_namespace_alone(variant):
    inside = values(variant)["networkPolicy"]["prometheus"]
    for one in pods(variant):
        ports = {e["containerPort"] for c in one.containers for e in c.get("ports", []) if e.get("name") == "metrics"}
        if one.process == "web":
            ports |= {container["ports"][0]["containerPort"] for container in one.containers}
        for port in ports:
            assert _namespaces(variant, one, port) == [inside], f"{one.name}:{port}"


def test_customers_come_by_the_ingress_controller_alone_where_there_is_one():
    gateway = pod("production", "gateway")
    assert _namespaces("production", gateway, 8080) == [values("production")["networkPolicy"]["ingressController"]]


def test_a_load_balancer_shows_customers_the_gateway_and_nothing_else():
    balanced = [one for one in of_kind("loadbalancer", "Service") if one["spec"].get("type") == "LoadBalancer"]
    (service,) = balanced
    assert service["metadata"]["name"] == "marquee-gateway"
    assert {entry["port"]: entry["targetPort"] for entry in service["spec"]["ports"]} == {80: "http", 443: "http"}
    # Else every client has the address of a node, and all of them one limit.
    assert service["spec"]["externalTrafficPolicy"] == "Local"
    whoever = [
        rule
        for policy in of_kind("loadbalancer", "NetworkPolicy")
        if selects(policy["spec"]["podSelector"], pod("loadbalancer", "gateway").labels)
        for rule in policy["spec"].get("ingress", [])
        if "from" not in rule
    ]
    assert [entry["port"] for rule in whoever for entry in rule["ports"]] == [8080]
    assert not of_kind("loadbalancer", "Ingress")


def test_behind_an_ingress_there_is_no_second_way_in():
    """Also where the values name the type for the day without one."""
    assert values("production")["gateway"]["serviceType"] == "LoadBalancer"
    assert of_kind("production", "Ingress")
    types = {one["spec"].get("type", "ClusterIP") for one in of_kind("production", "Service")}
    assert types == {"ClusterIP"}


def _namespaces(variant: str, whose, port: int) -> list[dict]:
    return [
        peer["namespaceSelector"]["matchLabels"]
        for policy in of_kind(variant, "NetworkPolicy")
        if selects(policy["spec"]["podSelector"], whose.labels)
        for rule in policy["spec"].get("ingress", [])
        if port in [entry["port"] for entry in rule["ports"]]
        for peer in rule.get("from", [])
        if "namespaceSelector" in peer
    ]


@pytest.mark.parametrize("variant", VALUES)
def test_only_payment_and_notify_reach_servers_outside(variant):
    outside = set()
    for policy in of_kind(variant, "NetworkPolicy"):
        for rule in policy["spec"].get("egress", []):
            if "to" not in rule or any("ipBlock" in peer for peer in rule["to"]):
                outside |= {
                    one.component for one in pods(variant) if selects(policy["spec"]["podSelector"], one.labels)
                }
    assert outside <= {"payment", "notify", "backup"}


def test_the_way_to_an_operators_servers_is_open():
    """Their pods carry the operators' labels, and the operators' own policies guard them."""
    for name in SERVICES:
        wanted = {
            ("cnpg.io/cluster", f"marquee-postgres-{name}", 5432),
            ("app.kubernetes.io/name", "marquee-rabbitmq", 5672),
        }
        open_to = {
            (*label, port["port"])
            for policy in of_kind("operators", "NetworkPolicy")
            if selects(policy["spec"]["podSelector"], pod("operators", name, "worker").labels)
            for rule in policy["spec"].get("egress", [])
            for peer in rule["to"]
            if "podSelector" in peer
            for label in peer["podSelector"]["matchLabels"].items()
            for port in rule["ports"]
        }
        assert wanted <= open_to
