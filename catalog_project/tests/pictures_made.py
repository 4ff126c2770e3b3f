"""Pictures for tests, as files in memory."""

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def picture(format_: str = "JPEG", size: tuple[int, int] = (900, 1350), mode: str = "RGB", **options: Any) -> bytes:
    """A slope of colours, so that sizes can be told from each other."""
    slope = Image.linear_gradient("L").resize(size)
    out = BytesIO()
    slope.convert(mode).save(out, format_, **options)
    return out.getvalue()


def jpeg(size: tuple[int, int] = (900, 1350)) -> bytes:
    return picture("JPEG", size)


def upload(data: bytes, name: str = "poster.jpg", content_type: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type)
