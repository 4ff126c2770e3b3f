"""Runs it until SIGTERM: `python -m live_seats`, with booking's environment and a PORT of its own.

TLS_CERTIFICATE and TLS_CERTIFICATE_KEY, PEM files, turn TLS on; they are read again when they change.
"""

import asyncio
import contextlib
import logging
import os
import resource
import signal
import sys

# As many connections of the pool as readers. Before Django reads its settings.
THREADS = 4
os.environ.setdefault("DATABASE_POOL_SIZE", str(THREADS))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402

from chassis import garbage  # noqa: E402
from chassis.telemetry.metrics import forget_process  # noqa: E402
from live_seats.admission import Admission, Limits  # noqa: E402
from live_seats.certificate import Certificate  # noqa: E402
from live_seats.news import News  # noqa: E402
from live_seats.reading import Reader  # noqa: E402
from live_seats.server import LiveSeats  # noqa: E402
from live_seats.watching import Watches  # noqa: E402

log = logging.getLogger("live_seats")


async def _run() -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    reader = Reader(THREADS)
    watches = Watches(reader.read)
    admission = Admission(
        Limits(
            sockets=settings.LIVE_SOCKETS,
            per_address=settings.LIVE_SOCKETS_PER_ADDRESS,
            own=settings.PUBLIC_URL,
            origins=settings.LIVE_ORIGINS,
        )
    )
    news = News(settings.CACHES["default"]["LOCATION"], heard=watches.wake, alone=watches.set_alone)
    certificate = Certificate.from_environment()
    live = LiveSeats(service=settings.SERVICE_NAME, watches=watches, admission=admission)
    server = await live.serve(
        os.environ.get("BIND", "127.0.0.1"),
        int(os.environ["PORT"]),
        secure=certificate.context if certificate else None,
    )
    log.info("serving", extra={"port": server.sockets[0].getsockname()[1]})
    keeping = [asyncio.create_task(news.listen()), asyncio.create_task(watches.keep())]
    if certificate:
        keeping.append(asyncio.create_task(certificate.keep_fresh()))
    ended = asyncio.create_task(stopping.wait())
    garbage.settle()
    await asyncio.wait([ended, *keeping], return_when=asyncio.FIRST_COMPLETED)
    # 1001: clients come again in a moment, with the version that they have.
    server.close(reason="restarting")
    await server.wait_closed()
    for task in keeping:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task  # what ended it too early is raised here
    reader.close()


def main() -> int:
    # A socket is a file; the soft limit is for those who use select().
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS calls it unlimited, and means less
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        asyncio.run(_run())
    finally:
        forget_process(os.getpid())
    return 0


if __name__ == "__main__":
    sys.exit(main())
