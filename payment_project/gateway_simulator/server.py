"""The gateway's HTTP/1.1 interface: JSON, keep-alive, a bearer key, an Idempotency-Key on all that acts."""

import hmac
import json
import logging
import re
import socketserver
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gateway_simulator import card_page
from gateway_simulator.bank import Answer, Bank, Refused
from gateway_simulator.webhook import Webhook

log = logging.getLogger(__name__)

MAX_BODY = 16 * 1024
IDLE_SECONDS = 75.0
MAX_AMOUNT = 10**12
# References whose entries fit into one answer.
MAX_PAGE = 1000
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")


class Invalid(Exception):
    """The request itself is wrong; nothing was done."""

    def __init__(self, message: str, *, status: int = 400, code: str = "invalid_request") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message}


class Fields:
    """A request's JSON object, taken apart field by field; finish() refuses what nobody asked for."""

    def __init__(self, payload: Any) -> None:
        if not isinstance(payload, dict):
            raise Invalid("The body must be a JSON object.")
        self._left = dict(payload)

    def text(self, name: str) -> str:
        value = self._left.pop(name, None)
        if not isinstance(value, str) or not 1 <= len(value) <= 128 or not value.isprintable():
            raise Invalid(f"{name} must be a text of 1 to 128 characters.")
        return value

    def currency(self, name: str) -> str:
        value = self.text(name)
        if not _CURRENCY.fullmatch(value):
            raise Invalid(f"{name} must be an ISO 4217 code.")
        return value

    def amount(self, name: str) -> int:
        value = self._left.pop(name, None)
        if type(value) is not int or not 1 <= value <= MAX_AMOUNT:
            raise Invalid(f"{name} must be a positive integer of minor units.")
        return value

    def optional_text(self, name: str) -> str:
        return self.text(name) if name in self._left else ""

    def optional_amount(self, name: str) -> int | None:
        return self.amount(name) if name in self._left else None

    def finish(self) -> None:
        if self._left:
            raise Invalid("Unknown fields: " + ", ".join(sorted(self._left))[:200])


def _authorise(bank: Bank, key: str, fields: Fields, _target: str) -> Answer:
    amount, currency = fields.amount("amount"), fields.currency("currency")
    token, reference = fields.text("payment_token"), fields.text("reference")
    customer = fields.optional_text("customer")
    fields.finish()
    return bank.authorise(
        key, amount=amount, currency=currency, payment_token=token, reference=reference, customer=customer
    )


def _capture(bank: Bank, key: str, fields: Fields, target: str) -> Answer:
    amount = fields.optional_amount("amount")
    fields.finish()
    return bank.capture(key, target, amount=amount)


def _void(bank: Bank, key: str, fields: Fields, target: str) -> Answer:
    fields.finish()
    return bank.void(key, target)


def _refund(bank: Bank, key: str, fields: Fields, target: str) -> Answer:
    amount = fields.amount("amount")
    fields.finish()
    return bank.refund(key, target, amount=amount)


def _reverse(bank: Bank, key: str, fields: Fields, target: str) -> Answer:
    fields.finish()
    return bank.reverse(key, target)


def _save_method(bank: Bank, key: str, fields: Fields, _target: str) -> Answer:
    token, customer = fields.text("payment_token"), fields.optional_text("customer")
    fields.finish()
    return bank.save_method(key, payment_token=token, customer=customer)


Action = Callable[[Bank, str, Fields, str], Answer]

ACTIONS: list[tuple[re.Pattern[str], Action]] = [
    (re.compile(r"/v1/authorisations()"), _authorise),
    (re.compile(r"/v1/authorisations/(\w{1,64})/capture"), _capture),
    (re.compile(r"/v1/authorisations/(\w{1,64})/void"), _void),
    (re.compile(r"/v1/captures/(\w{1,64})/refunds"), _refund),
    (re.compile(r"/v1/operations/([\x21-\x2e\x30-\x7e]{1,128})/reverse"), _reverse),
    (re.compile(r"/v1/payment_methods()"), _save_method),
]
_OPERATION = re.compile(r"/v1/operations/([\x21-\x2e\x30-\x7e]{1,128})")


class Gateway(ThreadingHTTPServer):
    """Serves a bank on an address until shut down."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], *, bank: Bank, api_key: str, webhook: Webhook | None = None) -> None:
        super().__init__(address, Handler)
        self.bank = bank
        self.webhook = webhook
        self._authorization = f"Bearer {api_key}".encode()

    def server_bind(self) -> None:
        """Without HTTPServer's reverse look-up of its own name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)

    def admits(self, authorization: str) -> bool:
        return hmac.compare_digest(authorization.encode("latin-1", "replace"), self._authorization)


class Handler(BaseHTTPRequestHandler):
    server: Gateway
    protocol_version = "HTTP/1.1"
    server_version = "gateway-simulator"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    wbufsize = 64 * 1024  # headers and body leave in one packet

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        shown = card_page.page(parse_qs(url.query)) if url.path == card_page.PATH else None
        if shown is None:
            self._answer(self._read_only)
        else:
            self._write(
                200, shown, {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": card_page.POLICY}
            )

    def do_POST(self) -> None:
        self._answer(self._act)

    def _answer(self, respond: Callable[[], tuple[int, Mapping[str, Any]] | None]) -> None:
        try:
            answer = respond()
            if answer is not None:
                self._send(*answer)
        except (Refused, Invalid) as refusal:
            self._send(refusal.status, refusal.body)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except OSError as exc:
            log.error("record not written: %s", exc)  # noqa: TRY400  (the disk is full; a traceback adds nothing)
            self._send(503, {"code": "storage_unavailable", "message": "Nothing was done."})

    def _read_only(self) -> tuple[int, Mapping[str, Any]]:
        url = urlsplit(self.path)
        if url.path == "/health":
            return 200, {"status": "ok"}
        self._authenticate()
        if url.path == "/v1/record":
            return 200, {"authorisations": self._record(url.query)}
        if url.path == "/v1/settlements":
            return 200, self._settlements(url.query)
        if found := _OPERATION.fullmatch(url.path):
            operation = self.server.bank.operation(found[1])
            if operation is not None:
                return 200, operation
        raise Invalid("There is no such thing here.", status=404, code="not_found")

    def _settlements(self, query: str) -> dict[str, Any]:
        """Of a reference that is named, else a page of a day."""
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        if "reference" in asked:
            return self.server.bank.settled_of(asked["reference"])
        day, after, limit = asked.get("day", ""), asked.get("after", "0"), asked.get("limit", str(MAX_PAGE))
        if not _DAY.fullmatch(day):
            raise Invalid("day must be a day, YYYY-MM-DD.")
        if not (_NUMBER.fullmatch(after) and _NUMBER.fullmatch(limit) and 1 <= int(limit) <= MAX_PAGE):
            raise Invalid(f"after must be what a page said is next, limit from 1 to {MAX_PAGE}.")
        return self.server.bank.settled_on(day, after=int(after), limit=int(limit))

    def _record(self, query: str) -> list[dict[str, Any]]:
        """Of the references that are named, else a page of all of them."""
        asked = parse_qs(query)
        if "reference" in asked:
            return self.server.bank.record(asked["reference"])
        limit = asked.get("limit", [str(MAX_PAGE)])[0]
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:6]) <= MAX_PAGE):
            raise Invalid(f"limit must be an integer from 1 to {MAX_PAGE}.")
        return self.server.bank.record_after(asked.get("after", [""])[0], int(limit))

    def _act(self) -> tuple[int, Mapping[str, Any]] | None:
        body = self._body()
        self._authenticate()
        action, target = _route(urlsplit(self.path).path)
        key = self.headers.get("Idempotency-Key", "")
        if not _KEY.fullmatch(key):
            raise Invalid("An Idempotency-Key of 1 to 128 visible characters is required.")
        answer = action(self.server.bank, key, Fields(_decoded(body)), target)
        return self._behave(key, answer)

    def _behave(self, key: str, answer: Answer) -> tuple[int, Mapping[str, Any]] | None:
        """The answer, late or not at all if that is what the card does the first time."""
        if answer.behaviour.loses_first_answer and not answer.replayed:
            self.close_connection = True
            if self.server.webhook is not None:
                hint = {"idempotency_key": key, "status": answer.status}
                self.server.webhook.send_soon("authorisation.answered", hint)
            return None
        if answer.behaviour.answer_after and not answer.replayed:
            time.sleep(answer.behaviour.answer_after)
        return answer.status, answer.body

    def _authenticate(self) -> None:
        if not self.server.admits(self.headers.get("Authorization", "")):
            raise Invalid("A valid API key is needed.", status=401, code="unauthenticated")

    def _body(self) -> bytes:
        """The request's body. What cannot be read to its end closes the connection after the answer."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise Invalid("A Content-Length is needed.", status=411, code="length_required")
        if int(length[:12]) > MAX_BODY:
            self.close_connection = True
            raise Invalid("The body is too large.", status=413, code="body_too_large")
        body = self.rfile.read(int(length))
        if len(body) != int(length):
            raise ConnectionResetError
        return body

    def _send(self, status: int, body: Mapping[str, Any]) -> None:
        headers = {"Content-Type": "application/json"} | ({"Retry-After": "5"} if status == 503 else {})
        self._write(status, json.dumps(body).encode(), headers)

    def _write(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses (an unknown method, an endless header), in our own words."""
        self.close_connection = True
        self._send(int(code), {"code": "bad_http", "message": message or "The request is not understood."})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the name is the base class's)
        log.debug(format, *args)


def _route(path: str) -> tuple[Action, str]:
    for pattern, action in ACTIONS:
        if found := pattern.fullmatch(path):
            return action, found[1]
    raise Invalid("There is no such thing here.", status=404, code="not_found")


def _decoded(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise Invalid("The body is not JSON.") from exc
