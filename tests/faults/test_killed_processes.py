"""Processes are killed with SIGKILL: what they were at happens, once; and they come back."""

import pytest
from killing import kill_and_wait
from waiting import wait_for
from world import Choice, Market, Person, World, book, payment_of, settled

from stack import control


@pytest.mark.parametrize("worker", ["payment-worker", "booking-worker"])
def test_a_worker_killed_in_the_middle_of_a_payment_takes_the_money_once(
    customer: Person, choice: Choice, worker: str
) -> None:
    booked = book(customer, choice, "tok_slow")
    wait_for(lambda: customer.get(f"/api/payments?booking_id={booked['id']}").ok()["results"], what="payment under way")
    kill_and_wait(worker)
    settled(customer, booked, "CONFIRMED", "captured", seconds=90)
    payment = payment_of(customer, booked)
    assert (payment["status"], payment["captured_amount"]) == ("captured", booked["total"])
    history = customer.get(f"/api/bookings/{booked['id']}/history").ok()["results"]
    assert [step["to_status"] for step in history].count("CONFIRMED") == 1


def test_workers_killed_while_they_work_send_one_receipt_and_one_ticket_each(world: World, market: Market) -> None:
    bought = [(buyer, book(buyer, market.seats(1), "tok_visa")) for buyer in (market.customer() for _ in range(8))]
    first_buyer, first = bought[0]
    wait_for(lambda: world.mail_about(first_buyer.email, first["reference"]), what="first mail")
    kill_and_wait("notify-worker", "booking-worker", "payment-worker")
    for buyer, booked in bought:
        settled(buyer, booked, "CONFIRMED", "captured", seconds=90)

    def sent(buyer: Person, booking: dict[str, object]) -> list[str]:
        rows = buyer.get(f"/api/notifications/history?booking_id={booking['id']}&status=sent").ok()["results"]
        return sorted(row["template"] for row in rows)

    for buyer, booked in bought:
        wait_for(lambda: sent(buyer, booked) == ["receipt", "ticket"], seconds=90, what="both mails")  # noqa: B023


def test_relays_killed_while_bookings_are_made_lose_no_event(market: Market) -> None:
    relays = [f"{service}-relay" for service in ("booking", "payment")]
    killed = {name: control.kill(name) for name in relays}
    bought = [(buyer, book(buyer, market.seats(1), "tok_visa")) for buyer in (market.customer() for _ in range(4))]
    for name, old in killed.items():
        control.wait_restarted(name, old)
    for buyer, booked in bought:
        settled(buyer, booked, "CONFIRMED", "captured", seconds=60)
