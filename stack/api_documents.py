"""contracts/openapi/: what the five services answer, as OpenAPI. Made from the code, and kept where a diff shows it."""

from collections.abc import Mapping
from pathlib import Path

from stack import environment
from stack.errors import StackError
from stack.instance import ROOT
from stack.services import Service

DOCUMENTS = ROOT / "contracts" / "openapi"


def document(service: Service, folder: Path = DOCUMENTS) -> Path:
    return folder / f"{service.name}.yaml"


def write(service: Service, variables: Mapping[str, str], folder: Path = DOCUMENTS) -> None:
    """Renews the service's document. Raises StackError."""
    folder.mkdir(parents=True, exist_ok=True)
    document(service, folder).write_text(_made(service, variables))


def check(service: Service, variables: Mapping[str, str], folder: Path = DOCUMENTS) -> None:
    """Raises StackError when the document is not what the code answers, or the code's is not valid."""
    made, kept = _made(service, variables), document(service, folder)
    if not kept.exists() or kept.read_text() != made:
        raise StackError(f"contracts/openapi/{kept.name} is not what {service.name} answers: run `make contracts`")


def _made(service: Service, variables: Mapping[str, str]) -> str:
    words = ("manage.py", "spectacular", "--validate", "--fail-on-warn")
    complaint = f"{service.name} does not describe its API"
    return environment.python(*words, folder=service.folder, variables=variables, complaint=complaint)
