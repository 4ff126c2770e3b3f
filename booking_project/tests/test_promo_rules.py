"""What a promotion is for, and what a code is, as pure decisions."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.prices import Off
from bookings.promo_codes import LONGEST, SHORTEST, as_word, digest_of, last_of, new_voucher
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


@pytest.mark.parametrize("typed", ["QUIET-EVENING", " quiet evening ", "Quiet\u2013Evening", "Q u i e t e v e n i n g"])
def test_however_a_code_is_typed_it_is_that_code(typed):
    assert as_word(typed) == "QUIETEVENING"
    assert digest_of(typed) == digest_of("QU1ETEVEN1NG")  # signs that look alike are one


@pytest.mark.parametrize("typed", ["", "abc", "A" * (LONGEST + 1), "TẾT2027", "SUMMER_25", "SUMMER'--", "\u0660" * 4])
def test_what_can_be_no_code_is_none(typed):
    assert as_word(typed) is digest_of(typed) is None


@given(st.text(max_size=100))
def test_whatever_is_typed_is_a_code_or_none(typed):
    word = as_word(typed)
    assert word is None or (SHORTEST <= len(word) <= LONGEST and word.isascii() and word.isalnum())


def test_vouchers_differ_in_140_bits_and_are_read_back_as_printed():
    vouchers = {new_voucher() for _ in range(1000)}
    assert len(vouchers) == 1000
    for voucher in vouchers:
        signs = voucher.replace("-", "")
        assert len(signs) == 28
        assert not set(signs) - set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        assert digest_of(voucher) == digest_of(signs.lower())
        assert last_of(voucher) == signs[-4:]
