"""contracts/postman/marquee.json: a Postman collection (v2.1) of every operation, made from the API documents.

    python -m stack.postman [--check]

Runs in .venv: it reads YAML. First come the five requests that buy a ticket, one after the other.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from stack.api_documents import document
from stack.instance import ROOT
from stack.services import SERVICES, Service

COLLECTION = ROOT / "contracts" / "postman" / "marquee.json"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
JSON = "application/json"
METHODS = ("get", "post", "patch", "delete")
KEY = "Idempotency-Key"
PUBLIC: list[dict[str, Any]] = [{}]
VARIABLES = {"gateway": "http://127.0.0.1:8080", "token": "", "username": "", "password": "a-long-phrase-42"}
Item = dict[str, Any]


def main() -> int:
    """Writes the collection, or with --check says whether it is stale."""
    parser = argparse.ArgumentParser(prog="python -m stack.postman")
    parser.add_argument("--check", action="store_true")
    made = json.dumps(collection(), indent=2, ensure_ascii=False) + "\n"
    if not parser.parse_args().check:
        COLLECTION.parent.mkdir(exist_ok=True)
        COLLECTION.write_text(made)
    elif not COLLECTION.exists() or COLLECTION.read_text() != made:
        print(f"contracts/postman/{COLLECTION.name} is not what the documents say: run `make contracts`")
        return 1
    return 0


def collection() -> dict[str, Any]:
    documents = {service: yaml.safe_load(document(service).read_text()) for service in SERVICES}
    folders = [_folder(service, read) for service, read in documents.items()]
    journey = {
        "name": "Buy a ticket",
        "description": "One after the other: each keeps what the next one needs. No account is needed before.",
        "item": _journey(),
    }
    used = sorted(set(re.findall(r"{{(\w+)}}", json.dumps([journey, folders]))) - VARIABLES.keys())
    values = VARIABLES | dict.fromkeys(used, "")
    return {
        "info": {
            "name": "Marquee",
            "description": "The API as the gateway serves it. Run “Buy a ticket” first: it sets `token`.",
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "variable": [{"key": name, "value": value} for name, value in values.items()],
        "item": [journey, *folders],
    }


def _folder(service: Service, read: Mapping[str, Any]) -> Item:
    """A service's operations, by tag."""
    prefix = read["servers"][0]["url"]
    tags = [{"name": tag["name"].capitalize(), "description": tag["description"], "item": []} for tag in read["tags"]]
    by_name = {tag["name"]: folder["item"] for tag, folder in zip(read["tags"], tags, strict=True)}
    for path, operations in read["paths"].items():
        for method in METHODS:
            if method in operations:
                by_name[operations[method]["tags"][0]] += _requests(read, prefix + path, method, operations[method])
    return {"name": service.name.capitalize(), "description": read["info"]["title"], "item": tags}


def _requests(read: Mapping[str, Any], path: str, method: str, says: Mapping[str, Any]) -> Iterator[Item]:
    """A request for each example of a body, or the one without a body."""
    parameters = [_resolved(read, each) for each in says["parameters"]]
    examples = says.get("requestBody", {}).get("content", {}).get(JSON, {}).get("examples", {})
    query = [
        {"key": each["name"], "value": "", "description": each.get("description", ""), "disabled": True}
        for each in parameters
        if each["in"] == "query"
    ]
    keyed = any(each["name"] == KEY for each in parameters)
    for example in examples.values() or [None]:
        several = example is not None and len(examples) > 1
        yield _item(
            f"{says['summary']}: {example['summary'].lower()}" if several else says["summary"],
            method,
            path,
            body=None if example is None else _with_variables(example["value"]),
            description=says["description"],
            query=query,
            public=says["security"] == PUBLIC,
            keyed=keyed,
        )


def _item(
    name: str,
    method: str,
    path: str,
    *,
    body: Any = None,
    description: str = "",
    query: list[dict[str, Any]] | None = None,
    public: bool = False,
    keyed: bool = False,
    before: str = "",
    keeps: str = "",
) -> Item:
    """before, keeps: lines of JavaScript that Postman runs before the request, and on its answer (`it`)."""
    segments = re.sub(r"{(\w+)}", r"{{\1}}", path).strip("/").split("/")
    request: Item = {
        "method": method.upper(),
        "description": description,
        "header": [{"key": KEY, "value": "{{$guid}}"}] if keyed else [],
        "url": {
            "raw": "{{gateway}}/" + "/".join(segments),
            "host": ["{{gateway}}"],
            "path": segments,
            **({"query": query} if query else {}),
        },
    }
    if public:
        request["auth"] = {"type": "noauth"}
    if body is not None:
        text = json.dumps(body, indent=2, ensure_ascii=False)
        request["body"] = {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}
    events = []
    if before:
        events.append(_script("prerequest", [before]))
    if keeps:
        right = "pm.test('is answered', () => pm.expect(pm.response.code).to.be.below(300));"
        events.append(_script("test", [right, "const it = pm.response.json();", keeps]))
    return {"name": name, "request": request, **({"event": events} if events else {})}


def _script(listen: str, lines: list[str]) -> Item:
    return {"listen": listen, "script": {"type": "text/javascript", "exec": lines}}


def _journey() -> list[Item]:
    kept = "pm.collectionVariables.set('{}', {});".format
    account = {"username": "{{username}}", "password": "{{password}}"}
    booking = {"showtime_id": "{{showtime_id}}", "quantity": 2, "payment_method": {"token": "tok_visa"}}
    return [
        _item(
            "1. Open an account",
            "post",
            "/api/auth/register",
            body={**account, "email": "{{username}}@customers.example"},
            public=True,
            before=kept("username", "'guest-' + Date.now()"),
            keeps="pm.expect(it.username).to.be.a('string');",
        ),
        _item(
            "2. Sign in",
            "post",
            "/api/auth/token",
            body=account,
            public=True,
            keeps=kept("token", "it.access_token") + kept("refresh_token", "it.refresh_token"),
        ),
        _item(
            "3. Look what is on",
            "get",
            "/api/showtimes",
            public=True,
            keeps=kept("showtime_id", "it.results.at(-1).id"),
        ),
        _item(
            "4. Book the two best seats",
            "post",
            "/api/bookings",
            body=booking,
            keyed=True,
            keeps=kept("booking_id", "it.id"),
        ),
        _item(
            "5. See the booking",
            "get",
            "/api/bookings/{booking_id}",
            description="PENDING at first, and CONFIRMED soon.",
            keeps="pm.expect(['PENDING', 'CONFIRMED']).to.include(it.status);",
        ),
    ]


def _with_variables(value: Any) -> Any:
    """Ids that an earlier answer gave, in place of those of the example."""
    if not isinstance(value, dict):
        return value
    named = re.compile(r"(showtime|booking|payment|movie|screen|theater|user)_id|refresh_token")
    return {
        name: "{{" + name + "}}" if isinstance(inner, str) and named.fullmatch(name) else _with_variables(inner)
        for name, inner in value.items()
    }


def _resolved(read: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in part:
        return part
    kind, name = part["$ref"].split("/")[2:]
    resolved: Mapping[str, Any] = read["components"][kind][name]
    return resolved


if __name__ == "__main__":
    sys.exit(main())
