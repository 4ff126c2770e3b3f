import json
import os
import secrets
import select
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

MAILBOX = Path(__file__).parents[1]
SMS_KEY = "a-key-for-tests"


@dataclass
class Sink:
    process: "subprocess.Popen[str]"
    smtp_port: int
    http_port: int

    def send(self, *mails: EmailMessage, to: str = "ada@example.com") -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as client:
            for each in mails:
                client.sendmail("box@office.example", [to], each.as_bytes(policy=SMTP))

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as answer:
            content = answer.read().decode()
        return json.loads(content) if answer.headers["Content-Type"] == "application/json" else content

    def status_of(self, path: str) -> int:
        try:
            self.get(path)
        except urllib.error.HTTPError as error:
            return error.code
        return 200

    def sms(self, content: Any, *, key: str = SMS_KEY) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http_port}/sms",
            data=content if isinstance(content, bytes) else json.dumps(content).encode(),
            headers={"Authorization": f"Bearer {key}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


def free_port() -> int:
    """Below those that the system gives to outgoing connections, which could take it before the sink listens."""
    for _ in range(100):
        port = secrets.choice(range(20_000, 32_000))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port was found")


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Sink]:
    smtp_port, http_port = free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "message_sink"],
        cwd=MAILBOX,
        text=True,
        stdout=subprocess.PIPE,
        env=os.environ
        | {
            "SMTP_PORT": str(smtp_port),
            "HTTP_PORT": str(http_port),
            "MESSAGE_SINK_DATA": str(folder),
            "SMS_GATEWAY_API_KEY": SMS_KEY,
        }
        | environment,
    )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 10)[0], "the sink did not start within 10 s"
        assert "SMTP on" in process.stdout.readline()
        yield Sink(process, smtp_port, http_port)
    finally:
        process.kill()
        process.communicate(timeout=10)


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    with running(tmp_path_factory.mktemp("sink")) as server:
        yield server


def a_mail(subject: str = "Your ticket", text: str = "Row A, seat 7", message_id: str = "<1@marquee>") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Marquee <box@office.example>", "ada@example.com", subject
    mail["Message-ID"] = message_id
    mail.set_content(text)
    return mail


def test_a_mail_is_kept_and_found_by_its_recipient(sink: Sink) -> None:
    mail = a_mail(subject="Vé của bạn", message_id="<found@marquee>")
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="ticket.png")
    sink.send(mail, to="Grace@Example.com")

    [kept] = sink.get("/messages?to=grace@example.com")

    assert kept["kind"] == "email"
    assert kept["to"] == "Grace@Example.com"
    assert kept["from"] == "Marquee <box@office.example>"
    assert kept["subject"] == "Vé của bạn"
    assert kept["message_id"] == "<found@marquee>"
    assert kept["text"].strip() == "Row A, seat 7"
    assert kept["attachments"] == [{"name": "ticket.png", "media_type": "image/png", "bytes": 4}]
    assert sink.get(f"/messages/{kept['id']}") == kept
    assert "Message-ID: <found@marquee>" in sink.get(f"/messages/{kept['id']}.eml")


def test_the_newest_message_comes_first_and_the_limit_holds(sink: Sink) -> None:
    sink.send(*(a_mail(subject=f"number {number}") for number in range(5)), to="order@example.com")
    subjects = [message["subject"] for message in sink.get("/messages?to=order@example.com&limit=3")]
    assert subjects == ["number 4", "number 3", "number 2"]


def test_pages_show_messages_and_escape_what_others_wrote(sink: Sink) -> None:
    hostile = "<script>alert(1)</script>"
    sink.send(a_mail(subject=hostile, text=hostile), to='"<x>"@example.com')
    [kept] = [message for message in sink.get("/messages") if message["subject"] == hostile]

    for page in (
        sink.get("/"),
        sink.get(f"/view/{kept['id']}"),
        sink.get("/?to=%3Cscript%3Ealert(1)%3C/script%3E"),
    ):
        assert "<script>" not in page
        assert "&lt;script&gt;" in page


def test_a_malformed_mail_is_kept_and_shown(sink: Sink) -> None:
    content = b"Subject: =?nonsense?q?=FF?=\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe\x00"
    with smtplib.SMTP("127.0.0.1", sink.smtp_port, timeout=10) as client:
        client.sendmail("x@example.com", ["malformed@example.com"], content)
    [kept] = sink.get("/messages?to=malformed@example.com")
    assert kept["subject"]
    assert sink.get(f"/view/{kept['id']}")


def test_an_sms_is_kept_once_per_id(sink: Sink) -> None:
    sms = {"id": "sms-1", "to": "+84901234567", "text": "Row A, seat 7"}
    first_status, first = sink.sms(sms)
    second_status, second = sink.sms(sms | {"text": "again"})

    assert (first_status, second_status) == (201, 200)
    assert second == first
    assert [message["text"] for message in sink.get("/messages?to=%2B84901234567")] == ["Row A, seat 7"]


def test_an_sms_without_the_key_is_refused(sink: Sink) -> None:
    status, _ = sink.sms({"id": "sms-2", "to": "+84907654321", "text": "hello"}, key="another")
    assert status == 401
    assert sink.get("/messages?to=%2B84907654321") == []


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"not json", 400),
        (b"[]", 400),
        (b"\xff", 400),
        ({"to": "+841", "text": "", "id": "1"}, 422),
        ({"to": "nobody", "text": "hello", "id": "1"}, 422),
        ({"to": "+84123", "text": 7, "id": "1"}, 422),
        ({"to": "+84123", "text": "hello"}, 422),
        (b"x" * 70_000, 413),
    ],
)
def test_a_bad_sms_is_refused(sink: Sink, content: Any, status: int) -> None:
    assert sink.sms(content)[0] == status


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/messages/unknown", 404),
        ("/view/unknown", 404),
        ("/messages/..%2Findex.sqlite", 404),
        ("/elsewhere", 404),
        ("/messages?limit=0", 400),
        ("/messages?limit=x", 400),
        ("/messages?limit=100000", 400),
        ("/health", 200),
    ],
)
def test_reads_answer_with_the_right_status(sink: Sink, path: str, status: int) -> None:
    assert sink.status_of(path) == status


def test_messages_survive_a_killed_process_and_a_lost_index(tmp_path: Path) -> None:
    with running(tmp_path) as sink:
        sink.send(a_mail(subject="before"))
        sink.sms({"id": "sms-1", "to": "+84901234567", "text": "before"})
        before = sink.get("/messages")
        sink.process.send_signal(signal.SIGKILL)
        sink.process.wait(10)
    assert len(before) == 2

    (tmp_path / "0000000000000001.tmp").write_bytes(b"half a mail")
    with running(tmp_path) as sink:
        assert sink.get("/messages") == before
        sink.process.terminate()
        assert sink.process.wait(10) == 0

    for index in tmp_path.glob("index.sqlite*"):
        index.unlink()
    with running(tmp_path) as sink:
        assert sink.get("/messages") == before
        assert sink.sms({"id": "sms-1", "to": "+84901234567", "text": "again"})[0] == 200
        sink.send(a_mail(subject="after"))
        assert [message["subject"] for message in sink.get("/messages")] == ["after", "", "before"]


def test_an_index_of_another_version_is_made_anew(tmp_path: Path) -> None:
    content = b"Return-Path: <x@example.com>\r\nDelivered-To: ada@example.com\r\nSubject: kept\r\n\r\nhello\r\n"
    (tmp_path / "0000000000000001.eml").write_bytes(content)
    index = sqlite3.connect(tmp_path / "index.sqlite")
    index.executescript(
        "create table messages (id text primary key, kind text not null, sender text not null) without rowid;"
        "create table recipients (address text, id text references messages (id));"
        "insert into messages values ('0000000000000001', 'email', 'x@example.com');"
        "insert into recipients values ('ada@example.com', '0000000000000001');"
    )
    index.close()
    with running(tmp_path) as sink:
        assert [message["subject"] for message in sink.get("/messages?to=ada@example.com")] == ["kept"]


def test_only_the_newest_messages_are_kept(tmp_path: Path) -> None:
    with running(tmp_path, MESSAGE_SINK_KEEP="20") as sink:
        sink.send(*(a_mail(subject=str(number)) for number in range(60)))
        kept = sink.get("/messages?limit=100")
        assert 20 <= len(kept) <= 21
        assert kept[0]["subject"] == "59"
        assert len(list(tmp_path.glob("*.eml"))) == len(kept)
        assert sink.get("/health")["messages"] == len(kept)


def test_many_senders_at_once_lose_nothing(sink: Sink) -> None:
    def send(sender: int) -> None:
        sink.send(*(a_mail(subject=f"{sender}/{number}") for number in range(25)), to="crowd@example.com")

    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(send, range(8)))) == 8
    kept = sink.get("/messages?to=crowd@example.com&limit=1000")
    assert len({message["id"] for message in kept}) == 200
    assert len({message["subject"] for message in kept}) == 200


def test_a_mail_that_cannot_be_written_is_to_be_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with running(folder) as sink:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        with pytest.raises(smtplib.SMTPDataError) as refused:
            sink.send(a_mail())
    assert refused.value.smtp_code == 452


@pytest.mark.parametrize("missing", ["SMTP_PORT", "HTTP_PORT", "MESSAGE_SINK_DATA", "SMS_GATEWAY_API_KEY"])
def test_a_missing_setting_stops_the_start_with_its_name(tmp_path: Path, missing: str) -> None:
    settings = {
        "SMTP_PORT": "1",
        "HTTP_PORT": "2",
        "MESSAGE_SINK_DATA": str(tmp_path),
        "SMS_GATEWAY_API_KEY": "k",
    }
    settings[missing] = ""
    ended = subprocess.run(
        [sys.executable, "-m", "message_sink"],
        cwd=MAILBOX,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert ended.returncode == 1
    assert ended.stderr == f"message_sink: {missing} is not set\n"


def test_a_taken_port_is_said_in_one_line(tmp_path: Path, sink: Sink) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "message_sink"],
        cwd=MAILBOX,
        env=os.environ
        | {
            "SMTP_PORT": str(sink.smtp_port),
            "HTTP_PORT": str(free_port()),
            "MESSAGE_SINK_DATA": str(tmp_path),
            "SMS_GATEWAY_API_KEY": "k",
        },
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("message_sink: ")
    assert str(sink.smtp_port) in ended.stderr
    assert ended.stderr.count("\n") == 1
