"""contracts/asyncapi.yaml: the events as AsyncAPI 3, made from the golden messages and contracts/saga.toml; and what
live seats tell (live_messages.py).

    python -m stack.asyncapi [--check]

Runs in .venv: it writes YAML. A member of a golden message is always there; it may be null where the producer's
events.py says `| None`.
"""

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Mapping
from typing import Any

import yaml

from stack import live_messages
from stack.instance import ROOT
from stack.services import SERVICES

CONTRACTS = ROOT / "contracts"
DOCUMENT = CONTRACTS / "asyncapi.yaml"
FORMATS = {
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "date-time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"),
}
NULLABLE = re.compile(r"^    (\w+): .*\| None", re.MULTILINE)
ABOUT = """\
What the services tell each other. An event is a CloudEvents 1.0 envelope, and on the wire a Celery task (protocol 2):
the task's name is the event's type, its keyword arguments are the attributes of the envelope.

An event comes at least once, and in any order: handle its `id` once. A consumer reads the members it needs and leaves
the others alone; members may be added.

Beside these stands what booking tells pages of seats, on a WebSocket."""
Document = dict[str, Any]


def main() -> int:
    """Writes the document, or with --check says whether it is stale."""
    parser = argparse.ArgumentParser(prog="python -m stack.asyncapi")
    parser.add_argument("--check", action="store_true")
    made = yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=120)
    if not parser.parse_args().check:
        DOCUMENT.write_text(made)
    elif not DOCUMENT.exists() or DOCUMENT.read_text() != made:
        print(f"contracts/{DOCUMENT.name} is not what golden messages, saga and booking say: run `make contracts`")
        return 1
    return 0


def document() -> Document:
    golden = {file.stem: json.loads(file.read_text()) for file in sorted(CONTRACTS.glob("*.json"))}
    steps = tomllib.loads((CONTRACTS / "saga.toml").read_text())["step"]
    live = live_messages.document()
    families: dict[str, list[str]] = {}
    for event, message in golden.items():
        families.setdefault(_exchange(message), []).append(event)
    return {
        "asyncapi": "3.1.0",
        "id": "urn:marquee:events",
        "info": {
            "title": "Marquee events",
            "version": "1.0.0",
            "description": ABOUT,
            "contact": {"name": "Marquee API support"},
            "license": {"name": "Proprietary"},
            "tags": [{"name": service.name, "description": f"The {service.name} service."} for service in SERVICES],
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "rabbitmq:5672",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "RabbitMQ, as the services reach it (`RABBITMQ_URL`).",
            },
            **live["servers"],
        },
        "channels": {exchange: _channel(exchange, events) for exchange, events in sorted(families.items())}
        | live["channels"],
        "operations": _operations(golden, steps) | live["operations"],
        "components": {
            "messages": {event: _message(message, steps) for event, message in golden.items()} | live["messages"],
            "schemas": {"Envelope": ENVELOPE}
            | {
                event: {"type": "object", **_schema(message["data"], _nullable(message))}
                for event, message in golden.items()
            }
            | live["schemas"],
        },
    }


def _channel(exchange: str, events: list[str]) -> Document:
    return {
        "address": exchange,
        "title": f"Exchange {exchange}",
        "description": "A durable topic exchange; the routing key is the event's type.",
        "servers": [{"$ref": "#/servers/broker"}],
        "messages": {event: {"$ref": f"#/components/messages/{event}"} for event in events},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": exchange, "type": "topic", "durable": True, "autoDelete": False},
                "bindingVersion": "0.3.0",
            }
        },
    }


def _operations(golden: Mapping[str, Any], steps: list[dict[str, Any]]) -> Document:
    """The producer sends, and each service with a row for the event receives."""
    operations = {}
    for event, message in golden.items():
        producer = message["source"].strip("/")
        causes = [f"`{step['on']}`" for step in steps if event in step["tells"]]
        about = f"Told on {', '.join(causes)}."
        operations[f"{producer}_sends_{event}"] = _operation("send", message, producer, event, about)
        for step in steps:
            if step["on"] == event:
                for service in SERVICES:
                    if service.name in step:
                        name = f"{service.name}_receives_{event}"
                        said = f"{service.name.capitalize()} {step[service.name]}."
                        operations[name] = _operation("receive", message, service.name, event, said)
    return operations


def _operation(action: str, message: Mapping[str, Any], service: str, event: str, about: str) -> Document:
    channel = f"#/channels/{_exchange(message)}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "summary": f"{service.capitalize()} {action}s {event}",
        "description": about,
        "tags": [{"name": service}],
        "messages": [{"$ref": f"{channel}/messages/{event}"}],
    }


def _message(message: Mapping[str, Any], steps: list[dict[str, Any]]) -> Document:
    event = message["type"]
    undone = next((step["undone_by"] for step in steps if step["on"] == event and "undone_by" in step), "")
    own = {"type": {"const": event}, "source": {"const": message["source"]}}
    return {
        "name": event,
        "title": event.replace(".", " ").replace("_", " ").capitalize(),
        "summary": f"The event {event} of {message['source'].strip('/')}.",
        **({"description": f"Undone by {undone}."} if undone else {}),
        "contentType": "application/json",
        "correlationId": {
            "description": "Of the request that led to it.",
            "location": "$message.payload#/correlationid",
        },
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/Envelope"},
                {"properties": {**own, "data": {"$ref": f"#/components/schemas/{event}"}}},
            ]
        },
        "examples": [{"name": "golden", "summary": f"contracts/{event}.json", "payload": message}],
    }


def _schema(value: Any, nullable: set[str]) -> Document:
    """What a value of this kind looks like."""
    match value:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case str():
            fitting = [name for name, pattern in FORMATS.items() if pattern.fullmatch(value)]
            return {"type": "string", **({"format": fitting[0]} if fitting else {})}
        case list():
            return {"type": "array", "items": _schema(value[0], nullable)} if value else {"type": "array"}
        case dict():
            members = {name: _schema(inner, nullable) for name, inner in value.items()}
            for name in members.keys() & nullable:
                members[name] = {"oneOf": [members[name], {"type": "null"}]}
            return {"type": "object", "required": sorted(members), "properties": members}
        case _:
            return {}


def _nullable(message: Mapping[str, Any]) -> set[str]:
    """Members that the producer's dataclasses let be None."""
    [service] = [service for service in SERVICES if service.name == message["source"].strip("/")]
    return set(NULLABLE.findall((service.folder / service.app / "events.py").read_text()))


def _exchange(message: Mapping[str, Any]) -> str:
    return f"{message['source'].strip('/')}_events"


ENVELOPE: Document = {
    "type": "object",
    "description": "CloudEvents 1.0, with `correlationid` as an extension.",
    "required": ["specversion", "id", "type", "source", "subject", "time", "traceparent", "correlationid", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid", "description": "Of this event: it is handled once."},
        "type": {"type": "string", "description": "The routing key too."},
        "source": {"type": "string", "description": "The service that tells it."},
        "subject": {"type": "string", "description": "Id of what it is about."},
        "time": {"type": "string", "format": "date-time"},
        "traceparent": {"type": "string", "description": "W3C Trace Context; empty where nothing is traced."},
        "correlationid": {"type": "string", "description": "X-Correlation-ID of the request that led to it."},
        "data": {"type": "object"},
    },
}


if __name__ == "__main__":
    sys.exit(main())
