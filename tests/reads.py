"""Every address that reads."""

from endpoints import NOWHERE

LISTS = [
    "/api/movies",
    "/api/theaters",
    "/api/showtimes",
    "/api/bookings",
    "/api/payments",
    "/api/payments/methods",
    "/api/notifications/history",
    "/api/auth/sessions",
]

# What reads one thing by its id.
ITEMS = [
    "/api/movies/{}",
    "/api/movies/{}/texts",
    "/api/theaters/{}",
    "/api/showtimes/{}",
    "/api/showtimes/{}/seats",
    "/api/bookings/{}",
    "/api/bookings/{}/history",
    "/api/payments/{}",
    "/api/payments/{}/receipt",
    "/api/payments/{}/receipt/page",
    "/api/payments/methods/{}",
    "/api/refunds/{}",
]

PRIVATE = [
    "/api/auth/sessions",
    "/api/auth/users/me",
    f"/api/auth/users/{NOWHERE}/rights",
    "/api/bookings",
    f"/api/bookings/{NOWHERE}",
    "/api/promotions",
    f"/api/promotions/{NOWHERE}",
    f"/api/promotions/{NOWHERE}/codes",
    f"/api/promotions/{NOWHERE}/uses",
    "/api/payments",
    f"/api/payments/{NOWHERE}",
    f"/api/payments/{NOWHERE}/receipt",
    f"/api/payments/{NOWHERE}/receipt/page",
    "/api/receipts",
    "/api/payments/methods",
    "/api/payments/pay-outs",
    f"/api/payments/pay-outs/{NOWHERE}",
    "/api/gift-cards",
    "/api/gift-cards/issues",
    f"/api/gift-cards/{NOWHERE}",
    f"/api/gift-cards/{NOWHERE}/lines",
    "/api/refunds",
    f"/api/refunds/{NOWHERE}",
    "/api/notifications/history",
    f"/api/showtimes/{NOWHERE}/tickets/revoked",
]
