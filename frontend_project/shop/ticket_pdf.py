"""Tickets on paper: a PDF with a page for each seat. Plain values in, bytes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from shop import codes

MEDIA_TYPE = "application/pdf"
# Latin with Vietnamese, Greek, Cyrillic and the Japanese of JIS X 0208 (docs/adr/0106-tickets-on-paper.md).
FONT_FILE = Path(__file__).parent / "files" / "tickets.ttf"
FONT = "tickets"
WIDTH, HEIGHT = A5
MARGIN = 14 * mm
CODE = 78 * mm


@dataclass(frozen=True)
class Page:
    """title: of the film. lines: what else there is to read, (label, text) each. code: what the door reads."""

    title: str
    lines: Sequence[tuple[str, str]]
    code: str


def pdf(pages: Sequence[Page], *, title: str, language: str) -> bytes:
    """title: of the file. language: BCP 47, of its texts."""
    _font()
    written = BytesIO()
    canvas = Canvas(written, pagesize=A5, lang=language)
    canvas.setTitle(title)
    canvas.setCreator("Marquee")
    for page in pages:
        _draw(canvas, page)
        canvas.showPage()
    canvas.save()
    return written.getvalue()


@cache
def _font() -> None:
    pdfmetrics.registerFont(TTFont(FONT, FONT_FILE))


def _draw(canvas: Canvas, page: Page) -> None:
    top = _write(canvas, page.title, 20, HEIGHT - MARGIN)
    for label, text in page.lines:
        top = _write(canvas, label, 8, top - 2 * mm, grey=0.35)
        top = _write(canvas, text, 12, top)
    _code(canvas, page.code)


def _write(canvas: Canvas, text: str, size: int, top: float, *, grey: float = 0.0) -> float:
    """A text, in as many lines as it takes; where it ends."""
    style = ParagraphStyle("", fontName=FONT, fontSize=size, leading=size * 1.3, textColor=(grey, grey, grey))
    paragraph = Paragraph(escape(text), style)
    _, height = paragraph.wrap(WIDTH - 2 * MARGIN, HEIGHT)
    paragraph.drawOn(canvas, MARGIN, top - height)
    return float(top - height)


def _code(canvas: Canvas, code: str) -> None:
    """At the foot of the page, in the middle: dark squares on what is white."""
    rows = list(codes.drawn(code).matrix_iter(border=4))
    canvas.saveState()
    canvas.translate((WIDTH - CODE) / 2, MARGIN)
    canvas.scale(CODE / len(rows), CODE / len(rows))
    canvas.setFillGray(1)
    canvas.rect(0, 0, len(rows), len(rows), stroke=0, fill=1)
    canvas.setFillGray(0)
    squares = canvas.beginPath()
    for y, row in enumerate(rows):
        x = 0
        for dark, alike in groupby(row):
            count = len(list(alike))
            if dark:
                squares.rect(x, len(rows) - y - 1, count, 1)
            x += count
    canvas.drawPath(squares, stroke=0, fill=1)
    canvas.restoreState()
