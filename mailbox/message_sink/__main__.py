"""`python -m message_sink`: serve until SIGTERM or SIGINT.

SMTP_PORT, HTTP_PORT, MESSAGE_SINK_DATA (folder) and SMS_GATEWAY_API_KEY are required;
BIND (127.0.0.1) and MESSAGE_SINK_KEEP (20000 messages) may be set.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from message_sink.smtp import Connection
from message_sink.store import Store
from message_sink.web import Server


def required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        sys.exit(f"message_sink: {name} is not set")
    return value


def port(name: str) -> int:
    value = required(name)
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
        sys.exit(f"message_sink: {name} is not a port number: {value!r}")
    return int(value)


async def serve(*, bind: str, smtp_port: int, http_port: int, store: Store, sms_key: str) -> None:
    """Serve both ports until told to stop. Raises OSError when a port cannot be bound."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    web = Server((bind, http_port), store=store, sms_key=sms_key)
    smtp = await loop.create_server(lambda: Connection(store), bind, smtp_port, backlog=256)
    threading.Thread(target=web.serve_forever, name="http", daemon=True).start()
    print(f"message_sink: SMTP on {bind}:{smtp_port}, messages on http://{bind}:{http_port}/", flush=True)
    await stop.wait()
    smtp.close()
    web.shutdown()
    web.server_close()


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    try:
        store = Store(Path(required("MESSAGE_SINK_DATA")), keep=int(os.environ.get("MESSAGE_SINK_KEEP", "20000")))
        asyncio.run(
            serve(
                bind=os.environ.get("BIND", "127.0.0.1"),
                smtp_port=port("SMTP_PORT"),
                http_port=port("HTTP_PORT"),
                store=store,
                sms_key=required("SMS_GATEWAY_API_KEY"),
            )
        )
    except OSError as error:
        sys.exit(f"message_sink: {error}")
    store.close()


if __name__ == "__main__":
    main()
