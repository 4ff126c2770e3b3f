"""What goes into the images, and what their commands become."""

import os
import re
import ssl
import subprocess
import threading
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import health
import pytest
import requirements
from conftest import ROOT
from make_env import make_certificates

from stack import credentials, lock, programs
from stack.instance import MAIN, Instance
from stack.ports import USUAL
from stack.services import FRONTEND_FOLDER, SERVICES

PROJECTS = (*(service.project for service in SERVICES), FRONTEND_FOLDER.name)
TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000 10001        0 81 1 0 100 0 0 10 0
   1: 0600A8C0:C5F2 0300A8C0:1628 {state} 00000000:00000000 00:00000000 00000000 10001        0 82 1 0 20 4 30 10 -1
"""


def command_of(process: str, folder: Path) -> list[str]:
    """What the entry point runs, without running it: the programs are replaced by one that says how it was called."""
    for name in ("gunicorn", "celery", "python"):
        stub = folder / name
        stub.write_text(f'#!/bin/sh\nprintf "%s\\n" {name} "$@"\n')
        stub.chmod(0o755)
    result = subprocess.run(
        ["sh", str(ROOT / "docker" / "entrypoint.sh"), process],
        env={"PATH": f"{folder}:{os.defpath}", "SERVICE_NAME": "booking", "BIND": "0.0.0.0", "PORT": "5555"},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.splitlines()


def local_commands() -> dict[str, list[str]]:
    """Process → its command on one machine, the program without its folder."""
    secrets = {name: make() for name, make in credentials.MAKERS.items()}
    found = programs.all_programs(Instance.named(MAIN), ports=dict.fromkeys(USUAL, 5555), secrets=secrets)
    commands = {}
    for program in found:
        # On one machine the workers give way; a container has its own share of the processor.
        words = program.command[3:] if program.command[0] in ("nice", "chrt") else program.command
        commands[program.name] = [Path(words[0]).name, *words[1:]]
    return commands


@pytest.mark.parametrize(
    ("process", "local"),
    [
        ("web", "booking-web"),
        ("worker", "booking-worker"),
        ("relay", "booking-relay"),
        ("live", "booking-live"),
        ("beat", "scheduler"),
        ("flower", "flower"),
        ("gateway-simulator", "gateway-simulator"),
        ("message-sink", "message-sink"),
        ("audit", "audit"),
    ],
)
def test_a_container_runs_what_one_machine_runs(
    process: str, local: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs.nginx, "command", lambda instance: ["nginx"])
    monkeypatch.setattr(programs.postgres, "command", lambda *_, **__: ["postgres"])
    monkeypatch.setattr(programs.rabbitmq, "script", lambda: "rabbitmq-server")
    monkeypatch.setattr(programs.rabbitmq, "epmd_command", lambda: ["epmd"])
    monkeypatch.setattr(programs.redis, "command", lambda instance: ["redis-server"])
    monkeypatch.setattr(programs, "run_as", lambda account: None)
    expected = [word.replace("127.0.0.1", "0.0.0.0") for word in local_commands()[local]]
    assert command_of(process, tmp_path) == expected


def test_migrating_brings_the_database_and_then_the_queues_up_to_date(tmp_path: Path) -> None:
    assert command_of("migrate", tmp_path) == ["python", "manage.py", "prepare"]


def test_any_other_command_is_run_as_it_is(tmp_path: Path) -> None:
    assert command_of("celery", tmp_path) == ["celery"]


@pytest.mark.parametrize("project", PROJECTS)
def test_an_image_has_what_its_project_needs_and_no_more(project: str) -> None:
    text = lock.FILE.read_text()
    shared = set(lock.entries(requirements.layer("shared", text)))
    own = set(lock.entries(requirements.layer(project, text)))
    needed = set(lock.entries(lock.subset(text, {lock.project_name(project), "chassis"})))
    assert not shared & own
    assert needed <= shared | own
    assert "flower" in shared
    assert not {"ruff", "mypy", "pytest", "supervisor", "uv"} & (shared | own)


@pytest.mark.parametrize("layer", ["shared", *PROJECTS])
def test_every_package_comes_with_its_hashes(layer: str) -> None:
    for name, (lines, _) in lock.entries(requirements.layer(layer, lock.FILE.read_text())).items():
        assert "--hash=sha256:" in lines, name


def test_locales_of_every_language_that_is_spoken_to_customers_stay_in_the_image() -> None:
    mails = (ROOT / "notify_project" / "notifications" / "domain.py").read_text()
    languages = re.findall(r'"([a-z]{2})":', re.search(r"^LANGUAGES = \{([^}]*)\}", mails, re.MULTILINE)[1])
    pages = (FRONTEND_FOLDER / "config" / "settings.py").read_text()
    languages += re.findall(r'\("([a-z]{2})", ', re.search(r"^LANGUAGES = \[(.*)\]", pages, re.MULTILINE)[1])
    assert {"vi", "de", "ja"} <= set(languages)
    assert "en" in languages
    for language in languages:
        assert f"! -name '{language}*.dat'" in (ROOT / "docker" / "settle.sh").read_text()


def test_the_build_sees_no_secret_and_no_test() -> None:
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert rules[1] == "*"
    assert {"**/tests", "**/.*", "**/*.pyc"} <= set(rules)
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for source in " ".join(copied).split():
        assert source == "${PROJECT}" or (ROOT / source).exists(), source


def test_no_image_runs_as_root_or_without_a_health_check() -> None:
    for file in (ROOT / "Dockerfile", ROOT / "nginx" / "Dockerfile"):
        text = file.read_text()
        assert re.search(r"^USER \d+:\d+$", text, re.MULTILINE)
        assert re.search(r"^HEALTHCHECK ", text, re.MULTILINE)
        assert re.search(r'^(ENTRYPOINT|CMD) \["', text, re.MULTILINE)
        assert "org.opencontainers.image.title" in text


def test_a_connection_counts_only_while_it_lives() -> None:
    assert health.connected(TABLE.format(state="01"), 5672)
    assert not health.connected(TABLE.format(state="08"), 5672)
    assert not health.connected(TABLE.format(state="01"), 5432)
    assert not health.connected(TABLE.format(state="01"), 8001)


def test_every_process_has_something_that_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(health, "refused", lambda port, path, *, secure: asked.append(path))
    monkeypatch.setattr(health, "unconnected", asked.append)
    monkeypatch.setattr(health, "closed", lambda port: asked.append(str(port)))
    for name, value in {"PORT": "8003", "SMTP_PORT": "1025", "HTTP_PORT": "8025", "METRICS_PORT": "9400"}.items():
        monkeypatch.setenv(name, value)
    for process in ("web", "worker", "relay", "live", "beat", "flower", "gateway-simulator", "message-sink", "audit"):
        health.complaint(set(command_of(process, tmp_path)))
    assert asked == [
        *("/health/ready", "RABBITMQ_URL", "DATABASE_URL", "/health/ready", "RABBITMQ_URL", "/flower/healthcheck"),
        *("8003", "1025", "8025", "/health/live"),
    ]


def test_scripts_are_of_the_shell_that_they_name() -> None:
    for script in (ROOT / "docker").rglob("*.sh"):
        first = script.read_text().splitlines()[0]
        assert first.startswith("#"), script
        subprocess.run(["bash" if first == "#!/bin/bash" else "sh", "-n", str(script)], check=True)


def test_what_shows_a_certificate_is_asked_over_tls_and_must_be_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = Instance.at(tmp_path / "compose")
    make_certificates("https://localhost", instance)
    server = HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(instance.certificate("auth"), instance.key("auth"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        monkeypatch.setenv("TLS_CERTIFICATE", str(instance.certificate("auth")))
        monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
        assert "CERTIFICATE_VERIFY_FAILED" in str(health.refused(server.server_port, "/", secure="TLS_CERTIFICATE"))
        monkeypatch.setenv("SSL_CERT_FILE", str(instance.trusted))
        assert health.refused(server.server_port, "/", secure="TLS_CERTIFICATE") is None
    finally:
        server.shutdown()
        server.server_close()
