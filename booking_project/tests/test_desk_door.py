"""The door's page: by hand, by a script, and what doors without a connection tell when they have one again."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings import desk
from bookings.door_queue import digest_of, settle, taken_along
from bookings.doors import Scan
from bookings.models import Booking, CheckIn, DoorConflict, Showtime
from chassis.ids import uuid7
from chassis.storage.audit_log import Actor, Door
from chassis.storage.models import AuditRecord
from chassis.testing_staff import enter

pytestmark = pytest.mark.django_db

LINH = Actor(uuid7(), "linh", Door.ADMIN)


@pytest.fixture
def usher(client: Client) -> Client:
    enter(client, "support", username="linh")
    return client


def door_of(showtime: Showtime, *rest: str) -> str:
    return "/".join([f"/admin/booking/door/{showtime.id}", *rest, ""])


def scan(code: str, *, minutes: int = 0, seats: Any = (), scan_id: Any = None) -> Scan:
    return Scan(scan_id or uuid7(), code, timezone.now() - timedelta(minutes=minutes), seats)


def let_in(booking: Booking) -> list[tuple[str, str]]:
    """The door of each seat that somebody is in to."""
    names = {seat.seat_id: str(seat) for seat in booking.seats.all()}
    return sorted((names[each.seat_id], each.door) for each in CheckIn.objects.filter(booking=booking))


def test_a_code_typed_without_a_script_is_said_to_be_good_once(usher: Client, bought: Any, showtime: Showtime) -> None:
    booking = bought(0, 1)
    page, typed = door_of(showtime), {"code": booking.reference.lower(), "door": "left"}
    assert booking.reference not in usher.get(page).content.decode()
    first = usher.post(page, typed).content.decode()
    assert "Let in: A1, A2" in first
    at = CheckIn.objects.filter(booking=booking)[0].at
    again = usher.post(page, typed).content.decode()
    assert f"Already in at {showtime.at_the_theater(at).split()[4]}" in again
    assert "This is no ticket of ours" in usher.post(page, {"code": "x.y.z"}).content.decode()
    assert "There is no booking for this ticket" in usher.post(page, {"code": "0000000000"}).content.decode()
    for odd in ({"code": ""}, {"code": "x" * 5000}, {"code": "x\0"}, {"code": "x", "door": "y" * 65}):
        assert usher.post(page, odd).status_code == 200, odd
    assert let_in(booking) == [("A1", "left"), ("A2", "left")]


def test_the_script_is_answered_what_the_page_would_say(usher: Client, bought: Any, showtime: Showtime) -> None:
    booking = bought(0)
    ask = {"code": booking.ticket, "door": "left"}

    def asked(**wrong: Any) -> Any:
        body = json.dumps({**ask, **wrong})
        return usher.post(door_of(showtime, "check-in"), body, content_type="application/json")

    assert asked().json() == {"result": "in", "said": "Let in: A1", "let_in": "1 of 1"}
    refused = asked().json()
    assert (refused["result"], refused["said"].split(" at ")[0]) == ("used", "Already in")
    assert asked(code="x.y.z").json()["result"] == "refused"
    for wrong in ({"code": None}, {"code": "x" * 5000}, {"door": "x" * 65}, {"more": 1}):
        assert asked(**wrong).status_code == 400


def test_what_is_taken_along_names_nobody_and_opens_nothing(bought: Any, hold: Any, showtime: Showtime) -> None:
    booking, cancelled = bought(0, 1), bought(2)
    hold(3)
    desk.cancel_for_customer(booking_id=cancelled.id, actor=LINH, reason="x")
    along = taken_along(showtime)
    assert sorted(seat["name"] for seat in along["seats"]) == ["A1", "A2"]
    assert set(along["codes"]) == {
        digest_of(code) for code in (booking.ticket, booking.reference, *booking.seat_tickets.values())
    }
    assert along["codes"][digest_of(booking.reference)] == [0, 1]
    said = json.dumps(along)
    assert not [each for each in (booking.reference, booking.ticket, str(booking.user_id)) if each in said]


def test_two_doors_that_let_in_one_code_are_told_of_it(usher: Client, bought: Any, showtime: Showtime) -> None:
    booking = bought(0)
    early, late = scan(booking.ticket, minutes=3), scan(booking.ticket, minutes=2)
    (first,) = settle([late], showtime_id=showtime.id, door="right", actor=LINH)
    assert (first.code, first.seats) == ("", "A1")
    (second,) = settle([early], showtime_id=showtime.id, door="left", actor=LINH)
    assert (second.code, second.seats, [each["door"] for each in second.used]) == ("ticket_used", "A1", ["right"])
    for again in (early, late):
        (told,) = settle([again], showtime_id=showtime.id, door="x", actor=LINH)
        assert told.code == ("ticket_used" if again is early else "")
    assert let_in(booking) == [("A1", "right")]
    assert CheckIn.objects.get(booking=booking).at == late.at
    assert DoorConflict.objects.count() == AuditRecord.objects.filter(action="door.conflict").count() == 1
    clock = [showtime.at_the_theater(each.at).split()[4] for each in (early, late)]
    for page in (door_of(showtime), f"/admin/booking/tonight/?day={showtime.at_the_theater(showtime.starts_at)}"):
        shown = usher.get(page).content.decode()
        if page.startswith(door_of(showtime)):
            assert f"(left {clock[0]}, right {clock[1]})" in " ".join(shown.split())


def test_an_answer_that_got_lost_is_asked_or_told_again(usher: Client, bought: Any, showtime: Showtime) -> None:
    booking = bought(0, 1)
    kept = scan(booking.ticket)
    ask = json.dumps({"id": str(kept.id), "code": booking.ticket, "door": "left"})
    for _ in range(2):
        answer = usher.post(door_of(showtime, "check-in"), ask, content_type="application/json").json()
        assert (answer["result"], answer["said"]) == ("in", "Let in: A1, A2")
    (told,) = settle([kept], showtime_id=showtime.id, door="left", actor=LINH)
    assert (told.code, told.seats) == ("", "A1, A2")
    assert AuditRecord.objects.filter(action="booking.checked_in").count() == 1
    assert not DoorConflict.objects.exists()


def test_of_a_ticket_for_several_whoever_was_not_in_is_in_now(bought: Any, showtime: Showtime) -> None:
    booking = bought(0, 1, 2)
    (one, *_) = booking.seats.all()
    settle([scan(booking.seat_tickets[str(one.seat_id)])], showtime_id=showtime.id, door="left", actor=LINH)
    whole = scan(booking.ticket, seats=[seat.seat_id for seat in booking.seats.all()])
    (told,) = settle([whole], showtime_id=showtime.id, door="right", actor=LINH)
    assert (told.code, told.seats) == ("ticket_used", str(one))
    assert sorted(door for _, door in let_in(booking)) == ["left", "right", "right"]


def test_who_was_let_in_on_what_does_not_count_any_more_is_told(bought: Any, showtime: Showtime) -> None:
    booking = bought(0)
    desk.cancel_for_customer(booking_id=booking.id, actor=LINH, reason="x")
    scans = [scan(booking.ticket), scan("x.y.z"), scan("0000000000")]
    told = settle(scans, showtime_id=showtime.id, door="left", actor=LINH)
    assert [each.code for each in told] == ["ticket_void", "ticket_invalid", "ticket_unknown"]
    kept = {(row.reference, row.code) for row in DoorConflict.objects.all()}
    assert kept == {(booking.reference, "ticket_void"), ("", "ticket_invalid"), ("", "ticket_unknown")}
    assert let_in(booking) == []


def test_a_door_s_clock_is_believed_within_a_day(bought: Any, showtime: Showtime) -> None:
    ahead, behind = bought(0), bought(1)
    scans = [scan(ahead.ticket, minutes=-600), scan(behind.ticket, minutes=60 * 24 * 365)]
    settle(scans, showtime_id=showtime.id, door="left", actor=LINH)
    now = timezone.now()
    assert now - timedelta(seconds=30) < CheckIn.objects.get(booking=ahead).at <= now
    assert timedelta(hours=23) < now - CheckIn.objects.get(booking=behind).at < timedelta(hours=25)


def test_a_telephone_tells_what_it_kept_and_how_much_is_bounded(usher: Client, bought: Any, showtime: Showtime) -> None:
    booking = bought(0)
    (seat,) = booking.seats.all()
    kept = {
        "id": str(uuid7()),
        "code": booking.ticket,
        "at": timezone.now().isoformat(),
        "seats": [str(seat.seat_id)],
    }

    def told(**body: Any) -> Any:
        there = door_of(showtime, "sync")
        return usher.post(there, json.dumps({"door": "left", "scans": [kept], **body}), content_type="application/json")

    for _ in range(2):
        assert told().json() == {"settled": [{"id": kept["id"], "code": "", "said": "Let in: A1"}]}
    for wrong in ([kept] * 201, [{**kept, "at": "soon"}], [{"id": kept["id"]}], "all", [{**kept, "id": "7"}]):
        assert told(scans=wrong).status_code == 400
    token = usher.get(door_of(showtime, "sync")).json()
    assert token["csrf_token"]
    along = usher.get(door_of(showtime, "codes")).json()
    assert along["seats"][0]["let_in"]["door"] == "left"
    assert usher.get("/admin/booking/door/worker.js").headers["Content-Type"].startswith("text/javascript")
    assert CheckIn.objects.filter(booking=booking).count() == 1


def test_nobody_else_is_at_the_door(client: Client, usher: Client, bought: Any, showtime: Showtime) -> None:
    missing = f"/admin/booking/door/{uuid7()}/"
    assert usher.get(missing).status_code == 302
    assert usher.get(f"{missing}codes/").status_code == 404
    client.logout()
    for path in ("", "codes", "sync"):
        assert client.get(door_of(showtime, *([path] if path else []))).status_code == 302
