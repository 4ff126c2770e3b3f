"""The HTTP side: an SMS gateway, and the kept messages for programs and people.

GET /                   the messages as a page (?to=, ?limit=)
GET /view/{id}          one message as a page
GET /messages           JSON, newest first (?to= exact address or number, ?limit= up to 1000)
GET /messages/{id}      JSON; {id}.eml is the mail as it came
POST /sms               {to, text, id} with `Authorization: Bearer <key>`; the same id is kept once
GET /health             200 while it serves
"""

import hmac
import json
import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from message_sink import mail, pages
from message_sink.store import Message, Store

MAX_BODY_BYTES = 64 * 1024
DEFAULT_LIMIT = 50
MAX_LIMIT = 1000
SMS_TEXT_LIMIT = 1600
PHONE_NUMBER = re.compile(r"\+?[0-9]{3,20}")


class RefusedError(Exception):
    """An answer other than success; carries the status and one line for the caller."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], *, store: Store, sms_key: str) -> None:
        self.store = store
        self.sms_key = sms_key
        super().__init__(address, Handler)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "message-sink"
    sys_version = ""
    # Without it, headers and body leave as two packets and each answer waits for a delayed ACK.
    wbufsize = -1
    timeout = 60
    server: Server

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the name is http.server's)
        """Silent: the listing is the log."""

    def _answer(self, respond: Any) -> None:
        try:
            respond()
        except RefusedError as refused:
            # The body may be unread, so the connection cannot be used again.
            self.close_connection = True
            self._send_json(refused.status, {"detail": refused.detail})
        except FileNotFoundError:
            self._send_json(HTTPStatus.NOT_FOUND, {"detail": "This message was pruned."})

    def _get(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        match url.path.strip("/").split("/"):
            case [""]:
                to, messages = self._selected(query)
                read = [(message, self._read(message)) for message in messages]
                self._send_page(pages.listing(read, to=to, total=self.server.store.count()))
            case ["health"]:
                self._send_json(HTTPStatus.OK, {"status": "ok", "messages": self.server.store.count()})
            case ["messages"]:
                _, messages = self._selected(query)
                self._send_json(HTTPStatus.OK, [self._as_json(message) for message in messages])
            case ["messages", name] if name.endswith(".eml"):
                content = self.server.store.content(self._message(name.removesuffix(".eml")))
                self._send(HTTPStatus.OK, "text/plain; charset=utf-8", content)
            case ["messages", name]:
                self._send_json(HTTPStatus.OK, self._as_json(self._message(name)))
            case ["view", name]:
                message = self._message(name)
                self._send_page(pages.one(message, self._read(message)))
            case _:
                raise RefusedError(HTTPStatus.NOT_FOUND, "Nothing is here.")

    def _post(self) -> None:
        if urlsplit(self.path).path != "/sms":
            raise RefusedError(HTTPStatus.NOT_FOUND, "Nothing is here.")
        expected = f"Bearer {self.server.sms_key}".encode()
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), expected):
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "A valid bearer key is required.")
        to, text, sms_id = _sms_from(self._read_body())
        message, new = self.server.store.keep_sms(sms_id=sms_id, to=to, text=text)
        self._send_json(HTTPStatus.CREATED if new else HTTPStatus.OK, self._as_json(message))

    def _selected(self, query: dict[str, list[str]]) -> tuple[str | None, list[Message]]:
        to = query.get("to", [None])[-1]
        limit = query.get("limit", [str(DEFAULT_LIMIT)])[-1]
        if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:9]) <= MAX_LIMIT:
            raise RefusedError(HTTPStatus.BAD_REQUEST, f"limit is a number from 1 to {MAX_LIMIT}.")
        return to, self.server.store.newest(to=to, limit=int(limit))

    def _message(self, message_id: str) -> Message:
        message = self.server.store.get(message_id)
        if message is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, "No such message.")
        return message

    def _read(self, message: Message) -> mail.Mail:
        content = self.server.store.content(message)
        if message.kind == "email":
            return mail.read(content)
        sms = json.loads(content)
        return mail.Mail(sender="", subject="", message_id=sms["id"], text=sms["text"], html="", attachments=())

    def _as_json(self, message: Message) -> dict[str, Any]:
        read = self._read(message)
        return {
            "id": message.id,
            "kind": message.kind,
            "to": ", ".join(message.recipients),
            "from": read.sender,
            "subject": read.subject,
            "message_id": read.message_id,
            "received_at": message.received_at.isoformat(),
            "text": read.text,
            "html": read.html,
            "attachments": [
                {
                    "name": attachment.name,
                    "media_type": attachment.media_type,
                    "bytes": len(attachment.content),
                }
                for attachment in read.attachments
            ],
        }

    def _read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "Content-Length is required.")
        if len(length) > 9 or int(length) > MAX_BODY_BYTES:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {MAX_BODY_BYTES} bytes.")
        return self.rfile.read(int(length))

    def _send_page(self, page: str) -> None:
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", page.encode())

    def _send_json(self, status: HTTPStatus, content: Any) -> None:
        self._send(status, "application/json", json.dumps(content).encode())

    def _send(self, status: HTTPStatus, media_type: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", pages.CONTENT_SECURITY_POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)


def _sms_from(content: bytes) -> tuple[str, str, str]:
    try:
        fields = json.loads(content)
    except ValueError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "The body is not JSON.") from error
    if not isinstance(fields, dict):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "The body is not an object.")
    to, text, sms_id = fields.get("to"), fields.get("text"), fields.get("id")
    if not isinstance(to, str) or not PHONE_NUMBER.fullmatch(to):
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "to is a phone number.")
    if not isinstance(text, str) or not 1 <= len(text) <= SMS_TEXT_LIMIT:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, f"text has 1 to {SMS_TEXT_LIMIT} characters.")
    if not isinstance(sms_id, str) or not 1 <= len(sms_id) <= 200:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "id has 1 to 200 characters.")
    return to, text, sms_id
