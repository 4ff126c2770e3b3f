from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.domain import (
    ACCESS_TOKENS_OF_A_SESSION,
    REFRESH_GRACE,
    USERNAME,
    AccessTokenId,
    OneTimeTokenState,
    RefreshVerdict,
    SessionState,
    is_redeemable,
    judge_refresh,
    living,
    normalised_email,
    normalised_language,
    normalised_phone,
    normalised_time_zone,
    plain_name,
    with_new_access_token,
)
from chassis.ids import uuid7

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


IDS = st.sampled_from(["first", "second", "third"])
SESSIONS = st.builds(
    SessionState,
    current_jti=IDS,
    previous_jti=st.one_of(st.just(""), IDS),
    expires_at=st.timedeltas(-timedelta(hours=1), timedelta(days=1)).map(NOW.__add__),
    rotated_at=st.timedeltas(timedelta(0), timedelta(seconds=30)).map(NOW.__sub__),
    ended=st.booleans(),
)


@given(session=SESSIONS, presented=IDS, active=st.booleans())
@example(
    session=SessionState("second", NOW + timedelta(1), False, NOW - REFRESH_GRACE, "first"),
    presented="first",
    active=True,
)
@example(
    session=SessionState("second", NOW + timedelta(1), False, NOW - timedelta(seconds=11), "first"),
    presented="first",
    active=True,
)
def test_a_refresh_token_is_good_once_its_predecessor_for_a_moment_and_any_other_ends_the_session(
    session, presented, active
):
    verdict = judge_refresh(session=session, presented_jti=presented, user_is_active=active, now=NOW)
    alive = active and not session.ended and session.expires_at > NOW
    assert (verdict is RefreshVerdict.REFUSE) is not alive
    if alive and presented == session.current_jti:
        assert verdict is RefreshVerdict.ROTATE
    elif alive and presented == session.previous_jti and NOW - session.rotated_at <= timedelta(seconds=10):
        assert verdict is RefreshVerdict.REPEAT
    elif alive:
        assert verdict is RefreshVerdict.END_THE_SESSION


def test_a_refresh_token_is_refused_from_the_moment_it_expires():
    session = SessionState(current_jti="new", expires_at=NOW, ended=False, rotated_at=NOW)
    assert judge_refresh(session=session, presented_jti="new", user_is_active=True, now=NOW) is RefreshVerdict.REFUSE


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Mai  Thị Trần", "Mai Thị Trần"),
        ("J.R.R. O\u2019Neill-Smith, Jr.", "J.R.R. O\u2019Neill-Smith, Jr."),
        ("田中 太郎", "田中 太郎"),
        ("Mai 2nd", "Mai 2nd"),
        ("", ""),
    ],
)
def test_a_name_is_kept_with_single_spaces(typed, kept):
    assert plain_name(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "You won http://evil.example",
        "evil.example",
        "Mai\nBcc: x",
        "Mai\tTran",
        "a@b",
        "<b>Mai</b>",
        "Mai\u202e",
        "m/x",
        "{{ link }}",
    ],
)
def test_what_a_mail_would_make_a_link_or_a_line_of_is_no_name(typed):
    with pytest.raises(ValueError, match="a name"):
        plain_name(typed)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("vi", "vi"), ("EN-gb", "en-GB"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"), ("", "")],
)
def test_a_language_is_kept_in_its_usual_case(typed, kept):
    assert normalised_language(typed) == kept


@pytest.mark.parametrize("typed", ["english", "e", "en_GB", "en-", "*", "vi,en", "en-GB-x-private"])
def test_what_is_no_language_tag_is_refused(typed):
    with pytest.raises(ValueError, match="tag"):
        normalised_language(typed)


def test_a_time_zone_is_one_of_the_ianas():
    assert [normalised_time_zone(name) for name in ("Asia/Ho_Chi_Minh", "")] == ["Asia/Ho_Chi_Minh", ""]
    for name in ("Mars/Olympus_Mons", "+07:00", "../etc/passwd"):
        with pytest.raises(ValueError, match="time zone"):
            normalised_time_zone(name)


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
