"""The page of what staff may do says what the tables say."""

import pytest

from stack import staff_rights
from stack.errors import StackError
from stack.services import SERVICES


def test_the_page_has_every_service_role_and_permission(tmp_path):
    page = tmp_path / "rights.md"
    staff_rights.write(page)
    text = page.read_text()
    for service in SERVICES:
        assert f"\n## {service.name}\n\n| permission | support | manager | admin |" in text
    assert "\n| refund_payment | yes | yes | yes |" in text
    assert "\n| change_movie |  | yes | yes |" in text
    assert text.count("\n| everything else |  |  | yes |") == len(SERVICES)


def test_a_page_that_says_something_else_is_told(tmp_path):
    page = tmp_path / "rights.md"
    with pytest.raises(StackError, match="make contracts"):
        staff_rights.check(page)
    staff_rights.write(page)
    staff_rights.check(page)
    page.write_text(page.read_text().replace("| refund_payment | yes |", "| refund_payment |  |"))
    with pytest.raises(StackError, match="make contracts"):
        staff_rights.check(page)


def test_a_service_that_forgot_a_role_is_named(monkeypatch):
    monkeypatch.setattr(staff_rights, "_tables", lambda: {"auth": {"auditor": []}, "booking": {}})
    with pytest.raises(StackError, match="booking has no line for auditor"):
        staff_rights.check()
