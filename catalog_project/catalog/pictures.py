"""Pictures that somebody sent: checked, and drawn anew in a few widths. What comes out holds pixels and nothing else.

Nothing of the file that came is kept: no EXIF, no place, no colour profile (colours are taken for sRGB), no comments,
and nothing that hides behind a picture or inside of one.
"""

import hashlib
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

MAX_BYTES = 8 * 1024 * 1024
# Decoded, 64 MB, and twice that where colours are converted: one after the other in a process.
MAX_PIXELS = 16_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
WIDTHS = (200, 400, 800)
# A poster stands or lies; what is thinner than that is none.
MOST_TO_ONE = 3
QUALITY = 80
WAIT_SECONDS = 10.0

_ONE_AT_A_TIME = threading.Lock()
# What Pillow raises of files that are not what they say.
_BROKEN = (
    *(OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)


class NotAPicture(Exception):
    """The sentence says why."""


class Busy(Exception):
    """Other pictures are being drawn, and have been for WAIT_SECONDS."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One size, as WebP."""

    width: int
    height: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture in its sizes, the smallest first. digest: SHA-256, in hex, of their bytes one after the other."""

    digest: str
    sizes: tuple[Drawn, ...]


def draw(data: bytes) -> Drawing:
    """Raises NotAPicture for anything but one still JPEG, PNG or WebP within the bounds above, and Busy."""
    if len(data) > MAX_BYTES:
        raise NotAPicture(f"The file is larger than {MAX_BYTES // 1024**2} MiB.")
    with _alone():
        try:
            with Image.open(BytesIO(data), formats=FORMATS) as opened:
                _check(opened, data)
                upright = _upright(opened)
            sizes = tuple(_drawn(upright, width) for width in WIDTHS if width <= upright.width)
        except UnidentifiedImageError as exc:
            raise NotAPicture("The file is no JPEG, PNG or WebP picture.") from exc
        except _BROKEN as exc:
            raise NotAPicture("The picture is damaged.") from exc
    return Drawing(hashlib.sha256(b"".join(size.body for size in sizes)).hexdigest(), sizes)


@contextmanager
def _alone() -> Iterator[None]:
    if not _ONE_AT_A_TIME.acquire(timeout=WAIT_SECONDS):
        raise Busy
    try:
        yield
    finally:
        _ONE_AT_A_TIME.release()


def _check(opened: Image.Image, data: bytes) -> None:
    """What the head of the file tells, before a pixel of it is decoded."""
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise NotAPicture(f"The picture has more than {MAX_PIXELS // 10**6} million pixels.")
    if min(width, height) < WIDTHS[0]:
        raise NotAPicture(f"The picture is smaller than {WIDTHS[0]} pixels.")
    if max(width, height) > MOST_TO_ONE * min(width, height):
        raise NotAPicture(f"The picture is more than {MOST_TO_ONE} times as long as it is wide.")
    if getattr(opened, "is_animated", False):
        raise NotAPicture("The picture moves; a poster stands still.")
    if not _ends_with_itself(opened.format or "", data):
        raise NotAPicture("There is something else behind the picture in the file.")


def _ends_with_itself(format_: str, data: bytes) -> bool:
    """Whether the file is over where the picture is: another file behind it would be what other programmes read."""
    if format_ == "WEBP":
        return len(data) == int.from_bytes(data[4:8], "little") + 8
    if format_ == "PNG":
        return data.endswith(b"IEND\xaeB`\x82") and data.count(b"IEND\xaeB`\x82") == 1
    return data.endswith(b"\xff\xd9")


def _upright(opened: Image.Image) -> Image.Image:
    """As it was held, on white, and no larger than twice the widest that is drawn: whatever follows costs little."""
    factor = max(1.0, min(opened.size) / (2 * WIDTHS[-1]))
    enough = (round(opened.width / factor), round(opened.height / factor))
    opened.draft("RGB", enough)  # a large JPEG is decoded at a half or a quarter
    kept = opened if opened.mode in ("L", "RGB", "RGBA") else opened.convert(_mode(opened))
    kept.thumbnail(enough, Image.Resampling.LANCZOS, reducing_gap=2.0)
    turned = ImageOps.exif_transpose(kept)
    if _mode(turned) == "RGB":
        return turned.convert("RGB")
    paper = Image.new("RGBA", turned.size, "white")
    paper.alpha_composite(turned.convert("RGBA"))
    return paper.convert("RGB")


def _mode(picture: Image.Image) -> str:
    return "RGBA" if picture.has_transparency_data else "RGB"


def _drawn(picture: Image.Image, width: int) -> Drawn:
    height = max(1, round(picture.height * width / picture.width))
    scaled = picture.resize((width, height), Image.Resampling.LANCZOS)
    out = BytesIO()
    scaled.save(out, "WEBP", quality=QUALITY, method=4, exif=b"", icc_profile=b"", xmp=b"")
    return Drawn(width, height, out.getvalue())
