"""What the sink was given: one file per message, and an SQLite index to find them by their recipients.

The files are the truth (`<id>.eml`, `<id>.json`), the index can be rebuilt from them. Writes survive a killed
process; they are not synced to disk, because losing the last mails with the whole machine is fine here.
"""

import errno
import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

PRUNE_SLACK = 0.05
INDEX_VERSION = 2
RETURN_PATH, DELIVERED_TO = b"Return-Path: ", b"Delivered-To: "

# An index of another version knows other columns.
FORGET = "drop table if exists recipients; drop table if exists messages;"
SCHEMA = f"""
create table if not exists messages (
    id text primary key,
    kind text not null,
    recipients text not null,
    sms_id text unique
) without rowid;
create table if not exists recipients (
    address text not null,
    id text not null references messages (id) on delete cascade,
    primary key (address, id)
) without rowid;
create index if not exists recipients_of_a_message on recipients (id);
pragma user_version = {INDEX_VERSION};
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One kept message; `recipients` are the envelope's addresses, or the one phone number of an SMS."""

    id: str
    kind: str
    recipients: tuple[str, ...]

    @property
    def received_at(self) -> datetime:
        """The id is the time of receipt in nanoseconds, in hexadecimal."""
        return datetime.fromtimestamp(int(self.id, 16) / 1e9, UTC)

    @property
    def file_name(self) -> str:
        return f"{self.id}.eml" if self.kind == "email" else f"{self.id}.json"


class Store:
    """Keeps the newest `keep` messages in `folder`. Safe to use from several threads."""

    def __init__(self, folder: Path, *, keep: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._keep = keep
        self._lock = threading.Lock()
        self._db = sqlite3.connect(folder / "index.sqlite", check_same_thread=False)
        self._db.executescript("pragma journal_mode=wal; pragma synchronous=off; pragma foreign_keys=on;")
        if self._db.execute("pragma user_version").fetchone() != (INDEX_VERSION,):
            self._db.executescript(FORGET)
        self._db.executescript(SCHEMA)
        self._reconcile()
        newest, count = self._db.execute("select max(id), count(*) from messages").fetchone()
        self._last_id = int(newest, 16) if newest else 0
        self._count = int(count)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def keep_email(self, *, sender: str, recipients: Iterable[str], content: bytes) -> Message:
        """Write the mail as it came, under a `Delivered-To` header per recipient of the envelope.

        Raises OSError when it could not be written.
        """
        addresses = tuple(recipients)
        envelope = [RETURN_PATH + f"<{sender}>".encode(), *(DELIVERED_TO + address.encode() for address in addresses)]
        with self._lock:
            message = Message(self._next_id(), "email", addresses)
            self._add(message, b"\r\n".join([*envelope, content]))
        return message

    def keep_sms(self, *, sms_id: str, to: str, text: str) -> tuple[Message, bool]:
        """Keep an SMS once per `sms_id`. Returns the kept message and whether it is new."""
        with self._lock:
            query = "select id, kind, recipients from messages where sms_id = ?"
            if row := self._db.execute(query, (sms_id,)).fetchone():
                return _from_row(row), False
            message = Message(self._next_id(), "sms", (to,))
            self._add(message, json.dumps({"id": sms_id, "to": to, "text": text}, indent=1).encode(), sms_id=sms_id)
        return message, True

    def newest(self, *, to: str | None = None, limit: int = 50) -> list[Message]:
        """The newest messages first, those sent to the address or number `to` if given."""
        if to is None:
            query = "select id, kind, recipients from messages order by id desc limit ?"
            values: tuple[object, ...] = (limit,)
        else:
            query = (
                "select m.id, m.kind, m.recipients from recipients r join messages m using (id)"
                " where r.address = ? order by r.id desc limit ?"
            )
            values = (to.lower(), limit)
        with self._lock:
            rows = self._db.execute(query, values).fetchall()
        return [_from_row(row) for row in rows]

    def get(self, message_id: str) -> Message | None:
        query = "select id, kind, recipients from messages where id = ?"
        with self._lock:
            row = self._db.execute(query, (message_id,)).fetchone()
        return _from_row(row) if row else None

    def count(self) -> int:
        return self._count

    def content(self, message: Message) -> bytes:
        """The file of the message. Raises FileNotFoundError when it was pruned meanwhile."""
        return (self._folder / message.file_name).read_bytes()

    def _next_id(self) -> str:
        # Never twice, also when the clock steps back.
        self._last_id = max(self._last_id + 1, time.time_ns())
        return f"{self._last_id:016x}"

    def _add(self, message: Message, content: bytes, *, sms_id: str | None = None) -> None:
        # What cannot be written is not indexed either.
        with self._db:
            self._index(message, sms_id=sms_id)
            self._write(message, content)
        self._count += 1
        self._prune()

    def _write(self, message: Message, content: bytes) -> None:
        # The rename makes a file either whole or absent, whenever this process is killed.
        temporary = f"{self._folder}/{message.id}.tmp"
        with open(temporary, "wb", buffering=0) as file:
            if file.write(content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), temporary)
        os.replace(temporary, f"{self._folder}/{message.file_name}")

    def _index(self, message: Message, *, sms_id: str | None = None) -> None:
        self._db.execute(
            "insert into messages values (?, ?, ?, ?)",
            (message.id, message.kind, json.dumps(message.recipients), sms_id),
        )
        self._db.executemany(
            "insert or ignore into recipients values (?, ?)",
            [(address.lower(), message.id) for address in message.recipients],
        )

    def _prune(self) -> None:
        # In batches: a deletion per message would double the work of each.
        if self._count <= self._keep * (1 + PRUNE_SLACK):
            return
        with self._db:
            surplus = self._db.execute(
                "delete from messages where id in (select id from messages order by id limit ?)"
                " returning id, kind, recipients",
                (self._count - self._keep,),
            ).fetchall()
        for row in surplus:
            (self._folder / _from_row(row).file_name).unlink(missing_ok=True)
        self._count -= len(surplus)

    def _reconcile(self) -> None:
        """Bring the index in line with the files, which a killed process or a person may have changed."""
        files = {path.stem: path for path in self._message_files()}
        known = {row[0] for row in self._db.execute("select id from messages")}
        with self._db:
            self._db.executemany("delete from messages where id = ?", [(lost,) for lost in known - files.keys()])
            for found in sorted(files.keys() - known):
                if files[found].suffix == ".eml":
                    self._index(Message(found, "email", _delivered_to(files[found])))
                else:
                    sms = json.loads(files[found].read_bytes())
                    self._index(Message(found, "sms", (sms["to"],)), sms_id=sms["id"])

    def _message_files(self) -> Iterator[Path]:
        for path in self._folder.iterdir():
            if path.suffix == ".tmp":
                path.unlink()
            elif path.suffix in {".eml", ".json"}:
                yield path


def _delivered_to(path: Path) -> tuple[str, ...]:
    """The recipients of the envelope, which stand in the first lines of the file."""
    addresses = []
    with path.open("rb") as lines:
        for line in lines:
            if line.startswith(DELIVERED_TO):
                addresses.append(line.removeprefix(DELIVERED_TO).decode(errors="replace").strip())
            elif not line.startswith(RETURN_PATH):
                break
    return tuple(addresses)


def _from_row(row: tuple[str, str, str]) -> Message:
    message_id, kind, recipients = row
    return Message(message_id, kind, tuple(json.loads(recipients)))
