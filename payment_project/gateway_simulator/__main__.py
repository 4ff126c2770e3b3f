"""Runs the simulated gateway until SIGTERM.

PORT (0 takes a free one and prints it), BIND (127.0.0.1), GATEWAY_SIMULATOR_DATA (a folder),
PAYMENT_GATEWAY_API_KEY; PAYMENT_WEBHOOK_URL with PAYMENT_WEBHOOK_SECRET (both optional); LOG_LEVEL.
"""

import logging
import os
import signal
import sys
import threading
from pathlib import Path

from gateway_simulator.bank import Bank
from gateway_simulator.journal import Journal, JournalCorrupt, JournalInUse
from gateway_simulator.server import Gateway
from gateway_simulator.webhook import Webhook


def main() -> int:
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "INFO"), format="%(asctime)s %(levelname)s %(message)s")
    try:
        gateway = _gateway()
    except KeyError as missing:
        print(f"gateway simulator: {missing.args[0]} is not set", file=sys.stderr)  # noqa: T201  (a program that says so)
        return 2
    except (OSError, JournalCorrupt, JournalInUse) as exc:
        print(f"gateway simulator: {type(exc).__name__}: {exc}", file=sys.stderr)  # noqa: T201  (a program that says so)
        return 1
    # shutdown() waits for serve_forever() to return, so another thread than this one has to call it.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=gateway.shutdown).start())
    print(f"listening on http://{gateway.server_name}:{gateway.server_port}", flush=True)  # noqa: T201  (a program that says so)
    try:
        gateway.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        return 130
    return 0


def _gateway() -> Gateway:
    address = (os.environ.get("BIND", "127.0.0.1"), int(os.environ["PORT"]))
    api_key = os.environ["PAYMENT_GATEWAY_API_KEY"]
    url, secret = os.environ.get("PAYMENT_WEBHOOK_URL"), os.environ.get("PAYMENT_WEBHOOK_SECRET")
    bank = Bank(Journal(Path(os.environ["GATEWAY_SIMULATOR_DATA"]) / "journal.jsonl"))
    webhook = Webhook(url, secret) if url and secret else None
    return Gateway(address, bank=bank, api_key=api_key, webhook=webhook)


if __name__ == "__main__":
    sys.exit(main())
