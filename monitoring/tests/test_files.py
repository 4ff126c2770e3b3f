"""What can be said of the rules, dashboards and routes without a running stack."""

import json
import re
import subprocess
from pathlib import Path

import alerts as drill
import pytest
import tools
import yaml
from queries import DASHBOARDS, MONITORING, RULES, alerts, all_queries, declared, exported

RUNBOOKS = MONITORING.parent / "docs" / "operations" / "runbooks.md"
HERE = Path(__file__).parent


def checked(*words: str, folder: Path = MONITORING) -> str:
    result = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_promtool_parses_every_query(tmp_path):
    queries = all_queries()
    assert len(queries) > 80
    groups = [{"record": f"query:{number}", "expr": query.expression} for number, query in enumerate(queries)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": groups}]}))
    checked(tools.program("promtool"), "check", "rules", str(file))


def test_a_query_that_is_wrong_would_be_refused(tmp_path):
    file = tmp_path / "queries.yml"
    file.write_text("groups: [{name: a, rules: [{record: a, expr: 'rate(http_requests_total[5m]'}]}]")
    with pytest.raises(AssertionError, match="unclosed left parenthesis"):
        checked(tools.program("promtool"), "check", "rules", str(file))


def test_every_alert_fires_and_does_not():
    checked(tools.program("promtool"), "test", "rules", *(str(file) for file in sorted(HERE.glob("*.yml"))))


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not():
    seen: dict[str, set[bool]] = {}
    for file in HERE.glob("*.yml"):
        for case in yaml.safe_load(file.read_text())["tests"]:
            for expectation in case.get("promql_expr_test", []):
                name = re.search(r'alertname="(\w+)"', expectation["expr"])
                assert name
                seen.setdefault(name[1], set()).add(bool(expectation["exp_samples"]))
    assert seen == {rule["alert"]: {True, False} for rule in alerts()}


def test_every_alert_says_how_bad_it_is_and_what_to_do():
    headings = {re.sub(r"[^\w]", "", line).lower() for line in RUNBOOKS.read_text().splitlines() if line[:2] == "##"}
    for rule in alerts():
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert rule["annotations"]["summary"]
        page, _, heading = rule["annotations"]["runbook_url"].partition("#")
        assert page.endswith("/docs/operations/runbooks.md")
        assert heading == rule["alert"].lower()
        assert heading in headings, f"runbooks.md says nothing of {rule['alert']}"


def test_promtool_and_amtool_accept_the_configuration(tmp_path):
    checked(tools.program("promtool"), "check", "config", "--syntax-only", str(MONITORING / "prometheus.yml"))
    checked(tools.program("promtool"), "check", "rules", *map(str, RULES))
    checked(tools.program("amtool"), "check-config", str(MONITORING / "alertmanager" / "alertmanager.yml"))


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"alertname": "ServiceDown", "severity": "critical"}, "pager"),
        ({"alertname": "AuditViolation", "severity": "critical"}, "pager"),
        ({"alertname": "QueueBacklog", "severity": "warning"}, "slack"),
    ],
)
def test_critical_goes_to_the_pager_and_a_warning_to_slack(labels, receiver):
    routes = [tools.program("amtool"), "config", "routes", "test"]
    words = [f"{name}={value}" for name, value in labels.items()]
    assert checked(*routes, "--config.file", "alertmanager/alertmanager.yml", *words).strip() == receiver


def test_no_secret_stands_in_the_routes():
    text = (MONITORING / "alertmanager" / "alertmanager.yml").read_text()
    assert not re.search(r"(?m)^\s*(?:- )?(?:routing_key|service_key|slack_api_url|api_url|password): ", text)


def test_dashboards_can_be_provisioned():
    identities = []
    assert {file.stem for file in DASHBOARDS} == {"overview", "service", "business", "infrastructure"}
    for file in DASHBOARDS:
        board = json.loads(file.read_text())
        identities.append(board["uid"])
        ids = [panel["id"] for panel in board["panels"]]
        assert len(ids) == len(set(ids))
        for panel in board["panels"]:
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24, panel["title"]
            for target in panel.get("targets", []):
                assert target["datasource"]["uid"] == "${datasource}"
    assert len(identities) == len(set(identities))


def test_every_query_names_metrics_that_somebody_tells():
    """RabbitMQ tells its own: `make test` compares those, and all of these, with what a running stack tells."""
    known = declared() | exported()
    assert "bookings_held_total" in known
    unknown = {
        query.where: strange
        for query in all_queries()
        if (strange := {name for name in query.metrics - known if not name.startswith("rabbitmq_")})
    }
    assert not unknown


def test_names_of_metrics_are_found_in_queries():
    queries = {query.where: query.metrics for query in all_queries()}
    assert queries["HighErrorRate"] == {"http_requests_total"}
    assert queries["ConnectionsRunOut"] == {"pg_stat_activity_count", "pg_settings_max_connections"}
    assert "up" in exported()


def test_every_alert_has_a_fault_or_needs_a_cluster():
    made = [alert for chosen in drill.ROUNDS for alert in chosen]
    assert len(made) == len(set(made)) > 15
    untried = drill.OF_A_CLUSTER | drill.OF_HOURS
    assert not set(made) & untried
    assert {*made, *untried} == {rule["alert"] for rule in alerts()}
