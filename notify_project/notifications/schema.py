"""What the API document shows of requests: examples that the API takes as they are, given the id of a user."""

from chassis.web.openapi import sends

USER_ID = "019ab1c8-1000-7a00-8000-000000000031"

EMAIL = sends(
    to_an_address={"to": "ada@customers.example", "subject": "Your umbrella", "text": "It is at the counter."},
    to_a_user={"user_id": USER_ID, "subject": "Your umbrella", "text": "It is at the counter."},
)
SMS = sends(to_a_number={"to": "+84901234567", "text": "Your umbrella is at the counter."})
