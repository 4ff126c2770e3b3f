"""The menu of the desk: the same at all five admin sites, and of each page to whoever may open it.

No site can ask another one what somebody may do there, so the roles stand here; a test opens all of it as each role.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

EVERYBODY: Final = frozenset({"support", "manager", "admin"})
MANAGERS: Final = frozenset({"manager", "admin"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the desk. address: from the root of the gateway. roles: any of which opens it. of_house: unless they
    are limited to theaters.
    """

    name: str
    address: str
    roles: frozenset[str] = EVERYBODY
    of_house: bool = False


PAGES: Final = (
    Entry("Home", "/admin/"),
    Entry("Tonight", "/admin/booking/tonight/"),
    Entry("Plan", "/admin/catalog/board/"),
    Entry("Takings", "/admin/payment/takings/", MANAGERS),
    Entry("Reconciliation", "/admin/payment/reconciliation/", of_house=True),
    Entry("Door", "/admin/booking/door/"),
)
LISTS: Final = (
    (
        Entry("Accounts", "/admin/auth/"),
        Entry("Customers and staff", "/admin/auth/accounts/user/"),
        Entry("Sessions", "/admin/auth/accounts/session/", frozenset({"support", "admin"})),
    ),
    (
        Entry("Catalog", "/admin/catalog/"),
        Entry("Films", "/admin/catalog/catalog/movie/"),
        Entry("Showtimes", "/admin/catalog/catalog/showtime/"),
        Entry("Theaters", "/admin/catalog/catalog/theater/"),
        Entry("Screens", "/admin/catalog/catalog/screen/"),
        Entry("Price lists", "/admin/catalog/catalog/pricelist/"),
    ),
    (
        Entry("Booking", "/admin/booking/"),
        Entry("Bookings", "/admin/booking/bookings/booking/"),
        Entry("Showtimes and seats", "/admin/booking/bookings/showtime/"),
        Entry("Promotions", "/admin/booking/bookings/promotion/"),
    ),
    (
        Entry("Payment", "/admin/payment/"),
        Entry("Payments", "/admin/payment/payments/payment/"),
        Entry("Refunds", "/admin/payment/payments/refund/"),
        Entry("Pay-outs at the till", "/admin/payment/payments/payout/"),
        Entry("Receipts", "/admin/payment/payments/receipt/"),
        Entry("Gift cards", "/admin/payment/payments/giftcard/"),
    ),
    (
        Entry("Messages", "/admin/notify/"),
        Entry("Sent and waiting", "/admin/notify/notifications/notification/"),
        Entry("Wordings", "/admin/notify/notifications/notificationtemplate/"),
        Entry("Contacts", "/admin/notify/notifications/contact/"),
    ),
)


_CALLED: Final = {entry.address: entry.name for entries in LISTS for entry in entries}


def called(address: str, otherwise: str) -> str:
    """What the menu calls the list at this address; otherwise: of one that is not in it."""
    return _CALLED.get(address, otherwise)


@dataclass(frozen=True, slots=True)
class Menu:
    """pages: what staff work with. lists: of each service its own page first."""

    pages: Sequence[Entry]
    lists: Sequence[Sequence[Entry]]


def menu_of(roles: Collection[str], *, limited: bool = False) -> Menu:
    """What somebody with these roles opens. limited: to some theaters."""
    pages = [entry for entry in PAGES if not (entry.of_house and limited)]
    return Menu(_open_to(roles, pages), [_open_to(roles, entries) for entries in LISTS])


def _open_to(roles: Collection[str], entries: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in entries if not entry.roles.isdisjoint(roles)]
