"""Who decides about staff who sign in: auth, asked over HTTP by the other services, and by itself in its process."""

import logging
from functools import cache
from typing import Any, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from chassis.storage.http import Client, Response, Unreachable
from chassis.web import staff
from chassis.web.problems import ServiceUnavailable, Unauthenticated
from chassis.web.staff_tokens import StaffToken, read

log = logging.getLogger(__name__)

# Of what a security key has signed, as JSON.
LONGEST_ANSWER = 8192
AWAY = "Nobody can sign in at the moment. Please try again in a moment."


class Refused(Exception):
    """Whoever asked stays out. said: a sentence for them; "": the name or the password is wrong."""

    def __init__(self, said: str = "") -> None:
        super().__init__(said)
        self.said = said


class Away(Exception):
    """Nobody can say at the moment."""


class SignOn(Protocol):
    def sign_in(
        self, *, username: str, password: str, code: str, key: str, address: str | None, user_agent: str
    ) -> StaffToken:
        """code: of the second factor, "" for none. key: what a security key has signed instead, or "".

        address: the browser's. Raises Refused, Away.
        """

    def ask_key(self, *, username: str, password: str, address: str | None) -> dict[str, Any]:
        """What a security key of theirs is to sign, for the browser. Raises Refused, Away."""

    def renew(self, token: StaffToken) -> StaffToken:
        """The same session, as things are now. Raises Refused when it is over, and Away."""

    def sign_out(self, token: StaffToken) -> None:
        """Their sign-in is over: nothing that was given with it is good any more, at any site. Raises Away."""

    def account(self, token: StaffToken) -> Any:
        """The account in this service that stands for them, with what their roles may do; None for nobody."""

    def stand_down(self, token: StaffToken) -> None:
        """Their session is over: an account that stood for them keeps no rights."""


@cache
def sign_on() -> SignOn:
    made: SignOn = import_string(settings.STAFF_SIGN_ON)()
    return made


class ByAuth:
    """In a service other than auth."""

    def __init__(self) -> None:
        self._client = Client("auth-login", settings.AUTH_URL, timeout=(0.5, 5.0), retries=0)

    def sign_in(
        self, *, username: str, password: str, code: str, key: str, address: str | None, user_agent: str
    ) -> StaffToken:
        # An auth of before knows of no keys, and refuses what it does not know.
        body = {"username": username, "password": password, "code": code, **({"key": key} if key else {})}
        answer = self._ask("/staff/sessions", body, {"User-Agent": user_agent, **_from(address)})
        if answer.status == 201:
            return self._token(answer)
        raise _refused(answer)

    def ask_key(self, *, username: str, password: str, address: str | None) -> dict[str, Any]:
        answer = self._ask("/staff/keys", {"username": username, "password": password}, _from(address))
        if answer.status == 200:
            return _told(answer)
        raise _refused(answer)

    def renew(self, token: StaffToken) -> StaffToken:
        answer = self._ask("/staff/sessions/renew", {"token": token.text}, {})
        if answer.status == 200:
            return self._token(answer)
        if answer.status == 401:
            raise Refused
        raise Away

    def sign_out(self, token: StaffToken) -> None:
        if self._ask("/staff/sessions/end", {"token": token.text}, {}).status >= 500:
            raise Away

    def account(self, token: StaffToken) -> Any:
        return staff.shadow_of(token)

    def stand_down(self, token: StaffToken) -> None:
        staff.stand_down(token.username)

    def _ask(self, path: str, body: dict[str, str], headers: dict[str, str]) -> Response:
        try:
            return self._client.post(path, json=body, headers=headers)
        except Unreachable as exc:
            log.warning("auth cannot be asked about staff", extra={"error": type(exc).__name__})
            raise Away from None

    def _token(self, answer: Response) -> StaffToken:
        try:
            return read(answer.json()["token"])
        except (Unreachable, Unauthenticated, ServiceUnavailable, LookupError, TypeError) as exc:
            log.warning("auth gave no token that can be read", extra={"error": type(exc).__name__})
            raise Away from None


def _from(address: str | None) -> dict[str, str]:
    return {"X-Forwarded-For": address} if address else {}


def _refused(answer: Response) -> Refused:
    return Refused("" if _code(answer) in ("", "invalid_credentials") else _detail(answer))


def _code(answer: Response) -> str:
    return str(_told(answer).get("code", ""))


def _detail(answer: Response) -> str:
    said = _told(answer).get("detail")
    if not isinstance(said, str):
        raise Away
    return said


def _told(answer: Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except Unreachable:
        raise Away from None
    if not isinstance(said, dict) or answer.status >= 500:
        raise Away
    return cast(dict[str, Any], said)
