"""What is answered over plain HTTP: probes, metrics, and why a socket was not opened."""

from http import HTTPStatus

import msgspec
from django.http import HttpResponse
from websockets.datastructures import Headers
from websockets.http11 import Response

from chassis.telemetry.correlation import CORRELATION_HEADER, correlation_id
from chassis.telemetry.metrics import CONTENT_TYPE, exposition
from chassis.web.exceptions import problem_response
from chassis.web.health import standing
from chassis.web.problems import Problem

# What it stands on; it tells nobody by RabbitMQ.
STANDS_ON = ("postgresql", "schema", "redis")


def refusal(problem: Problem, *, instance: str) -> Response:
    """instance: the path, as the client has it."""
    return _as_response(problem_response(problem, instance=instance))


def alive(service: str) -> Response:
    return _json(HTTPStatus.OK, {"status": "ok", "service": service})


def ready() -> Response:
    """Asks what the process stands on, and waits for the answers: for a thread."""
    told = standing(STANDS_ON)
    down = told["status"] == "down"
    return _json(HTTPStatus.SERVICE_UNAVAILABLE if down else HTTPStatus.OK, told)


def counted() -> Response:
    """Reads files where processes share them: for a thread."""
    return _as_response(HttpResponse(exposition(), content_type=CONTENT_TYPE))


def _json(status: HTTPStatus, told: dict[str, object]) -> Response:
    headers = {"Cache-Control": "no-store"}
    return _as_response(
        HttpResponse(msgspec.json.encode(told), status=status, content_type="application/json", headers=headers)
    )


def _as_response(answer: HttpResponse) -> Response:
    body = answer.content
    headers = Headers(answer.items())
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    headers[CORRELATION_HEADER] = correlation_id()
    return Response(answer.status_code, answer.reason_phrase, headers, body)
