"""From a rendered message to the bytes of a mail.

Put together from bytes, which takes a fifth of the time of the classes of `email`; what these know best, headers that
are long or beyond ASCII, is left to them.
"""

import re
import struct
import zlib
from binascii import b2a_base64, b2a_qp
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.policy import compat32
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from uuid import UUID

import zxingcpp

from notifications.domain import CODE_LIMIT, CODES_LIMIT
from notifications.failures import PermanentFailure
from notifications.smtp import Envelope
from notifications.wording import Rendered

POLICY = compat32.clone(linesep="\r\n")
LINE = 76
SHOWN = re.compile(r"""["']cid:([^"']*)["']""")
LABEL = "[A-Za-z0-9-]{1,63}"
# What needs no reading to be an address, and is most of them.
PLAIN_ADDRESS = re.compile(rf"[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*@{LABEL}(\.{LABEL})*")
# Of a header that stands as it is: printable ASCII in one line.
PLAIN = re.compile(r"[ -~]{1,76}")

QR_SCALE = 8
# Any of the eight can be read; to find out which is the prettiest takes five times as long as all the rest of a code.
QR_MASK = 3


def message_id(notification_id: UUID, sender: str) -> str:
    """The same for every try of a notification: a mail that came twice is recognised by it."""
    return f"<{notification_id}@{domain_of(sender) or 'localhost'}>"


def domain_of(sender: str) -> str:
    """That of the address mails come from, or ""."""
    return _parsed(sender)[1].rpartition("@")[2]


@lru_cache(maxsize=16)
def _parsed(sender: str) -> tuple[str, str]:
    return parseaddr(sender)


def mail(
    *,
    notification_id: UUID,
    sender: str,
    recipient: str,
    rendered: Rendered,
    date: datetime,
    codes: Mapping[str, str] | None = None,
    reply_to: str = "",
) -> Envelope:
    """A mail with a plain part, an HTML part and the codes that it shows as pictures (cid:), a ticket's say.

    codes: by the names of their pictures. Without an HTML part each code comes along. reply_to: where answers go, if
    not to the sender.

    Raises PermanentFailure when the recipient is not an address that a mail can be sent to.
    """
    name, sender_address = _parsed(sender)
    address = _addressable(recipient)
    headers = {
        "From": formataddr((name, sender_address)),
        "To": address,
        **({"Reply-To": reply_to} if reply_to else {}),
        "Subject": rendered.subject,
        "Date": format_datetime(date),
        "Message-ID": message_id(notification_id, sender),
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
    }
    content = b"".join(
        [
            *(_header(name, value) for name, value in headers.items()),
            _body(rendered, _shown_codes(rendered, codes or {})),
        ]
    )
    return Envelope(sender=sender_address, recipient=address, content=content)


def _header(name: str, value: str) -> bytes:
    line = f"{name}: {value}"
    if PLAIN.fullmatch(line):
        return line.encode("ascii") + b"\r\n"
    # Typeshed knows of text alone; compat32 folds a Header as it should be.
    folded: bytes = POLICY.fold_binary(name, value if value.isascii() else Header(value, "utf-8"))  # type: ignore[arg-type]
    return folded


def _shown_codes(rendered: Rendered, codes: Mapping[str, str]) -> dict[str, str]:
    """Those that are shown and fit: a mail is no larger than a mail server takes, however many seats there are."""
    if not codes:
        return {}
    wanted = set(SHOWN.findall(rendered.html)) if rendered.html else set(codes)
    fit = {name: code for name, code in codes.items() if name in wanted and len(code) <= CODE_LIMIT}
    return dict(list(fit.items())[:CODES_LIMIT])


def _body(rendered: Rendered, codes: Mapping[str, str]) -> bytes:
    """Headers and content of the part that is the whole mail."""
    body = _text(rendered.text, "plain")
    if rendered.html:
        body = _several("alternative", [body, _text(rendered.html, "html")])
    return _several("related", [body, *(_picture(name, code) for name, code in codes.items())]) if codes else body


def _several(subtype: str, parts: Sequence[bytes]) -> bytes:
    # Of what stands between the boundaries, neither quoted-printable nor base64 can have a "=_" (RFC 2045, 6.7).
    boundary = f"=_{subtype}"
    between = f"--{boundary}\r\n".encode()
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
    return b"".join([head, *(between + part + b"\r\n" for part in parts), f"--{boundary}--\r\n".encode()])


def _picture(name: str, code: str) -> bytes:
    head = (
        f'Content-Type: image/png; name="{name}.png"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{name}>\r\n"
        f'Content-Disposition: inline; filename="{name}.png"\r\n\r\n'
    )
    encoded = b2a_base64(qr_png(code), newline=False)
    return head.encode() + b"".join(encoded[at : at + LINE] + b"\r\n" for at in range(0, len(encoded), LINE))


def _text(content: str, subtype: str) -> bytes:
    """As quoted-printable: readable as it stands in most languages of a cinema's customers, where base64 never is."""
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    lines = content.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    quoted = b2a_qp(lines.encode())
    # Of a content without any end of a line it does not know how lines end.
    return head.encode() + quoted.replace(b"=\n", b"=\r\n")


def _addressable(recipient: str) -> str:
    """The address in ASCII; a local part beyond it is none that Address takes."""
    if PLAIN_ADDRESS.fullmatch(recipient):
        return recipient
    local, _, domain = recipient.rpartition("@")
    try:
        return Address(addr_spec=f"{local}@{domain.encode('idna').decode('ascii')}").addr_spec
    except (ValueError, IndexError, UnicodeError) as error:
        raise PermanentFailure("address_invalid") from error


def qr_png(content: str) -> bytes:
    """A QR code as a black and white PNG with a margin. A module is eight pixels: a byte of a row."""
    code = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.QRCode, ec_level="L", data_mask=QR_MASK)
    modules = code.to_image(scale=1, add_quiet_zones=True)
    width: int = modules.shape[0]
    side = width * QR_SCALE
    # It is a buffer; its stub does not say so.
    grey = bytes(modules)  # type: ignore[call-overload]
    rows = [(b"\0" + grey[start : start + width]) * QR_SCALE for start in range(0, len(grey), width)]
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _png_chunk(kind, data)
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 1)), (b"IEND", b""))
    )


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
