from pathlib import Path

import pytest

from stack import environment, lock
from stack.errors import StackError
from stack.services import SERVICES

LOCK = """\
amqp==5.3.1 \\
    --hash=sha256:aa
    # via kombu
bcrypt==5.0.0 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
    # via marquee-auth (auth_project/pyproject.toml)
celery==5.6.0 \\
    --hash=sha256:dd
    # via
    #   chassis (chassis/pyproject.toml)
    #   marquee-booking (booking_project/pyproject.toml)
    #   flower
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:ee
    # via pytest
flower==2.0.1 \\
    --hash=sha256:ff
    # via marquee (pyproject.toml:stack)
kombu==5.6.0 \\
    --hash=sha256:00
    # via celery
pytest==9.0.0 \\
    --hash=sha256:11
    # via marquee (pyproject.toml:dev)
"""


def names(text):
    return sorted(lock.entries(text))


def test_each_pin_knows_who_wants_it():
    assert lock.entries(LOCK)["celery"][1] == {"chassis", "marquee-booking", "flower"}
    assert lock.entries(LOCK)["flower"][1] == {"marquee:stack"}


def test_a_project_gets_what_it_asks_for_and_what_that_needs():
    assert names(lock.subset(LOCK, {"marquee-auth", "chassis"})) == ["amqp", "bcrypt", "celery", "kombu"]


def test_a_project_does_not_get_what_another_or_development_needs():
    assert names(lock.subset(LOCK, {"marquee-booking"})) == ["amqp", "celery", "kombu"]
    assert names(lock.subset(LOCK, {"marquee:dev"})) == ["colorama", "pytest"]


def test_the_part_keeps_hashes_markers_and_order():
    assert (
        lock.subset(LOCK, {"marquee:dev"})
        == LOCK[LOCK.index("colorama") : LOCK.index("flower==")] + (LOCK[LOCK.index("pytest==") :])
    )


def test_all_roots_together_need_the_whole_lock():
    roots = {"marquee-auth", "marquee-booking", "chassis", "marquee:dev", "marquee:stack"}
    assert lock.subset(LOCK, roots) == LOCK


def test_a_project_that_the_lock_does_not_know_is_refused():
    with pytest.raises(StackError, match="marquee-notify"):
        lock.subset(LOCK, {"marquee-notify"})


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_each_service_finds_its_part_in_the_real_lock(service):
    part = lock.entries(lock.subset(lock.FILE.read_text(), {lock.project_name(service.project), "chassis"}))
    assert {"django", "djangorestframework", "celery", "psycopg", "gunicorn"} <= set(part)
    assert not {"pytest", "mypy", "ruff", "supervisor"} & set(part)


def test_every_pin_of_the_real_lock_has_a_hash_and_no_index_is_named():
    text = lock.FILE.read_text()
    assert all("--hash=sha256:" in lines for lines, _ in lock.entries(text).values())
    assert "://" not in text


@pytest.fixture
def nothing_reachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index at a closed port, and nothing remembered of another."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")


@pytest.mark.usefixtures("nothing_reachable")
def test_where_the_index_cannot_be_asked_the_check_says_that_it_did_not_look(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    lock.check(environment.uv())
    assert "was not looked at" in capsys.readouterr().out


@pytest.mark.usefixtures("nothing_reachable")
def test_in_ci_an_index_that_cannot_be_asked_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(lock.IndexUnreachable):
        lock.check(environment.uv())
