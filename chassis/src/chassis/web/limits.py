"""How often one address, and one signed-in user, may ask: counted in Redis, over all gateways and services together.

The numbers are the gateway's: it tells them with each request that counts (docs/adr/0060-limits-are-counted-twice.md).
A minute's allowance may be spent at once and comes back evenly, as at the gateway itself. Counting shares the round
trip in which a token's revocation is looked up, and what else a view wants to know of whoever asks. Without Redis every
request passes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from chassis.addresses import household_of
from chassis.storage.redis import RedisUnavailable, redis_client
from chassis.web.exceptions import problem_response
from chassis.web.gateway import address_of, public_path
from chassis.web.problems import TooManyRequests

WINDOW_SECONDS = 60
# By policy: the header in which the gateway tells how many requests a minute it allows.
TOLD = {"address": "HTTP_X_RATE_PER_ADDRESS", "user": "HTTP_X_RATE_PER_USER"}
_STANDINGS = "marquee.limits"
_LOOKED_UP = "marquee.looked_up"
_NUMBER = re.compile(r"[1-9][0-9]{0,6}")

# KEYS: some to look up as they are (ARGV[1] says how many), then one for each limit. ARGV from 2 on: requests a
# minute. Returns the values looked up, then for each limit: refused or not, requests left, ms until it is whole
# again, ms until the next request. What is kept of a limit is the moment at which it is whole again (GCRA).
_COUNT = """
local plain = tonumber(ARGV[1])
local answer = {}
if plain > 0 then answer = redis.call('MGET', unpack(KEYS, 1, plain)) end
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
for i = plain + 1, #KEYS do
    local window = 60000
    local step = window / tonumber(ARGV[i - plain + 1])
    local whole = math.max(tonumber(redis.call('GET', KEYS[i]) or now), now)
    local refused = whole + step - now > window + 0.5
    if not refused then
        whole = whole + step
        redis.call('SET', KEYS[i], string.format('%.3f', whole), 'PX', math.ceil(whole - now))
    end
    table.insert(answer, {
        refused and 1 or 0,
        math.floor((window + 0.5 - (whole - now)) / step),
        math.ceil(whole - now),
        math.max(math.ceil(whole + step - now - window), 0)
    })
end
return answer
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one limit after a request: limit and remaining in requests, whole_in and next_in in seconds."""

    policy: str
    limit: int
    refused: bool
    remaining: int
    whole_in: int
    next_in: int


@cache
def _script() -> Any:
    return redis_client().register_script(_COUNT)


def count(request: Request | HttpRequest, *, user_id: UUID | None = None, beside: Sequence[str] = ()) -> list[Any]:
    """Counts a request, once for its address and once for its user; nothing is refused here.

    beside: keys whose values are looked up in the same round trip, and returned. Raises RedisUnavailable.
    """
    also = _wanted_by_view(request, user_id)
    found = _count(request, user_id, [*beside, *also])
    if also:
        request.META[_LOOKED_UP] = dict(zip(also, found[len(beside) :], strict=True))
    return found[: len(beside)]


def looked_up(request: Request) -> Mapping[str, bytes | None]:
    """By key what the view of the request wanted to know (APIView.looks_up); empty when it was not asked."""
    found: Mapping[str, bytes | None] = request.META.get(_LOOKED_UP, {})
    return found


def _wanted_by_view(request: Request | HttpRequest, user_id: UUID | None) -> Sequence[str]:
    view: Any = getattr(request, "parser_context", {}).get("view")
    return view.looks_up(request, user_id) if user_id is not None and getattr(view, "admits", False) else ()


def _count(request: Request | HttpRequest, user_id: UUID | None, keys: Sequence[str]) -> list[Any]:
    """The values of the keys."""
    counted = [standing.policy for standing in request.META.get(_STANDINGS, ())]
    limits = {policy: key for policy, key in _keys(request, user_id).items() if policy not in counted}
    if not limits:
        return list(redis_client().mget(keys)) if keys else []
    rates = [int(request.META[TOLD[policy]]) for policy in limits]
    answer = _script()(keys=[*keys, *limits.values()], args=[len(keys), *rates], client=redis_client())
    found, told = answer[: len(keys)], answer[len(keys) :]
    request.META[_STANDINGS] = (
        *request.META.get(_STANDINGS, ()),
        *(_standing(*each) for each in zip(limits, rates, told, strict=True)),
    )
    return list(found)


def _keys(request: Request | HttpRequest, user_id: UUID | None) -> dict[str, str]:
    """The key of each limit that the gateway told for this request."""
    address = address_of(request)
    named = {"address": address and household_of(address), "user": user_id and str(user_id)}
    return {
        policy: f"rate:{policy}:{name}"
        for policy, name in named.items()
        if name and _NUMBER.fullmatch(request.META.get(TOLD[policy], ""))
    }


def _standing(policy: str, limit: int, told: Sequence[int]) -> Standing:
    refused, remaining, whole_ms, next_ms = map(int, told)
    return Standing(policy, limit, bool(refused), max(remaining, 0), -(-whole_ms // 1000), max(-(-next_ms // 1000), 1))


def admit(request: Request | HttpRequest) -> None:
    """Counts the address, unless it was counted along with a token. Raises TooManyRequests past a limit."""
    if _STANDINGS not in request.META:
        try:
            count(request)
        except RedisUnavailable:
            return
    over = [standing for standing in request.META.get(_STANDINGS, ()) if standing.refused]
    if over:
        most = max(over, key=lambda standing: standing.next_in)
        whom = {"address": "this address", "user": "this account"}[most.policy]
        raise TooManyRequests(f"More than {most.limit} requests a minute came from {whom}.", retry_after=most.next_in)


class LimitsMiddleware:
    """Admits requests of views that do not do it themselves, and tells with every answer how a client stands.

    The headers are those of draft-ietf-httpapi-ratelimit-headers-11.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        standings = request.META.get(_STANDINGS, ())
        if standings:
            response["RateLimit-Policy"] = ", ".join(
                f'"{each.policy}";q={each.limit};w={WINDOW_SECONDS}' for each in standings
            )
            response["RateLimit"] = ", ".join(
                f'"{each.policy}";r={each.remaining};t={each.whole_in}' for each in standings
            )
        return response

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> HttpResponse | None:
        if getattr(getattr(view, "cls", None), "admits", False):
            return None
        try:
            admit(request)
        except TooManyRequests as refused:
            return problem_response(refused, instance=public_path(request))
        return None
