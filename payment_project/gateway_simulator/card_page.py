"""The page on which a customer chooses a card: a card company's own, in the place of the form that takes its number.

It sends its visitor back by a POST, so that the token stands in no address, no history and no log.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlsplit

from gateway_simulator.tokens import TOKENS

PATH = "/simulated-card"
MOST = 2000
STYLE = """
:root{color-scheme:light dark}
body{font:100%/1.5 system-ui,sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem}
form{margin:.5rem 0}
button{font:inherit;width:100%;min-height:3rem;text-align:left;padding:.5rem 1rem;border:2px solid;border-radius:.5rem}
"""
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; frame-ancestors 'none'"
# What each test card does, as its button says it, by the language that is asked for.
SAID: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Simulated card company",
        "about": "No money moves here. Choose a card by what it does.",
        "tok_visa": "is good",
        "tok_card_declined": "is declined",
        "tok_insufficient_funds": "has not enough money on it",
        "tok_expired_card": "has expired",
        "tok_slow": "is good, after three seconds",
        "tok_timeout_once": "is good, though the first answer is lost",
        "tok_capture_fails": "is good, and cannot be charged afterwards",
        "tok_gateway_down": "the card company is away",
        "back": "Back without a card",
    },
    "vi": {
        "title": "Công ty thẻ mô phỏng",
        "about": "Không có tiền thật ở đây. Hãy chọn thẻ theo cách nó hoạt động.",
        "tok_visa": "dùng được",
        "tok_card_declined": "bị từ chối",
        "tok_insufficient_funds": "không đủ tiền",
        "tok_expired_card": "đã hết hạn",
        "tok_slow": "dùng được, sau ba giây",
        "tok_timeout_once": "dùng được, dù câu trả lời đầu bị mất",
        "tok_capture_fails": "dùng được, nhưng sau đó không thu được tiền",
        "tok_gateway_down": "công ty thẻ không trả lời",
        "back": "Quay lại không dùng thẻ",
    },
}


def page(query: Mapping[str, Sequence[str]]) -> bytes | None:
    """The page for a merchant's query: return_url, state, language. None where it has no way back."""
    back, state, language = (query.get(name, [""])[0] for name in ("return_url", "state", "language"))
    if urlsplit(back).scheme not in ("http", "https") or len(back) > MOST or len(state) > MOST:
        return None
    said = SAID.get(language, SAID["en"])
    forms = [
        _form(back, {"state": state, "token": token, "brand": does.brand, "last4": does.last4}, label)
        for token, does in TOKENS.items()
        for label in [f"{does.brand.capitalize()} •••• {does.last4}: {said[token]}"]
    ]
    forms.append(_form(back, {"state": state}, said["back"]))
    title = escape(said["title"])
    return (
        f'<!doctype html><html lang="{language if language in SAID else "en"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{escape(said['about'])}</p>"
        f"{''.join(forms)}</main></body></html>"
    ).encode()


def _form(action: str, fields: Mapping[str, str], label: str) -> str:
    hidden = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in fields.items())
    return f'<form method="post" action="{escape(action)}">{hidden}<button>{escape(label)}</button></form>'
