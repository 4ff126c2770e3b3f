"""A port for a server of a test that starts later, or that comes back to it."""

import errno
import secrets
import socket

# The system gives higher ones (Linux from 32768 on, macOS from 49152) to outgoing connections, meanwhile too.
BELOW_THE_EPHEMERAL = range(20_000, 32_000)
TRIES = 100


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that no outgoing connection can take. OSError without one."""
    for _ in range(TRIES):
        port = secrets.choice(BELOW_THE_EPHEMERAL)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(errno.EADDRINUSE, f"no free port was found in {TRIES} tries")
