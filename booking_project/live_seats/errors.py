"""Why no socket is opened, beside what every service says."""

from chassis.web.problems import PermissionDenied, TooManyRequests

NO_WEBSOCKET = "This address is opened as a WebSocket."


class OriginNotAllowed(PermissionDenied):
    code = "origin_not_allowed"
    title = "Pages of this origin may not watch seats"


class TooManySockets(TooManyRequests):
    code = "too_many_sockets"
    title = "Too many sockets are open from this address"
