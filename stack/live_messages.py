"""What live seats tell pages, as parts of the AsyncAPI document: the map is what booking's OpenAPI document says of it,
examples are the golden messages of contracts/live_seats."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from stack.instance import ROOT

CONTRACTS = ROOT / "contracts"
CHANNEL, SERVER = "seats_live", "gateway"
POINTER = "#/components/schemas/"
SAYS = {
    "map": "All of it: first where the client has no version, or one too old; and whenever more changed than seats.",
    "delta": "What became of seats since the version that the client has; none: nothing was missed.",
}
Document = dict[str, Any]


def document() -> Document:
    """servers, channels, operations, messages and schemas of it, to stand beside those of the events."""
    return {
        "servers": {
            SERVER: {
                "host": "127.0.0.1:8080",
                "protocol": "ws",
                "description": "The gateway, as pages reach it (`PUBLIC_URL`); wss where it speaks TLS.",
            }
        },
        "channels": {
            CHANNEL: {
                "address": "/api/showtimes/{showtime_id}/seats/live",
                "title": "Seats of a showtime as they go",
                "description": (
                    "A WebSocket for anybody; `version` in its query is that of the map at hand. "
                    "How it begins, is refused and ends: docs/live-seats.md, and `watch_seats` of booking's OpenAPI "
                    "document."
                ),
                "servers": [{"$ref": f"#/servers/{SERVER}"}],
                "parameters": {"showtime_id": {"description": "Id of the showtime."}},
                "messages": {kind: {"$ref": f"#/components/messages/seats.{kind}"} for kind in SAYS},
                "bindings": {
                    "ws": {
                        "method": "GET",
                        "query": {
                            "type": "object",
                            "properties": _asked(),
                            "additionalProperties": False,
                        },
                        "bindingVersion": "0.1.0",
                    }
                },
            }
        },
        "operations": {
            "booking_tells_of_seats": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{CHANNEL}"},
                "summary": "Booking tells a page which seats go",
                "description": "The first message comes at once, the others as seats go and come back.",
                "tags": [{"name": "booking"}],
                "messages": [{"$ref": f"#/channels/{CHANNEL}/messages/{kind}"} for kind in SAYS],
            }
        },
        "messages": {f"seats.{kind}": _message(kind) for kind in SAYS},
        "schemas": _schemas(),
    }


def _asked() -> Document:
    """What its query may have, by booking's document."""
    parameters = _booking()["paths"]["/showtimes/{showtime_id}/seats/live"]["get"]["parameters"]
    return {each["name"]: each["schema"] for each in parameters if each.get("in") == "query"}


@cache
def _booking() -> Document:
    document: Document = yaml.safe_load((CONTRACTS / "openapi" / "booking.yaml").read_text())
    return document


def _message(kind: str) -> Document:
    payload = json.loads((CONTRACTS / "live_seats" / f"{kind}.json").read_text())
    return {
        "name": f"seats.{kind}",
        "title": f"Seats {kind}",
        "summary": SAYS[kind],
        "contentType": "application/json",
        "payload": {"$ref": f"{POINTER}seats.{kind}"},
        "examples": [{"name": "golden", "summary": f"contracts/live_seats/{kind}.json", "payload": payload}],
    }


def _schemas() -> Document:
    """Those of the two messages, and what booking's document has beneath them."""
    known = _booking()["components"]["schemas"]
    beneath = _beneath(known["SeatMap"], known)
    seat = known["Seat"]["properties"]
    version = {"type": "string", "description": "Of the map, for comparing."}
    return {
        "seats.map": {
            **known["SeatMap"],
            "properties": {"type": {"const": "map"}, **known["SeatMap"]["properties"]},
            "required": ["type", *known["SeatMap"]["required"]],
        },
        "seats.delta": {
            "type": "object",
            "required": ["type", "from", "version", "seats"],
            "properties": {
                "type": {"const": "delta"},
                "from": {**version, "description": "The version that the client has to have."},
                "version": version,
                "seats": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["id", "status"],
                        "properties": {name: seat[name] for name in ("id", "status")},
                    },
                },
            },
        },
        **beneath,
    }


def _beneath(schema: Any, known: Mapping[str, Any]) -> Document:
    """The schemas that this one points at, and those that they do, by name."""
    match schema:
        case {"$ref": str(pointer)}:
            name = pointer.removeprefix(POINTER)
            return {name: known[name], **_beneath(known[name], known)}
        case dict():
            return {name: found for each in schema.values() for name, found in _beneath(each, known).items()}
        case list():
            return {name: found for each in schema for name, found in _beneath(each, known).items()}
    return {}
