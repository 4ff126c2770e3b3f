"""The certificate that a web process shows, which is renewed while it serves."""

import os
import ssl
from collections.abc import Callable
from typing import Any


class Renewed:
    """gunicorn's hook `ssl_context`: the same context until its files change, and then one that is made of them.

    gunicorn asks for each connection. A context of its own each time would cost a reading of the files, and no client
    could resume its session.
    """

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None
        self._read: tuple[int, ...] = ()

    def __call__(self, config: Any, make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        """config: gunicorn's, make: what it would do itself. Raises OSError or ssl.SSLError only at the first time:
        a renewal of which one file of two is there already is read again with the next connection.
        """
        try:
            there = tuple(os.stat(path).st_mtime_ns for path in (config.certfile, config.keyfile))
            if self._context is None or there != self._read:
                self._context, self._read = make(), there
        except OSError:  # ssl.SSLError is one
            if self._context is None:
                raise
        return self._context
