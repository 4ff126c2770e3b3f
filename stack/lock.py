"""`requirements.lock`: the one list of pinned packages, the part of it that a project needs, and its renewal.

`uv pip compile` writes below each pin which packages and projects want it (`# via ...`). Read the other way round
that is the dependency graph, so the part for one project is found without asking any index.
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path

from stack import python
from stack.errors import StackError
from stack.instance import ROOT
from stack.services import FRONTEND, FRONTEND_FOLDER, SERVICES, service_named

FILE = ROOT / "requirements.lock"
GROUPS = ("dev", "stack")
MEMBERS = ("chassis", *(service.project for service in SERVICES), FRONTEND_FOLDER.name)

PIN = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==")
COMMENT = re.compile(r"^\s+#\s+(?:via\b\s*)?(?P<who>.*)$")


def project_name(project: str) -> str:
    """The name under which the lock knows a project: `booking_project` is `marquee-booking`."""
    name = FRONTEND if project in (FRONTEND, FRONTEND_FOLDER.name) else service_named(project).name
    return f"marquee-{name}"


def entries(text: str) -> dict[str, tuple[str, set[str]]]:
    """Package → (its lines in the lock, who wants it).

    A member is named as `chassis (chassis/pyproject.toml)`, a dependency group as `marquee (pyproject.toml:dev)`;
    the parenthesis is dropped but for groups, which count as `marquee:dev`.
    """
    found: dict[str, tuple[list[str], set[str]]] = {}
    current: tuple[list[str], set[str]] | None = None
    for line in text.splitlines():
        if match := PIN.match(line):
            current = found.setdefault(normal(match["name"]), ([], set()))
        if current is None:
            continue
        current[0].append(line)
        if (comment := COMMENT.match(line)) and comment["who"]:
            current[1].add(_wanter(comment["who"]))
    return {name: ("\n".join(lines) + "\n", wanted_by) for name, (lines, wanted_by) in found.items()}


def subset(text: str, roots: set[str]) -> str:
    """The part of a lock that these projects need, as a lock of its own.

    roots: names as `entries` has them, such as {"marquee-booking", "chassis"} or {"marquee:dev"}.
    Raises StackError when the lock does not know a root.
    """
    pins = entries(text)
    known = {wanter for _, wanted_by in pins.values() for wanter in wanted_by}
    if strangers := sorted(roots - known):
        raise StackError(f"requirements.lock has nothing for {strangers[0]!r}; run `make lock`")
    needed: set[str] = set()
    reached = set(roots)
    while reached:
        reached = {name for name, (_, wanted_by) in pins.items() if wanted_by & reached} - needed
        needed |= reached
    return "".join(lines for name, (lines, _) in pins.items() if name in needed)


def renew(uv: Path, *, upgrade: bool = False) -> None:
    """Compile the lock again; pins stay where they still fit, unless told to upgrade."""
    _compile(uv, FILE, upgrade=upgrade)


class IndexUnreachable(StackError):
    """The index of packages cannot be asked."""


def check(uv: Path) -> None:
    """Raise StackError when the lock is not what the members' pyproject.toml files ask for. Changes nothing.

    Without the index it goes by what uv remembers of it; where that is too little it says so, in CI by failing.
    """
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / FILE.name
        fresh.write_text(FILE.read_text())
        try:
            _compile(uv, fresh)
        except IndexUnreachable:
            if os.environ.get("CI"):
                raise
            try:
                _compile(uv, fresh, offline=True)
            except StackError as error:
                print(f"  missing  requirements.lock was not looked at without the index: {error}", flush=True)
                return
        if fresh.read_text() != FILE.read_text():
            raise StackError("requirements.lock is stale: run `make lock` and commit it")


def _compile(uv: Path, output: Path, *, upgrade: bool = False, offline: bool = False) -> None:
    words = [str(uv), "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    # From the oldest Python on, whichever made .venv.
    words += ["--python-version", python.named(python.OLDEST)]
    # No index address and no command line in it: it reads the same wherever it was made.
    words += ["--no-emit-index-url", "--no-header", "--no-emit-package", "chassis"]
    words += [word for group in GROUPS for word in ("--group", f"pyproject.toml:{group}")]
    words += [f"{member}/pyproject.toml" for member in MEMBERS]
    words += ["--output-file", str(output), *(["--upgrade"] if upgrade else [])]
    words += ["--offline"] if offline else []
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode and "error sending request" in result.stderr:
        raise IndexUnreachable("the index of packages cannot be reached", details=result.stderr.strip())
    if result.returncode:
        raise StackError("uv could not resolve the requirements", details=result.stderr.strip())


def _wanter(comment: str) -> str:
    name, _, where = comment.partition(" (")
    group = where.rstrip(")").partition(":")[2]
    return f"{normal(name)}:{group}" if group else normal(name)


def normal(name: str) -> str:
    """The one spelling of a package's name, whichever its author prefers."""
    return re.sub(r"[-_.]+", "-", name).lower()
