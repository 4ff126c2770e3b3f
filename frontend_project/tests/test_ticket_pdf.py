from pathlib import Path

from reportlab.pdfbase.ttfonts import TTFont

from shop import ticket_pdf

VIETNAMESE = "Thứ Bảy, 28 tháng 11, 2026, 19:30 (Giờ Đông Dương) ẲẴặữỹ ₫"
GERMAN = "Größe: 14,50 €, „Straße“"
JAPANESE = "下北沢二番線 スクリーン1、座席Ｇ６・一般"


def test_a_page_for_each_seat() -> None:
    code = "a1B2c3D4" * 50
    pages = [
        ticket_pdf.Page(title="<b>A & B</b> " * 12, lines=[("Ghế", VIETNAMESE), ("座席", JAPANESE)], code=code)
        for _ in range(3)
    ]
    made = ticket_pdf.pdf(pages, title="Tickets", language="vi")
    assert made.startswith(b"%PDF-")
    assert made.count(b"/Type /Page\n") == 3
    assert len(made) < 200_000


def test_the_font_has_what_our_languages_write() -> None:
    known = TTFont("proof", ticket_pdf.FONT_FILE).face.charToGlyph
    assert {each for each in VIETNAMESE + GERMAN + JAPANESE if ord(each) not in known} == set()
    assert "SIL Open Font License" in Path(ticket_pdf.FONT_FILE).with_name("tickets.OFL.txt").read_text()
