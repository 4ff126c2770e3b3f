"""Webhooks are hints: signed, young, taken once, and never believed."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chassis.ids import uuid7
from gateway_simulator.webhook import signature
from payments import tasks
from payments.models import GatewayOperation, Payment, WebhookDelivery
from tests.factories import booking_data
from tests.lossy import LossyPath
from tests.simulator import WEBHOOK_SECRET

pytestmark = pytest.mark.django_db

Client = Any


def send(
    api: Client,
    data: Any,
    *,
    message_id: str = "msg_1",
    after: float = 0,
    secret: str = WEBHOOK_SECRET,
    path: str = "/payments/webhooks/simulator",
    altered: bytes = b"",
) -> Any:
    body = data if isinstance(data, bytes) else json.dumps({"type": "authorisation.answered", "data": data}).encode()
    now = int(time.time() + after)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": "v0,abc " + signature(secret, message_id, now, body),
    }
    return api.generic("POST", path, body + altered, content_type="application/json", headers=headers)


@pytest.fixture
def operation(deliver: Callable[..., bool], lossy: LossyPath) -> GatewayOperation:
    """An authorisation whose answers got lost."""
    lossy.lose_answers = 2
    deliver("booking.created", booking_data(payment_method={"token": "tok_visa"}))
    return GatewayOperation.objects.get(state="pending")


def test_a_hint_makes_the_gateway_be_asked_at_once(api: Client, operation: GatewayOperation) -> None:
    assert tasks.resume_operations() == 0
    answer = send(api, {"idempotency_key": str(operation.id)})
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
    assert tasks.resume_operations() == 1
    assert Payment.objects.get().status == "authorized"


def test_a_webhook_that_was_taken_is_taken_no_second_time(api: Client, operation: GatewayOperation) -> None:
    send(api, {"idempotency_key": str(operation.id)})
    GatewayOperation.objects.update(due_at=timezone.now() + timedelta(hours=1))
    assert send(api, {"idempotency_key": str(operation.id)}).json() == {"status": "seen before"}
    assert tasks.resume_operations() == 0


def test_a_hint_about_what_is_finished_or_unknown_changes_nothing(api: Client, operation: GatewayOperation) -> None:
    assert send(api, {"idempotency_key": str(uuid7())}).status_code == 202


@pytest.mark.parametrize(
    "forgery",
    [
        {"secret": "guessed"},
        {"altered": b" "},
        {"after": -301},
        {"after": 400},
        {"message_id": ""},
        {"message_id": "x" * 129},
    ],
)
def test_a_forged_altered_or_old_webhook_is_401(
    api: Client, operation: GatewayOperation, forgery: dict[str, Any]
) -> None:
    answer = send(api, {"idempotency_key": str(operation.id)}, **forgery)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_signature")
    assert tasks.resume_operations() == 0


def test_an_unsigned_webhook_is_401(api: Client) -> None:
    assert api.post("/payments/webhooks/simulator", {"type": "x", "data": {}}).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"type": 1}', b'{"type": "x", "data": {"idempotency_key": "y"}}'])
def test_a_signed_webhook_that_cannot_be_read_is_400(api: Client, body: bytes) -> None:
    assert send(api, body).status_code == 400


def test_an_unknown_provider_is_404(api: Client) -> None:
    assert send(api, {}, path="/payments/webhooks/nobody").status_code == 404


def test_old_deliveries_are_forgotten(api: Client) -> None:
    send(api, {"idempotency_key": str(uuid7())})
    assert tasks.forget_webhooks() == 0
    WebhookDelivery.objects.update(received_at=timezone.now() - timedelta(days=1))
    assert tasks.forget_webhooks() == 1
