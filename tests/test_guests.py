"""Somebody buys without an account, and has the tickets in one afterwards."""

import secrets

from waiting import wait_for
from world import Market, Person, World, book, settled


def test_what_a_guest_bought_is_in_the_account_that_proves_the_address(world: World, market: Market) -> None:
    email = f"guest-{secrets.token_hex(6)}@customers.example"
    tokens = world.anybody.post("/api/auth/guests", {"email": email, "full_name": "Grace Hopper"}).ok(201)
    guest = Person(world.where.gateway, tokens["access_token"], email=email)
    booked = book(guest, market.seats(), "tok_visa")
    settled(guest, booked, "CONFIRMED", "captured")
    ticket = wait_for(lambda: world.mail_about(email, "Your ticket", booked["reference"]), what="ticket in the mail")
    assert ticket

    name = f"later-{secrets.token_hex(6)}"
    account = {"username": name, "email": email, "password": secrets.token_urlsafe(16)}
    world.anybody.post("/api/auth/register", account).ok(201)
    owner = world.sign_in(**account)
    assert owner.get("/api/bookings").ok()["results"] == []
    links = wait_for(
        lambda: [mail for mail in world.mails(email) if "/verify?token=" in mail["text"]][1:], what="second link"
    )
    token = links[0]["text"].split("/verify?token=")[1].split()[0]
    proved = world.anybody.post("/api/auth/email/verify", {"token": token}).ok()
    assert (proved["username"], proved["guest"]) == (name, False)

    def has_it() -> bool:
        return [booking["id"] for booking in owner.get("/api/bookings").ok()["results"]] == [booked["id"]]

    wait_for(has_it, what="booking of the guest in the account")
    paid = f"/api/payments?booking_id={booked['id']}"
    wait_for(
        lambda: [payment["status"] for payment in owner.get(paid).ok()["results"]] == ["captured"], what="its payment"
    )
    wait_for(lambda: guest.get("/api/bookings").status == 401, what="end of the guest's session")
    assert owner.get(f"/api/bookings/{booked['id']}").ok()["tickets"]
