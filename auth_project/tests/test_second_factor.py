"""The second factor of staff: set up, asked for at every door, guessed at, lost, and taken away by two."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from factories import PASSWORD, UserFactory

from accounts import enrolment, second_factor, sessions
from accounts.errors import (
    CodeNeeded,
    InvalidRefreshToken,
    NothingToReset,
    NotYoursToAgree,
    SecondFactorNotSetUp,
    SecondFactorRequired,
    SecondFactorThrottled,
    WrongCode,
)
from accounts.models import SecondFactorReset, User
from chassis.storage.models import AuditRecord
from chassis.web.staff_tokens import COOKIE, read
from chassis.web.tokens import verify

pytestmark = pytest.mark.django_db
HOME, LOGIN, PAGE = "/admin/auth/", "/admin/auth/login/", "/admin/auth/second-factor/"


def code_of(user: User, *, steps: int = 0) -> str:
    """What their app shows; steps: so many half minutes later, for each code is good once."""
    device = TOTPDevice.objects.filter(user=user).latest("id")
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits)
    totp.time = timezone.now().timestamp() + steps * device.step
    return f"{totp.token():06}"


def enter(user: User, code: str = "") -> tuple[Client, str]:
    """A browser that tried to sign in, and the page that it got; "" for in."""
    client = Client()
    answer = client.post(LOGIN, {"username": user.username, "password": PASSWORD, "code": code})
    return client, "" if answer.status_code == 302 else answer.content.decode()


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_whoever_is_sent_elsewhere_by_a_link_is_at_the_desk_once_signed_in(elsewhere: str) -> None:
    form = {"username": UserFactory(roles=("admin",)).username, "password": PASSWORD, "next": elsewhere}
    assert Client().post(LOGIN, form)["Location"] == "/admin/"


def with_factor(user: User) -> User:
    """They have set one up; .codes are their recovery codes."""
    client, _ = enter(user)
    token = read(client.cookies[COOKIE].value)
    enrolment.begin(user, since=token.since)
    user.codes = enrolment.set_up(user, code_of(user, steps=-1), session_id=token.session_id, since=token.since)
    assert len(user.codes) == enrolment.RECOVERY_CODES
    return user


def of_long_ago(user: User) -> User:
    User.objects.filter(pk=user.pk).update(created_at=timezone.now() - timedelta(days=9))
    user.refresh_from_db()
    return user


@pytest.fixture
def admin() -> User:
    return UserFactory(roles=["customer", "admin"])


@pytest.fixture
def holder(admin: User) -> User:
    """An admin with a second factor."""
    return with_factor(admin)


def signed_in(user: User, code: str) -> Any:
    return verify(sessions.sign_in(login=user.username, password=PASSWORD, code=code).access_token)


def test_it_is_set_up_on_the_page_and_asked_for_from_then_on(
    admin: User, committed: Callable[..., Any], emitted: Callable[[str], Any]
) -> None:
    client, page = enter(admin)
    elsewhere, _ = enter(admin)
    assert page == ""
    shown = client.get(PAGE)
    assert "data:image/svg+xml" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    guessed = client.post(PAGE, {"code": code_of(admin, steps=-1), "password": "guess"})
    assert "The current password is not right" in guessed.content.decode()
    wrong = client.post(PAGE, {"code": "12", "password": PASSWORD})
    assert "The code is wrong" in wrong.content.decode()
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    with committed():
        codes = client.post(PAGE, {"code": code_of(admin, steps=-1), "password": PASSWORD}).content.decode()
    assert codes.count("<li><code>") == enrolment.RECOVERY_CODES
    assert client.get(HOME).status_code == 200
    assert read(client.cookies[COOKIE].value).by_code
    assert "is set up" in client.get(PAGE).content.decode()
    assert elsewhere.get(HOME).status_code == 302
    assert AuditRecord.objects.filter(action="user.second_factor_set_up").exists()
    assert _told(emitted) == [(admin.email, True)]
    assert "second factor" in enter(admin)[1]


def _told(emitted: Callable[[str], Any]) -> list[tuple[str, bool]]:
    """Which mailboxes hear of it, and whether there is one now."""
    return [(event.data["email"], event.data["is_set_up"]) for event in emitted("user.second_factor_changed")]


def test_no_door_opens_without_it(holder: User) -> None:
    with pytest.raises(SecondFactorRequired):
        sessions.sign_in(login=holder.username, password=PASSWORD)
    with pytest.raises(WrongCode):
        sessions.sign_in(login=holder.username, password=PASSWORD, code="000000")


def test_a_code_is_good_once_and_a_token_says_that_there_was_one(holder: User) -> None:
    code = code_of(holder)
    pair = sessions.sign_in(login=holder.username, password=PASSWORD, code=code)
    assert verify(pair.access_token).by_code
    assert verify(sessions.refresh(refresh_token=pair.refresh_token).access_token).by_code
    with pytest.raises(WrongCode):
        signed_in(holder, code)


def test_who_has_none_is_known_by_a_password_alone(admin: User) -> None:
    assert not signed_in(admin, "").by_code


def test_a_recovery_code_is_good_once_however_it_is_typed_and_kept_as_a_digest(holder: User) -> None:
    first = holder.codes[0]
    assert not StaticToken.objects.filter(token__in=holder.codes).exists()
    assert signed_in(holder, first.replace("-", "").lower()).by_code
    with pytest.raises(WrongCode):
        signed_in(holder, first)


def test_guessing_is_slowed_down_and_the_right_code_waits_too(holder: User) -> None:
    for _ in range(2):
        TOTPDevice.objects.update(throttling_failure_timestamp=timezone.now() - timedelta(minutes=1))
        with pytest.raises(WrongCode):
            signed_in(holder, "000000")
    with pytest.raises(SecondFactorThrottled) as waits:
        signed_in(holder, code_of(holder))
    assert 1 <= int(waits.value.headers["Retry-After"]) <= 2
    TOTPDevice.objects.update(throttling_failure_timestamp=timezone.now() - timedelta(minutes=1))
    assert signed_in(holder, code_of(holder)).by_code


def test_a_wrong_password_never_looks_at_the_code(holder: User) -> None:
    code = code_of(holder)
    page = Client().post(LOGIN, {"username": holder.username, "password": "wrong", "code": code})
    assert page.status_code == 200
    assert signed_in(holder, code).by_code


def test_a_role_may_need_one(admin: User, settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = ["admin"]
    with pytest.raises(SecondFactorNotSetUp):
        signed_in(admin, "")
    client, _ = enter(admin)
    assert client.get(HOME)["Location"] == PAGE
    assert client.get(PAGE).status_code == 200
    assert client.post(PAGE, {"code": code_of(admin, steps=-1), "password": PASSWORD}).status_code == 200
    assert client.get(HOME).status_code == 200
    support, _ = enter(UserFactory(roles=["customer", "support"]))
    assert support.get(HOME).status_code == 200


def test_two_admins_take_it_away_and_each_is_on_record(
    holder: User, committed: Callable[..., Any], emitted: Callable[[str], Any]
) -> None:
    one, other = (with_factor(of_long_ago(UserFactory(roles=["customer", "admin"]))) for _ in range(2))
    held, page = enter(holder, code_of(holder))
    assert page == ""
    first, _ = enter(one, code_of(one))
    form = {"action": "reset_second_factor", "_selected_action": [str(holder.pk)]}
    assert "Another admin has to agree" in first.post("/admin/auth/accounts/user/", form).content.decode()
    first.post("/admin/auth/accounts/user/", {**form, "reason": "knew the answers by telephone"})
    asked = SecondFactorReset.objects.get()
    agree = {"action": "agree", "_selected_action": [str(asked.pk)]}
    resets = "/admin/auth/accounts/secondfactorreset/"
    for browser in (first, held):
        assert "Another admin has to agree" in browser.post(resets, agree, follow=True).content.decode()
        assert TOTPDevice.objects.filter(user=holder).exists()
    second, _ = enter(other, code_of(other))
    with committed():
        second.post(resets, agree)
    assert not TOTPDevice.objects.filter(user=holder).exists()
    assert _told(emitted)[-1] == (holder.email, False)
    assert held.get(HOME).status_code == 302
    assert enter(holder)[1] == ""
    log = AuditRecord.objects.filter(action__startswith="user.second_factor_reset").order_by("id")
    assert [(row.action, row.actor_name) for row in log] == [
        ("user.second_factor_reset_asked", one.username),
        ("user.second_factor_reset", other.username),
    ]


def test_what_was_asked_lapses_after_a_day_and_is_done_once(holder: User) -> None:
    one, other, third = (of_long_ago(UserFactory(roles=["customer", "admin"])) for _ in range(3))
    late = enrolment.ask_to_reset(holder, admin=one, by_code=True, reason="late")
    SecondFactorReset.objects.update(asked_at=timezone.now() - timedelta(days=1, seconds=1))
    with pytest.raises(NothingToReset):
        enrolment.agree_to_reset(late.pk, admin=other, by_code=True)
    asked, again = (enrolment.ask_to_reset(holder, admin=one, by_code=True, reason="in time") for _ in range(2))
    with pytest.raises(CodeNeeded):
        enrolment.agree_to_reset(asked.pk, admin=other, by_code=False)
    enrolment.agree_to_reset(asked.pk, admin=other, by_code=True)
    with_factor(holder)
    with pytest.raises(NothingToReset):
        enrolment.agree_to_reset(again.pk, admin=third, by_code=True)
    with pytest.raises(NothingToReset):
        enrolment.agree_to_reset(asked.pk, admin=third, by_code=True)


@pytest.mark.parametrize("role", ["support", "manager", "customer"])
def test_nobody_else_asks_or_agrees(holder: User, role: str) -> None:
    somebody = UserFactory(roles=[role])
    with pytest.raises(NotYoursToAgree):
        enrolment.ask_to_reset(holder, admin=somebody, by_code=True, reason="x")
    with pytest.raises(CodeNeeded):
        enrolment.ask_to_reset(holder, admin=UserFactory(roles=["admin"]), by_code=False, reason="x")
    asked = enrolment.ask_to_reset(holder, admin=UserFactory(roles=["admin"]), by_code=True, reason="x")
    for nobody in (of_long_ago(somebody), UserFactory(roles=["admin"]), holder):
        with pytest.raises(NotYoursToAgree):
            enrolment.agree_to_reset(asked.pk, admin=nobody, by_code=True)
    with pytest.raises(NotYoursToAgree):
        enrolment.ask_to_reset(holder, admin=holder, by_code=True, reason="x")


def test_who_became_staff_with_a_session_that_a_password_began_renews_it_no_more(user: User, settings: Any) -> None:
    pair = sessions.sign_in(login=user.username, password=PASSWORD)
    user.groups.add(Group.objects.get(name="admin"))
    pair = sessions.refresh(refresh_token=pair.refresh_token)
    settings.SECOND_FACTOR_ROLES = ["admin"]
    with pytest.raises(InvalidRefreshToken):
        sessions.refresh(refresh_token=pair.refresh_token)


def test_a_key_that_was_seen_in_an_earlier_session_is_worth_nothing(admin: User) -> None:
    seen = enter(admin)[0]
    assert seen.get(PAGE).status_code == 200
    code = code_of(admin, steps=-1)
    owner = enter(admin)[0]
    assert owner.get(PAGE).status_code == 200
    assert TOTPDevice.objects.filter(user=admin).count() == 1
    page = owner.post(PAGE, {"code": code, "password": PASSWORD})
    assert "The code is wrong" in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_pages_at_once_show_one_key() -> None:
    admin, began = UserFactory(), timezone.now().timestamp()

    def begin(_: int) -> int:
        try:
            return int(enrolment.begin(admin, since=began).pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(begin, range(8)))) == 1


def test_nobody_is_kept_out_for_days_by_guesses(holder: User) -> None:
    device = TOTPDevice.objects.get(user=holder)
    for _ in range(second_factor.MOST_FAILURES + 5):
        TOTPDevice.objects.update(throttling_failure_timestamp=timezone.now() - timedelta(days=1))
        with pytest.raises(WrongCode):
            signed_in(holder, "000000")
    device.refresh_from_db()
    assert device.throttling_failure_count == second_factor.MOST_FAILURES
    with pytest.raises(SecondFactorThrottled) as waits:
        signed_in(holder, code_of(holder))
    assert int(waits.value.headers["Retry-After"]) <= 600


def test_no_page_shows_a_key(holder: User) -> None:
    client, page = enter(holder, code_of(holder))
    assert page == ""
    for path in ("otp_totp/totpdevice/", "otp_static/staticdevice/"):
        assert client.get(HOME + path).status_code == 404
