"""The server of the second payment provider, over real HTTP, with its own record of what it took."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Charge:
    """What it did with the money of one order: minor units that are held, and that were taken and given back."""

    id: str
    order: str
    held: int = 0
    taken: int = 0
    given_back: int = 0


class SecondBank(ThreadingHTTPServer):
    """lose_answers: how many of the next calls are acted upon and not answered."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.charges: list[Charge] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.lose_answers = 0
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def of(self, payment_id: object) -> list[Charge]:
        return [charge for charge in self.charges if charge.order == str(payment_id)]

    def act(self, path: str, asked: dict[str, Any]) -> dict[str, Any]:
        match path.strip("/").split("/"):
            case ["cards"]:
                return {"kept": f"kept_{asked['card']}"}
            case ["charges"] if asked["card"].endswith("_empty"):
                return {"because": "insufficient_funds"}
            case ["charges"]:
                charge = Charge(f"ch_{len(self.charges)}", asked["order"], held=asked["units"])
                self.charges.append(charge)
                return {"because": "", "charge": charge.id, "units": charge.held}
            case ["requests", request, "undo"]:
                charge = self._charge(self.answers[request]["charge"])
                undone, charge.held = charge.held, 0
                return {"because": "", "charge": charge.id, "units": undone}
            case ["charges", known, verb]:
                charge, units = self._charge(known), asked["units"]
                if verb == "give_back":
                    charge.given_back += units
                else:
                    charge.held -= units
                    charge.taken += units if verb == "take" else 0
                return {"because": "", "charge": charge.id, "units": units}
            case unknown:
                raise AssertionError(unknown)

    def _charge(self, known: str) -> Charge:
        return next(charge for charge in self.charges if charge.id == known)


class _Handler(BaseHTTPRequestHandler):
    server: SecondBank

    def do_POST(self) -> None:
        bank, request = self.server, self.headers["Request-Id"]
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if request not in bank.answers:
            bank.answers[request] = bank.act(self.path, asked)
        if bank.lose_answers > 0:
            bank.lose_answers -= 1
            self.close_connection = True
            return
        content = json.dumps(bank.answers[request]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None: ...
