"""The gateway's rules: what may be authorised, captured, voided, reversed and refunded, each at most once.

Every definite answer is journaled under its idempotency key before it is given, so the same key gets the same
answer for ever, after a restart too. Amounts are in minor units.
"""

import bisect
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway_simulator.journal import Journal
from gateway_simulator.settlements import Settled, Settlements
from gateway_simulator.tokens import Behaviour, behaviour

PLAIN = Behaviour()


@dataclass(slots=True)
class Authorisation:
    id: str
    reference: str
    currency: str
    authorised: int
    refuses_capture: bool
    captured: int = 0
    voided: int = 0
    refunded: int = 0

    @property
    def status(self) -> str:
        if self.voided:
            return "voided"
        return "captured" if self.captured else "authorised"

    def as_record(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "reference": self.reference,
            "currency": self.currency,
            "status": self.status,
            "authorised_amount": self.authorised,
            "captured_amount": self.captured,
            "voided_amount": self.voided,
            "refunded_amount": self.refunded,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """replayed: it was given before, under the same key. behaviour: of the token it was asked with."""

    status: int
    body: dict[str, Any]
    replayed: bool = False
    behaviour: Behaviour = PLAIN


class Refused(Exception):
    """A definite no that is not the card's: the state of the money forbids it, or there is no such thing."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message}


@dataclass(slots=True)
class _Stored:
    kind: str
    digest: str
    status: int
    body: str  # kept as text: a tenth of the memory of the object it decodes to


@dataclass(slots=True)
class _Books:
    authorisations: dict[str, Authorisation] = field(default_factory=dict)
    of_reference: dict[str, list[Authorisation]] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)  # those of of_reference in their order
    captures: dict[str, str] = field(default_factory=dict)  # capture id → authorisation id
    methods: dict[str, str] = field(default_factory=dict)  # vaulted id → the token it stands for
    holders: dict[str, str] = field(default_factory=dict)  # vaulted id → the customer whose it is
    reversed_keys: set[str] = field(default_factory=set)
    answers: dict[str, _Stored] = field(default_factory=dict)
    settlements: Settlements = field(default_factory=Settlements)


class Bank:
    """The books and the rules over them. Safe for use by several threads: one operation at a time."""

    def __init__(self, journal: Journal) -> None:
        """Rebuilds the books from the journal. Raises JournalCorrupt."""
        self._journal = journal
        self._books = _Books()
        self._lock = threading.Lock()
        for record in journal.replay():
            self._apply(record)

    def authorise(
        self, key: str, *, amount: int, currency: str, payment_token: str, reference: str, customer: str = ""
    ) -> Answer:
        """Reserves amount on the card. 201 with the authorisation, or 402 with the decline's code.

        A saved card is good for its customer alone; to anybody else it is a token that was never issued.
        """
        card = behaviour(self._books.methods.get(payment_token, payment_token))
        if card.unavailable:
            raise Refused(503, "processor_unavailable", "The card's processor cannot be reached. Nothing was taken.")

        def decide() -> tuple[int, dict[str, Any]]:
            if key in self._books.reversed_keys:
                raise Refused(409, "reversed", "This operation was reversed before it arrived.")
            if self._is_somebody_elses(payment_token, customer):
                return 402, {"code": "invalid_token", "message": "There is no such card."}
            if card.decline:
                return 402, {"code": card.decline, "message": "The card was declined."}
            body = {"id": _new_id("auth"), "status": "authorised", "amount": amount, "currency": currency}
            return 201, body | {"reference": reference, "card": {"brand": card.brand, "last4": card.last4}}

        payload = [amount, currency, payment_token, reference]
        return self._perform(key, "authorise", payload, decide, card, customer=customer)

    def capture(self, key: str, authorisation_id: str, *, amount: int | None = None) -> Answer:
        """Takes the reserved money, or the part of it that amount names; the rest is released."""

        def decide() -> tuple[int, dict[str, Any]]:
            held = self._held(authorisation_id)
            taken = held.authorised if amount is None else amount
            if taken > held.authorised:
                raise Refused(409, "amount_too_large", "More than was authorised cannot be captured.")
            if held.refuses_capture:
                return 402, {
                    "code": "capture_refused",
                    "message": "The issuer refuses the capture, for good.",
                }
            return 201, {"id": _new_id("cap"), "authorisation": authorisation_id, "amount": taken}

        return self._perform(key, "capture", [authorisation_id, amount], decide)

    def void(self, key: str, authorisation_id: str) -> Answer:
        """Releases the reserved money."""

        def decide() -> tuple[int, dict[str, Any]]:
            held = self._held(authorisation_id)
            return 201, {"id": _new_id("void"), "authorisation": authorisation_id, "amount": held.authorised}

        return self._perform(key, "void", [authorisation_id], decide)

    def reverse(self, key: str, operation_key: str) -> Answer:
        """Makes an authorisation of unknown outcome nothing: voided if it came, refused if it comes later.

        operation_key: the idempotency key the authorisation was sent with. The answer's voided_amount says
        what had been reserved.
        """

        def decide() -> tuple[int, dict[str, Any]]:
            stored = self._books.answers.get(operation_key)
            body: dict[str, Any] = {"operation": operation_key, "authorisation": None, "voided_amount": 0}
            if stored is None or (stored.kind == "authorise" and stored.status != 201):
                return 200, body
            if stored.kind != "authorise":
                raise Refused(409, "not_reversible", "Only an authorisation can be reversed.")
            authorisation = self._books.authorisations[json.loads(stored.body)["id"]]
            if authorisation.captured:
                raise Refused(409, "already_captured", "The money was captured; refund it.")
            return 200, body | {"authorisation": authorisation.id, "voided_amount": authorisation.authorised}

        return self._perform(key, "reverse", [operation_key], decide)

    def refund(self, key: str, capture_id: str, *, amount: int) -> Answer:
        """Gives back captured money, in one part or several."""

        def decide() -> tuple[int, dict[str, Any]]:
            try:
                authorisation = self._books.authorisations[self._books.captures[capture_id]]
            except KeyError:
                raise Refused(404, "unknown_capture", "There is no such capture.") from None
            if authorisation.refunded + amount > authorisation.captured:
                raise Refused(409, "amount_too_large", "More than was captured cannot be refunded.")
            body = {"id": _new_id("re"), "capture": capture_id, "amount": amount}
            return 201, body | {"authorisation": authorisation.id}

        return self._perform(key, "refund", [capture_id, amount], decide)

    def save_method(self, key: str, *, payment_token: str, customer: str = "") -> Answer:
        """A reusable token, of this customer, in place of a single-use one; 402 for a token that was never issued."""
        card = behaviour(payment_token)

        def decide() -> tuple[int, dict[str, Any]]:
            if card.decline == "invalid_token":
                return 402, {"code": card.decline, "message": "There is no such card."}
            expires = {"expiry_month": 12, "expiry_year": 2034}
            return 201, {"id": _new_id("pm"), "brand": card.brand, "last4": card.last4, **expires}

        return self._perform(key, "save_method", [payment_token], decide, customer=customer)

    def operation(self, key: str) -> dict[str, Any] | None:
        """What became of the operation with this idempotency key; None when it never arrived."""
        stored = self._books.answers.get(key)
        if stored is None:
            return None
        answer = {"status": stored.status, "body": json.loads(stored.body)}
        return {"idempotency_key": key, "kind": stored.kind, "answer": answer}

    def record(self, references: Sequence[str]) -> list[dict[str, Any]]:
        """What it took for these references, an entry per authorisation."""
        with self._lock:
            return [a.as_record() for one in references for a in self._books.of_reference.get(one, ())]

    def record_after(self, reference: str, limit: int) -> list[dict[str, Any]]:
        """The same of so many references, in their order, that come after this one."""
        with self._lock:
            start = bisect.bisect_right(self._books.references, reference)
            following = self._books.references[start : start + limit]
        return self.record(following)

    def settled_on(self, day: str, *, after: int, limit: int) -> dict[str, Any]:
        """What it captured and gave back on a day of UTC, a page of it."""
        with self._lock:
            return self._books.settlements.of_day(day, after, limit)

    def settled_of(self, reference: str) -> dict[str, Any]:
        """The same of one reference, of any day."""
        with self._lock:
            return self._books.settlements.of_reference(reference)

    def _perform(
        self,
        key: str,
        kind: str,
        payload: list[Any],
        decide: Callable[[], tuple[int, dict[str, Any]]],
        card: Behaviour = PLAIN,
        *,
        customer: str = "",
    ) -> Answer:
        """customer: in whose name; no part of what a key stands for, so that keys of before it was asked stay good."""
        digest = hashlib.sha256(json.dumps([kind, *payload]).encode()).hexdigest()[:32]
        with self._lock:
            stored = self._books.answers.get(key)
            if stored is not None:
                if stored.digest != digest:
                    raise Refused(422, "idempotency_key_reused", "The key was used with another payload.")
                return Answer(stored.status, json.loads(stored.body), replayed=True, behaviour=card)
            try:
                status, body = decide()
            except Refused as refused:
                if refused.status != 409:
                    raise
                status, body = refused.status, refused.body
            record = {
                "at": round(time.time(), 3),
                "key": key,
                "kind": kind,
                "digest": digest,
                "payload": payload,
                "status": status,
                "body": body,
                "customer": customer,
            }
            self._journal.append(record)
            self._apply(record)
        return Answer(status, body, behaviour=card)

    def _is_somebody_elses(self, token: str, customer: str) -> bool:
        """A card that was saved before customers were told belongs to the one who pays with it first."""
        return token in self._books.methods and self._books.holders.get(token, customer) != customer

    def _bind(self, token: str, customer: str) -> None:
        if customer and token in self._books.methods:
            self._books.holders.setdefault(token, customer)

    def _held(self, authorisation_id: str) -> Authorisation:
        authorisation = self._books.authorisations.get(authorisation_id)
        if authorisation is None:
            raise Refused(404, "unknown_authorisation", "There is no such authorisation.")
        if authorisation.voided:
            raise Refused(409, "already_voided", "The authorisation was voided.")
        if authorisation.captured:
            raise Refused(409, "already_captured", "The authorisation was captured.")
        return authorisation

    def _apply(self, record: dict[str, Any]) -> None:
        books, kind, body, customer = self._books, record["kind"], record["body"], record.get("customer", "")
        text = json.dumps(body, separators=(",", ":"))
        books.answers[record["key"]] = _Stored(kind, record["digest"], record["status"], text)
        if record["status"] >= 300:
            return
        match kind:
            case "authorise":
                token = record["payload"][2]
                self._bind(token, customer)
                made = Authorisation(
                    id=body["id"],
                    reference=body["reference"],
                    currency=body["currency"],
                    authorised=body["amount"],
                    refuses_capture=behaviour(books.methods.get(token, token)).refuses_capture,
                )
                books.authorisations[made.id] = made
                if made.reference not in books.of_reference:
                    bisect.insort(books.references, made.reference)
                books.of_reference.setdefault(made.reference, []).append(made)
            case "capture":
                books.captures[body["id"]] = body["authorisation"]
                books.authorisations[body["authorisation"]].captured = body["amount"]
                self._settle(record)
            case "void":
                books.authorisations[body["authorisation"]].voided = body["amount"]
            case "reverse":
                books.reversed_keys.add(body["operation"])
                if body["authorisation"] is not None:
                    books.authorisations[body["authorisation"]].voided = body["voided_amount"]
            case "refund":
                books.authorisations[body["authorisation"]].refunded += body["amount"]
                self._settle(record)
            case "save_method":
                books.methods[body["id"]] = record["payload"][0]
                self._bind(body["id"], customer)

    def _settle(self, record: dict[str, Any]) -> None:
        body = record["body"]
        of = self._books.authorisations[body["authorisation"]]
        told = (record["key"], of.reference, body["amount"], of.currency, record["at"])
        self._books.settlements.add(Settled(body["id"], record["kind"], *told))


def _new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"
