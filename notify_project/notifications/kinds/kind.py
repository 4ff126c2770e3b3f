"""What makes a kind of message: its event, what it says, to whom, how often and for how long."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, get_type_hints
from uuid import UUID

from notifications.domain import Channel


class Concerning(Protocol):
    """The slice of an event that concerns somebody. With a `booking_id` it is also about a booking."""

    @property
    def user_id(self) -> UUID: ...


Data = TypeVar("Data", bound=Concerning)


def _always(_: Concerning) -> bool:
    return True


def _none(_: Concerning) -> None:
    return None


def _contacts_own(_: Concerning) -> str:
    return ""


def _not_owed(_: Mapping[str, Any]) -> bool:
    return False


@dataclass(frozen=True, slots=True, eq=False)
class Telling(Generic[Data]):
    """How an event becomes a message.

    event: its type. reads: the slice of it (heard.py).
    says: the fields and properties of the slice that the wording may name; they are kept with the message until it is
    pruned.
    when: whether this event is told at all.
    once: what there may be only one message of, such as the receipt of a booking; None: each event is told.
    to: the address, or "" for the contact's own.
    not_after: when the message makes no sense any more; None: it always does.
    follows: the `once` of the message that has to be read before this one. It is waited for, but not for long.
    """

    event: str
    reads: type[Data]
    says: tuple[str, ...] = ()
    when: Callable[[Data], bool] = _always
    once: Callable[[Data], str | None] = _none
    to: Callable[[Data], str] = _contacts_own
    not_after: Callable[[Data], datetime | None] = _none
    follows: Callable[[Data], str | None] = _none

    def types(self) -> dict[str, Any]:
        """The type of whatever the wording may name."""
        fields = get_type_hints(self.reads)
        return {name: fields[name] if name in fields else self._property(name) for name in self.says}

    def _property(self, name: str) -> Any:
        return get_type_hints(getattr(self.reads, name).fget)["return"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Kind:
    """A kind of message; its first wording stands in wordings/.

    code: its name in wordings, history, logs and metrics. It never changes again.
    sample: what it could be about, for previews and to check a wording before it is saved.
    tells: the event behind it; None: staff write it.
    channels: those that it has a wording for. What tells an event goes out by the first, and as an SMS too, when that
    is another of them, to whoever wants it.
    link: the page of the shop that its token opens. The token is a secret: it goes to nobody but the recipient, and
    is taken out of the stored message as soon as that is settled.
    while_held: it makes sense while a booking is held, and to whoever wants hold notices.
    while_booked: it makes sense until its booking has ended.
    owed: whether a message that says this goes to its address however many did: it is about somebody's ticket or money.
    What a stranger can cause, by signing up with the address of somebody else, is bounded.
    """

    code: str
    sample: Mapping[str, Any]
    tells: Telling[Any] | None = None
    channels: tuple[Channel, ...] = (Channel.EMAIL,)
    link: str = ""
    while_held: bool = False
    while_booked: bool = False
    owed: Callable[[Mapping[str, Any]], bool] = _not_owed

    @property
    def carries_secret(self) -> bool:
        return self.link != ""

    @property
    def about_account(self) -> bool:
        """Whether it tells of the reader's account and of no booking: the mails that somebody who wants it imitates."""
        return self.tells is not None and "booking_id" not in self.tells.reads.__annotations__

    @property
    def also_as_sms(self) -> bool:
        return self.tells is not None and Channel.SMS in self.channels[1:]
