"""The gateway says no to the request itself: whoever waits is told within seconds, and it is not asked for ever."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chassis.ids import uuid7
from chassis.money import LARGEST_PAYMENT
from gateway_simulator.server import MAX_AMOUNT
from payments import gateways
from payments.models import GatewayOperation, Payment
from tests.factories import PaymentFactory, booking_data, ending_data

pytestmark = pytest.mark.django_db

Client = Any
Deliver = Callable[..., bool]
Emitted = Callable[..., list[Any]]
BEYOND = {"amount": LARGEST_PAYMENT + 1, "currency": "VND"}


class InBetween(ThreadingHTTPServer):
    """Something that answers in the gateway's place, such as a proxy at a wrong address."""

    daemon_threads = True

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.body = status, body
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: InBetween

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def answered_by(settings: Any) -> Iterator[Callable[[int, bytes], None]]:
    """answered_by(400, b"...") → from now on this is what the gateway's address answers to everything."""
    running: list[InBetween] = []

    def answer(status: int, body: bytes) -> None:
        running.append(InBetween(status, body))
        settings.PAYMENT_GATEWAY_URL = running[-1].url
        gateways.named.cache_clear()

    yield answer
    for server in running:
        server.shutdown()
        server.server_close()


def payment_of(booking: dict[str, Any]) -> Payment:
    return Payment.objects.get(booking_id=booking["booking_id"])


def test_the_largest_payment_is_what_the_gateway_takes() -> None:
    assert LARGEST_PAYMENT == MAX_AMOUNT


def test_a_booking_that_costs_more_than_the_gateway_takes_fails_at_once(deliver: Deliver, emitted: Emitted) -> None:
    booking = booking_data(total=BEYOND, payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    payment = payment_of(booking)
    assert (payment.status, payment.failure_code, payment.under_way) == ("declined", "request_refused", "")
    [failed] = emitted("payment.failed")
    assert (failed.data["failure_code"], failed.data["final"]) == ("request_refused", True)
    assert GatewayOperation.objects.get().state == "refused"


def test_whoever_pays_it_is_told_402_with_the_reason(sign_in: Callable[..., Client]) -> None:
    payment = PaymentFactory(amount=LARGEST_PAYMENT + 1)
    body = {"booking_id": str(payment.booking_id), "payment_method": {"token": "tok_visa"}}
    answer = sign_in(user_id=payment.user_id).post("/payments", body, headers={"Idempotency-Key": str(uuid7())})
    assert (answer.status_code, answer.json()["code"]) == (402, "request_refused")
    assert answer.json()["retryable"] is True


def test_money_that_the_gateway_knows_nothing_of_is_not_captured_for_ever(deliver: Deliver, emitted: Emitted) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    Payment.objects.update(authorization_id="auth_of_nobody")
    deliver("booking.confirmed", booking)
    payment = payment_of(booking)
    assert (payment.status, payment.booking_state, payment.failure_code) == ("failed", "ended", "unknown_authorisation")
    [failed] = emitted("payment.failed")
    assert (failed.data["stage"], failed.data["final"]) == ("capture", True)
    # What it cannot release either is for a person to look at.
    assert payment.attention == "unknown_authorisation"


def test_a_refund_that_the_gateway_will_never_make_is_for_a_person_to_look_at(deliver: Deliver) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    Payment.objects.update(capture_id="cap_of_nobody")
    deliver("booking.cancelled", ending_data(booking))
    payment = payment_of(booking)
    assert (payment.status, payment.under_way, payment.attention) == ("captured", "", "unknown_capture")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b"<html>400 Bad Request</html>"),
        (400, b'{"code": "bad_gateway_config"}'),
        (400, b"[]"),
        (401, b'{"code": "unauthenticated"}'),
        (404, b'{"code": "not_found"}'),
        (404, b"<html>404 Not Found</html>"),
        (429, b'{"code": "too_many_requests"}'),
        (422, b'{"code": "idempotency_key_reused"}'),
        (500, b'{"code": "invalid_request"}'),
    ],
)
def test_what_may_be_somebody_in_between_or_our_own_fault_is_asked_again(
    deliver: Deliver, answered_by: Callable[[int, bytes], None], status: int, body: bytes
) -> None:
    answered_by(status, body)
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    assert (payment_of(booking).status, GatewayOperation.objects.get().state) == ("processing", "pending")
