"""What the chart adds to the gateway's image, run by a real NGINX."""

import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chart import of_kind, wait_until

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from stack.ports import any_free_port

EXPORTER = Path(__file__).resolve().parents[2] / "monitoring" / "exporters" / "nginx-exporter.txt"
PATIENCE = 10.0
Status = Callable[[], str | None]


def asked(port: int) -> str | None:
    """The page of numbers; None where there is none."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            return answer.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return None


@pytest.fixture
def gateway(tmp_path) -> Iterator[tuple[int, Path]]:
    """The chart's own servers in an NGINX: the port of the numbers, and the script that makes them."""
    (config,) = [one["data"] for one in of_kind("default", "ConfigMap") if one["metadata"]["name"] == "marquee-gateway"]
    status, numbers = any_free_port(), any_free_port()
    servers = config["90-status.conf.template"].replace("127.0.0.1:8081", f"127.0.0.1:{status}")
    servers = servers.replace("listen 9113", f"listen 127.0.0.1:{numbers}").replace("/run/gateway", str(tmp_path))
    temporary = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi"))
    temporary += f" uwsgi_temp_path {tmp_path}/uwsgi; scgi_temp_path {tmp_path}/scgi;"
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; daemon off; worker_processes 1; error_log stderr;\n"
        f"{'user root;' if os.geteuid() == 0 else ''} events {{}}\nhttp {{ {temporary}\n{servers}\n}}\n"
    )
    script = tmp_path / "metrics.sh"
    script.write_text(config["metrics.sh"].replace("127.0.0.1:8081", f"127.0.0.1:{status}"))
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    assert program, "nginx is not installed"
    server = subprocess.Popen([program, "-e", "stderr", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")])
    try:
        yield numbers, script
    finally:
        server.terminate()
        server.wait(PATIENCE)


@pytest.fixture
def measuring(gateway, tmp_path) -> Iterator[Callable[[str], None]]:
    """Runs the script as the image's entry point does, which leaves its loop running; told where the status page is."""
    _, script = gateway
    running: list[subprocess.Popen] = []

    def run(status: str) -> None:
        variables = {**os.environ, "METRICS_FOLDER": str(tmp_path / "metrics"), "METRICS_SECONDS": "0.1"}
        running.append(
            subprocess.Popen(
                ["sh", str(script)], env={**variables, **({"STATUS_URL": status} if status else {})}, process_group=0
            )
        )
        assert running[-1].wait(PATIENCE) == 0

    yield run
    for one in running:
        os.killpg(one.pid, signal.SIGKILL)


def test_the_gateway_measures_itself_under_the_names_of_its_exporter(gateway, measuring):
    port, _ = gateway
    measuring("")
    wait_until(lambda: asked(port) is not None, "numbers")
    lines = [line.split() for line in asked(port).splitlines()]
    told = {line[0]: int(line[1]) for line in lines if line[0] != "#"}
    assert told.keys() == {name for name in EXPORTER.read_text().split("\n") if name.startswith("nginx_")}
    assert told["nginx_up"] == 1
    assert {line[2]: line[3] for line in lines if line[0] == "#"}["nginx_http_requests_total"] == "counter"
    before = told["nginx_http_requests_total"]
    wait_until(lambda: f"\nnginx_http_requests_total {before}\n" not in (asked(port) or ""), "newer numbers")


def test_where_nobody_answers_there_are_no_numbers_of_before(gateway, measuring, tmp_path):
    port, _ = gateway
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "metrics").write_text("nginx_up 1\n")
    wait_until(lambda: asked(port) == "nginx_up 1\n", "the numbers of before")
    measuring(f"http://127.0.0.1:{any_free_port()}/stub_status")
    wait_until(lambda: asked(port) is None, "no numbers of what is gone")


def test_the_script_is_one_that_the_entry_point_runs():
    """It passes over what is not executable; a ConfigMap's files are when their volume says so."""
    (deployment,) = [one for one in of_kind("default", "Deployment") if one["metadata"]["name"] == "marquee-gateway"]
    spec = deployment["spec"]["template"]["spec"]
    (volume,) = [one for one in spec["volumes"] if one["name"] == "status"]
    assert volume["configMap"]["defaultMode"] == 0o555
    (container,) = spec["containers"]
    assert [m["mountPath"] for m in container["volumeMounts"] if m.get("subPath") == "metrics.sh"] == [
        "/docker-entrypoint.d/50-metrics.sh"
    ]
