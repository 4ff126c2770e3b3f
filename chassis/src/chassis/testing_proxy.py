"""A TCP proxy in front of a real server, so that a test can take the server away without stopping it for others."""

import contextlib
import selectors
import socket
import threading

from chassis.testing_ports import free_port


class Proxy:
    """Forwards 127.0.0.1:port to a target.

    cut(): drops and refuses connections. freeze(): accepts them and passes nothing on. mend(): ends either.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._running = threading.Event()
        self._running.set()
        self._lock = threading.Lock()
        self.port = free_port()
        self.accepted = 0
        self._listener: socket.socket | None = None
        self._listen()

    def cut(self) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)  # ends the accept() that waits on it
            self._listener.close()
            self._listener = None
        with self._lock:
            for end in self._pairs:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def freeze(self) -> None:
        self._running.clear()

    def mend(self) -> None:
        if self._listener is None:
            self._listen()
        self._running.set()

    def close(self) -> None:
        self._running.set()
        self.cut()

    def _listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                self.accepted += 1
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._running.wait()
        with contextlib.suppress(OSError), client, socket.create_connection(self._target) as server:
            pair = {client: server, server: client}
            with self._lock:
                self._pairs.update(pair)
            try:
                self._pump(pair)
            finally:
                with self._lock:
                    for end in pair:
                        self._pairs.pop(end)

    def _pump(self, pair: dict[socket.socket, socket.socket]) -> None:
        with selectors.DefaultSelector() as selector:
            for end in pair:
                selector.register(end, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    readable = key.fileobj
                    assert isinstance(readable, socket.socket)
                    data = readable.recv(65536)
                    self._running.wait()
                    if not data:
                        return
                    pair[readable].sendall(data)
