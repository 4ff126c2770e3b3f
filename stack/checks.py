"""`check`: everything that can be said about the code without running a server."""

import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from pathlib import Path

from stack import (
    api_documents,
    credentials,
    dependencies,
    environment,
    lock,
    saga,
    sources,
    spectral,
    staff_rights,
    variables,
)
from stack.environment import PYTHON
from stack.errors import StackError
from stack.instance import MAIN, ROOT, Instance
from stack.ports import USUAL
from stack.services import FRONTEND, FRONTEND_FOLDER, SERVICES, Service

BIN = PYTHON.parent
CONTRACTS = ROOT / "contracts"
JOURNEY = ROOT / "bench" / "journey.js"
# Folders of programs that are no packages: each imports its neighbours by their names.
BESIDE = ("monitoring", "helm", "docker", "nginx")
ENVELOPE = {"specversion", "id", "type", "source", "subject", "time", "traceparent", "data"}


@dataclass(frozen=True)
class Check:
    """Passes if its command exits 0, or if its function raises no StackError.

    tells: what it could not look at, also when it passes.
    """

    name: str
    command: Sequence[str] = ()
    folder: Path = ROOT
    variables: Mapping[str, str] = field(default_factory=dict)
    function: Callable[[], None] | None = None
    tells: bool = False

    def complaint(self) -> str | None:
        """None when it passes, else what it says."""
        if self.function is not None:
            try:
                self.function()
            except StackError as error:
                return f"{error}\n{error.details}".strip()
            return None
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        result = subprocess.run(
            self.command,
            cwd=self.folder,
            env={**inherited, **self.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        said = f"{result.stdout}{result.stderr}".strip()
        if result.returncode:
            return said or "failed"
        if self.tells and said:
            print(f"  {said}", flush=True)
        return None


def all_checks() -> list[Check]:
    members = [ROOT / "chassis", *(service.folder for service in SERVICES), FRONTEND_FOLDER]
    roots = [ROOT, ROOT / "mailbox", ROOT / "chassis" / "src", *members[1:]]
    checks = [
        # The longest where their programs are still to be made.
        Check("chart, by the schemas of each Kubernetes", [str(PYTHON), "helm/check"], tells=True),
        Check("capacity", [str(PYTHON), "helm/capacity.py", "--check"]),
        Check("workflows", [str(PYTHON), "docker/workflows.py"], tells=True),
        Check("format", [str(BIN / "ruff"), "format", "--check", "--quiet", "."]),
        Check("lint", [str(BIN / "ruff"), "check", "--quiet", "."]),
        Check("lengths", function=sources.check_lengths),
        Check("reasons", function=sources.check_reasons),
        Check(
            "walls",
            [str(BIN / "lint-imports"), "--no-logo"],
            variables={"PYTHONPATH": os.pathsep.join(map(str, roots))},
        ),
        Check("lock", function=lambda: lock.check(environment.uv())),
        Check("licences", function=dependencies.check_licences),
        Check("contracts", function=check_contracts),
        Check("saga", function=partial(saga.check, _service_variables)),
        Check("staff rights", function=staff_rights.check),
        Check("API documents, by Spectral", function=spectral.check),
        Check("Postman collection", _postman("--check")),
        Check("AsyncAPI document", [str(PYTHON), "-m", "stack.asyncapi", "--check"]),
        Check("texts of the shop", [str(PYTHON), "-m", "stack.translations", "--check"]),
        Check("load test", function=check_journey),
        Check("types of stack, bench and audit", [*_mypy(), "stack", "bench", "audit"]),
        Check(
            "types of monitoring, helm, docker and nginx",
            [*_mypy(), *BESIDE, "helm/check"],
            variables={"MYPYPATH": os.pathsep.join([*BESIDE, "helm/tests"])},
        ),
        Check("types of mailbox", [*_mypy(), "-p", "message_sink"], ROOT / "mailbox"),
        Check(
            "types of chassis",
            [*_mypy_of_django(), "src/chassis"],
            ROOT / "chassis",
            {**_service_variables(SERVICES[0]), "PYTHONPATH": "tests"},
        ),
    ]
    checks.append(
        Check(
            f"types of {FRONTEND}",
            [*_mypy_of_django(), "--follow-imports=silent", "shop", "config", "manage.py"],
            FRONTEND_FOLDER,
            {**_frontend_variables(), "PYTHONPATH": "."},
        )
    )
    for service in SERVICES:
        own = {**_service_variables(service), "PYTHONPATH": "."}
        checks += [
            Check(
                f"types of {service.name}",
                [*_mypy_of_django(), "--follow-imports=silent", *service.packages, "manage.py"],
                service.folder,
                own,
            ),
            Check(f"migrations of {service.name}", _manage("check_migrations"), service.folder, own),
            Check(f"API of {service.name}", function=partial(api_documents.check, service, own)),
        ]
    return checks + [Check(f"dependencies of {folder.name}", [str(BIN / "deptry"), "."], folder) for folder in members]


def run(*, at_once: int = 2) -> bool:
    """Run all checks, print each with what it has to say, and return whether all passed."""
    started = time.monotonic()
    checks = all_checks()
    failed = []
    with ThreadPoolExecutor(at_once) as pool:
        for check, complaint in zip(checks, pool.map(Check.complaint, checks), strict=True):
            print(f"  {'ok' if complaint is None else 'FAILED':6}  {check.name}", flush=True)
            if complaint is not None:
                failed.append(check.name)
                print("\n".join(f"      {line}" for line in complaint.splitlines()), flush=True)
    seconds = time.monotonic() - started
    print(f"\nmarquee: {'failed: ' + ', '.join(failed) if failed else 'all checks passed'} in {seconds:.0f} s")
    return not failed


def write_api_documents() -> None:
    """Renews the five of contracts/openapi, what is made of them, and docs/saga.md. Raises StackError."""
    for service in SERVICES:
        api_documents.write(service, _service_variables(service))
    if complaint := Check("AsyncAPI document", [str(PYTHON), "-m", "stack.asyncapi"]).complaint():
        raise StackError("the AsyncAPI document cannot be made", details=complaint)
    if complaint := Check("Postman collection", _postman()).complaint():
        raise StackError("the Postman collection cannot be made", details=complaint)
    saga.write()


def check_contracts(folder: Path = CONTRACTS) -> None:
    """Each golden message is a complete envelope of the event that its file is named after."""
    files = sorted(folder.glob("*.json"))
    if not files:
        raise StackError(f"there are no golden messages in {folder}")
    wrong = [f"{file.name}: {fault}" for file in files for fault in _faults(file)]
    if wrong:
        raise StackError("golden messages are wrong", details="\n".join(wrong))


def check_journey(file: Path = JOURNEY) -> None:
    """The load test is a k6 script: k6 reads it to run it, Node for its syntax; with neither it fails, in CI alone."""
    if k6 := shutil.which("k6"):
        command = [k6, "inspect", str(file)]
    elif node := shutil.which("node"):
        # From stdin: a module that is a file of the name .js is not looked at.
        command = [node, "--check", "--input-type=module"]
    elif os.environ.get("CI"):
        raise StackError(f"neither k6 nor Node is here to read {file.name}")
    else:
        return
    result = subprocess.run(command, input=file.read_text(), capture_output=True, text=True, check=False)
    if result.returncode:
        raise StackError(f"{file.name} is not a script that k6 can run", details=result.stderr.strip())


def _faults(file: Path) -> list[str]:
    try:
        message = json.loads(file.read_text())
    except ValueError as error:
        return [f"not JSON: {error}"]
    if missing := ENVELOPE - set(message):
        return [f"lacks {', '.join(sorted(missing))}"]
    faults = []
    if message["specversion"] != "1.0":
        faults.append("specversion is not 1.0")
    if message["type"] != file.stem:
        faults.append(f"type is {message['type']}")
    if not isinstance(message["data"], dict) or not message["data"]:
        faults.append("data is empty")
    try:
        uuid.UUID(message["id"])
        if datetime.fromisoformat(message["time"]).tzinfo is None:
            faults.append("time has no offset")
    except (ValueError, TypeError, AttributeError) as error:
        faults.append(f"id or time: {error}")
    return faults


def _mypy(config: str = "pyproject.toml") -> list[str]:
    return [str(BIN / "mypy"), "--config-file", str(ROOT / config)]


def _mypy_of_django() -> list[str]:
    """With the plugins that know models; they load the settings of the folder they run in."""
    return _mypy("mypy-django.toml")


def _postman(*words: str) -> list[str]:
    """A process of its own: it reads YAML, which Python's library does not."""
    return [str(PYTHON), "-m", "stack.postman", *words]


def _manage(*words: str) -> list[str]:
    return [str(PYTHON), "manage.py", *words]


def _frontend_variables() -> dict[str, str]:
    return variables.of_frontend(Instance.named(MAIN), ports=dict.fromkeys(USUAL, 1), secrets=_secrets())


def _service_variables(service: Service) -> dict[str, str]:
    """What its settings ask for: secrets that nothing else knows, and ports where nothing listens."""
    return variables.of_service(
        Instance.named(MAIN),
        service,
        ports=dict.fromkeys(USUAL, 1),
        secrets=_secrets(),
    )


@cache
def _secrets() -> Mapping[str, str]:
    """Made once: a key for the passes of wallets takes most of a second."""
    return {name: make() for name, make in credentials.MAKERS.items()}
