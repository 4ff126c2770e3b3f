"""Spectral, the critic of contracts/: pinned, installed once below .stack/tools, and quick where nothing changed."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from stack.errors import StackError
from stack.instance import ROOT

CONTRACTS = ROOT / "contracts"
LINT = CONTRACTS / "lint"
FOLDER = ROOT / ".stack" / "tools" / "contracts-lint"
PINS = ("package.json", "package-lock.json")


class CriticMissing(StackError):
    """Spectral cannot be had here."""


def check() -> None:
    """Raises StackError with what Spectral finds. Where it cannot be had: says so, and in CI that is an error."""
    try:
        _read(LINT / "openapi.yaml", sorted((CONTRACTS / "openapi").glob("*.yaml")))
        _read(LINT / "asyncapi.yaml", [CONTRACTS / "asyncapi.yaml"])
    except CriticMissing as error:
        if os.environ.get("CI"):
            raise
        print(f"  missing  the critic of the API documents did not look: {error}", flush=True)


def _read(rules: Path, documents: Sequence[Path]) -> None:
    """Raises StackError with what is not as these rules ask, CriticMissing when nobody can say."""
    passed = FOLDER / f"passed-{_digest([*documents, rules, *(LINT / name for name in PINS)])}"
    if passed.exists():
        return
    spectral = _program()
    # Its rules are packages: they are looked for beside the ruleset.
    ruleset = Path(shutil.copy(rules, FOLDER))
    command = [str(spectral), "lint", "--ruleset", str(ruleset), "--fail-severity", "hint", *map(str, documents)]
    result = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    if result.returncode:
        raise StackError(f"not as contracts/lint/{rules.name} asks", details=result.stdout + result.stderr)
    passed.touch()


def _program() -> Path:
    """Spectral with the packages of the lock. Raises CriticMissing without npm, or when they cannot be had."""
    program = FOLDER / "node_modules" / ".bin" / "spectral"
    installed = FOLDER / f"installed-{_digest([LINT / name for name in PINS])}"
    if installed.exists() and program.exists():
        return program
    npm = shutil.which("npm")
    if npm is None:
        raise CriticMissing("there is no npm to install Spectral with")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in PINS:
        shutil.copy(LINT / name, FOLDER)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    result = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    if result.returncode:
        raise CriticMissing("npm cannot install Spectral", details=result.stderr.strip())
    installed.touch()
    return program


def _digest(files: Sequence[Path]) -> str:
    content = hashlib.sha256()
    for file in files:
        content.update(file.name.encode() + b"\0" + file.read_bytes())
    return content.hexdigest()[:16]
