"""What a mail program reads of a mail, and a reader at the door of its code."""

import struct
import zlib
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast

import pytest
import zxingcpp

from chassis.ids import uuid7
from notifications import compose
from notifications.compose import qr_png
from notifications.wording import Rendered

TICKET = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9." + "A7bX9q" * 70


def pixels(png: bytes) -> memoryview:
    """The grey values of a one-bit PNG without filters."""
    width, height = struct.unpack(">II", png[16:24])
    start = png.index(b"IDAT")
    (size,) = struct.unpack(">I", png[start - 4 : start])
    lines = zlib.decompress(png[start + 4 : start + 4 + size])
    stride = -(-width // 8) + 1
    values = bytearray()
    for first in range(0, len(lines), stride):
        assert lines[first] == 0
        bits = "".join(f"{byte:08b}" for byte in lines[first + 1 : first + stride])
        values += bytes(255 if bit == "1" else 0 for bit in bits[:width])
    return memoryview(values).cast("B", shape=[height, width])


def test_the_code_of_a_ticket_is_read_back_as_it_was() -> None:
    found = zxingcpp.read_barcodes(pixels(qr_png(TICKET)))
    assert [(code.text, code.format) for code in found] == [(TICKET, zxingcpp.BarcodeFormat.QRCode)]


def read(rendered: Rendered, *, sender: str = "Marquee <tickets@marquee.example>", **more: str) -> EmailMessage:
    """The mail as Python's parser reads it, without a fault in it."""
    mail = compose.mail(
        notification_id=uuid7(),
        sender=sender,
        recipient="ada@example.com",
        rendered=rendered,
        date=datetime(2026, 3, 14, 12, 30, tzinfo=UTC),
        codes=more,
    )
    assert mail.content.isascii()
    assert all(len(line) <= 78 for line in mail.content.partition(b"\r\n\r\n")[2].split(b"\r\n"))
    assert b"\n" not in mail.content.replace(b"\r\n", b"")
    message = cast(EmailMessage, message_from_bytes(mail.content, policy=default))
    assert [part.defects for part in message.walk() if part.defects] == []
    return message


def content(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return cast(bytes, part.get_payload(decode=True)).decode()


TEXTS = [
    "Xin chào,\n\nvé của bạn: 250.000\xa0₫\n",
    ".\n..\n.dot\nFrom here\n",
    "trailing \n\t\n  \n",
    "x" * 1000 + "ạ" * 300 + "\n",
    "--=_alternative\n--=_related--\n=_= =3D\n",
    "a\u2028b\x0bc\x0cd\n",
    "no end of a line: " + "y " * 60 + "é",
    "\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_mail_is_read_as_it_was_written(text: str) -> None:
    plain = read(Rendered("s", text, ""))
    assert content(plain, "plain").replace("\r\n", "\n") == text
    both = read(Rendered("s", text, f'<img src="cid:ticket">{text}'), ticket=TICKET)
    assert both.get_content_type() == "multipart/related"
    assert content(both, "plain").replace("\r\n", "\n") == text
    assert content(both, "html").replace("\r\n", "\n") == f'<img src="cid:ticket">{text}'
    [picture] = both.iter_attachments()
    assert (picture.get_filename(), picture["Content-ID"]) == ("ticket.png", "<ticket>")
    assert picture.get_content() == qr_png(TICKET)


@pytest.mark.parametrize("ends", ["a\r\nb\r\n", "a\rb\r"])
def test_all_ends_of_lines_are_those_of_mails(ends: str) -> None:
    assert content(read(Rendered("s", ends, "")), "plain") == "a\r\nb\r\n"


@pytest.mark.parametrize("subject", ["Your ticket", "Vé của bạn ở Rạp Đèn Lồng " * 6, "plain " * 30, "=?utf-8?q?x?="])
@pytest.mark.parametrize("sender", ["Marquee <tickets@marquee.example>", "Rạp Đèn <a@b.example>", "a@b.example"])
def test_headers_are_read_as_they_were_written(subject: str, sender: str) -> None:
    message = read(Rendered(subject.strip(), "t\n", ""), sender=sender)
    assert str(message["From"]) == sender
    assert str(message["To"]) == "ada@example.com"
    assert str(message["Date"]) == "Sat, 14 Mar 2026 12:30:00 +0000"
    assert str(message["Auto-Submitted"]) == "auto-generated"
    if not subject.startswith("=?"):
        assert str(message["Subject"]) == subject.strip()
