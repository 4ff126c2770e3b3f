"""One release from its install to its uninstall, in the order of this file, on the cluster of KUBECONFIG.

Each test leaves a release that sells tickets to the next one.
"""

import html
import json
import re
import secrets
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import chart
import cluster
import pytest
from cluster import buy, helm, kubectl, nothing_fails, pods, wait_until

SETTLE_SECONDS = 600


@pytest.fixture(scope="module", autouse=True)
def installed(namespace):
    """Installed with nothing but the values for one node; how long until a ticket is bought."""
    if cluster.KEEP:
        return
    began = time.monotonic()
    helm("install", "marquee", cluster.CHART, *cluster.LOCAL, *cluster.EXTRA, "--wait", "--timeout", "10m", limit=700)
    cluster.figure("`helm install --wait`, to all pods ready", time.monotonic() - began)
    said = helm("test", "marquee", "--logs", "--timeout", "10m", limit=700)
    cluster.figure("from the install to the first ticket (`helm test`)", time.monotonic() - began)
    assert said.count("bought ") == 1, said
    wait_until(cluster.all_ready, SETTLE_SECONDS, "all pods are ready")


@pytest.fixture(autouse=True)
def whole(client):
    """Each test begins with all pods there."""
    wait_until(cluster.all_ready, SETTLE_SECONDS, "all pods are ready")


def test_nothing_failed_while_it_started():
    """What customers' requests go through was started once, and none of them was answered 5xx."""
    restarts = {
        (pod["metadata"]["name"], container["name"]): container["restartCount"]
        for pod in pods()
        for container in pod["status"]["containerStatuses"]
        if container["name"] in ("web", "gateway", "postgres", "redis", "rabbitmq")
    }
    assert len(restarts) == 14
    assert not {name: count for name, count in restarts.items() if count}
    assert cluster.requests()[1] == []


def test_the_shop_answers_at_the_front_door():
    """/ leads to its pages, and they show what catalog tells."""
    with cluster.forwarded({"gateway": ("service/marquee-gateway", 80)}) as there:
        gateway = f"http://localhost:{there['gateway']}"
        _, theaters = page(f"{gateway}/api/theaters")
        theater = json.loads(theaters)["results"][0]
        where, _ = page(f"{gateway}/")
        assert urlsplit(where).path == "/en/"
        _, shown = page(f"{gateway}/en/?cinema={theater['id']}")
        assert html.escape(theater["name"]) in shown


def test_staff_sign_in_once_and_are_at_every_desk():
    """The first account of staff is made as docs/operations/install.md says."""
    password = secrets.token_urlsafe(24)
    words = ("createsuperuser", "--noinput", "--username", "live-admin", "--email", "live-admin@example.com")
    auth = ("exec", "deployment/marquee-auth-web-blue", "--", "env", f"DJANGO_SUPERUSER_PASSWORD={password}")
    kubectl(*auth, "python", "manage.py", *words)
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with cluster.forwarded({"gateway": ("service/marquee-gateway", 80)}) as there:
        desk = f"http://localhost:{there['gateway']}/admin"
        with browser.open(f"{desk}/", timeout=30) as answer:
            where, form = answer.url, answer.read().decode()
        (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', form))
        given = {"csrfmiddlewaretoken": token, "username": "live-admin", "password": password}
        with browser.open(where, urlencode(given).encode(), timeout=30) as answer:
            assert answer.url == f"{desk}/"
        for service in chart.SERVICES:
            panel = f"{desk}/{service}/panels/needs/"
            with browser.open(panel, timeout=30) as answer:
                assert answer.url == panel, "sent to sign in again"


def page(url: str) -> tuple[str, str]:
    """Where it was found in the end, and its text."""
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  (a gateway of ours)
        return answer.url, answer.read().decode()


REACH = """
import concurrent.futures, json, socket, sys
def reach(target):
    try:
        socket.create_connection((target[0], target[1]), timeout=3).close()
    except OSError:
        return False
    return True
targets = json.load(sys.stdin)
with concurrent.futures.ThreadPoolExecutor(40) as pool:
    print(json.dumps(list(pool.map(reach, targets))))
"""


def test_each_path_is_open_or_closed_as_the_policies_say():
    """From every pod that has Python to every port of every other one: as the rendered policies say, pod by pod."""
    there = {cluster.kind_of(pod): pod for pod in pods()}
    known = {(one.component, one.process): one for one in chart.pods("local") if one.kind != "Job"}
    assert there.keys() <= known.keys()
    listening = [
        (key, entry["containerPort"])
        for key in there
        for container in known[key].containers
        for entry in container.get("ports", [])
    ]

    def from_pod(key: tuple[str, str]) -> tuple[int, int]:
        others = [(other, port) for other, port in listening if other != key]
        given = json.dumps([(there[other]["status"]["podIP"], port) for other, port in others])
        container = ("-c", there[key]["spec"]["containers"][0]["name"])
        words = ("exec", "-i", there[key]["metadata"]["name"], *container, "--", "python", "-c", REACH)
        open_paths = 0
        for (other, port), reached in zip(others, json.loads(kubectl(*words, given=given)), strict=True):
            expected = chart.may_speak("local", known[key], known[other], port)
            assert reached == expected, f"{key} to {other}:{port} is {'open' if reached else 'closed'}"
            open_paths += expected
        return len(others), open_paths

    # Most of it is waiting at closed doors.
    with_python = [key for key in there if key[0] not in ("gateway", "postgres", "redis", "rabbitmq")]
    with ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(from_pod, with_python))
    asked, open_paths = map(sum, zip(*counts, strict=True))
    assert asked > 400
    assert open_paths > 40
    cluster.note("policies", f"{asked} paths tried, {open_paths} open, as rendered")


# All but what stands in for servers that a company buys: the mails are gone with its pod.
WAVES = {
    "web processes": "marquee/process=web",
    "workers": "marquee/process=worker",
    "relays": "marquee/process=relay",
    "the gateway": "app.kubernetes.io/component=gateway",
    "the scheduler, Flower and the audit": "app.kubernetes.io/component in (scheduler,flower,audit)",
    "Redis": "app.kubernetes.io/component=redis",
    "RabbitMQ": "app.kubernetes.io/component=rabbitmq",
    "all five PostgreSQL": "app.kubernetes.io/component=postgres",
}


@pytest.mark.parametrize("which", WAVES)
def test_pods_that_are_killed_come_back_and_sell(which):
    """Killed without a word, all of the kind at once; how long until all of them are ready and a ticket is bought."""
    names = [pod["metadata"]["name"] for pod in pods(WAVES[which])]
    assert names
    began = time.monotonic()
    kubectl("delete", "pod", *names, "--grace-period=0", "--force")
    wait_until(cluster.all_ready, SETTLE_SECONDS, f"{which} are back")
    buy(limit=300)
    cluster.figure(f"{which} killed", time.monotonic() - began, ", to the next ticket with all pods ready")


def test_a_page_of_seats_outlives_the_process_that_tells_it():
    with cluster.seats_are_told("their process killed") as page:
        (live,) = pods("marquee/process=live")
        began = time.monotonic()
        kubectl("delete", "pod", live["metadata"]["name"], "--grace-period=0", "--force")
        wait_until(lambda: page.said("closed") and page.is_open(), SETTLE_SECONDS, "the page has another socket")
        cluster.figure("live seats killed, to a page's next socket", time.monotonic() - began)


def test_an_upgrade_and_the_way_back_lose_no_request():
    which = "upgrade of every service"
    with cluster.seats_are_told(which), nothing_fails(f"{which}, with `--wait --atomic` and the first backups"):
        cluster.upgrade("--set", "logLevel=WARNING", "--set", "backup.enabled=true", "--wait", "--atomic")
    buy()
    with nothing_fails("`helm rollback`"):
        helm("rollback", "marquee", "--wait", "--timeout", "10m", limit=700)
        wait_until(cluster.all_ready, SETTLE_SECONDS, "all pods are of the version before")
    buy()


def test_an_upgrade_that_changes_nothing_restarts_nothing():
    before = {pod["metadata"]["name"] for pod in pods()}
    cluster.upgrade("--wait")
    assert {pod["metadata"]["name"] for pod in pods()} == before


def test_an_upgrade_that_brings_a_secret_migrates_with_it():
    """The Job that runs before the rest of the upgrade names a key that the Secret of the version before has not."""
    before = {pod["metadata"]["name"] for pod in pods()}
    began = time.monotonic()
    cluster.upgrade("--set", "services.booking.secretEnv.BROUGHT_LATER=BROUGHT_LATER", "--wait")
    assert cluster.secrets()["BROUGHT_LATER"]
    anew = [pod for pod in pods() if pod["metadata"]["name"] not in before]
    assert {cluster.kind_of(pod)[0] for pod in anew} == {"booking"}, "others started anew for it"
    cluster.figure("upgrade that brings a new secret to booking", time.monotonic() - began)
    buy()


def test_green_and_back_lose_no_request_and_a_colour_alone_is_refused():
    with pytest.raises(AssertionError, match=r"--set colors\.blue\.tag="):
        cluster.upgrade("--set", "color=green")
    tags = ("--set", f"colors.blue.tag={cluster.TAG}", "--set", f"colors.green.tag={cluster.TAG}", "--wait")
    with cluster.seats_are_told("blue to green"), nothing_fails("blue to green"):
        cluster.upgrade("--set", "color=green", *tags)
    # A secret of the version before has gone with that: nobody starts anew for it a second time.
    told, would_be_told = cluster.secrets_sums("--set", "color=blue", *tags)
    assert told == would_be_told
    buy()
    with nothing_fails("green to blue"):
        cluster.upgrade("--set", "color=blue", *tags)
    buy()
    with nothing_fails("green taken away"):
        cluster.upgrade("--wait")
    buy()


def test_a_database_comes_back_from_its_dump_beside_autoscalers():
    """All of the service's pods are stopped for it; their autoscalers neither start them in between nor forget them."""
    few = [f"services.{name}.{process}.autoscaling.max=1" for name in chart.SERVICES for process in ("web", "worker")]
    few += [f"{chart.FRONTEND}.web.autoscaling.max=1", "services.booking.live.autoscaling.max=1"]
    cluster.upgrade("--set", "backup.enabled=true,autoscaling.enabled=true", "--set", ",".join(few), "--wait")
    assert len(cluster.objects("hpa")) == len(few)
    before = len(pods("app.kubernetes.io/component=booking"))
    buy()
    kubectl("create", "job", "--from=cronjob/marquee-backup-booking", "dump-booking")
    kubectl("wait", "job/dump-booking", "--for=condition=complete", "--timeout=180s")
    lost = "DELETE FROM seat_status; DELETE FROM booking_seats"
    psql = ("psql", "-qU", "postgres", "bookings_db", "-c", lost)
    kubectl("exec", "marquee-postgres-booking-0", "-c", "postgres", "--", *psql)
    began = time.monotonic()
    cluster.run("bash", str(cluster.HELM / "restore"), "booking", "-n", cluster.NAMESPACE)
    buy()
    cluster.figure("a lost booking database restored (`helm/restore`), to the next ticket", time.monotonic() - began)
    wait_until(cluster.all_ready, SETTLE_SECONDS, "all pods are ready")
    assert len(pods("app.kubernetes.io/component=booking")) == before


def test_the_audit_finds_nothing(tmp_path):
    said = cluster.audit(tmp_path)
    assert "everything that must be true is" in said


def test_a_node_is_drained_and_tickets_are_sold_afterwards():
    nodes = cluster.run("kubectl", "get", "nodes", "-o", "name").split()
    if len(nodes) < 2:
        pytest.skip("one node: there is nowhere to drain it to")
    node = pods("app.kubernetes.io/component=gateway")[0]["spec"]["nodeName"]
    try:
        # The release's pods: who asks and buys stays, whichever node it is on.
        ours = "--pod-selector=app.kubernetes.io/instance=marquee,app.kubernetes.io/component!=test"
        words = ("--ignore-daemonsets", "--delete-emptydir-data", ours)
        began = time.monotonic()
        cluster.run("kubectl", "drain", node, *words, "--timeout=300s")
    finally:
        cluster.run("kubectl", "uncordon", node)
    wait_until(cluster.all_ready, SETTLE_SECONDS, "all pods are ready elsewhere")
    buy()
    cluster.figure("a node drained, to the next ticket", time.monotonic() - began)


def test_every_queue_has_a_copy_on_each_node_that_joins():
    cluster.upgrade("--set", "rabbitmq.replicas=3", "--set", "redis.replicas=3")
    wait_until(cluster.all_ready, 600, "three nodes of each are ready")
    took = wait_until(lambda: set(cluster.members().values()) == {3}, 180, "every queue has three copies")
    assert len(cluster.members()) >= 11
    cluster.figure("every queue with three copies, after all nodes are ready", took)
    buy()


def test_rabbitmq_and_redis_lose_a_node_and_tickets_are_sold():
    for name in ("marquee-rabbitmq-0", cluster.redis_master()):
        began = time.monotonic()
        kubectl("delete", "pod", name, "--grace-period=0", "--force", "--wait=false")
        buy(limit=300)
        cluster.figure(f"{name} of three killed, to the next ticket", time.monotonic() - began)
        wait_until(cluster.all_ready, SETTLE_SECONDS, f"{name} is back")
    wait_until(lambda: set(cluster.members().values()) == {3}, 180, "every queue has three copies again")


def test_a_node_of_rabbitmq_stops_as_soon_as_the_others_have_a_majority():
    began = time.monotonic()
    kubectl("delete", "pod", "marquee-rabbitmq-1", "--wait=true")
    took = time.monotonic() - began
    assert took < 120, "await_online_quorum_plus_one did not end"
    cluster.figure("a node of three told to stop", took)


def test_nothing_is_left_when_it_is_uninstalled_but_data_and_passwords():
    helm("uninstall", "marquee", "--wait")
    for kind in ("jobs", "cronjobs", "deployments", "statefulsets", "services"):
        assert not cluster.objects(kind), kind
    assert cluster.secrets()
    assert cluster.objects("persistentvolumeclaims")
