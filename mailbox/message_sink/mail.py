"""Reading mails that anybody may have written: nothing here raises on a malformed one."""

from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as ParsedMail


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """`text` is the plain part, or the HTML source when there is no plain one."""

    sender: str
    subject: str
    message_id: str
    text: str
    html: str
    attachments: tuple[Attachment, ...]


def read(content: bytes) -> Mail:
    parsed = message_from_bytes(content)
    text, html, attachments = "", "", []
    for part in parsed.walk():
        if part.is_multipart():
            continue
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        media_type = part.get_content_type()
        if part.get_filename() or part.get_content_maintype() != "text":
            name = _decoded(part.get_filename() or "unnamed")
            attachments.append(Attachment(name, media_type, data))
        elif media_type == "text/html":
            html = html or _text(data, part)
        else:
            text = text or _text(data, part)
    return Mail(
        sender=_header(parsed, "From") or _header(parsed, "Return-Path").strip("<>"),
        subject=_header(parsed, "Subject"),
        message_id=_header(parsed, "Message-ID"),
        text=text or html,
        html=html,
        attachments=tuple(attachments),
    )


def _text(data: bytes, part: "ParsedMail[str, str]") -> str:
    try:
        return data.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return data.decode("latin-1")


def _header(parsed: "ParsedMail[str, str]", name: str) -> str:
    return _decoded(parsed.get(name, ""))


def _decoded(value: object) -> str:
    try:
        text = str(make_header(decode_header(str(value))))
    except (HeaderParseError, LookupError, ValueError):
        text = str(value)
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
