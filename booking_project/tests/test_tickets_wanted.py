"""What is sent for each ticket: the quick way to read it is the way that everything else is read, and no other."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.serializers import ValidationError

from bookings.serializers import TicketSerializer
from chassis.web.parsing import StrictSerializer

SEAT = "019ab1c4-5e30-7e40-9f73-2c3d4e5f6a04"
seats = st.one_of(
    st.uuids().map(str), st.sampled_from([SEAT.upper(), f"{{{SEAT}}}", f"urn:uuid:{SEAT}", SEAT[:-1], ""])
)
codes = st.one_of(st.text(max_size=70), st.from_regex(r"\A[a-z0-9_-]{1,66}\Z"), st.sampled_from([" adult ", "adult\n"]))
anything = st.one_of(st.none(), st.booleans(), st.integers(), st.lists(st.text(max_size=3), max_size=2))
tickets = st.one_of(
    st.fixed_dictionaries(
        {"seat_id": seats | anything}, optional={"ticket_type": codes | anything, "price": st.integers()}
    ),
    anything,
)


def read(by: Any, data: Any) -> Any:
    """What comes of it, or what is said against it."""
    ticket = TicketSerializer()
    try:
        return dict(by(ticket, data))
    except ValidationError as exc:
        return exc.detail


@given(tickets)
def test_the_quick_way_finds_what_the_whole_one_does(data: Any) -> None:
    assert read(TicketSerializer.run_validation, data) == read(StrictSerializer.run_validation, data)


def test_a_seat_and_a_type_are_read_without_a_look_at_each_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(StrictSerializer, "to_internal_value")
    monkeypatch.setattr(TicketSerializer, "fields", None)
    wanted = {"seat_id": SEAT, "ticket_type": "child"}
    assert read(TicketSerializer.run_validation, wanted) == {"seat_id": UUID(SEAT), "ticket_type": "child"}
