"""What staff read in the place of codes."""

import pytest

from bookings import words
from bookings.domain import CancellationRules, PaymentStatus, State, Trigger


@pytest.mark.parametrize(
    ("codes", "said"),
    [(State, words.STATES), (PaymentStatus, words.PAYMENT_STATUSES), (Trigger, words.TRIGGERS)],
)
def test_every_code_has_words_of_its_own(codes, said):
    assert list(said) == list(codes)
    assert len(set(said.values())) == len(said)
    assert not [word for word in said.values() if "_" in word or word.isupper()]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (CancellationRules(), "free until the start"),
        (CancellationRules(0, 50), "free until the start"),
        (CancellationRules(120, 0), "free until the start"),
        (CancellationRules(60), "free until 1 hour before the start, then not at all"),
        (CancellationRules(90, 20), "free until 90 minutes before the start, then for 20 % of the price"),
        (CancellationRules(2880, 100), "free until 2 days before the start, then for 100 % of the price"),
    ],
)
def test_rules_of_cancellation_are_a_sentence(rules, said):
    assert words.cancellation(rules) == said


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((0, 0), "no bookings"),
        ((1, 1), "1 booking of 1 person"),
        ((3, 7), "3 bookings of 7 people"),
        ((0, 0, 1, 2), "1 hold of 2 people not paid yet"),
        ((3, 7, 2, 2), "3 bookings of 7 people, and 2 holds of 2 people not paid yet"),
    ],
)
def test_whom_a_cancellation_touches_is_said_with_numbers(numbers, said):
    assert words.touched(*numbers) == said
