"""Examples for the API document of what is sent about promotions."""

from chassis.web.openapi import sends

PROMOTION = sends(
    a_tenth_off_on_weekdays={
        "name": "Quiet evenings",
        "label": "Quiet evening",
        "off": "percent",
        "value": 10,
        "weekdays": [1, 2, 3],
    },
    an_amount_off_for_four={
        "name": "Families",
        "label": "Family evening",
        "off": "amount",
        "value": 50000,
        "currency": "VND",
        "min_tickets": 4,
        "most_per_customer": 1,
        "sold_until": "2027-01-31T23:59:59+07:00",
    },
    a_free_ticket_for_a_child={
        "name": "Children's day",
        "label": "A child's ticket",
        "off": "tickets",
        "value": 1,
        "ticket_types": ["child"],
    },
)
PROMOTION_CHANGE = sends(a_week_longer={"sold_until": "2027-02-07T23:59:59+07:00"})
PROMO_WORD = sends(a_hundred_times={"word": "QUIET-EVENING", "most_uses": 100}, without_limit={"word": "QUIET"})
VOUCHER_FILE = sends(one_code={"code": "7K3Q-0M9T-5W2X-8R4V"})
VOUCHERS = sends(a_hundred={"count": 100})
