"""Prometheus and Alertmanager truly run: every panel has data, faults reach a person, and clear.

Where MARQUEE_STATE is a running instance that has sold something; `make alerts` does the same with every alert.
"""

import time
from contextlib import ExitStack

import drill_world
import faults
import pytest
import watching
from queries import DASHBOARDS, all_queries
from receiver import PAGER, SLACK

SECONDS = 60
SERVICES = ("auth", "catalog", "booking", "payment", "notify")
# What kubelets, cAdvisor and kube-state-metrics tell: there is no cluster here.
OF_A_CLUSTER = {
    "infrastructure.json: Restarts in half an hour",
    "infrastructure.json: Memory, share of the limit",
    "infrastructure.json: Disks, share that is free",
    "infrastructure.json: Last backup",
    "overview.json: CPU, cores",
    "overview.json: Memory",
    "overview.json: Network",
}
# Empty while all is well, and full when it is not.
OF_TROUBLE = {
    "service.json: Errors, by route",
    "service.json: Refusals, by status",
    "service.json: Tasks that did not succeed",
    "business.json: Revenue an hour, minor units",  # what was refunded
}
# Alert → its fault, and who is told.
MADE = {
    "ServerDown": (faults.redis_is_stopped, PAGER),
    "ConnectionsRunOut": (faults.connections_are_left_open, PAGER),
    "DeadLetters": (faults.an_event_is_told_that_nobody_wants, SLACK),
}


@pytest.fixture(scope="module")
def watch():
    with watching.Watch(watching.running()) as running:
        yield running


def panels() -> dict[str, list[str]]:
    """Panel → its queries; those of the service dashboard once for each service."""
    found: dict[str, list[str]] = {}
    names = {file.name for file in DASHBOARDS}
    for query in all_queries():
        if query.where.partition(":")[0] in names:
            asked = [query.expression.replace('service="booking"', f'service="{name}"') for name in SERVICES]
            found.setdefault(query.where, []).extend(dict.fromkeys(asked))
    return found


def test_every_target_answers(watch):
    jobs = {target["labels"]["job"] for target in watch.targets()}
    assert jobs == {"service", "postgresql", "redis", "rabbitmq", "nginx", "node", "prometheus"}
    watch.wait(lambda: all(t["health"] == "up" for t in watch.targets()), SECONDS, f"not up: {watch.targets()}")


def test_every_panel_of_every_dashboard_has_data(watch):
    asked = panels()
    assert len(asked) > 50
    assert asked.keys() >= OF_A_CLUSTER | OF_TROUBLE
    empty = {where for where, queries in asked.items() if not any(map(watch.query, queries))}
    # A gauge of the clock's minute, or a counter that has just begun.
    watch.wait(
        lambda: not {where for where in empty - OF_A_CLUSTER - OF_TROUBLE if not any(map(watch.query, asked[where]))},
        SECONDS,
        f"no data: {empty - OF_A_CLUSTER - OF_TROUBLE}",
    )
    assert not {where for where in OF_A_CLUSTER if where not in empty}, "these are told here after all"


def test_faults_reach_a_person_and_clear(watch):
    world = drill_world.World(watch)
    assert not watch.firing() & MADE.keys()
    began = time.monotonic()
    with ExitStack() as made:
        for fault, _ in MADE.values():
            made.enter_context(fault(world))
        for alert, (_, to) in MADE.items():
            message = watch.receiver.wait(alert, to=to, status="firing", since=began, seconds=SECONDS)
            assert message.runbook.endswith(f"/docs/operations/runbooks.md#{alert.lower()}")
    for alert, (_, to) in MADE.items():
        watch.receiver.wait(alert, to=to, status="resolved", since=began, seconds=SECONDS)
    assert not [message for message in watch.receiver.of("DeadLetters") if message.to == PAGER]


def test_waits_are_cut_in_a_copy_and_nothing_else_is():
    rules = (
        "groups: [{name: a, rules: [{alert: OutboxLag, expr: 'rate(x[5m]) > 60', for: 10m, labels: {severity: a}}]}]"
    )
    cut = watching.hurried_rules(rules)
    assert f"rate(x[{watching.LONGEST_RANGE_SECONDS}s]) > 10" in cut
    assert f"for: {watching.LASTING}" in cut
    with pytest.raises(AssertionError, match="OutboxLag"):
        watching.hurried_rules(rules.replace("> 60", "> 61"))
    jobs = "[{static_configs: [{targets: ['elsewhere:1']}]}]"
    file = f"{{global: {{}}, alerting: {{alertmanagers: []}}, scrape_configs: {jobs}}}"
    with pytest.raises(KeyError, match="elsewhere:1"):
        watching.located(file, {}, rules=watching.HERE)
