"""Another site, which notices whoever comes."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class _Visit(BaseHTTPRequestHandler):
    server: "Stranger"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = self.server.page.encode() if self.path == "/" else b""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  (the names of http.server)

    def log_message(self, *_: object) -> None:
        pass


class Stranger(ThreadingHTTPServer):
    """A context manager. asked: the paths that anybody has asked it for. page: what it has at /."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.asked: list[str] = []
        self.page = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def heard_of(self, word: str) -> list[str]:
        return [path for path in self.asked if word in path]

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
