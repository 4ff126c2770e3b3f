"""What the sink was given: one file per message, and an SQLite index to find them by.

The files are the truth (`<id>.eml`, `<id>.json`), the index can be rebuilt from them. Writes survive a killed
process; they are not synced to disk, because losing the last mails with the whole machine is fine here.
"""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from message_sink import mail

PRUNE_SLACK = 0.05

SCHEMA = """
create table if not exists messages (
    id text primary key,
    kind text not null,
    sender text not null,
    recipients text not null,
    subject text not null,
    message_id text not null
) without rowid;
create table if not exists recipients (
    address text not null,
    id text not null references messages (id) on delete cascade,
    primary key (address, id)
) without rowid;
create index if not exists recipients_of_a_message on recipients (id);
create unique index if not exists one_row_per_sms on messages (message_id) where kind = 'sms';
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One kept message; `recipients` are the envelope's addresses, or the one phone number of an SMS."""

    id: str
    kind: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str

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
        self._db = sqlite3.connect(folder / "index.sqlite", check_same_thread=False, isolation_level=None)
        self._db.executescript("pragma journal_mode=wal; pragma synchronous=off; pragma foreign_keys=on;" + SCHEMA)
        self._count = 0
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
        envelope = f"Return-Path: <{sender}>\r\n" + "".join(f"Delivered-To: {address}\r\n" for address in addresses)
        with self._lock:
            message = _indexed_email(self._next_id(), envelope.encode("utf-8") + content)
            self._write(message, envelope.encode("utf-8") + content)
            self._index(message)
            self._prune()
        return message

    def keep_sms(self, *, sms_id: str, to: str, text: str) -> tuple[Message, bool]:
        """Keep an SMS once per `sms_id`. Returns the kept message and whether it is new."""
        with self._lock:
            row = self._db.execute("select * from messages where kind = 'sms' and message_id = ?", (sms_id,)).fetchone()
            if row:
                return _from_row(row), False
            message = Message(self._next_id(), "sms", "", (to,), "", sms_id)
            self._write(message, json.dumps({"id": sms_id, "to": to, "text": text}, indent=1).encode())
            self._index(message)
            self._prune()
        return message, True

    def newest(self, *, to: str | None = None, limit: int = 50) -> list[Message]:
        """The newest messages first, those sent to the address or number `to` if given."""
        if to is None:
            query = "select * from messages order by id desc limit ?"
            values: tuple[object, ...] = (limit,)
        else:
            query = (
                "select m.* from recipients r join messages m using (id) where r.address = ? order by r.id desc limit ?"
            )
            values = (to.lower(), limit)
        with self._lock:
            rows = self._db.execute(query, values).fetchall()
        return [_from_row(row) for row in rows]

    def get(self, message_id: str) -> Message | None:
        with self._lock:
            row = self._db.execute("select * from messages where id = ?", (message_id,)).fetchone()
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

    def _write(self, message: Message, content: bytes) -> None:
        # The rename makes a file either whole or absent, whenever this process is killed.
        temporary = self._folder / f"{message.id}.tmp"
        temporary.write_bytes(content)
        os.replace(temporary, self._folder / message.file_name)

    def _index(self, message: Message) -> None:
        self._db.execute("begin")
        self._db.execute(
            "insert into messages values (?, ?, ?, ?, ?, ?)",
            (
                message.id,
                message.kind,
                message.sender,
                json.dumps(message.recipients),
                message.subject,
                message.message_id,
            ),
        )
        self._db.executemany(
            "insert or ignore into recipients values (?, ?)",
            [(address.lower(), message.id) for address in message.recipients],
        )
        self._db.execute("commit")
        self._count += 1

    def _prune(self) -> None:
        # In batches: a deletion per message would double the work of each.
        if self._count <= self._keep * (1 + PRUNE_SLACK):
            return
        surplus = self._db.execute(
            "delete from messages where id in (select id from messages order by id limit ?) returning *",
            (self._count - self._keep,),
        ).fetchall()
        for row in surplus:
            (self._folder / _from_row(row).file_name).unlink(missing_ok=True)
        self._count -= len(surplus)

    def _reconcile(self) -> None:
        """Bring the index in line with the files, which a killed process or a person may have changed."""
        files = {path.stem: path for path in self._message_files()}
        known = {row[0] for row in self._db.execute("select id from messages")}
        self._db.executemany("delete from messages where id = ?", [(lost,) for lost in known - files.keys()])
        for found in sorted(files.keys() - known):
            content = files[found].read_bytes()
            if files[found].suffix == ".eml":
                self._index(_indexed_email(found, content))
            else:
                sms = json.loads(content)
                self._index(Message(found, "sms", "", (sms["to"],), "", sms["id"]))

    def _message_files(self) -> Iterator[Path]:
        for path in self._folder.iterdir():
            if path.suffix == ".tmp":
                path.unlink()
            elif path.suffix in {".eml", ".json"}:
                yield path


def _indexed_email(message_id: str, content: bytes) -> Message:
    headers = mail.headers(content)
    return Message(
        id=message_id,
        kind="email",
        sender=headers.sender,
        recipients=headers.delivered_to,
        subject=headers.subject,
        message_id=headers.message_id,
    )


def _from_row(row: tuple[str, str, str, str, str, str]) -> Message:
    message_id, kind, sender, recipients, subject, header_id = row
    return Message(message_id, kind, sender, tuple(json.loads(recipients)), subject, header_id)
