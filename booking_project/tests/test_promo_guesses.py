"""Wrong codes are counted, for the account and for the address."""

import secrets
from ipaddress import ip_address

import pytest
from factories import PromoCodeFactory, seat_ids


@pytest.fixture
def code(db):
    return PromoCodeFactory(word="QUIET")


def an_address():
    """Of nobody before: what is counted for one outlives a test."""
    return str(ip_address(10 * 2**24 + secrets.randbelow(2**24)))


def test_wrong_codes_are_turned_away_after_so_many_and_a_right_one_never_counts(sign_in, showtime, code, settings):
    settings.PROMO_GUESSES_PER_USER, settings.PROMO_GUESSES_PER_ADDRESS = 3, 5
    first, here = sign_in(), an_address()
    path, seats = f"/showtimes/{showtime.id}/quote", [str(seat_ids(showtime)[0])]

    def ask(customer, word):
        return customer.post(path, {"seat_ids": seats, "promo_code": word}, REMOTE_ADDR=here)

    for _ in range(6):
        assert ask(first, "QUIET").status_code == 200
        assert ask(first, "WRONG0").json()["code"] == "promo_code_invalid"  # the same one again is no other guess
    for number in (1, 2):
        assert ask(first, f"WRONG{number}").json()["code"] == "promo_code_invalid"
    refused = ask(first, "QUIET")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_promo_codes")
    assert 0 < int(refused.headers["Retry-After"]) <= settings.PROMO_GUESSES_SECONDS
    booking = {"showtime_id": str(showtime.id), "seat_ids": seats, "promo_code": "QUIET"}
    assert first.post("/bookings", booking, REMOTE_ADDR=here).status_code == 429
    del booking["promo_code"]
    assert first.post("/bookings", booking, REMOTE_ADDR=here).status_code == 201


def test_from_one_address_wrong_codes_of_all_accounts_count_together(sign_in, showtime, code, settings):
    settings.PROMO_GUESSES_PER_USER, settings.PROMO_GUESSES_PER_ADDRESS = 3, 5
    here, elsewhere = an_address(), an_address()
    path, seats = f"/showtimes/{showtime.id}/quote", [str(seat_ids(showtime)[0])]
    for number in range(5):
        answer = sign_in().post(path, {"seat_ids": seats, "promo_code": f"WRONG{number}"}, REMOTE_ADDR=here)
        assert answer.json()["code"] == "promo_code_invalid"
    assert sign_in().post(path, {"seat_ids": seats, "promo_code": "QUIET"}, REMOTE_ADDR=here).status_code == 429
    assert sign_in().post(path, {"seat_ids": seats, "promo_code": "QUIET"}, REMOTE_ADDR=elsewhere).status_code == 200
