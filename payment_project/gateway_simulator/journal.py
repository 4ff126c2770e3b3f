"""An append-only file of JSON lines: what was written before a SIGKILL is there after it."""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class JournalCorrupt(Exception):
    """A line before the last one cannot be read: the file was edited, or the disk lost a part of it."""


class JournalInUse(Exception):
    """Another process writes to this journal."""


class Journal:
    """One writer's record, a JSON object per line.

    Each record is handed to the kernel before append() returns, so it outlives this process, not a power cut.
    """

    def __init__(self, path: Path) -> None:
        """Opens or creates the file at path. Raises JournalInUse, OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(self._file)
            raise JournalInUse(str(path)) from exc

    def replay(self) -> Iterator[dict[str, Any]]:
        """Every record, in order; a last line that a kill tore is cut off. Raises JournalCorrupt."""
        complete = 0
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    break
                try:
                    record = json.loads(line)
                except ValueError as exc:
                    raise JournalCorrupt(f"{self.path}, line {number}") from exc
                complete += len(line)
                yield record
        os.ftruncate(self._file, complete)

    def append(self, record: dict[str, Any]) -> None:
        """Adds a record, whole or not at all. Raises OSError when the disk does not take it."""
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        before = os.fstat(self._file).st_size
        try:
            self._write(line)
        except OSError:
            os.ftruncate(self._file, before)
            raise

    def _write(self, line: bytes) -> None:
        written = os.write(self._file, line)
        if written != len(line):
            raise OSError(f"{written} of {len(line)} bytes written to {self.path}")

    def close(self) -> None:
        os.close(self._file)
