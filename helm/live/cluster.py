"""A release on the cluster of KUBECONFIG, as those who run it go about it: with helm and kubectl."""

import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

HELM = Path(__file__).resolve().parent.parent
ROOT = HELM.parent
sys.path[:0] = [str(HELM), str(HELM / "tests"), str(ROOT)]
import chart  # noqa: E402
import tools  # noqa: E402

from stack import ports  # noqa: E402

NAMESPACE = os.environ.get("MARQUEE_NAMESPACE", "marquee-live")
# Further words for helm: where the images are (--set image.repository=...), a storage class.
EXTRA = os.environ.get("MARQUEE_HELM_WORDS", "").split()
CHART = str(HELM / "marquee")
TAG = os.environ.get("MARQUEE_IMAGE_TAG", "latest")
LOCAL = ["-f", str(HELM / "marquee" / "values-local.yaml"), "--set", f"image.tag={TAG}"]
KEEP = bool(os.environ.get("MARQUEE_KEEP"))
# What the restricted Pod Security Standard asks of a pod, and of a container.
SECURITY = {
    "pod": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
    "container": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
}
MOST_COMPLAINTS = 100
FIGURES: list[tuple[str, str, str]] = []


def figure(what: str, seconds: float, more: str = "") -> None:
    """One line of the table that is printed at the end, and kept in docs/operations/cluster.md.

    Beside it the load of the machine that the suite runs on, which is the cluster's own where it is the same one.
    """
    FIGURES.append((what, f"{seconds:.0f} s{more}", f"{os.getloadavg()[0]:.0f}"))


def run(*words: str, check: bool = True, given: str | None = None, limit: float = 600) -> str:
    result = subprocess.run(words, input=given, capture_output=True, text=True, check=False, timeout=limit)
    if check:
        assert result.returncode == 0, f"{' '.join(words)}\n{result.stdout[-2000:]}\n{result.stderr[-4000:]}"
    return result.stdout


def kubectl(*words: str, check: bool = True, given: str | None = None, limit: float = 600) -> str:
    return run("kubectl", "-n", NAMESPACE, *words, check=check, given=given, limit=limit)


def helm(*words: str, check: bool = True, limit: float = 600) -> str:
    return run(shutil.which("helm") or tools.program("helm"), *words, "-n", NAMESPACE, check=check, limit=limit)


def upgrade(*words: str) -> None:
    helm("upgrade", "marquee", CHART, *LOCAL, *EXTRA, *words, "--timeout", "10m", limit=1500)


def emptied(namespace: str) -> None:
    """Takes a namespace away with all in it, pods without a word; its end is not waited for."""
    run("kubectl", "delete", "namespace", namespace, "--wait=false")
    run("kubectl", "-n", namespace, "delete", "pods", "--all", "--grace-period=0", "--force", "--wait=false")


def secrets_sums(*words: str) -> tuple[dict[str, str], dict[str, str]]:
    """Deployment → what its pods are told of the secrets now, and what an upgrade with these words would tell them."""
    draft = helm("upgrade", "marquee", CHART, *LOCAL, *EXTRA, *words, "--dry-run=server", "--hide-notes", "-o", "json")
    return chart.secrets_sums(objects("deployments")), chart.secrets_sums(chart.parsed(json.loads(draft)["manifest"]))


def required() -> None:
    """Raises Missing where there is no cluster to install into."""
    if shutil.which("kubectl") is None or not os.environ.get("KUBECONFIG"):
        raise tools.Missing("no cluster: KUBECONFIG and kubectl say which one it is")


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> float:
    """How long it took; fails when it takes longer than these seconds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.5)
    return time.monotonic() - began


def objects(kind: str, selector: str = "app.kubernetes.io/instance=marquee") -> list[dict]:
    return json.loads(kubectl("get", kind, "-l", selector, "-o", "json"))["items"]


def pods(selector: str = "") -> list[dict]:
    """Pods that are to stay: not those of Jobs, and not on their way out."""
    return [
        pod
        for pod in objects("pods", f"app.kubernetes.io/instance=marquee{',' if selector else ''}{selector}")
        if pod["status"]["phase"] in ("Pending", "Running")
        and "deletionTimestamp" not in pod["metadata"]
        and "job-name" not in pod["metadata"]["labels"]
    ]


def ready(pod: dict) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))


def serve(name: str, namespace: str, image: str, args: list[str], port: int) -> None:
    """A pod and a Service of this name and port in another namespace, and waits for it."""
    low = {"sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]}
    container = {"name": name, "image": image, "imagePullPolicy": "IfNotPresent", "args": args}
    of_it = {"name": name, "labels": {"app": name}}
    spec = {
        "automountServiceAccountToken": False,
        "securityContext": SECURITY["pod"] | low,
        "terminationGracePeriodSeconds": 1,
        "containers": [container | {"securityContext": SECURITY["container"]}],
    }
    service = {"selector": {"app": name}, "ports": [{"port": port}]}
    objects = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": of_it, "spec": spec},
        {"apiVersion": "v1", "kind": "Service", "metadata": of_it, "spec": service},
    ]
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    run("kubectl", "-n", namespace, "apply", "-f", "-", given=given)
    run("kubectl", "-n", namespace, "wait", "pod", name, "--for=condition=Ready", "--timeout=120s")


def series(port: int, query: str) -> int:
    """How many series the Prometheus behind a local port answers a query with."""
    asked = urllib.parse.urlencode({"query": query})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{asked}", timeout=30) as answer:
        return len(json.load(answer)["data"]["result"])


def kind_of(pod: dict) -> tuple[str, str]:
    """Its component and process."""
    labels = pod["metadata"]["labels"]
    return labels["app.kubernetes.io/component"], labels.get("marquee/process", "")


def all_ready() -> bool:
    """Whether every workload has all the pods it wants, of its newest version, ready."""
    for one in [*objects("deployments"), *objects("statefulsets")]:
        status, wanted = one["status"], one["spec"]["replicas"]
        if status.get("observedGeneration") != one["metadata"]["generation"]:
            return False
        if any(status.get(key, 0) != wanted for key in ("replicas", "updatedReplicas", "readyReplicas")):
            return False
    return True


def buy(limit: float = 120) -> str:
    """A customer registers and buys a ticket, from within the cluster and through the gateway's Service."""
    return kubectl("exec", "client", "-c", "buyer", "--", "python", "/scripts/buy_ticket.py", limit=limit)


class Page:
    """helm/live/page.py in the client's pod: what it has said so far, and a seat that it buys when told to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._said: list[dict] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("{"):
                self._said.append(json.loads(line))

    def said(self, what: str) -> list:
        return [line[what] for line in self._said if what in line]

    def is_open(self) -> bool:
        return len(self.said("open")) > len(self.said("closed"))

    def sell(self) -> float:
        """Seconds until it was told of the seat that it has bought."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        wait_until(lambda: self.said("sold") or self._process.poll(), 120, "the page is told of a seat that it bought")
        assert self.said("sold"), self._said
        return self.said("sold")[0]


@contextlib.contextmanager
def seats_are_told(meanwhile: str) -> Iterator[Page]:
    """A page has a socket before, and afterwards again: it is told of a seat that it buys then."""
    words = ["kubectl", "-n", NAMESPACE, "exec", "-i", "client", "-c", "buyer", "--", "python", "/scripts/page.py"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        page = Page(process)
        try:
            wait_until(page.is_open, 60, "a page is told which seats there are")
            yield page
            wait_until(page.is_open, 120, "the page has a socket again")
            told = page.sell()
        finally:
            process.terminate()
    gaps = page.said("open")[1:]
    ended = f"{len(gaps)} ended, the next open after {max(gaps):.1f} s at most" if gaps else "none ended"
    note(f"sockets of live seats, {meanwhile}", f"{ended}; a sale afterwards was told within {told:.1f} s")


def note(what: str, seen: str) -> None:
    """A line of the same table that says what was seen, and not how long it took."""
    FIGURES.append((what, seen, f"{os.getloadavg()[0]:.0f}"))


def requests() -> tuple[int, list[str]]:
    """How many requests the client has sent so far, and those that failed."""
    lines = kubectl("logs", "client", "-c", "loop").splitlines()
    sent = next((json.loads(line)["sent"] for line in reversed(lines) if line.startswith('{"sent"')), 0)
    return sent, [line for line in lines if line.startswith('{"failed"')]


@contextlib.contextmanager
def nothing_fails(what: str, *, at_least: int = 20) -> Iterator[None]:
    """No request may fail in the meantime, and enough must have been sent to tell."""
    sent_before, failed_before = requests()
    began = time.monotonic()
    yield
    wait_until(lambda: requests()[0] - sent_before >= at_least, 60, "enough requests were sent")
    sent, failed = requests()
    new = failed[len(failed_before) :]
    figure(what, time.monotonic() - began, f", {len(new)} of {sent - sent_before} requests failed")
    assert not new, new[:10]


def complaints() -> str:
    """The last warnings and errors of the last minutes, of all pods together; "" where there is no cluster."""
    try:
        required()
    except tools.Missing:
        return ""
    words = ("-l", "app.kubernetes.io/instance=marquee", "--all-containers", "--prefix", "--ignore-errors")
    said = kubectl("logs", *words, "--since=5m", "--tail=2000", "--max-log-requests=200", check=False)
    loud = [line for line in said.splitlines() if re.search(r"\b(WARNING|ERROR|CRITICAL|error|Traceback)\b", line)]
    return "\n".join(loud[-MOST_COMPLAINTS:])


def secrets() -> dict[str, str]:
    data = json.loads(kubectl("get", "secret", "marquee-secrets", "-o", "json"))["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


@contextlib.contextmanager
def forwarded(targets: dict[str, tuple[str, int]], namespace: str = NAMESPACE) -> Iterator[dict[str, int]]:
    """Local ports that lead to pods, past all policies: name → (object, port) becomes name → local port."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        said = {name: Path(folder, f"{number}.log") for number, name in enumerate(targets)}
        for name, (target, port) in targets.items():
            words = ["kubectl", "-n", namespace, "port-forward", "--address=127.0.0.1", target, f":{port}"]
            with said[name].open("w") as log:
                process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            running.callback(process.wait, 10)
            running.callback(process.terminate)
        for written in said.values():
            wait_until(partial(_forwarded_from, written), 30, "a port is forwarded")
        yield {name: _forwarded_from(written) for name, written in said.items()}


def _forwarded_from(log: Path) -> int:
    """The local port that kubectl took; 0 while it has none. One that was found free before may be another's then."""
    found = re.search(r"^Forwarding from 127\.0\.0\.1:(\d+) -> ", log.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def audit(folder: Path) -> str:
    """`make audit` on the release's databases, broker and card gateway; what it says when nothing is violated."""
    targets = {f"postgres-{name}": (f"statefulset/marquee-postgres-{name}", 5432) for name in chart.SERVICES}
    targets["rabbitmq-management"] = ("statefulset/marquee-rabbitmq", 15672)
    targets["gateway-simulator"] = ("deployment/marquee-gateway-simulator", 9001)
    with forwarded(targets) as there:
        (folder / "ports.json").write_text(json.dumps({**dict.fromkeys(ports.USUAL, 1), **there}))
        lines = [f"{key}={value}" for key, value in secrets().items() if "\n" not in value]
        (folder / "secrets.env").write_text("\n".join(lines) + "\n")
        (folder / "secrets.env").chmod(0o600)
        words = [sys.executable, "-m", "audit", str(folder), "60"]
        result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


# Read from what the cluster knows of its queues: asked themselves, one that does not answer holds up the whole list.
COPIES = """
[io:format("~s\\t~b~n", [element(4, amqqueue:get_name(Queue)), length(maps:get(nodes, amqqueue:get_type_state(Queue)))])
 || Queue <- rabbit_amqqueue:list(<<"marquee">>), amqqueue:get_type(Queue) == rabbit_quorum_queue], ok.
"""


def members() -> dict[str, int]:
    """How many copies each quorum queue has; nothing while the node that is asked does not answer."""
    words = ("rabbitmqctl", "-q", "eval", COPIES)
    said = kubectl("exec", "marquee-rabbitmq-0", "-c", "rabbitmq", "--", *words, check=False)
    rows = [line.split("\t") for line in said.splitlines() if "\t" in line]
    return {name: int(copies) for name, copies in rows}


def redis_master() -> str:
    """The pod that the Sentinels agree on."""
    ask = "REDISCLI_AUTH=$REDIS_PASSWORD redis-cli -p 26379 sentinel get-master-addr-by-name marquee"
    return kubectl("exec", "marquee-redis-1", "-c", "sentinel", "--", "sh", "-c", ask).partition(".")[0]
