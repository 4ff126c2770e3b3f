from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from accounts.domain import (
    ACCESS_TOKENS_OF_A_SESSION,
    USERNAME,
    AccessTokenId,
    OneTimeTokenState,
    RefreshVerdict,
    SessionState,
    is_redeemable,
    judge_refresh,
    living,
    normalised_email,
    normalised_phone,
    with_new_access_token,
)
from chassis.ids import uuid7

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_only_the_newest_refresh_token_of_an_open_session_is_rotated():
    judged = {}
    for newest, ended, expired, active in product((True, False), repeat=4):
        session = SessionState(
            current_jti="new", expires_at=NOW - timedelta(seconds=1) if expired else NOW + timedelta(1), ended=ended
        )
        judged[newest, ended, expired, active] = judge_refresh(
            session=session, presented_jti="new" if newest else "old", user_is_active=active, now=NOW
        )
    assert judged.pop((True, False, False, True)) is RefreshVerdict.ROTATE
    assert judged.pop((False, False, False, True)) is RefreshVerdict.END_THE_SESSION
    assert len(judged) == 14
    assert set(judged.values()) == {RefreshVerdict.REFUSE}


def test_a_refresh_token_is_refused_from_the_moment_it_expires():
    session = SessionState(current_jti="new", expires_at=NOW, ended=False)
    assert judge_refresh(session=session, presented_jti="new", user_is_active=True, now=NOW) is RefreshVerdict.REFUSE


@pytest.mark.parametrize(
    ("changes", "redeemable"),
    [
        ({}, True),
        ({"used": True}, False),
        ({"user_id": None}, False),
        ({"expires_at": NOW}, False),
    ],
)
def test_a_mailed_token_is_good_once_and_for_a_while(changes, redeemable):
    state = {"user_id": uuid7(), "email": "a@b.example", "expires_at": NOW + timedelta(seconds=1), "used": False}
    assert is_redeemable(OneTimeTokenState(**{**state, **changes}), now=NOW) is redeemable


def test_a_session_remembers_its_access_tokens_while_they_live_and_a_bounded_number_of_them():
    later = int(NOW.timestamp()) + 60
    dead = AccessTokenId("dead", int(NOW.timestamp()))
    tokens = [dead]
    surplus = []
    for number in range(ACCESS_TOKENS_OF_A_SESSION + 3):
        tokens, more = with_new_access_token(tokens, AccessTokenId(str(number), later), now=NOW)
        surplus += more
    assert dead not in tokens + surplus
    assert [token.jti for token in surplus] == ["0", "1", "2"]
    assert [token.jti for token in tokens] == [str(number) for number in range(3, ACCESS_TOKENS_OF_A_SESSION + 3)]
    assert living(tokens, now=NOW + timedelta(minutes=2)) == []


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("+84 90 123 4567", "+84901234567"), ("+1 (212) 555-0100", "+12125550100"), ("", ""), ("  ", "")],
)
def test_a_phone_number_is_kept_as_its_digits(typed, kept):
    assert normalised_phone(typed) == kept


@pytest.mark.parametrize("typed", ["0901234567", "+0123456789", "+84", "+8490123456789012", "+84 abc", "٠١٢٣٤٥٦٧"])
def test_what_is_not_an_international_number_is_refused(typed):
    with pytest.raises(ValueError, match="country code"):
        normalised_phone(typed)


def test_only_the_domain_of_an_address_loses_its_case():
    assert normalised_email(" Mai.Tran@EXAMPLE.Com ") == "Mai.Tran@example.com"


@pytest.mark.parametrize("name", ["ab", "mai@example.com", ".mai", "mai tran", "mai\n", "maï", "x" * 65])
def test_a_user_name_is_never_an_address_and_never_odd(name):
    assert not USERNAME.fullmatch(name)
