"""What a promotion is for, as pure decisions."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from bookings.prices import Off
from bookings.promo_rules import MOST_NAMED, Misfit, Rules, Showing, faults, misfit

HERE, THERE = UUID(int=1), UUID(int=2)
# A Saturday evening in Hanoi, where it is Sunday two hours later than in London.
AT = datetime(2026, 11, 28, 17, 30, tzinfo=UTC)
SHOWING = Showing(HERE, HERE, AT, "Asia/Ho_Chi_Minh", "VND")


def rules(**told):
    return Rules(**{"off": Off.PERCENT, "value": 10, **told})


@pytest.mark.parametrize(
    ("told", "against"),
    [
        ({}, None),
        ({"theaters": [HERE, THERE]}, None),
        ({"theaters": [THERE]}, Misfit.THEATER),
        ({"movies": [THERE]}, Misfit.MOVIE),
        ({"starts_from": AT}, None),
        ({"starts_from": AT + timedelta(seconds=1)}, Misfit.SHOWTIME),
        ({"starts_until": AT}, Misfit.SHOWTIME),
        ({"starts_until": AT + timedelta(seconds=1)}, None),
        ({"weekdays": [7]}, None),
        ({"weekdays": [6]}, Misfit.WEEKDAY),
        ({"off": Off.AMOUNT, "currency": "VND"}, None),
        ({"off": Off.AMOUNT, "currency": "EUR"}, Misfit.CURRENCY),
        ({"min_tickets": 3}, None),
        ({"min_tickets": 4}, Misfit.TICKETS),
        ({"ticket_types": ["child", "senior"]}, None),
        ({"ticket_types": ["senior"]}, Misfit.TICKET_TYPES),
    ],
)
def test_what_a_promotion_is_not_for_is_told(told, against):
    assert misfit(rules(**told), SHOWING, ["adult", "adult", "child"]) is against


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({}, []),
        ({"value": 100}, []),
        ({"value": 101}, ["value"]),
        ({"value": 0}, ["value"]),
        ({"off": Off.TICKETS, "value": 101}, ["value"]),
        ({"off": Off.AMOUNT, "value": 5000}, ["currency"]),
        ({"off": Off.AMOUNT, "value": 5000, "currency": "XXX"}, ["currency"]),
        ({"off": Off.AMOUNT, "value": 5000, "currency": "VND"}, []),
        ({"currency": "VND"}, ["currency"]),
        ({"weekdays": [0, 8]}, ["weekdays"]),
        ({"weekdays": [1, 1]}, ["weekdays"]),
        ({"theaters": [UUID(int=number) for number in range(MOST_NAMED + 1)]}, ["theaters"]),
        ({"min_tickets": 0}, ["min_tickets"]),
        ({"most_per_customer": 0}, ["most_per_customer"]),
        ({"sold_from": AT, "sold_until": AT}, ["sold_until"]),
        ({"starts_from": AT, "starts_until": AT - timedelta(days=1)}, ["starts_until"]),
    ],
)
def test_what_is_no_rule_is_named_by_its_field(told, wrong):
    assert [name for name, _ in faults(rules(**told))] == wrong
