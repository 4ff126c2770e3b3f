"""The page of a booking leads those who run the system to its trace."""

import pytest

from bookings.trace_links import address, checked
from chassis.storage.models import OutboxMessage
from chassis.telemetry.correlation import correlated
from chassis.testing_plans import costs, many_partitions, scanned
from chassis.testing_staff import enter

JAEGER = "https://jaeger.example/trace/{trace_id}"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
KEPT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "correlationid": "a/b c"}


@pytest.mark.parametrize(
    "template",
    [
        "javascript:alert('{trace_id}')",
        "ftp://jaeger.example/{trace_id}",
        "//jaeger.example/{trace_id}",
        "https:///{trace_id}",
        "https://somebody:secret@jaeger.example/{trace_id}",
        "https://jaeger.example/",
        "https://jaeger.example/{trace_id}/{password}",
        "https://jaeger.example/{trace_id.__class__}",
        "https://jaeger.example/{trace_id} onclick",
    ],
)
def test_what_is_no_address_of_a_trace_starts_nothing(template):
    with pytest.raises(ValueError, match="it"):
        checked(template)


def test_the_fields_are_filled_in_and_nothing_else():
    assert checked("") == ""
    assert checked(JAEGER) == JAEGER
    assert address(JAEGER, KEPT) == f"https://jaeger.example/trace/{TRACE}"
    assert address("https://logs.example/?q={correlation_id}", KEPT) == "https://logs.example/?q=a%2Fb%20c"


@pytest.mark.parametrize("event", [{}, {"traceparent": ""}, {"traceparent": KEPT["traceparent"][:-1] + "0"}])
def test_a_trace_that_was_not_kept_has_no_page(event):
    assert address(JAEGER, event) == ""


@pytest.fixture
def whole(client, hold):
    """whole("admin") → the page of a booking that was made in the trace."""

    def read(role):
        with correlated("a-correlation-id", KEPT["traceparent"]):
            booking = hold(0)
        enter(client, role)
        return client.get(f"/admin/booking/bookings/{booking.id}/whole/").content.decode()

    return read


@pytest.mark.parametrize(("role", "shown"), [("admin", True), ("manager", False), ("support", False)])
def test_who_may_see_messages_between_services_is_led_to_the_trace(settings, whole, role, shown):
    settings.TRACE_URL = JAEGER
    assert (f'href="https://jaeger.example/trace/{TRACE}"' in whole(role)) is shown


def test_without_the_setting_nobody_is(whole):
    assert TRACE not in whole("admin")


def test_its_event_is_looked_for_among_those_of_its_own_seconds(settings, whole):
    settings.TRACE_URL = JAEGER
    many_partitions(OutboxMessage.partitions)
    with costs() as made:
        assert TRACE in whole("admin")
    reads = [cost for cost in made if cost.sql.startswith("SELECT") and '"outbox"' in cost.sql]
    assert [len(scanned(cost)) <= 2 for cost in reads] == [True]
