"""What every Python file of the repository keeps to and no other tool holds: its length, and why a rule is off."""

import io
import os
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from stack.errors import StackError
from stack.instance import ROOT

LONGEST = 400
# Written by Django, and nobody reads them from top to bottom.
GENERATED = "migrations"
TESTS = "tests"
# The rules, and after them the reason.
NOQA = re.compile(r"#\s*noqa(?P<rules>:\s*[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)?(?P<reason>.*)")
# The same of what mypy is told to pass over; a comment in the line above may be the reason of several.
IGNORE = re.compile(r"#\s*type:\s*ignore(?P<codes>\[[a-z, -]+\])?(?P<reason>.*)")
# An import below what must be done before it: the line above is the reason.
EXPLAINED = "E402"


def files(root: Path = ROOT) -> Iterator[Path]:
    """Every Python file that people write, hidden folders such as .venv left out."""
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith(".") and name != GENERATED)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".py"))


def check_lengths(root: Path = ROOT) -> None:
    """Raises StackError with the files that are longer than LONGEST lines."""
    lengths = {file: len(file.read_text().splitlines()) for file in files(root)}
    long = [f"{file.relative_to(root)}: {length}" for file, length in lengths.items() if length > LONGEST]
    if long:
        raise StackError(f"longer than {LONGEST} lines, so it holds a second noun", details="\n".join(long))


def check_reasons(root: Path = ROOT) -> None:
    """Raises StackError with each `noqa` and `type: ignore` outside of tests that says not of what it is, or why."""
    found = [
        f"{file.relative_to(root)}:{line}: {text}"
        for file in files(root)
        if TESTS not in file.relative_to(root).parts
        for line, text in _unexplained(file.read_text())
    ]
    if found:
        raise StackError("a rule is off and nothing says why", details="\n".join(found))


def _unexplained(text: str) -> Iterator[tuple[int, str]]:
    if "noqa" not in text and "type: ignore" not in text:
        return
    comments = [
        token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT
    ]
    whole_lines = {token.start[0] for token in comments if token.line.lstrip().startswith("#")}
    for token in comments:
        explained = token.start[0] - 1 in whole_lines
        if not (_says_why(token.string, NOQA, "rules", False) and _says_why(token.string, IGNORE, "codes", explained)):
            yield token.start[0], token.string


def _says_why(comment: str, kind: re.Pattern[str], named: str, explained: bool) -> bool:
    match = kind.search(comment)
    if not match:
        return True
    names = match[named] or ""
    return bool(names) and (explained or bool(match["reason"].strip(" #")) or EXPLAINED in names)
