"""One id follows a request through every answer, message and log line; one trace goes along."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from chassis.telemetry.correlation import correlated, correlation_id, trace_id, traceparent
from chassis.telemetry.logs import logging_config

TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


def test_the_id_of_a_request_comes_back(api: APIClient) -> None:
    assert api.get("/public", HTTP_X_CORRELATION_ID="checkout-4711")["X-Correlation-ID"] == "checkout-4711"
    assert api.get("/nowhere", HTTP_X_CORRELATION_ID="checkout-4711").json()["correlation_id"] == "checkout-4711"


def test_a_request_without_an_id_gets_one_of_its_own(api: APIClient) -> None:
    first, second = (api.get("/public")["X-Correlation-ID"] for _ in range(2))
    assert len(first) == 36
    assert first != second


@pytest.mark.parametrize(
    "sent", ["", "short", "x" * 129, "a b c d e f", "abcdefgh\r\nX: 1", "été-été-été", "a" * 20 + "\x00"]
)
def test_an_id_that_is_not_sane_is_replaced(sent: str) -> None:
    with correlated(sent, None):
        assert correlation_id() != sent
        assert len(correlation_id()) == 36


def test_a_trace_passes_through_and_a_malformed_one_is_made_anew() -> None:
    with correlated(None, TRACE):
        assert traceparent() == TRACE
        assert trace_id() == "a" * 32
    for malformed in (
        "",
        "00-x",
        f"00-{'0' * 32}-{'b' * 16}-01",
        f"00-{'a' * 32}-{'0' * 16}-01",
        TRACE + "-x",
        TRACE + "\n",
    ):
        with correlated(None, malformed):
            assert traceparent() != malformed
            assert len(traceparent()) == 55


def test_what_is_inside_ends_inside() -> None:
    with correlated("outer-outer", TRACE):
        with correlated("inner-inner", None):
            assert correlation_id() == "inner-inner"
        assert correlation_id() == "outer-outer"
        assert traceparent() == TRACE
    assert correlation_id() == ""
    assert trace_id() == ""


def test_a_log_line_is_one_json_object_with_its_context(capsys: Any) -> None:
    import logging.config

    logging.config.dictConfig(logging_config(service="chassis", level="INFO"))
    try:
        with correlated("checkout-4711", TRACE):
            logging.getLogger("things").info("made\n%s", "a lamp", extra={"thing": "lamp"})
            logging.getLogger("things").info("%s", "half a \ud83d")
    finally:
        from django.conf import settings

        logging.config.dictConfig(settings.LOGGING)
    line, no_utf_8 = capsys.readouterr().out.splitlines()
    assert json.loads(no_utf_8)["message"] == "half a \ud83d"
    record = json.loads(line)
    assert record["message"] == "made\na lamp"
    assert record["thing"] == "lamp"
    assert record["service"] == "chassis"
    assert record["correlation_id"] == "checkout-4711"
    assert record["trace_id"] == "a" * 32
    assert record["level"] == "INFO"
    assert record["time"]
