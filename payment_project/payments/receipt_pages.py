"""Receipts on paper: a page of HTML that says what the API's JSON says, in the reader's language, without a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.translation.trans_real import parse_accept_lang_header

from chassis.money import Money, to_major
from payments.lines import by_rate, together
from payments.receipt_models import Receipt
from payments.receipts import lines_of

POLICY = "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
LANGUAGES = ("en", "vi", "de", "ja")
# What stands on each, in these.
WORDS = {
    "receipt": ("Receipt", "Biên nhận", "Zahlungsbeleg", "領収書"),
    "credit_note": ("Credit note", "Phiếu hoàn tiền", "Gutschrift", "返金明細書"),
    "number": ("Number", "Số", "Nummer", "番号"),
    "issued": ("Issued", "Ngày lập", "Ausgestellt", "発行日時"),
    "booking": ("Booking", "Mã đặt vé", "Buchung", "予約番号"),
    "movie": ("Movie", "Phim", "Film", "作品"),
    "when": ("When", "Suất chiếu", "Vorstellung", "上映日時"),
    "where": ("Where", "Rạp", "Kino", "劇場"),
    "seller": ("Sold by", "Bên bán", "Verkäufer", "販売者"),
    "tax_number": ("Tax number", "Mã số thuế", "Steuernummer", "登録番号"),
    "what": ("What", "Nội dung", "Was", "内容"),
    "count": ("Count", "Số lượng", "Anzahl", "数量"),
    "rate": ("Tax rate", "Thuế suất", "Steuersatz", "税率"),
    "net": ("Net", "Trước thuế", "Netto", "税抜"),
    "tax": ("Tax", "Thuế", "Steuer", "税額"),
    "gross": ("Amount", "Số tiền", "Betrag", "金額"),
    "total": ("Total", "Tổng cộng", "Gesamt", "合計"),
    "card": ("Card", "Thẻ", "Karte", "カード"),
    "cash": ("Cash", "Tiền mặt", "Bar", "現金"),
    "terminal": ("Card at the counter", "Thẻ tại quầy", "Karte an der Kasse", "窓口でのカード払い"),
    "gift_card": ("Gift card", "Thẻ quà tặng", "Geschenkkarte", "ギフトカード"),
    "exchanged": ("Exchanged booking", "Đơn đặt vé đã đổi", "Umgetauschte Buchung", "変更前の予約"),
    "nothing": (
        "There was nothing to pay.",
        "Không có khoản nào phải trả.",
        "Es war nichts zu zahlen.",
        "お支払いはありませんでした。",
    ),
}
TEXTS = {language: {name: each[place] for name, each in WORDS.items()} for place, language in enumerate(LANGUAGES)}
FALLBACK = "en"
# Of thousands, and of decimals.
SEPARATORS = {"en": ",.", "vi": ".,", "de": ".,", "ja": ",."}


def page(documents: Sequence[Receipt], *, accepted: str | None) -> HttpResponse:
    """A sheet of paper for each, with its payment at hand. accepted: the `Accept-Language` of who reads it."""
    language = _language(accepted)
    shown = [_shown(each, language) for each in documents]
    context = {"language": language, "texts": TEXTS[language], "documents": shown}
    content = render_to_string("payments/receipt.html", context)
    return HttpResponse(content, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})


def _language(accepted: str | None) -> str:
    """Of those that we write, the one that it likes best."""
    spoken = (tag.partition("-")[0] for tag, _ in parse_accept_lang_header(accepted or ""))
    return next((language for language in spoken if language in TEXTS), FALLBACK)


def _shown(document: Receipt, language: str) -> dict[str, Any]:
    lines, payment, showtime = lines_of(document), document.payment, document.showtime or {}
    zone = showtime.get("time_zone") or "UTC"
    starts_at = showtime.get("starts_at")
    speech = _Speech(language, document.currency)
    return {
        "title": TEXTS[language]["credit_note" if document.refund_id else "receipt"],
        "number": document.number,
        "issued_at": _moment(document.issued_at, zone),
        "booking": payment.booking_reference or str(payment.booking_id),
        "seller": document.seller or {},
        "movie": showtime.get("movie_title"),
        "starts_at": _moment(datetime.fromisoformat(starts_at), zone) if starts_at else "",
        "where": ", ".join(part for name in ("theater_name", "screen") if (part := showtime.get(name))),
        "lines": [{"name": each.name, "count": each.count} | speech.amounts(each) for each in together(lines)],
        "taxes": [speech.amounts(each) for each in by_rate(lines)],
        "total": speech.money(document.total),
        "parts": _parts(document, speech),
        "free": document.total == 0,
    }


def _parts(document: Receipt, speech: "_Speech") -> list[tuple[str, str]]:
    """What each means of payment gave. Of money that went back only the gift card's part is known to be there."""
    texts = TEXTS[speech.language]
    by_card = document.total - document.gift_amount - document.carried_amount
    parts = []
    if document.carried_amount:
        parts.append((texts["exchanged"], speech.money(document.carried_amount)))
    if document.gift_amount:
        parts.append((f"{texts['gift_card']} …{document.gift_last4}", speech.money(document.gift_amount)))
    if by_card and not document.refund_id:
        parts.append((_paid_with(document, texts), speech.money(by_card)))
    return parts


def _paid_with(document: Receipt, texts: Mapping[str, str]) -> str:
    if document.counter:
        return texts[document.counter["method"]]
    return f"{texts['card']} …{document.card_last4}" if document.card_last4 else texts["card"]


@dataclass(frozen=True, slots=True)
class _Speech:
    """How a language writes amounts of a currency."""

    language: str
    currency: str

    def amounts(self, of: Any) -> dict[str, str]:
        """of: lines that are alike, or those of a rate."""
        shown = {name: self.money(getattr(of, name)) for name in ("net", "tax", "gross")}
        return shown | {"rate": self._written(f"{of.rate / 100:g} %")}

    def money(self, amount: int) -> str:
        """amount: minor units."""
        return f"{self._written(f'{to_major(Money(amount, self.currency)):,}')} {self.currency}"

    def _written(self, number: str) -> str:
        return number.translate(str.maketrans(",.", SEPARATORS[self.language]))


def _moment(at: datetime, zone: str) -> str:
    """As the clocks of a zone show it, and which these are."""
    try:
        local = at.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        zone, local = "UTC", at.astimezone(UTC)
    return f"{local:%Y-%m-%d %H:%M} {zone}"
