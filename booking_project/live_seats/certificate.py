"""The certificate that the process shows, which is renewed while it serves."""

import asyncio
import logging
import os
import ssl
from typing import Self

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0


class Certificate:
    """context: of each connection; those that come after a renewal are shown the new one. Raises OSError."""

    def __init__(self, certificate: str, key: str) -> None:
        self._files = (certificate, key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._read = self._there()
        self.context.load_cert_chain(*self._files)

    @classmethod
    def from_environment(cls) -> Self | None:
        certificate, key = os.environ.get("TLS_CERTIFICATE"), os.environ.get("TLS_CERTIFICATE_KEY")
        return cls(certificate, key) if certificate and key else None

    async def keep_fresh(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.renew()

    def renew(self) -> None:
        """Reads the files again if they changed; a renewal of which one file of two is there already waits."""
        try:
            there = self._there()
            if there != self._read:
                self.context.load_cert_chain(*self._files)
                self._read = there
        except OSError as failure:  # ssl.SSLError is one
            log.warning("certificate not read", extra={"error": type(failure).__name__})

    def _there(self) -> tuple[int, ...]:
        return tuple(os.stat(path).st_mtime_ns for path in self._files)
