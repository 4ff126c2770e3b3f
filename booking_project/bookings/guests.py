"""Whose a booking is that staff sell to somebody without an account: a guest's of auth, or nobody's."""

from functools import cache
from uuid import UUID

from django.conf import settings

from bookings.counter_errors import AddressNotTaken, AddressRefused
from chassis.ids import nobodys_id
from chassis.storage.http import Client, Unreachable
from chassis.web import tokens
from chassis.web.problems import ServiceUnavailable


@cache
def _auth() -> Client:
    # Not repeated: each call that arrives makes a guest.
    return Client("auth-guests", settings.AUTH_URL, timeout=(0.5, 3.0), retries=0, breaker_reset=5)


def customer_of(email: str) -> UUID:
    """The id of who buys. email: to which tickets are mailed, as those of any guest; "" where none was given.

    Raises AddressNotTaken while auth is away, AddressRefused.
    """
    if not email:
        return nobodys_id()
    try:
        answer = _auth().post("/guests", json={"email": email})
        if answer.status == 400:
            raise AddressRefused
        return tokens.verify(answer.json()["access_token"]).id
    except (Unreachable, ServiceUnavailable, KeyError, TypeError) as exc:
        raise AddressNotTaken from exc
