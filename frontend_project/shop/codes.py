"""The codes that doors read, as squares."""

import segno

# Of the eight patterns that keep a code from having large areas of one colour any will do for what looks random, as a
# signature does; to find the best one takes four fifths of the time.
MASK = 4


def drawn(code: str) -> segno.QRCode:
    """With so much redundancy that a seventh of it may be unreadable."""
    return segno.make_qr(code, error="m", mask=MASK)
