"""What a reader at the door sees of a ticket's mail."""

import struct
import zlib

import zxingcpp

from notifications.compose import qr_png

TICKET = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9." + "A7bX9q" * 70


def pixels(png: bytes) -> memoryview:
    """The grey values of a one-bit PNG without filters."""
    width, height = struct.unpack(">II", png[16:24])
    start = png.index(b"IDAT")
    (size,) = struct.unpack(">I", png[start - 4 : start])
    lines = zlib.decompress(png[start + 4 : start + 4 + size])
    stride = -(-width // 8) + 1
    values = bytearray()
    for first in range(0, len(lines), stride):
        assert lines[first] == 0
        bits = "".join(f"{byte:08b}" for byte in lines[first + 1 : first + stride])
        values += bytes(255 if bit == "1" else 0 for bit in bits[:width])
    return memoryview(values).cast("B", shape=[height, width])


def test_the_code_of_a_ticket_is_read_back_as_it_was() -> None:
    found = zxingcpp.read_barcodes(pixels(qr_png(TICKET)))
    assert [(code.text, code.format) for code in found] == [(TICKET, zxingcpp.BarcodeFormat.QRCode)]
