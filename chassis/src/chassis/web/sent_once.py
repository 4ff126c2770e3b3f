"""A form of the desk does what it asks for once, however often it is sent: by the back button, or from two tabs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django import forms
from django.db import transaction

from chassis.ids import time_of_uuid7, uuid7
from chassis.web import idempotency
from chassis.web.idempotency import Key
from chassis.web.problems import Conflict

T = TypeVar("T")

# Keys are forgotten after a day: a form that was opened longer ago than this is opened anew.
OPEN_FOR = timedelta(hours=12)


class SentBefore(Conflict):
    code = "form_sent_before"
    title = "This was asked for already, with this very form; to do it once more, begin anew"


class FormKey(forms.UUIDField):
    """Hidden in a form: made when it is opened, and the same whenever it is sent."""

    def __init__(self) -> None:
        super().__init__(initial=uuid7, widget=forms.HiddenInput)

    def clean(self, value: Any) -> UUID:
        key: UUID = super().clean(value)
        now = datetime.now(UTC)
        if key.version != 7 or not now - OPEN_FOR < time_of_uuid7(key) < now + timedelta(minutes=5):
            raise forms.ValidationError("This form was opened long ago: begin anew.")
        return key


def once(do: Callable[[UUID], T], *, form_key: UUID, what: str, user_id: UUID | None, about: object = "") -> T:
    """Does it in one transaction with the note that this form did it.

    do: gets the id of what it may make. what: the deed, in a word. user_id: None of an operator's local account. about:
    of several things that the form is about, this one.

    Raises SentBefore, idempotency.KeyInFlight while it is being done, and what `do` raises.
    """
    key = Key(user_id or UUID(int=0), f"desk {what}"[:64], f"{form_key}.{about}", fingerprint="")
    with transaction.atomic():
        claim = idempotency.claim(key, resource_id=uuid7())
        if claim.completed:
            raise SentBefore
        made = do(claim.resource_id)
        idempotency.complete(claim, status=200, body=None)
    return made
