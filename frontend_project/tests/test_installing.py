"""What a device keeps of the tickets that it has looked at."""

import re
from pathlib import Path

import pytest
from django.urls import reverse

import shop


@pytest.mark.parametrize("page", ["sign_in", "sign_out", "register", "reset", "who"])
def test_tickets_are_forgotten_where_a_session_begins_or_ends(page: str) -> None:
    script = (Path(shop.__file__).parent / "static/shop/sw.js").read_text()
    (another,) = re.findall(r"const ANOTHER = /(.+)/;", script)
    assert re.match(another.replace(r"\/", "/"), reverse(page))
