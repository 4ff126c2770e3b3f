"""The server: what is asked before a socket opens, what it is told, and how it ends (docs/live-seats.md)."""

import asyncio
import logging
import re
import ssl
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.db import DatabaseError
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from bookings.errors import ShowtimeNotFound
from chassis.telemetry.correlation import CORRELATION_HEADER, correlated
from chassis.web.exceptions import to_problem
from chassis.web.gateway import address_from
from chassis.web.problems import BadRequest, NotFound, Problem
from chassis.web.queries import BadParameter
from live_seats import answers, metrics
from live_seats.admission import Admission
from live_seats.errors import NO_WEBSOCKET
from live_seats.sockets import Socket
from live_seats.watching import Watch, Watches

log = logging.getLogger(__name__)

_PATH = re.compile(r"/showtimes/([0-9a-f-]{36})/seats/live", re.IGNORECASE)
LONGEST_VERSION = 64
# Clients have nothing to say: what they send is read, so many messages of so many bytes, and then the socket ends.
LONGEST_MESSAGE = 1024
MOST_MESSAGES = 16
# A client that answers no ping is gone (seconds).
PING_EVERY, PING_WITHIN = 20, 20
OPEN_WITHIN, CLOSE_WITHIN = 10, 5


class LiveSeats:
    def __init__(self, *, service: str, watches: Watches, admission: Admission) -> None:
        self._service = service
        self._watches = watches
        self._admission = admission

    async def serve(self, host: str, port: int, *, secure: ssl.SSLContext | None) -> Server:
        return await serve(
            self._attend,
            host,
            port,
            ssl=secure,
            process_request=self._answer,
            create_connection=Socket,
            server_header=None,
            # Of a delta of a few seats nothing is left to compress, and it would be most of what a socket costs.
            compression=None,
            max_size=LONGEST_MESSAGE,
            max_queue=2,
            open_timeout=OPEN_WITHIN,
            close_timeout=CLOSE_WITHIN,
            ping_interval=PING_EVERY,
            ping_timeout=PING_WITHIN,
            backlog=1024,
        )

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """What is answered instead of a socket; None opens one."""
        assert isinstance(connection, Socket)  # create_connection
        if connection.is_lost:
            return connection.respond(503, "")
        path = urlsplit(request.path).path
        with correlated(request.headers.get(CORRELATION_HEADER), request.headers.get("traceparent")):
            match path:
                case "/health/live":
                    return answers.alive(self._service)
                case "/health" | "/health/ready":
                    return await asyncio.to_thread(answers.ready)
                case "/metrics":
                    return await asyncio.to_thread(answers.counted)
            prefix = request.headers.get("X-Forwarded-Prefix", "")
            try:
                await self._open(connection, request)
            except (Problem, DatabaseError) as refused:
                problem = to_problem(refused)
                if problem is None:
                    raise
                return answers.refusal(problem, instance=prefix + path)
        return None

    async def _open(self, socket: Socket, request: Request) -> None:
        """Raises Problem or DatabaseError when it stays closed."""
        showtime_id, socket.has = _wanted(request.path)
        # Who forgot to ask for a socket is told so before anybody is asked anything.
        if request.headers.get("Upgrade", "").lower() != "websocket":
            metrics.has_refused("no_websocket")
            raise BadRequest(NO_WEBSOCKET)
        peer = socket.remote_address
        self._admission.admit(
            socket,
            address=address_from(request.headers.get("X-Forwarded-For", ""), peer[0] if peer else ""),
            origin=request.headers.get("Origin"),
            host=request.headers.get("Host"),
        )
        try:
            socket.watch = await self._watches.join(socket, showtime_id)
        except ShowtimeNotFound:
            metrics.has_refused("unknown")
            raise
        except (Problem, DatabaseError):
            metrics.has_refused("away")
            raise

    async def _attend(self, connection: ServerConnection) -> None:
        """From its opening to its end."""
        assert isinstance(connection, Socket)
        watch = connection.watch
        assert isinstance(watch, Watch)
        watch.greet(connection, connection.has)
        with suppress(ConnectionClosed):
            for _ in range(MOST_MESSAGES):
                await connection.recv()
            metrics.has_cut_off("talkative")
            await connection.close(CloseCode.POLICY_VIOLATION, "nothing is expected here")


def _wanted(target: str) -> tuple[UUID, str | None]:
    """The showtime, and the version that the client has. Raises NotFound, BadParameter."""
    parts = urlsplit(target)
    found = _PATH.fullmatch(parts.path)
    if found is None:
        raise NotFound
    given = parse_qs(parts.query, keep_blank_values=True, max_num_fields=8)
    unknown = sorted(given.keys() - {"version"})
    if unknown:
        raise BadParameter(errors=[{"parameter": name, "detail": "This field is not known here."} for name in unknown])
    try:
        showtime_id = UUID(found[1])
    except ValueError:
        raise NotFound from None
    version = given.get("version", [""])[-1]
    return showtime_id, version if 0 < len(version) <= LONGEST_VERSION else None
