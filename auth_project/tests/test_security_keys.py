"""Security keys of staff: added with a code, good at the sign-in in its place, each answer once, and taken away."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from authenticator import Authenticator
from django.db import connection, transaction
from django.test import Client
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from factories import PASSWORD, UserFactory
from test_second_factor import LOGIN, PAGE, code_of, enter, of_long_ago, with_factor

from accounts import enrolment, key_changes, security_keys, sign_on
from accounts.errors import KeyNotAdded, SecondFactorRequired, SecondFactorThrottled, WrongCode, WrongKey
from accounts.models import SecurityKey, User
from chassis.storage.models import AuditRecord
from chassis.web.staff_tokens import COOKIE, read

pytestmark = pytest.mark.django_db
KEYS, ASK = f"{PAGE}keys/", f"{PAGE}keys/ask/"


@pytest.fixture(autouse=True)
def _at_an_address(settings: Any) -> None:
    settings.PUBLIC_URL = "https://tickets.example"


def key_of_the_house(**more: Any) -> Authenticator:
    return Authenticator(origin="https://tickets.example", **more)


@pytest.fixture
def holder() -> User:
    with transaction.atomic():
        return with_factor(UserFactory(roles=["customer", "support"]))


def waits_no_more() -> None:
    for model in (TOTPDevice, StaticDevice, SecurityKey):
        model.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)


def add(user: User, key: Authenticator, name: str = "blue") -> Client:
    """A browser in which they signed in with a code, and added the key with another one."""
    client, page = enter(user, user.codes.pop())
    assert page == ""
    asked = client.post(ASK, {"name": name, "code": user.codes.pop()})
    assert asked.status_code == 200, asked.content
    answer = client.post(KEYS, {"name": name, "key": key.create(asked.json())}, follow=True)
    assert f"{name} is added" in answer.content.decode()
    return client


def asked_of(user: User, browser: Client) -> dict[str, Any]:
    form = {"username": user.username, "password": PASSWORD, "ask-key": "yes"}
    answer = browser.post(LOGIN, form)
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


def signs_in(user: User, answer: str) -> str:
    """The page that came of it; "" for in."""
    browser = Client()
    form = {"username": user.username, "password": PASSWORD, "code": "", "key": answer}
    got = browser.post(LOGIN, form)
    if got.status_code != 302:
        return str(got.content.decode())
    assert read(browser.cookies[COOKIE].value).by_code
    return ""


def test_a_key_is_added_with_a_code_and_signs_in_from_then_on(holder: User) -> None:
    key, other = key_of_the_house(), key_of_the_house(counts=0)
    add(holder, key)
    browser = add(holder, other, "green")
    page = browser.get(PAGE).content.decode()
    assert "blue" in page
    assert "never used" in page
    for each in (key, other, key, other):
        assert signs_in(holder, each.get(asked_of(holder, Client()))) == ""
    kept = SecurityKey.objects.get(name="blue")
    assert (kept.sign_count, kept.last_used_at is not None) == (3, True)
    assert AuditRecord.objects.filter(action="user.security_key_added").count() == 2
    with pytest.raises(SecondFactorRequired):
        sign_on.sign_in(login=holder.username, password=PASSWORD, code="", address=None, user_agent="")


def test_codes_go_on_beside_it(holder: User) -> None:
    add(holder, key_of_the_house())
    assert enter(holder, code_of(holder))[1] == ""
    assert enter(holder, holder.codes.pop())[1] == ""


def test_without_a_code_given_now_nothing_is_added_and_nothing_taken_away(holder: User) -> None:
    browser = add(holder, key_of_the_house())
    for code in ("", "000000", "0000"):
        waits_no_more()
        answer = browser.post(ASK, {"name": "mine", "code": code})
        assert answer.status_code in (400, 403)
        waits_no_more()
        browser.post(f"{KEYS}{SecurityKey.objects.get().pk}/remove/", {"code": code})
    assert SecurityKey.objects.count() == 1


def test_it_is_taken_away_with_a_code_and_opens_nothing_any_more(holder: User) -> None:
    key = key_of_the_house()
    browser = add(holder, key)
    asked = asked_of(holder, Client())
    gone = browser.post(f"{KEYS}{SecurityKey.objects.get().pk}/remove/", {"code": holder.codes.pop()}, follow=True)
    assert "taken away" in gone.content.decode()
    assert "did not answer as it should" in signs_in(holder, key.get(asked))
    entry = AuditRecord.objects.get(action="user.security_key_removed")
    assert entry.before == {"name": "blue"}


def test_its_owner_is_told_of_each_and_nothing_that_a_key_is_made_of(holder: User, emitted: Any) -> None:
    browser = add(holder, key_of_the_house())
    key = SecurityKey.objects.get()
    browser.post(f"{KEYS}{key.pk}/remove/", {"code": "0000"})
    waits_no_more()
    browser.post(f"{KEYS}{key.pk}/remove/", {"code": holder.codes.pop()})
    told = [event.data for event in emitted("user.security_key_changed")]
    assert [(each["email"], each["key_name"], each["is_added"]) for each in told] == [
        (holder.email, "blue", True),
        (holder.email, "blue", False),
    ]
    assert {name for each in told for name in each} == {"user_id", "email", "changed_at", "key_name", "is_added"}


def test_nobody_takes_away_the_key_of_another(holder: User) -> None:
    add(holder, key_of_the_house())
    other = with_factor(UserFactory(roles=["customer", "admin"]))
    browser = add(other, key_of_the_house())
    browser.post(f"{KEYS}{SecurityKey.objects.get(user=holder).pk}/remove/", {"code": other.codes.pop()})
    assert SecurityKey.objects.filter(user=holder).count() == 1


def test_an_answer_is_good_once(holder: User) -> None:
    key = key_of_the_house(counts=0)
    add(holder, key)
    answer = key.get(asked_of(holder, Client()))
    assert signs_in(holder, answer) == ""
    assert "did not answer as it should" in signs_in(holder, answer)


def test_what_signed_something_else_is_refused_and_who_goes_on_has_to_wait(holder: User, settings: Any) -> None:
    key, stranger = key_of_the_house(), key_of_the_house()
    add(holder, key)
    other = with_factor(UserFactory(roles=["customer", "support"]))
    add(other, other_key := key_of_the_house())
    elsewhere = key_of_the_house()
    elsewhere.__dict__ |= {**key.__dict__, "origin": "https://tickets.example.evil"}
    stranger.id = key.id
    of_other = asked_of(other, Client())
    made_up = asked_of(holder, Client()) | {"challenge": "AAAA"}
    for answer in (
        elsewhere.get(asked_of(holder, Client())),
        stranger.get(asked_of(holder, Client())),
        key.get(of_other),
        key.get(made_up),
        other_key.get(of_other),
        *("nonsense", "{}", "[]", json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": {}})),
    ):
        waits_no_more()
        assert "did not answer as it should" in signs_in(holder, answer)
    answer = stranger.get(asked_of(holder, Client()))
    signs_in(holder, answer)
    assert "Too many wrong codes" in signs_in(holder, key.get(asked_of(holder, Client())))
    waits_no_more()
    assert signs_in(holder, key.get(asked_of(holder, Client()))) == ""


def test_a_counter_that_went_back_is_a_copy_of_the_key(holder: User) -> None:
    key = key_of_the_house()
    add(holder, key)
    assert signs_in(holder, key.get(asked_of(holder, Client()))) == ""
    key.counter = 0
    assert "did not answer as it should" in signs_in(holder, key.get(asked_of(holder, Client())))


def test_what_was_asked_in_one_session_is_not_answered_in_another(holder: User) -> None:
    first, second = enter(holder, holder.codes.pop())[0], enter(holder, holder.codes.pop())[0]
    asked = first.post(ASK, {"name": "mine", "code": holder.codes.pop()}).json()
    answer = key_of_the_house().create(asked)
    assert "was not added" in second.post(KEYS, {"name": "mine", "key": answer}, follow=True).content.decode()
    assert "was not added" in first.post(KEYS, {"name": "mine", "key": answer}, follow=True).content.decode()
    signing_in = asked_of(add(holder, key := key_of_the_house()) and holder, Client())
    with pytest.raises(KeyNotAdded):
        key_changes.add(
            holder, name="x", answer=key.create({**signing_in, "rp": {"id": "tickets.example"}}), session_id=""
        )
    assert [each.name for each in SecurityKey.objects.all()] == ["blue"]


def test_who_has_no_second_factor_adds_no_key() -> None:
    browser, _ = enter(UserFactory(roles=["customer", "support"]))
    answer = browser.post(ASK, {"name": "mine", "code": "123456"})
    assert answer.status_code == 403
    assert browser.post(KEYS, {"name": "mine", "key": "{}"}).status_code == 302
    assert not SecurityKey.objects.exists()


def test_so_many_are_enough(holder: User) -> None:
    browser = add(holder, key_of_the_house())
    for number in range(security_keys.MOST_KEYS - 1):
        SecurityKey.objects.create(
            user=holder, name=f"{number}", credential_id=b"%d" % number, public_key=b"", sign_count=0
        )
    answer = browser.post(ASK, {"name": "one more", "code": holder.codes.pop()})
    assert "enough" in answer.json()["said"]


def test_only_who_knows_the_password_learns_that_there_is_a_key(holder: User) -> None:
    add(holder, key_of_the_house())
    without = UserFactory(roles=["customer", "support"])
    customer = UserFactory(roles=["customer"])
    said = {}
    for name, password in ((holder.username, "guess"), ("nobody", "guess"), (without.username, "guess")):
        answer = Client().post(LOGIN, {"username": name, "password": password, "ask-key": "yes"})
        said[name] = (answer.status_code, answer.json())
    assert len({json.dumps(each) for each in said.values()}) == 1
    for user in (without, customer):
        answer = Client().post(LOGIN, {"username": user.username, "password": PASSWORD, "ask-key": "yes"})
        assert answer.status_code == 403


def test_two_admins_who_take_a_second_factor_away_take_its_keys(holder: User) -> None:
    key = key_of_the_house()
    add(holder, key)
    one, another = (of_long_ago(UserFactory(roles=["customer", "admin"])) for _ in range(2))
    asked = enrolment.ask_to_reset(holder, admin=one, by_code=True, reason="it was stolen")
    enrolment.agree_to_reset(asked.pk, admin=another, by_code=True)
    assert not SecurityKey.objects.exists()


def test_without_redis_a_code_is_asked_for(holder: User, redis_at: Callable[[str], None]) -> None:
    add(holder, key_of_the_house())
    redis_at("redis://127.0.0.1:9/0")
    answer = Client().post(LOGIN, {"username": holder.username, "password": PASSWORD, "ask-key": "yes"})
    assert (answer.status_code, "give a code" in answer.json()["said"]) == (403, True)


@pytest.mark.parametrize(
    ("public", "rp_id", "origin"),
    [
        ("https://tickets.example", "tickets.example", "https://tickets.example"),
        ("https://tickets.example:8443", "tickets.example", "https://tickets.example:8443"),
        ("http://127.0.0.1:8080", "localhost", "http://localhost:8080"),
    ],
)
def test_keys_are_bound_to_the_address_of_the_house(settings: Any, public: str, rp_id: str, origin: str) -> None:
    settings.PUBLIC_URL = public
    assert security_keys.house() == (rp_id, [origin])


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_with_one_answer_one_comes_in(holder: User) -> None:
    key = key_of_the_house(counts=0)
    add(holder, key)
    answer = key.get(asked_of(holder, Client()))

    def check(_: int) -> bool:
        try:
            security_keys.check(holder, answer, address=None)
        except (WrongKey, SecondFactorThrottled):
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(check, range(8))) == 1


def test_a_wrong_code_is_still_a_wrong_code(holder: User) -> None:
    with pytest.raises(WrongCode):
        sign_on.sign_in(login=holder.username, password=PASSWORD, code="0000", address=None, user_agent="")
