"""contracts/openapi/: what the five services answer, as OpenAPI. Made from the code, and kept where a diff shows it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from stack.environment import PYTHON
from stack.errors import StackError
from stack.instance import ROOT
from stack.services import Service

DOCUMENTS = ROOT / "contracts" / "openapi"


def document(service: Service, folder: Path = DOCUMENTS) -> Path:
    return folder / f"{service.name}.yaml"


def write(service: Service, environment: Mapping[str, str], folder: Path = DOCUMENTS) -> None:
    """Renews the service's document. Raises StackError."""
    folder.mkdir(parents=True, exist_ok=True)
    document(service, folder).write_text(_made(service, environment))


def check(service: Service, environment: Mapping[str, str], folder: Path = DOCUMENTS) -> None:
    """Raises StackError when the document is not what the code answers, or the code's is not valid."""
    made, kept = _made(service, environment), document(service, folder)
    if not kept.exists() or kept.read_text() != made:
        raise StackError(f"contracts/openapi/{kept.name} is not what {service.name} answers: run `make contracts`")


def _made(service: Service, environment: Mapping[str, str]) -> str:
    result = subprocess.run(
        [str(PYTHON), "manage.py", "spectacular", "--validate", "--fail-on-warn"],
        cwd=service.folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if result.returncode:
        raise StackError(f"{service.name} does not describe its API", details=result.stderr)
    return result.stdout
