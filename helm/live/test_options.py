"""A second release, with what a company turns on: TLS between all processes, monitoring of its own, autoscalers.

Each test leaves a release that sells tickets to the next one. What a cluster does not have (images of the monitoring,
numbers of pods' use) leaves its test out.
"""

import json
import re
import subprocess
import time

import authority
import certificates
import chart
import cluster
import pytest
import tools
from cluster import buy, helm, kubectl, nothing_fails, pods, wait_until

SETTLE_SECONDS = 600
MONITORING = "monitoring"
FEW = [f"services.{name}.{process}.autoscaling.max=1" for name in chart.SERVICES for process in ("web", "worker")]
FEW += [f"{chart.FRONTEND}.web.autoscaling.max=1", "services.booking.live.autoscaling.max=1"]
WORDS = (
    *("--set", "tls.internal=true,backup.enabled=true"),
    *("--set", "monitoring.stack.enabled=true,monitoring.stack.createNamespace=false"),
    *("--set", f"autoscaling.enabled=true,{','.join(FEW)}"),
    # What is asked for as a company has it: an idle pod is far below the share at which one is added.
    *("--set", "services.booking.web.resources.requests.cpu=100m,services.booking.web.resources.requests.memory=512Mi"),
    *("--set", "services.booking.web.autoscaling.max=3"),
)


@pytest.fixture(scope="module")
def signer() -> authority.Authority:
    return authority.Authority()


@pytest.fixture(scope="module", autouse=True)
def installed(namespace, signer):
    """The words for helm with which it has its certificates."""
    cluster.run("kubectl", "delete", "namespace", MONITORING, "--ignore-not-found")
    cluster.run("kubectl", "create", "namespace", MONITORING)
    cluster.run("kubectl", "label", "namespace", MONITORING, "pod-security.kubernetes.io/enforce=restricted")
    issued = certificates.begin(signer, *WORDS)
    whose = "; certificates of cert-manager" if certificates.has_manager() else ""
    began = time.monotonic()
    helm("install", "marquee", cluster.CHART, *cluster.LOCAL, *cluster.EXTRA, *WORDS, *issued)
    said = helm("test", "marquee", "--logs", "--timeout", "10m", limit=700)
    cluster.figure("`helm install` with `tls.internal`, to the first ticket", time.monotonic() - began, whose)
    assert said.count("bought ") == 1, said
    yield issued
    cluster.emptied(MONITORING)


@pytest.fixture(autouse=True)
def whole(client):
    wait_until(cluster.all_ready, SETTLE_SECONDS, "all pods are ready")


def servers() -> dict[str, tuple[str, int, str]]:
    """Who shows a certificate → its object, its port, and the name that it is asked by."""
    there = {f"postgres-{name}": (f"statefulset/marquee-postgres-{name}", 5432) for name in chart.SERVICES}
    there |= {"redis": ("statefulset/marquee-redis", 6379), "rabbitmq": ("statefulset/marquee-rabbitmq", 5671)}
    values = chart.values("local")
    webs = {**values["services"], chart.FRONTEND: values[chart.FRONTEND]}
    there |= {name: (f"deployment/marquee-{name}-web-blue", web["port"]) for name, web in webs.items()}
    there["flower"] = ("deployment/marquee-flower", 5555)
    there["booking-live"] = ("deployment/marquee-booking-live", values["services"]["booking"]["live"]["port"])
    # Live seats have the certificate of their service.
    return {name: (target, port, f"marquee-{name.removesuffix('-live')}") for name, (target, port) in there.items()}


def shown(signer: authority.Authority) -> dict[str, str]:
    """Who → the serial of the certificate it shows, which is of the authority and of its name. Raises OSError."""
    there = servers()
    with cluster.forwarded({name: (target, port) for name, (target, port, _) in there.items()}) as ports:
        return {
            name: signer.serial_shown(ports[name], known, postgres=name.startswith("postgres-"))
            for name, (_, _, known) in there.items()
        }


# Until nothing can be read any more. A new connection for each request would use up the ports that a pod has.
LOAD = """
import http.client, os, sys, threading
from urllib.parse import urlsplit
host, over, answers = urlsplit(os.environ["GATEWAY_URL"]).hostname, threading.Event(), []
def ask():
    while not over.is_set():
        connection = http.client.HTTPConnection(host, 80, timeout=30)
        for _ in range(100):
            connection.request("GET", "/api/bookings")
            answer = connection.getresponse()
            answer.read()
            answers.append(answer.status)
            if over.is_set() or answer.will_close:
                break
        connection.close()
threads = [threading.Thread(target=ask) for _ in range(2)]
[one.start() for one in threads]
sys.stdin.read()
over.set()
[one.join() for one in threads]
print(len(answers), sum(one >= 500 for one in answers))
"""


def test_renewed_certificates_are_shown_without_a_restart_and_lose_no_request(signer):
    """Kubelets look at Secrets when they do, so pods are added under load and taken away in the meantime."""
    before, restarts = shown(signer), restarted()
    assert len(before) == 15
    measured = "metrics.k8s.io" in cluster.run("kubectl", "api-versions")
    began = time.monotonic()
    which = "all certificates renewed"
    with cluster.seats_are_told(which), nothing_fails(f"{which} under that load, until every server shows its new one"):
        certificates.renew(signer, *WORDS)
        if measured:
            pods_are_added_under_load_and_taken_away_after_it()
        while not all_differ(signer, before):
            assert time.monotonic() - began < SETTLE_SECONDS, "not every server shows its new certificate"
    anew = {name: count for name, count in restarted().items() if count != restarts.get(name)}
    assert not any(count or "-booking-web-" not in name for name, count in anew.items()), anew
    buy()
    if not measured:
        raise tools.Missing("no metrics-server in this cluster: certificates were renewed, but no pods were added")


def pods_are_added_under_load_and_taken_away_after_it() -> None:
    web = "marquee/process=web,app.kubernetes.io/component=booking"
    wait_until(lambda: len(pods(web)) == 1, SETTLE_SECONDS, "one pod is enough without load")
    began = time.monotonic()
    words = ["kubectl", "-n", cluster.NAMESPACE, "exec", "-i", "client", "-c", "buyer", "--", "python", "-c", LOAD]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
        wait_until(lambda: sum(map(cluster.ready, pods(web))) == 3, 240, "pods are added under load")
        asked, failed = map(int, load.communicate(timeout=60)[0].split())
    # It looks back over five minutes before it takes a pod away: nobody waits for that here.
    quick = {"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 15, "policies": None}}}}
    kubectl("patch", "hpa", "marquee-booking-web-blue", "--type=merge", "-p", json.dumps(quick))
    wait_until(lambda: len(pods(web)) == 1, SETTLE_SECONDS, "the pods of the load are taken away")
    cluster.figure("booking's web processes from one to three under load, and back to one", time.monotonic() - began)
    cluster.note("the load that added them", f"{asked} requests, {failed} answered 5xx")
    assert asked > 100
    assert not failed


def all_differ(signer: authority.Authority, before: dict[str, str]) -> bool:
    """Not when a forwarded port was cut off: kubectl loses them on a node that is busy."""
    try:
        return all(before[name] != serial for name, serial in shown(signer).items())
    except ConnectionError:
        return False


def restarted() -> dict[str, int]:
    return {
        pod["metadata"]["name"]: sum(one["restartCount"] for one in pod["status"]["containerStatuses"])
        for pod in pods()
    }


def test_nobody_answers_plainly_where_tls_is_spoken():
    ours = [(target, port) for target, port, _ in servers().values() if target.startswith("deployment/")]
    assert len(ours) == 8
    for target, port in ours:
        ask = (
            f"import http.client as h; c = h.HTTPConnection('localhost', {port}, timeout=5);"
            "c.request('GET', '/health'); c.getresponse()"
        )
        with pytest.raises(AssertionError, match=r"RemoteDisconnected|BadStatusLine|ConnectionReset"):
            kubectl("exec", target, "--", "python", "-c", ask)


# A chat that prints what it is told. Alertmanager may speak to port 443 alone, wherever that is.
CHAT = """
import http.server, sys
class Chat(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")
http.server.ThreadingHTTPServer(("0.0.0.0", 443), Chat).serve_forever()
"""


@pytest.fixture(scope="module")
def prometheus(client):
    """Asks Prometheus a query: how many series it answers with. Alerts go to a chat of the suite's own."""
    image = pods("marquee/process=web,app.kubernetes.io/component=booking")[0]["spec"]["containers"][0]["image"]
    cluster.serve("chat", MONITORING, image, ["python", "-c", CHAT], 443)
    secret = ("create", "secret", "generic", "marquee-alertmanager", "--from-literal=pagerduty_routing_key=none")
    cluster.run("kubectl", "-n", MONITORING, *secret, "--from-literal=slack_webhook_url=http://chat:443/")
    # Two minutes until a server is down, and five until a group is told of again: nobody waits for that here.
    written_anew("marquee-prometheus-rules", "infrastructure.yml", r"(alert: ServerDown\b.*?for:) \w+", r"\1 15s")
    written_anew("marquee-alertmanager", "alertmanager.yml", r"(group_interval:) \w+", r"\1 10s")
    # Both are read when they start.
    watchers = ("statefulset/marquee-prometheus", "deployment/marquee-alertmanager")
    for watcher in watchers:
        cluster.run("kubectl", "-n", MONITORING, "rollout", "restart", watcher)
    for watcher in (*watchers, "deployment/marquee-kube-state-metrics"):
        cluster.run("kubectl", "-n", MONITORING, "rollout", "status", watcher, "--timeout=300s")
    with cluster.forwarded({"prometheus": (watchers[0], 9090)}, MONITORING) as there:
        yield lambda query: cluster.series(there["prometheus"], query)


def written_anew(config: str, key: str, pattern: str, instead: str) -> None:
    """A file of a ConfigMap of the monitoring, with one place of it said otherwise."""
    there = json.loads(cluster.run("kubectl", "-n", MONITORING, "get", "configmap", config, "-o", "json"))
    said, places = re.subn(pattern, instead, there["data"][key], flags=re.DOTALL)
    assert places == 1, config
    patch = json.dumps({"data": {key: said}})
    cluster.run("kubectl", "-n", MONITORING, "patch", "configmap", config, "--type=merge", "-p", patch)


def of_a_cluster() -> dict[str, str]:
    """Title of each panel that only a cluster fills, or the queues → its query."""
    found = {}
    for board in sorted((cluster.HELM / "marquee" / "files" / "dashboards").glob("*.json")):
        for panel in json.loads(board.read_text())["panels"]:
            for number, target in enumerate(panel.get("targets", [])):
                if re.search(r"\b(container|kube|kubelet|rabbitmq)_", target["expr"]):
                    query = target["expr"].replace("$__rate_interval", "1m").replace("$service", "booking")
                    found[f"{panel['title']} {number}"] = query
    return found


def test_every_panel_of_a_cluster_has_data(prometheus):
    # A restart and a backup, to be seen.
    stop = "import os, signal; os.kill(1, signal.SIGTERM)"
    kubectl("create", "job", "--from=cronjob/marquee-backup-booking", "backup-to-be-seen")
    wait_until(lambda: prometheus('kube_pod_container_status_restarts_total{container="beat"}'), 120, "it is watched")
    kubectl("exec", "deployment/marquee-scheduler", "--", "python", "-c", stop, check=False)
    queries = of_a_cluster()
    assert len(queries) > 10

    def fills(query: str) -> bool:
        # A rate has data while something is sold.
        return bool(prometheus(query)) or not buy()

    for title, query in queries.items():
        wait_until(lambda query=query: fills(query), 180, f"{title} has data: {query}")
    cluster.note("panels that a cluster fills", f"{len(queries)} queries, each with data")


def test_a_broker_that_stands_still_is_told_of_and_so_is_its_return(prometheus):
    control = ("exec", "marquee-rabbitmq-0", "-c", "rabbitmq", "--", "rabbitmqctl", "-q")
    alert = 'ALERTS{alertname="ServerDown",alertstate="firing"}'
    assert not prometheus(alert)
    began = time.monotonic()
    kubectl(*control, "stop_app")

    def told() -> str:
        return cluster.run("kubectl", "-n", MONITORING, "logs", "chat")

    wait_until(lambda: "ServerDown (firing)" in told(), SETTLE_SECONDS, "the chat is told")
    cluster.figure("RabbitMQ stands still, until the chat is told", time.monotonic() - began)
    began = time.monotonic()
    kubectl(*control, "start_app")
    wait_until(lambda: not prometheus(alert), 120, "the alert is over")
    buy(limit=300)
    wait_until(lambda: "ServerDown (resolved)" in told(), 120, "the chat is told of its return")
    cluster.figure("RabbitMQ goes on, until the chat is told", time.monotonic() - began)


def test_tls_is_turned_off_and_on_by_an_upgrade_each(installed):
    """With nothing else that was turned on, so that what is told here is of TLS alone."""
    for turned, word in (("off", "false"), ("on", "true")):
        began = time.monotonic()
        cluster.upgrade("--set", f"tls.internal={word}", *installed, "--wait")
        wait_until(cluster.all_ready, SETTLE_SECONDS, "all pods are ready")
        buy(limit=300)
        cluster.figure(f"`tls.internal` turned {turned} by an upgrade, to the next ticket", time.monotonic() - began)
