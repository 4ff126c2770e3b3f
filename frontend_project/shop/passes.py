"""Tickets for the wallets of telephones, signed as Apple and Google ask for it. Plain values in and out."""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

APPLE_MEDIA_TYPE = "application/vnd.apple.pkpass"
GOOGLE_SAVE = "https://pay.google.com/gp/v/save/"
ICONS = Path(__file__).parent / "files"
ICON_NAMES = ("icon.png", "icon@2x.png", "icon@3x.png")
PAPER, INK, QUIET = "rgb(20,18,31)", "rgb(243,240,234)", "rgb(255,143,171)"


@dataclass(frozen=True)
class Apple:
    """Who makes passes for Apple's wallet. pem: the RSA key, its certificate, and those between it and Apple's own."""

    pass_type: str
    team: str
    pem: str = field(repr=False)


@dataclass(frozen=True)
class Google:
    """Who makes passes for Google's wallet. issuer: its number. account, key: of the service account, PEM (RSA)."""

    issuer: str
    account: str
    key: str = field(repr=False)


@dataclass(frozen=True)
class Pass:
    """A ticket. serial, event: name it and its showtime for ever.

    labels: what its parts are called in the reader's language, by their names. starts_at: RFC 3339, by the cinema's
    clock.
    """

    serial: str
    event: str
    film: str
    cinema: str
    screen: str
    starts_at: str
    seat: str
    reference: str
    code: str
    language: str
    labels: Mapping[str, str]


def pkpass(ticket: Pass, by: Apple) -> bytes:
    """The file that Apple's wallet opens: signed with its certificate, so that nobody else's says that it is ours.

    Raises ValueError for keys that are none.
    """
    files = {name: (ICONS / name).read_bytes() for name in ICON_NAMES}
    files["pass.json"] = json.dumps(_apple(ticket, by)).encode()
    # Apple's format names SHA-1 here; what is signed, by SHA-256, is the list.
    digests = {name: hashlib.sha1(content, usedforsecurity=False).hexdigest() for name, content in files.items()}
    manifest = json.dumps(digests).encode()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (files | {"manifest.json": manifest, "signature": _signature(manifest, by.pem)}).items():
            archive.writestr(name, content)
    return written.getvalue()


def _signature(manifest: bytes, pem: str) -> bytes:
    """PKCS 7, detached, with the certificates that it is verified by."""
    key = _rsa(pem)
    own, *between = x509.load_pem_x509_certificates(pem.encode())
    builder = PKCS7SignatureBuilder().set_data(manifest).add_signer(own, key, SHA256())
    for certificate in between:
        builder = builder.add_certificate(certificate)
    return builder.sign(Encoding.DER, [PKCS7Options.DetachedSignature, PKCS7Options.Binary])


@cache
def _rsa(pem: str) -> RSAPrivateKey:
    """Raises ValueError for another kind of key, or none."""
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("Wallets want an RSA key.")  # noqa: TRY004  (a value of the environment)
    return key


def _apple(ticket: Pass, by: Apple) -> dict[str, Any]:
    def shown(name: str, value: str, **more: Any) -> dict[str, Any]:
        return {"key": name, "label": ticket.labels[name], "value": value, **more}

    when = {"dateStyle": "PKDateStyleMedium", "timeStyle": "PKDateStyleShort", "ignoresTimeZone": True}
    return {
        "formatVersion": 1,
        "passTypeIdentifier": by.pass_type,
        "teamIdentifier": by.team,
        "serialNumber": ticket.serial,
        "organizationName": "Marquee",
        "description": f"{ticket.film}, {ticket.seat}",
        "relevantDate": ticket.starts_at,
        "groupingIdentifier": ticket.event,
        "backgroundColor": PAPER,
        "foregroundColor": INK,
        "labelColor": QUIET,
        "barcodes": [{"format": "PKBarcodeFormatQR", "message": ticket.code, "messageEncoding": "iso-8859-1"}],
        "eventTicket": {
            "headerFields": [shown("seat", ticket.seat)],
            "primaryFields": [shown("film", ticket.film)],
            "secondaryFields": [shown("when", ticket.starts_at, **when), shown("screen", ticket.screen)],
            "auxiliaryFields": [shown("cinema", ticket.cinema), shown("reference", ticket.reference)],
        },
    }


def google_link(ticket: Pass, by: Google) -> str:
    """The address that puts the ticket into Google's wallet.

    Raises ValueError for a key that is none.
    """
    claims = {
        "iss": by.account,
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(time.time()),
        "payload": {"eventTicketClasses": [_class(ticket, by)], "eventTicketObjects": [_object(ticket, by)]},
    }
    return GOOGLE_SAVE + jwt.encode(claims, _rsa(by.key), algorithm="RS256")


def _class(ticket: Pass, by: Google) -> dict[str, Any]:
    """What the tickets of a showtime share."""
    return {
        "id": f"{by.issuer}.{ticket.event}",
        "issuerName": "Marquee",
        "reviewStatus": "UNDER_REVIEW",
        "eventName": _said(ticket, ticket.film),
        "dateTime": {"start": ticket.starts_at},
    }


def _object(ticket: Pass, by: Google) -> dict[str, Any]:
    return {
        "id": f"{by.issuer}.{ticket.serial}",
        "classId": f"{by.issuer}.{ticket.event}",
        "state": "ACTIVE",
        "barcode": {"type": "QR_CODE", "value": ticket.code},
        "reservationInfo": {"confirmationCode": ticket.reference},
        "seatInfo": {"seat": _said(ticket, ticket.seat)},
        "textModulesData": [
            {"id": "cinema", "header": ticket.labels["cinema"], "body": f"{ticket.cinema}, {ticket.screen}"}
        ],
    }


def _said(ticket: Pass, value: str) -> dict[str, Any]:
    return {"defaultValue": {"language": ticket.language, "value": value}}
