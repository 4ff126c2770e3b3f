"""From a rendered message to the bytes of a mail."""

import struct
import zlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any
from uuid import UUID

import zxingcpp

from notifications.outage import PermanentFailure
from notifications.smtp import Envelope
from notifications.templating import Rendered

QR_SCALE = 4
QR_CONTENT_ID = "ticket"


def message_id(notification_id: UUID, sender: str) -> str:
    """The same for every try of a notification: a mail that came twice is recognised by it."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{notification_id}@{domain}>"


def mail(
    *, notification_id: UUID, sender: str, recipient: str, rendered: Rendered, date: datetime, ticket: str = ""
) -> Envelope:
    """A mail with a plain part, an HTML part and, for a ticket, its QR code.

    Raises PermanentFailure when the recipient is not an address that a mail can be sent to.
    """
    name, sender_address = parseaddr(sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=name, addr_spec=sender_address)
    address = _addressable(recipient)
    message["To"] = address
    message["Subject"] = rendered.subject
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id(notification_id, sender)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(rendered.text)
    if rendered.html:
        message.add_alternative(rendered.html, subtype="html")
    if ticket:
        image: dict[str, Any] = {"maintype": "image", "subtype": "png", "filename": "ticket.png"}
        page = message.get_body(("html",))
        if page is None:
            message.add_attachment(qr_png(ticket), **image)
        else:
            page.add_related(qr_png(ticket), cid=f"<{QR_CONTENT_ID}>", **image)
    policy = SMTP if address.addr_spec.isascii() else SMTP.clone(utf8=True)
    return Envelope(sender=sender_address, recipient=address.addr_spec, content=message.as_bytes(policy=policy))


def _addressable(recipient: str) -> Address:
    local, _, domain = recipient.rpartition("@")
    try:
        return Address(addr_spec=f"{local}@{domain.encode('idna').decode('ascii')}")
    except (ValueError, IndexError, UnicodeError) as error:
        raise PermanentFailure("address_invalid") from error


def qr_png(content: str) -> bytes:
    """A QR code as a black and white PNG, four pixels a module, with the margin that readers need."""
    code = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.QRCode, ec_level="L")
    modules = memoryview(code.to_image(scale=1, add_quiet_zones=True))
    side = modules.shape[0] * QR_SCALE
    width = -(-side // 8)
    rows = []
    for row in modules.tolist():
        line = "".join(("1" if light else "0") * QR_SCALE for light in row).ljust(width * 8, "1")
        rows.append((b"\0" + int(line, 2).to_bytes(width, "big")) * QR_SCALE)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _png_chunk(kind, data)
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 6)), (b"IEND", b""))
    )


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
