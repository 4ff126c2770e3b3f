"""The whole line with tracing on: its processes are started again, sending their spans to a receiver."""

from waiting import wait_for
from world import Market, Person, World, book, new_key, settled

from chassis.testing_traces import Received, Receiver, receiving
from stack import control

TRACED = (
    "booking-web",
    *("booking-worker", "payment-worker", "notify-worker", "catalog-worker"),
    *("booking-relay", "payment-relay"),
)
# What a tick of the clock came to first has no span: of so many bookings one was told by its events alone.
BOOKINGS = 8
# Whom they ask for it. For several events that come together each service asks once, in the trace of the first.
ASKED = {(service, "postgresql") for service in ("booking", "payment", "notify", "catalog")}
ASKED |= {("booking", "redis"), ("catalog", "redis")}
# From the mail with the ticket back to the request.
LINE = [
    ("notify", "send email"),
    ("notify", "process ticket.issued"),
    ("booking", "create ticket.issued"),
    ("booking", "process payment.completed"),
    ("payment", "create payment.completed"),
    ("payment", "process booking.confirmed"),
    ("booking", "create booking.confirmed"),
    ("booking", "process payment.authorized"),
    ("payment", "create payment.authorized"),
    ("payment", "process booking.created"),
    ("booking", "create booking.created"),
    ("booking", "POST /bookings"),
]


def test_one_booking_is_one_trace_from_the_gateway_to_the_mail(world: World, market: Market) -> None:
    customer = market.customer()
    with receiving() as receiver, control.running_with(receiver.environment, *TRACED):
        correlations = [bought(world, market, customer) for _ in range(BOOKINGS)]
        request = wait_for(
            lambda: next(
                (span for span in receiver.spans if is_request(span, correlations) and is_whole(receiver, span)), None
            ),
            what="receipt, ticket, all that led to them and all that was asked in one trace",
        )

    spans = {span.id: span for span in receiver.of(request.trace)}
    mails = [span for span in spans.values() if span.name == "send email"]
    [ticket] = [mail for mail in mails if mail.attributes["notification.template"] == "ticket"]
    assert [(span.service, span.name) for span in ancestry(ticket, spans)] == LINE
    done = {(span.service, span.name) for span in spans.values()}
    assert {
        ("payment", "POST payment-gateway"),
        ("catalog", "process booking.created"),
        ("booking", "send booking.created"),
    } <= done
    for secret in (customer.token, customer.email, "tok_visa"):
        assert secret.encode() not in receiver.told


def bought(world: World, market: Market, customer: Person) -> str:
    """The correlation id of a booking whose ticket has come."""
    correlation = new_key()
    booked = book(customer, market.seats(1), "tok_visa", **{"X-Correlation-ID": correlation})
    settled(customer, booked, "CONFIRMED", "captured")
    wait_for(lambda: world.mail_about(customer.email, booked["reference"], "ticket"), what="ticket in the mail")
    return correlation


def is_request(span: Received, correlations: list[str]) -> bool:
    return span.kind == "server" and span.attributes["correlation_id"] in correlations


def is_whole(receiver: Receiver, request: Received) -> bool:
    spans = receiver.of(request.trace)
    asked = {(span.service, span.attributes.get("db.system.name")) for span in spans}
    return [span.name for span in spans].count("send email") == 2 and asked >= ASKED and orphans(spans) == [request]


def orphans(spans: list[Received]) -> list[Received]:
    """Those whose parent is not among them."""
    known = {span.id for span in spans}
    return [span for span in spans if span.parent not in known]


def ancestry(span: Received, spans: dict[str, Received]) -> list[Received]:
    """The span, its parent, and so on to the root."""
    line = [span]
    while line[-1].parent:
        line.append(spans[line[-1].parent])
    return line
