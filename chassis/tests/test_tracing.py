"""Spans, as the real processes of a service send them to a real OTLP receiver."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import urllib3
from processes import HERE, PATIENCE, relay, web, worker
from servers import serving

from chassis.storage.models import OutboxMessage
from chassis.testing import wait_until
from chassis.testing_traces import Received, Receiver, receiving

pytestmark = pytest.mark.django_db(transaction=True)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
SECRET = "the-secret-in-it"  # the name of a thing: in the body, the query, the statement's parameters, Redis


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def post(base: str, *, sampled: str = "01") -> None:
    answer = urllib3.request(
        "POST",
        f"{base}/announcements?name={SECRET}",
        json={"name": SECRET},
        headers={"traceparent": f"00-{TRACE}-{CALLER}-{sampled}", "X-Correlation-ID": "order-4711"},
    )
    assert answer.status == 201, answer.data


def one(spans: list[Received], name: str) -> Received:
    [span] = [span for span in spans if span.name == name]
    return span


def test_a_request_and_all_that_comes_of_it_is_one_trace(queues: str, receiver: Receiver) -> None:
    with (
        serving(lambda request: request.answer(200, {})) as other,
        web(**receiver.environment, AUTH_URL=other.base, WEB_WORKERS="1") as (_, base),
        relay(**receiver.environment),
        worker(**receiver.environment),
    ):
        post(base)
        wait_until(lambda: any(span.kind == "consumer" for span in receiver.spans), PATIENCE)
        urllib3.request("GET", f"{base}/raises/bug")
        wait_until(lambda: any(span.failed for span in receiver.spans), PATIENCE)
        for path in ("/health/live", "/health/ready", "/metrics"):
            urllib3.request("GET", f"{base}{path}")
        urllib3.request("GET", f"{base}/plain/fine")
        wait_until(lambda: any(span.name == "GET /plain/<str:what>" for span in receiver.spans))
        [call] = other.requests

    spans = receiver.of(TRACE)
    request = one(spans, "POST /announcements")
    assert (request.kind, request.parent, request.service) == ("server", CALLER, "chassis")
    assert request.attributes["http.response.status_code"] == 201
    assert request.attributes["correlation_id"] == "order-4711"

    asked = one(spans, "GET other")
    assert (asked.kind, asked.parent) == ("client", request.id)
    assert call.headers["traceparent"] == f"00-{TRACE}-{asked.id}-01"

    written = one(spans, "INSERT outbox")
    assert written.parent == request.id
    assert "%s" in str(written.attributes["db.query.text"])
    assert [one(spans, name).parent for name in ("SET", "PIPELINE")] == [request.id] * 2

    made = one(spans, "create thing.made")
    sent, handled = one(spans, "send thing.made"), one(spans, "process thing.made")
    assert (made.kind, made.parent) == ("producer", request.id)
    assert (sent.kind, sent.parent) == ("client", made.id)
    assert (handled.kind, handled.parent) == ("consumer", made.id)
    assert handled.attributes["messaging.message.id"] == str(OutboxMessage.objects.get().id)
    assert handled.attributes["correlation_id"] == "order-4711"
    assert one(spans, "INSERT inbox").parent == handled.id

    known = {span.id for span in receiver.spans} | {CALLER}
    roots = [span for span in receiver.spans if span.parent not in known]
    assert sorted(span.name for span in roots) == ["GET /plain/<str:what>", "GET /raises/<str:what>"]
    [failure] = [span for span in receiver.spans if span.failed]
    assert failure.attributes["error.type"] == "500"
    assert SECRET.encode() not in receiver.told
    assert b"secret" not in receiver.told


def test_a_trace_that_its_caller_does_not_keep_is_not_kept_by_anybody(queues: str, receiver: Receiver) -> None:
    with (
        serving(lambda request: request.answer(200, {})) as other,
        web(**receiver.environment, AUTH_URL=other.base, WEB_WORKERS="1") as (_, base),
    ):
        post(base, sampled="00")
        urllib3.request("GET", f"{base}/plain/fine")
        wait_until(lambda: receiver.spans)
        [call] = other.requests
    assert not receiver.of(TRACE)
    assert call.headers["traceparent"].startswith(f"00-{TRACE}-")
    assert call.headers["traceparent"].endswith("-00")
    carried = OutboxMessage.objects.get().body["traceparent"]
    assert carried.startswith(f"00-{TRACE}-")
    assert carried.endswith("-00")


def test_a_collector_that_is_away_disturbs_nobody(queues: str) -> None:
    with (
        serving(lambda request: request.answer(200, {})) as other,
        web(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", AUTH_URL=other.base) as (process, base),
    ):
        for _ in range(3):
            post(base)
        assert process.terminate(20) == 0


def test_without_an_endpoint_nothing_of_it_is_even_imported() -> None:
    program = (
        "import sys, chassis.messaging.relay, chassis.web.gunicorn, config.wsgi, config.celery, redis;"
        "print([name for name, module in sys.modules.items() if name.startswith('opentelemetry.') and module])"
    )
    imported = subprocess.check_output([sys.executable, "-c", program], cwd=HERE, timeout=PATIENCE, text=True)
    assert imported.strip() == "[]"
