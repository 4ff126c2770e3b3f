"""What this service emits has the shape of the golden messages that others read."""

from typing import Any

import pytest
from factories import UserFactory, mailed_token

from accounts import guests, mailed, services
from accounts.events import (
    EmailChanged,
    EmailClaimed,
    EmailVerificationRequested,
    EmailVerified,
    GuestClaimed,
    PasswordChanged,
    PasswordResetRequested,
    SecondFactorChanged,
    SecurityKeyChanged,
    UserRegistered,
    UserUpdated,
)
from accounts.models import User
from chassis.messaging.events import Event

EMITTED = (
    UserRegistered,
    UserUpdated,
    PasswordResetRequested,
    PasswordChanged,
    SecondFactorChanged,
    SecurityKeyChanged,
    EmailVerificationRequested,
    EmailVerified,
    EmailClaimed,
    EmailChanged,
    GuestClaimed,
)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return type(value)


@pytest.mark.parametrize("event_class", EMITTED)
def test_the_golden_message_can_be_read(event_class, golden):
    event = Event.parse(golden(event_class.type))
    assert event.type == event_class.type
    assert str(event.read(event_class).user_id) == event.subject


def test_what_is_emitted_has_the_shape_of_the_golden_message(db, emitted, golden):
    user = services.register(username="mai", email="mai@example.com", password="corr3ct-horse")
    guests.open_guest(email="mai@example.com")
    services.verify_email(token=mailed_token(emitted("email.verification_requested")[0]))
    services.register(username="other", email="mai@example.com", password="corr3ct-horse")
    user = User.objects.get(pk=user.pk)
    user.email = "mai.tran@example.com"
    user.save()
    admin = UserFactory(roles=["admin"])
    services.record_staff_change(user=user, was={"email": "mai@example.com"}, roles_before=user.roles, staff=admin)
    services.set_password(user_id=user.id, new_password="an0ther-horse")
    services.request_password_reset(email=UserFactory().email)
    mailed.tell_second_factor(user, is_set_up=True)
    mailed.tell_security_key(user, "blue", is_added=True)
    seen = {event.type: event for event in emitted()}
    assert set(seen) == {event_class.type for event_class in EMITTED}
    for event_type, event in seen.items():
        assert shape(event.data) == shape(golden(event_type)["data"]), event_type
        assert event.subject == event.data["user_id"]
