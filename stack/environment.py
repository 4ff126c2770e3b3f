"""Virtual environments made from `requirements.lock`, hashes required."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from stack import lock
from stack.errors import StackError
from stack.instance import ROOT

FOLDER = ROOT / ".venv"
PYTHON = FOLDER / "bin" / "python"
BOOTSTRAP = ROOT / "stack" / "requirements-bootstrap.txt"
STAMP = "marquee-lock.sha256"


def ensure_tools(folder: Path = FOLDER) -> None:
    """A virtual environment with what installs and supervises the rest: uv and supervisord, pinned."""
    stamp = folder / "marquee-bootstrap.sha256"
    wanted = _digest([BOOTSTRAP.read_text()])
    if _read(stamp) == wanted and (folder / "bin" / "python").exists():
        return
    _make(folder)
    _run(
        [
            *(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"),
            *("--disable-pip-version-check", "--require-hashes", "-r", str(BOOTSTRAP)),
        ],
        what="installing uv and supervisor",
    )
    stamp.write_text(wanted)


def is_complete(folder: Path = FOLDER) -> bool:
    """Whether the environment has what the lock says."""
    return _read(folder / STAMP) == _wanted(lock.FILE.read_text())


def install_all(folder: Path = FOLDER) -> None:
    """Everything in the lock, and chassis as an editable; nothing when that is there."""
    if not is_complete(folder):
        _install(folder, lock.FILE.read_text())


def install_project(project: str, folder: Path) -> None:
    """The part of the lock that one project needs, in an environment of its own."""
    ensure_tools()
    text = lock.subset(lock.FILE.read_text(), {lock.project_name(project), "chassis"})
    if _read(folder / STAMP) == _wanted(text):
        return
    if not (folder / "bin" / "python").exists():
        _run([str(uv()), "venv", "--quiet", "--python", sys.executable, str(folder)], what="making the environment")
    _install(folder, text)


def uv() -> Path:
    path = FOLDER / "bin" / "uv"
    if not path.exists():
        raise StackError("there is no .venv with uv yet: run `make install`")
    return path


def _make(folder: Path) -> None:
    if _has_python(folder):
        return
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)], what="making .venv")


def _has_python(folder: Path) -> bool:
    """Whether its Python still starts: the one it was made from may be gone, or be too old or too new by now."""
    command = [str(folder / "bin" / "python"), str(ROOT / "stack" / "python.py")]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _install(folder: Path, requirements: str) -> None:
    stamp = folder / STAMP
    stamp.unlink(missing_ok=True)
    listed = folder / "requirements.txt"
    listed.write_text(requirements)
    install = [str(uv()), "pip", "install", "--quiet", "--python", str(folder / "bin" / "python")]
    # Compiled once here rather than by each of thirty processes as it starts.
    _run([*install, "--compile-bytecode", "--require-hashes", "-r", str(listed)], what="installing the lock")
    _run([*install, "--no-deps", "-e", str(ROOT / "chassis")], what="installing chassis")
    stamp.write_text(_wanted(requirements))


def python(*words: str, folder: Path, variables: Mapping[str, str], complaint: str) -> str:
    """What Python prints with these words, run in the environment. Raises StackError with the complaint."""
    result = subprocess.run(
        [str(PYTHON), *words],
        cwd=folder,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if result.returncode:
        raise StackError(complaint, details=result.stderr)
    return result.stdout


def _run(words: list[str], *, what: str) -> None:
    # Where a company's proxy signs for the index, the system knows its certificate (pip looks there by itself).
    # A variable that forbids writing bytecode would make every start of every process slow.
    environment = {"UV_SYSTEM_CERTS": "1"} | {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    }
    try:
        result = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    except OSError as error:
        raise StackError(f"{what} failed: {error}") from error
    if result.returncode:
        output = (result.stderr or result.stdout).strip()
        raise StackError(f"{what} failed", details=output)


def _wanted(requirements: str) -> str:
    return _digest([requirements, (ROOT / "chassis" / "pyproject.toml").read_text()])


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
