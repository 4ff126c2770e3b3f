"""The admin sites as a browser meets them."""

import re
from copy import copy
from typing import Any
from urllib.parse import urlencode

from client import Answer
from world import Choice, World


def sign_in_to_admin(
    world: World, service: str, account: dict[str, str], *, code: str = "", cookies: dict[str, str] | None = None
) -> tuple[int, dict[str, str]]:
    """The status of the form's answer, and the cookies of whoever is signed in now.

    code: of the second factor. cookies: what the browser had before.
    """
    path = f"/admin/{service}/login/?next=/admin/{service}/"
    page = world.anybody.get(path, Accept="text/html")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body.decode())
    assert token
    cookies = (cookies or {}) | cookies_of(page.headers)
    form = f"csrfmiddlewaretoken={token[1]}&username={account['username']}&password={account['password']}&code={code}"
    answer = world.anybody.send(
        "POST",
        path,
        raw=form.encode(),
        media_type="application/x-www-form-urlencoded",
        headers={"Cookie": joined(cookies), "Referer": world.where.gateway + path, "Accept": "text/html"},
    )
    return answer.status, cookies | cookies_of(answer.headers)


def cookies_of(headers: Any) -> dict[str, str]:
    given = [cookie.split(";")[0].partition("=") for cookie in headers.getlist("Set-Cookie")]
    return {name: value for name, _, value in given}


def joined(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


class Visitor:
    """Somebody of staff, signed in to one admin site."""

    def __init__(self, world: World, service: str, account: dict[str, str]) -> None:
        self._world = world
        self._root = f"/admin/{service}/"
        status, cookies = sign_in_to_admin(world, service, account)
        assert status == 302, f"{account['username']} does not get in to {service}"
        self._cookies = cookies

    def at(self, service: str) -> "Visitor":
        """The same browser at another site."""
        other = copy(self)
        other._root = f"/admin/{service}/"
        return other

    def page(self, path: str) -> Answer:
        """At this path below the root of the site."""
        return self._world.anybody.get(self._root + path, Cookie=joined(self._cookies), Accept="text/html")

    def status(self, path: str) -> int:
        return self.page(path).status

    def save(self, path: str, form: dict[str, Any], *, to: str | None = None) -> int:
        """The status of what send() is answered."""
        return self.send(path, form, to=to).status

    def send(self, path: str, form: dict[str, Any], *, to: str | None = None) -> Answer:
        """Sends the form of the page at this path, to another one if it says so."""
        page = self.page(path)
        self._cookies |= cookies_of(page.headers)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body.decode())
        assert token, f"{path} has no form"
        return self._world.anybody.send(
            "POST",
            self._root + (path if to is None else to),
            raw=urlencode({**form, "csrfmiddlewaretoken": token[1]}, doseq=True).encode(),
            media_type="application/x-www-form-urlencoded",
            headers={
                "Cookie": joined(self._cookies),
                "Referer": self._world.where.gateway + self._root + path,
                "Accept": "text/html",
            },
        )

    def lists(self) -> set[str]:
        """The lists that the front page links to, as `<app>/<model>/`."""
        page = self.page("").body.decode()
        return set(re.findall(rf'href="{self._root}([a-z_]+/[a-z_]+/)"', page))


def sell(desk: Visitor, choice: Choice, **told: Any) -> str:
    """The id of the booking that the counter makes of it."""
    page = f"showtimes/{choice.showtime}/counter/?{urlencode({'seat': choice.seats}, doseq=True)}"
    shown = dict(re.findall(r'name="(total|key)" value="([^"]+)"', desk.page(page).body.decode()))
    form = {"seat": choice.seats, "method": "cash", **shown, **told}
    answers = [desk.send(page, form, to=f"showtimes/{choice.showtime}/counter/") for _ in range(2)]
    [place] = {answer.headers["Location"] for answer in answers}
    return str(place.split("/")[4])
