import json

import pytest
from django.core.management import CommandError, call_command
from factories import UserFactory

from accounts import sessions
from accounts.management.commands import tell_accounts
from accounts.models import User
from accounts.roles import Role
from chassis.web.tokens import verify

pytestmark = pytest.mark.django_db
ROLES = tuple(Role)


@pytest.fixture(autouse=True)
def _no_file(monkeypatch):
    monkeypatch.delenv("DEMO_PASSWORDS_FILE", raising=False)


def assert_all_can_sign_in(accounts):
    assert tuple(accounts) == ROLES
    for role, account in accounts.items():
        pair = sessions.sign_in(login=account["email"], password=account["password"])
        assert verify(pair.access_token).roles == {"customer", role}


def test_demo_accounts_are_printed_as_json(capsys):
    call_command("demo_data")
    assert_all_can_sign_in(json.loads(capsys.readouterr().out))


def test_demo_passwords_stay_in_their_file_over_runs(tmp_path, monkeypatch, emitted):
    path = tmp_path / "passwords.json"
    monkeypatch.setenv("DEMO_PASSWORDS_FILE", str(path))
    call_command("demo_data")
    first = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    call_command("demo_data")
    assert json.loads(path.read_text()) == first
    assert_all_can_sign_in(first)
    assert User.objects.count() == len(ROLES)
    assert len(emitted("user.registered")) == len(ROLES)
    assert not emitted("email.verification_requested")


def test_with_a_fresh_database_the_passwords_of_the_file_are_used_again(tmp_path, monkeypatch):
    path = tmp_path / "passwords.json"
    monkeypatch.setenv("DEMO_PASSWORDS_FILE", str(path))
    call_command("demo_data")
    User.objects.all().delete()
    call_command("demo_data")
    assert_all_can_sign_in(json.loads(path.read_text()))


def test_a_lost_file_means_new_passwords(tmp_path, monkeypatch):
    path = tmp_path / "passwords.json"
    monkeypatch.setenv("DEMO_PASSWORDS_FILE", str(path))
    call_command("demo_data")
    path.unlink()
    call_command("demo_data")
    assert_all_can_sign_in(json.loads(path.read_text()))


def test_a_superuser_is_an_admin_like_any_other(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "corr3ct-horse")
    call_command("createsuperuser", interactive=False, username="root", email="root@example.com")
    user = User.objects.get(username="root")
    assert (user.is_superuser, user.is_staff, user.roles) == (True, True, {"customer", "admin"})


def test_the_answers_may_come_from_the_environment(monkeypatch, emitted):
    for name, value in (("USERNAME", "root"), ("EMAIL", "root@example.com"), ("PASSWORD", "corr3ct-horse")):
        monkeypatch.setenv(f"DJANGO_SUPERUSER_{name}", value)
    call_command("createsuperuser", "--noinput")
    assert verify(sessions.sign_in(login="root", password="corr3ct-horse").access_token).roles == {"customer", "admin"}
    assert emitted("user.registered")[0].data["email"] == "root@example.com"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"email": "root@example.com"}, "DJANGO_SUPERUSER_USERNAME"),
        ({"username": "root"}, "DJANGO_SUPERUSER_EMAIL"),
        ({"username": "a@b", "email": "root@example.com"}, "3 to 64 letters"),
        ({"username": "root", "email": "nobody"}, "valid email"),
        ({"username": "root", "email": "root@example.com", "password": "12345678"}, "/password|password: "),
        ({"username": "root", "email": "root@example.com", "password": ""}, "DJANGO_SUPERUSER_PASSWORD"),
        ({"username": "TAKEN", "email": "root@example.com"}, "username: This user name is taken."),
    ],
)
def test_an_answer_that_will_not_do_makes_no_account_and_says_why(monkeypatch, answers, why):
    UserFactory(username="taken")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", answers.pop("password", "corr3ct-horse"))
    with pytest.raises(CommandError, match=why):
        call_command("createsuperuser", interactive=False, **answers)
    assert User.objects.count() == 1


def test_somebody_at_the_keyboard_is_asked_for_what_is_missing(monkeypatch):
    typed = iter(["root", "root@example.com"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    monkeypatch.setattr("accounts.management.commands.createsuperuser.getpass", lambda _: "corr3ct-horse")
    call_command("createsuperuser")
    assert User.objects.get(username="root").is_superuser


def test_every_account_is_told_anew_in_batches(monkeypatch, emitted, capsys):
    monkeypatch.setattr(tell_accounts, "BATCH", 2)
    users = UserFactory.create_batch(5)
    call_command("tell_accounts")
    told = emitted("user.updated")
    assert {event.data["email"] for event in told} >= {user.email for user in users}
    assert len({event.subject for event in told}) == len(told) == User.objects.count()
    assert f"{len(told)} accounts" in capsys.readouterr().out
