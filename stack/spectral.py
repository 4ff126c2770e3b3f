"""Spectral, the critic of contracts/: pinned, installed once below .stack/tools, and quick where nothing changed."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from stack.errors import StackError
from stack.instance import ROOT

LINT = ROOT / "contracts" / "lint"
DOCUMENTS = ROOT / "contracts" / "openapi"
FOLDER = ROOT / ".stack" / "tools" / "contracts-lint"
PINS = ("package.json", "package-lock.json")


def check() -> None:
    """Raises StackError with what Spectral finds. Where it cannot be had: says so, and in CI that is an error."""
    documents = sorted(DOCUMENTS.glob("*.yaml"))
    rules = LINT / "openapi.yaml"
    passed = FOLDER / f"passed-{_digest([*documents, rules, *(LINT / name for name in PINS)])}"
    if passed.exists():
        return
    try:
        spectral = _program()
    except StackError as error:
        if os.environ.get("CI"):
            raise
        print(f"  missing  the critic of the API documents did not look: {error}", flush=True)
        return
    # Its rules are packages: they are looked for beside the ruleset.
    ruleset = Path(shutil.copy(rules, FOLDER))
    command = [str(spectral), "lint", "--ruleset", str(ruleset), "--fail-severity", "hint", *map(str, documents)]
    result = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    if result.returncode:
        raise StackError("the API documents are not as they should be", details=result.stdout + result.stderr)
    passed.touch()


def _program() -> Path:
    """Spectral with the packages of the lock. Raises StackError without npm, or when they cannot be had."""
    program = FOLDER / "node_modules" / ".bin" / "spectral"
    installed = FOLDER / f"installed-{_digest([LINT / name for name in PINS])}"
    if installed.exists() and program.exists():
        return program
    npm = shutil.which("npm")
    if npm is None:
        raise StackError("there is no npm to install Spectral with")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in PINS:
        shutil.copy(LINT / name, FOLDER)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    result = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    if result.returncode:
        raise StackError("npm cannot install Spectral", details=result.stderr.strip())
    installed.touch()
    return program


def _digest(files: Sequence[Path]) -> str:
    content = hashlib.sha256()
    for file in files:
        content.update(file.name.encode() + b"\0" + file.read_bytes())
    return content.hexdigest()[:16]
