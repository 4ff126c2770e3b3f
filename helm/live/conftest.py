import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import cluster
from missing import pytest_runtest_call, pytest_runtest_setup  # noqa: F401  (pytest finds it here)

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    """For each file an empty namespace under the restricted Pod Security Standard; gone at the end, with all in it.

    With MARQUEE_KEEP the release that is there is taken as it is, and stays: for trying one test again.
    """
    cluster.required()
    if cluster.KEEP:
        yield cluster.NAMESPACE
        return
    cluster.run("kubectl", "delete", "namespace", cluster.NAMESPACE, "--ignore-not-found")
    cluster.run("kubectl", "create", "namespace", cluster.NAMESPACE)
    restricted = "pod-security.kubernetes.io/enforce=restricted"
    cluster.run("kubectl", "label", "namespace", cluster.NAMESPACE, restricted)
    yield cluster.NAMESPACE
    cluster.emptied(cluster.NAMESPACE)


@pytest.fixture(scope="module")
def client(namespace: str) -> None:
    """A pod with one container that goes on asking the gateway, and one that buys tickets when told to."""
    image = next(
        container["image"]
        for pod in cluster.pods("marquee/process=web,app.kubernetes.io/component=booking")
        for container in pod["spec"]["containers"]
    )
    common = {
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {"name": "GATEWAY_URL", "value": f"http://marquee-gateway.{namespace}"},
            {"name": "PAYMENT_TOKEN", "value": "tok_visa"},
        ],
        "securityContext": cluster.SECURITY["container"],
        "volumeMounts": [{"name": "scripts", "mountPath": "/scripts"}],
    }
    scripts = {name: (HERE / name).read_text() for name in ("client.py", "page.py")}
    scripts["buy_ticket.py"] = (cluster.HELM / "marquee" / "files" / "buy_ticket.py").read_text()
    objects = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "client"}, "data": scripts},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "client",
                # With the labels of `helm test`, and so its way to the gateway.
                "labels": {"app.kubernetes.io/name": "marquee", "app.kubernetes.io/instance": "marquee"}
                | {"app.kubernetes.io/component": "test", "job-name": "client"},
            },
            "spec": {
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "securityContext": cluster.SECURITY["pod"],
                "terminationGracePeriodSeconds": 1,
                "containers": [
                    {"name": "loop", "args": ["python", "/scripts/client.py"], **common},
                    {"name": "buyer", "args": ["sleep", "infinity"], **common},
                ],
                "volumes": [{"name": "scripts", "configMap": {"name": "client"}}],
            },
        },
    ]
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    cluster.kubectl("delete", "pod", "client", "--ignore-not-found")
    cluster.kubectl("apply", "-f", "-", given=given)
    cluster.kubectl("wait", "pod", "client", "--for=condition=Ready", "--timeout=120s")
    # A pod is let through a moment after it starts: what failed until then is not the release's.
    cluster.buy()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """What failed is shown with what the pods complained of: they are gone when somebody looks."""
    report = yield
    if report.failed:
        report.sections.append(("what the pods complained of", cluster.complaints()))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for row in cluster.FIGURES:
        terminalreporter.write_line(f"| {' | '.join(row)} |")
