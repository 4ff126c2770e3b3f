"""What staff do at the admin site: cancel with a note and a message; and that it is recorded."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from factories import seat_ids

from bookings.models import Booking, BookingTransition, Showtime
from chassis import testing_staff
from chassis.ids import uuid7
from chassis.storage.models import AuditRecord

LIST = "/admin/booking/bookings/booking/"
REASON = {"reason": "note among colleagues", "message": "We are sorry."}


@pytest.fixture
def enter(client: Client, db: None) -> Callable[..., Client]:
    """enter("support", account_id) → a browser of somebody who signed in with that account of auth's."""

    def sign_in(role: str, account_id: Any = None) -> Client:
        testing_staff.enter(client, role, username=role, account_id=account_id or uuid7())
        return client

    return sign_in


def cancel(browser: Client, *bookings: Booking, **form: str) -> Any:
    chosen = {"action": "cancel", ACTION_CHECKBOX_NAME: [str(booking.id) for booking in bookings]}
    return browser.post(LIST, {**chosen, **form}, follow=True)


@pytest.mark.parametrize("role", ["support", "manager"])
def test_a_booking_is_cancelled_with_a_note_and_a_message_once_both_were_asked_for(
    enter: Any, hold: Any, emitted: Any, role: str
) -> None:
    booking, account = hold(0), uuid7()
    browser = enter(role, account)
    asked = cancel(browser, booking)
    assert booking.reference in asked.content.decode()
    assert Booking.objects.get(id=booking.id).status == "PENDING"
    cancel(browser, booking, **REASON)
    line = BookingTransition.objects.filter(booking=booking).latest("id")
    assert (line.to_status, line.actor, line.reason) == ("CANCELLED", str(account), "note among colleagues")
    assert emitted("booking.cancelled")[0].data["message"] == "We are sorry."
    said = AuditRecord.objects.get(action="booking.cancelled")
    assert (said.actor_id, said.actor_name, said.door) == (str(account), role, "admin")
    assert (said.subject_id, said.reason) == (str(booking.id), "note among colleagues")
    assert (said.before["status"], said.after["status"]) == ("PENDING", "CANCELLED")


def test_of_several_bookings_those_that_may_be_are_cancelled_and_the_others_are_named(enter: Any, hold: Any) -> None:
    account = uuid7()
    own, other = hold(0, user_id=account), hold(1)
    page = cancel(enter("manager", account), own, other, **REASON).content.decode()
    assert Booking.objects.get(id=own.id).status == "PENDING"
    assert Booking.objects.get(id=other.id).status == "CANCELLED"
    assert "Somebody else has to do this for you" in page
    assert AuditRecord.objects.filter(action="booking.cancelled").count() == 1


def test_every_deed_through_the_api_is_recorded_with_who_did_it(sign_in: Any, hold: Any, showtime: Showtime) -> None:
    booking, manager = hold(0), sign_in(roles=("manager",), username="linh")
    seats = {"seat_ids": [str(seat_ids(showtime)[3])]}
    assert manager.post(f"/showtimes/{showtime.id}/seats/blocked", seats).status_code == 204
    assert manager.delete(f"/showtimes/{showtime.id}/seats/blocked", seats).status_code == 204
    assert manager.delete(f"/bookings/{booking.id}", REASON).status_code == 200
    done = AuditRecord.objects.order_by("id")
    assert [said.action for said in done] == ["seats.blocked", "seats.unblocked", "booking.cancelled"]
    assert {(said.actor_id, said.actor_name, said.door) for said in done} == {(str(manager.user_id), "linh", "api")}
