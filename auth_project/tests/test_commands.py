import json

import pytest
from django.core.management import call_command

from accounts import sessions
from accounts.models import User
from chassis.web.tokens import verify

pytestmark = pytest.mark.django_db
ROLES = ("customer", "support", "manager", "admin")


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
    assert User.objects.count() == 4
    assert len(emitted("user.registered")) == 4
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
