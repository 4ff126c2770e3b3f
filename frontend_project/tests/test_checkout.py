"""Which refusals of a payment are about the card."""

from typing import Any

import pytest

from shop.checkout import is_about_card
from shop.services import Refused


@pytest.mark.parametrize(
    ("status", "code", "errors", "about_card"),
    [
        (402, "card_declined", [], True),
        (402, "invalid_token", [], True),
        (409, "attempt_withdrawn", [], True),
        (400, "card_number_refused", [], True),
        (400, "invalid", [{"pointer": "/payment_method/token", "detail": ""}], True),
        (400, "invalid", [{"pointer": "/gift_card/code", "detail": ""}], False),
        (409, "gift_card_invalid", [], False),
        (409, "gift_card_not_enough", [], False),
        (429, "too_many_gift_card_codes", [], False),
    ],
)
def test_a_card_is_entered_anew_where_it_was_refused_alone(
    status: int, code: str, errors: list[dict[str, Any]], about_card: bool
) -> None:
    assert is_about_card(Refused(status, {"code": code, "errors": errors})) is about_card
