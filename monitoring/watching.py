"""Prometheus, Alertmanager and exporters, run on this machine with the configuration of this folder.

They look at a running stack without containers. What differs from compose is where things are, who is told (a
receiver of ours, in the words of PagerDuty and Slack), and how long it takes: every `for`, every range and every
interval is cut in a copy of the files. `python monitoring/watching.py` runs them until it is interrupted.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "helm"), str(HERE)]

import tools  # noqa: E402
from receiver import Receiver  # noqa: E402

from stack import control, lifecycle  # noqa: E402
from stack.instance import MAIN, Instance  # noqa: E402
from stack.lifecycle import Stack  # noqa: E402
from stack.ports import HOST, any_free_port  # noqa: E402
from stack.servers import postgres  # noqa: E402
from stack.services import FRONTEND, SERVICES  # noqa: E402

SECRETS = "/etc/alertmanager/secrets"
# Compose's, and not of a machine without containers.
NOT_HERE = {"cadvisor:8080"}
# Not shorter: a busy machine may take a second to answer.
INTERVAL = "2s"
LASTING = "2s"
LONGEST_RANGE_SECONDS = 20
RANGE = re.compile(r"\[(\d+)([smh])\]")
UNITS = {"s": 1, "m": 60, "h": 3600}
# What is old only after minutes, is so after seconds.
SOONER = {
    "OutboxLag": ("> 60", "> 10"),
    "HoldsOutliveTheirEnd": ("> 60", "> 10"),
    "PaymentOutcomeUnknown": ("> 900", "> 20"),
}
START_SECONDS = 60


def running() -> Stack:
    """What MARQUEE_STATE names, else the main instance. Raises StackError when it was never started."""
    state = os.environ.get("MARQUEE_STATE")
    stack = lifecycle.load(Instance.at(state) if state else Instance.named(MAIN))
    if authority := stack.instance.trusted_if_secured:
        # Whatever opens a connection from here, the customers of a drill too, trusts it.
        os.environ["SSL_CERT_FILE"] = str(authority)
    return stack


def hurried_rules(text: str) -> str:
    """The rules with no wait longer than a moment. Raises AssertionError when a threshold is not where it was."""
    parsed = yaml.safe_load(text)
    for group in parsed["groups"]:
        for rule in group["rules"]:
            if "for" in rule:
                rule["for"] = LASTING
            rule["expr"] = RANGE.sub(_shorter, rule["expr"])
            if rule["alert"] in SOONER:
                late, sooner = SOONER[rule["alert"]]
                assert late in rule["expr"], rule["alert"]
                rule["expr"] = rule["expr"].replace(late, sooner)
    return yaml.safe_dump(parsed, sort_keys=False)


def _shorter(match: re.Match[str]) -> str:
    return f"[{min(int(match[1]) * UNITS[match[2]], LONGEST_RANGE_SECONDS)}s]"


def hurried_routes(text: str, *, secrets: Path, receiver: str) -> str:
    """The routes, to a pager and a chat at the receiver's address, and at once."""
    parsed = yaml.safe_load(text.replace(SECRETS, str(secrets)))
    parsed["global"]["pagerduty_url"] = f"{receiver}/pagerduty"
    for route in (parsed["route"], *parsed["route"]["routes"]):
        route |= {"group_wait": "0s", "group_interval": INTERVAL}
    return yaml.safe_dump(parsed, sort_keys=False)


def located(text: str, places: Mapping[str, str], *, rules: Path, authority: Path | None = None) -> str:
    """prometheus.yml with every address of compose replaced by the one here. Raises KeyError for an unknown one.

    authority: who signed what the services show, where they speak TLS.
    """
    parsed = yaml.safe_load(text)
    parsed["global"] |= {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL, "evaluation_interval": INTERVAL}
    parsed["rule_files"] = [f"{rules}/*.yml"]
    sections = [*parsed["scrape_configs"], *parsed["alerting"]["alertmanagers"]]
    for config in (config for section in sections for config in section["static_configs"]):
        config["targets"] = [places[target] for target in config["targets"] if target not in NOT_HERE]
    for section in parsed["scrape_configs"]:
        if authority is not None and section["job_name"] == "service":
            section |= {"scheme": "https", "tls_config": {"ca_file": str(authority)}}
    return yaml.safe_dump(parsed, sort_keys=False)


class Watch:
    """Runs them in a folder of its own, from `with` to its end."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.receiver = Receiver()
        self.folder = Path(tempfile.mkdtemp(prefix="marquee-watch-"))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ports = {name: any_free_port() for name in self._names()}
        self._status_page = stack.instance.run / "nginx" / "conf.d" / "90-status.conf"

    @staticmethod
    def _names() -> list[str]:
        exporters = [f"postgres-exporter-{service.name}" for service in SERVICES]
        return [*exporters, "redis-exporter", "nginx-exporter", "node-exporter", "prometheus", "alertmanager", "status"]

    def __enter__(self) -> "Watch":
        try:
            self.receiver.start()
            self._start_exporters()
            self._start_alertmanager()
            self._start_prometheus()
            self.wait(self._all_asked, START_SECONDS, "targets are unknown")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        self.receiver.stop()
        if self._status_page.exists():
            self._status_page.unlink()
            control.kill("gateway", "HUP")
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def prometheus(self) -> str:
        return f"http://{HOST}:{self._ports['prometheus']}"

    @property
    def alertmanager(self) -> str:
        return f"http://{HOST}:{self._ports['alertmanager']}"

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that it has now: what a panel would show. Raises OSError when Prometheus refuses it."""
        answer = self._asked(f"/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        return list(answer["data"]["result"])

    def targets(self) -> list[dict[str, Any]]:
        return list(self._asked("/api/v1/targets?state=active")["data"]["activeTargets"])

    def firing(self) -> set[str]:
        """Names of the alerts that fire now."""
        return {series["metric"]["alertname"] for series in self.query('ALERTS{alertstate="firing"}')}

    def forget(self, *services: str) -> None:
        """Prometheus no longer knows these services: as if nobody had deployed them. Without any it knows all."""
        parsed = yaml.safe_load(self._configuration())
        for section in parsed["scrape_configs"]:
            if section["job_name"] == "service":
                section["static_configs"] = [
                    c for c in section["static_configs"] if c["labels"]["service"] not in services
                ]
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(parsed))
        self._processes["prometheus"].send_signal(signal.SIGHUP)

    def wait(self, condition: Callable[[], bool], seconds: float, complaint: str) -> None:
        """Until it is so. Raises TimeoutError, also when one of the programs has ended."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):
                if condition():
                    return
            ended = [name for name, process in self._processes.items() if process.poll() is not None]
            if ended:
                raise TimeoutError(f"{ended[0]} ended: {self._log(ended[0]).read_text()[-2000:]}")
            if time.monotonic() > deadline:
                raise TimeoutError(complaint)
            time.sleep(0.1)

    def _all_asked(self) -> bool:
        """Twice, so that every rate has two numbers."""
        counts = self.query("min(count_over_time(up[1m]))")
        return bool(counts) and float(counts[0]["value"][1]) >= 2 and len(self.targets()) == len(self.query("up"))

    def _asked(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.prometheus}{path}", timeout=10) as answer:  # noqa: S310  (ours)
            return dict(json.load(answer))

    def _places(self) -> dict[str, str]:
        """Address in compose → here."""
        ports = self.stack.ports
        here = {f"{service.name}:{service.port}": ports[service.name] for service in SERVICES}
        here |= {"audit:9400": ports["audit"], f"{FRONTEND}:80": ports[FRONTEND]}
        here |= {f"postgres-exporter-{s.name}:9187": self._ports[f"postgres-exporter-{s.name}"] for s in SERVICES}
        here |= {"rabbitmq:15692": ports["rabbitmq-prometheus"], "redis-exporter:9121": self._ports["redis-exporter"]}
        here |= {
            "nginx-exporter:9113": self._ports["nginx-exporter"],
            "node-exporter:9100": self._ports["node-exporter"],
        }
        here |= {"localhost:9090": self._ports["prometheus"], "alertmanager:9093": self._ports["alertmanager"]}
        return {address: f"{HOST}:{port}" for address, port in here.items()}

    def _configuration(self) -> str:
        text = (HERE / "prometheus.yml").read_text()
        authority = self.stack.instance.trusted_if_secured
        return located(text, self._places(), rules=self.folder / "rules", authority=authority)

    def _start_exporters(self) -> None:
        secrets, ports = self.stack.secrets, self.stack.ports
        authority = self.stack.instance.trusted_if_secured
        verified = f"sslmode=verify-full&sslrootcert={authority}" if authority else "sslmode=disable"
        for service in SERVICES:
            self._start(
                f"postgres-exporter-{service.name}",
                "prometheus-postgres-exporter",
                "--web.listen-address={}",
                DATA_SOURCE_URI=f"{HOST}:{ports[f'postgres-{service.name}']}/{service.database}?{verified}",
                DATA_SOURCE_USER=postgres.SUPERUSER,
                DATA_SOURCE_PASS=secrets["POSTGRES_PASSWORD"],
            )
        self._start(
            "redis-exporter",
            "prometheus-redis-exporter",
            "--web.listen-address={}",
            "--connection-timeout=1s",
            REDIS_ADDR=f"redis{'s' if authority else ''}://{HOST}:{ports['redis']}",
            REDIS_PASSWORD=secrets["REDIS_PASSWORD"],
            REDIS_EXPORTER_TLS_CA_CERT_FILE=str(authority or ""),
        )
        status = (HERE.parent / "docker" / "status.conf").read_text()
        self._status_page.write_text(status.replace("listen 8081", f"listen {HOST}:{self._ports['status']}"))
        control.kill("gateway", "HUP")
        page = f"http://{HOST}:{self._ports['status']}/stub_status"
        # Older exporters give up, and newer ones have no retries to be told of.
        self.wait(lambda: _answers(page), START_SECONDS, "the gateway has no status page")
        self._start(
            "nginx-exporter", "prometheus-nginx-exporter", "--web.listen-address={}", f"--nginx.scrape-uri={page}"
        )
        self._start("node-exporter", "prometheus-node-exporter", "--web.listen-address={}")

    def _start_alertmanager(self) -> None:
        secrets = self.folder / "secrets"
        secrets.mkdir()
        (secrets / "pagerduty_routing_key").write_text("a-key")
        (secrets / "slack_webhook_url").write_text(f"{self.receiver.url}/slack")
        routes = (HERE / "alertmanager" / "alertmanager.yml").read_text()
        file = self.folder / "alertmanager.yml"
        file.write_text(hurried_routes(routes, secrets=secrets, receiver=self.receiver.url))
        self._start(
            "alertmanager",
            "alertmanager",
            "--web.listen-address={}",
            f"--config.file={file}",
            f"--storage.path={self.folder / 'alertmanager'}",
            "--cluster.listen-address=",
        )

    def _start_prometheus(self) -> None:
        (self.folder / "rules").mkdir()
        for rules in (HERE / "rules").glob("*.yml"):
            (self.folder / "rules" / rules.name).write_text(hurried_rules(rules.read_text()))
        file = self.folder / "prometheus.yml"
        file.write_text(self._configuration())
        self._start(
            "prometheus",
            "prometheus",
            "--web.listen-address={}",
            f"--config.file={file}",
            f"--storage.tsdb.path={self.folder / 'data'}",
        )

    def _start(self, name: str, program: str, *arguments: str, **environment: str) -> None:
        """One program, listening where the argument with {} says, writing to a file of its name."""
        words = [tools.program(program), *(word.format(f"{HOST}:{self._ports[name]}") for word in arguments)]
        with self._log(name).open("wb") as log:
            self._processes[name] = subprocess.Popen(
                words, env={"PATH": os.defpath, **environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


def _answers(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=5):  # noqa: S310  (ours)
        return True


def main() -> None:
    # Being told to stop is being interrupted: nothing is left running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), Watch(running()) as watch:
        print(f"Prometheus    {watch.prometheus}\nAlertmanager  {watch.alertmanager}\nCtrl-C ends them", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
