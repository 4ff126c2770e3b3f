"""A customer says that what their showtime became suits them: once, as they were told, by the rules from then on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from bookings import acceptance, endings, moves
from bookings.domain import Why
from bookings.errors import BookingNotFound, ChangeNotAcceptable, NothingToAccept
from bookings.models import Booking, BookingTransition, Showtime
from chassis.ids import uuid7

HOUR = timedelta(hours=1)
NO_WAY_BACK = {"cancellation_cutoff_minutes": 60 * 24 * 7}


@pytest.fixture
def moved(showtime, bought, move):
    """A paid booking that nobody could cancel but for the move it was told of; and the answer of its API."""
    Showtime.objects.filter(id=showtime.id).update(rules=NO_WAY_BACK)
    booking = bought(0, 1)
    move(HOUR)
    assert moves.tell_of_moves() == 1
    return Booking.objects.get(id=booking.id)


def accept(booking: Booking, revision: int) -> None:
    acceptance.accept_change(booking_id=booking.id, user_id=booking.user_id, revision=revision)


def answers(booking: Booking) -> list[str]:
    lines = BookingTransition.objects.filter(booking=booking, trigger="change_accepted")
    return [line.actor for line in lines]


def why(booking: Booking) -> Why:
    return endings.cancellation_of(Booking.objects.get(id=booking.id)).why


def test_what_is_accepted_is_in_the_history_once_and_the_ordinary_rules_hold_again(moved, sign_in):
    customer, path = sign_in(user_id=moved.user_id), f"/bookings/{moved.id}"
    change = customer.get(path).json()["change"]
    start = moved.showtime.starts_at.isoformat()
    assert change == {"revision": moved.told_revision, "accepted": False, "free_cancellation_until": start}
    assert customer.get(f"{path}/cancellation").json()["why"] == "showtime_changed"

    body, key = {"revision": change["revision"]}, {"Idempotency-Key": "once"}
    answer = customer.post(f"{path}/accept-change", body, format="json", headers=key)

    assert (answer.status_code, answer.json()["status"]) == (200, "CONFIRMED")
    assert answer.json()["change"] == {
        "revision": change["revision"],
        "accepted": True,
        "free_cancellation_until": None,
    }
    assert customer.get(path).json() == answer.json()
    again = customer.post(f"{path}/accept-change", body, format="json", headers=key)
    assert (again.json(), again["Idempotency-Replayed"]) == (answer.json(), "true")
    assert customer.post(f"{path}/accept-change", body, format="json").json() == answer.json()
    assert answers(moved) == [str(moved.user_id)]
    refused = customer.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "cancellation_closed")


def test_a_later_change_is_a_right_of_its_own(moved, move):
    accept(moved, moved.told_revision)
    assert why(moved) is Why.CLOSED
    now = move(HOUR)
    assert why(moved) is Why.SHOWTIME_CHANGED
    with pytest.raises(NothingToAccept):  # the mail that tells of the right is still to be sent
        accept(moved, now.revision)
    moves.tell_of_moves()
    accept(moved, moved.told_revision)  # of the first, once more
    assert (why(moved), answers(moved)) == (Why.SHOWTIME_CHANGED, [str(moved.user_id)])
    accept(moved, now.revision)
    assert (why(moved), len(answers(moved))) == (Why.CLOSED, 2)


def test_what_was_looked_at_is_accepted_and_not_what_came_meanwhile(moved, move):
    seen = moved.told_revision
    move(HOUR)
    moves.tell_of_moves()
    accept(moved, seen)
    assert why(moved) is Why.SHOWTIME_CHANGED


def test_there_is_nothing_to_accept_where_nothing_changed_and_nothing_any_more_when_it_has_ended(moved, bought, move):
    unmoved = bought(2)
    for revision in (1, unmoved.showtime_revision, unmoved.showtime_revision + 1):
        with pytest.raises(NothingToAccept):
            accept(unmoved, revision)
    with pytest.raises(BookingNotFound):
        acceptance.accept_change(booking_id=moved.id, user_id=uuid7(), revision=moved.told_revision)
    endings.cancel_booking(booking_id=moved.id, user_id=moved.user_id)
    with pytest.raises(ChangeNotAcceptable, match="CANCELLED"):
        accept(moved, moved.told_revision)
    assert answers(moved) == answers(unmoved) == []


def test_once_it_has_begun_nothing_is_accepted(moved):
    Showtime.objects.update(starts_at=Now())
    with pytest.raises(ChangeNotAcceptable, match="begun"):
        accept(moved, moved.told_revision)


@pytest.mark.django_db(transaction=True)
def test_of_many_answers_at_once_one_is_written(moved):
    def once(_: int) -> None:
        try:
            accept(moved, moved.told_revision)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(once, range(6)))
    assert answers(moved) == [str(moved.user_id)]
