"""The packages of requirements.lock as what they are: somebody else's, under a licence, and at times with a hole."""

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from stack import environment, lock
from stack.errors import StackError
from stack.instance import ROOT

LICENCES = ROOT / "stack" / "licences.toml"
AUDITOR = "pip-audit@2.10.0"
# The classifier above all licences that are approved; it names none.
NO_LICENCE = "OSI Approved"


@dataclass(frozen=True)
class Rules:
    """allowed: SPDX names. said: other words for them. named: packages that are in order for a reason of their own."""

    allowed: frozenset[str]
    said: Mapping[str, str]
    named: Mapping[str, str]


def rules(file: Path = LICENCES) -> Rules:
    text = tomllib.loads(file.read_text())
    return Rules(frozenset(text["allowed"]), text["said"], text["named"])


def check_licences() -> None:
    """Every locked package has a licence of licences.toml, or is named there. Raises StackError with the others."""
    locked = set(lock.entries(lock.FILE.read_text()))
    if wrong := licence_faults(locked, installed(), rules()):
        raise StackError(f"licences that {LICENCES.name} does not know", details="\n".join(wrong))


def licence_faults(locked: set[str], metadata: Mapping[str, Message], by: Rules) -> list[str]:
    """A line for each package whose licence is unknown or not allowed, and each that is named without being there."""
    faults = [f"{name}: is named, but not in the lock" for name in sorted(set(by.named) - locked)]
    for name in sorted(locked - set(by.named)):
        if name not in metadata:
            faults.append(f"{name}: not installed here, so it cannot be asked")
        elif not is_allowed(said := licence(metadata[name]), by):
            faults.append(f"{name}: {said or 'says nothing'}")
    return faults


def licence(about: Message) -> str:
    """What a package's metadata says: an SPDX expression, its classifiers, or a line of its own; "" for nothing."""
    if expression := about["License-Expression"]:
        return str(expression)
    classifiers = [str(word) for word in about.get_all("Classifier", []) if str(word).startswith("License ::")]
    if named := sorted({word.rpartition(" :: ")[2] for word in classifiers} - {NO_LICENCE}):
        return " AND ".join(named)
    return str(about["License"] or "").strip().partition("\n")[0]


def is_allowed(expression: str, by: Rules) -> bool:
    """Whether an expression's licences are allowed: one side of an OR, all of an AND. It knows no brackets."""
    if expression in by.said:
        return by.said[expression] in by.allowed
    return any(
        all(by.said.get(word, word) in by.allowed for word in re.split(r" AND ", side))
        for side in expression.split(" OR ")
    )


def installed() -> dict[str, Message]:
    """What .venv has, by name: each package's metadata."""
    found = {}
    for file in environment.FOLDER.glob("lib/python3*/site-packages/*.dist-info/METADATA"):
        about = HeaderParser().parsestr(file.read_text(errors="replace"))
        found[lock.normal(str(about["Name"]))] = about
    return found


def audit(say: Callable[[str], None]) -> None:
    """Asks the package index for known vulnerabilities of every locked package. Raises StackError with what it knows.

    Where it cannot be asked that is said, and fails only in a pipeline (CI=true), where it must not be left out.
    """
    result = subprocess.run(
        [
            *(str(environment.uv()), "tool", "run", AUDITOR, "--disable-pip", "--require-hashes"),
            *("--requirement", str(lock.FILE), "--format", "json", "--progress-spinner", "off"),
        ],
        cwd=ROOT,
        env={"UV_SYSTEM_CERTS": "1", **os.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    found, unseen = findings(result.stdout)
    if found:
        raise StackError("packages with known vulnerabilities", details="\n".join(found))
    if unseen:
        reason = f"could not look for vulnerabilities: {unseen}"
        if os.environ.get("CI") == "true":
            raise StackError(reason, details=result.stderr.strip())
        say(reason)
    else:
        say("no package has a known vulnerability")


def findings(report: str) -> tuple[list[str], str]:
    """Of pip-audit's JSON: a line for each vulnerability, and why something was not looked at ("" when all was).

    pip-audit calls packages that it could not ask about skipped, and none of them vulnerable.
    """
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        return [], "the audit did not run"
    found = [
        f"{package['name']} {package['version']}: {hole['id']}, gone in {', '.join(hole['fix_versions']) or 'none yet'}"
        for package in packages
        for hole in package.get("vulns", ())
    ]
    skipped = [package for package in packages if "skip_reason" in package]
    if not packages:
        return found, "the audit saw no package"
    return found, f"{len(skipped)} of {len(packages)} packages, {skipped[0]['skip_reason']}" if skipped else ""
