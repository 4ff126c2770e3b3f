"""A message as its reader sees it, on a page of staff."""

import re
from base64 import b64encode

from django.utils.html import format_html

from notifications import compose
from notifications.kinds import samples

# Of the page inside the frame, which inherits that of the page around it and narrows it.
PREVIEW_POLICY = (
    '<meta http-equiv="Content-Security-Policy"'
    " content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)


def shown_mail(subject: str, text: str, html: str, *, title: str = "HTML part") -> str:
    """A message as its reader sees it, as HTML for a page of staff. title: of its frame, one of its own on the page."""
    # The sandbox without permissions: whatever the HTML says, it runs nothing and reaches nothing.
    page = "<!doctype html>" + PREVIEW_POLICY + _with_pictures(html)
    return format_html(
        '<p><strong>{}</strong></p><pre style="white-space:pre-wrap">{}</pre>{}',
        subject,
        text,
        format_html(
            '<iframe sandbox srcdoc="{}" title="{}"'
            ' style="width:640px;max-width:100%;height:480px;box-sizing:border-box;background:#fff"></iframe>',
            page,
            title,
        )
        if html
        else "",
    )


def _with_pictures(html: str) -> str:
    """A page has no parts to show pictures from, as a mail has: each is the code of a ticket that lets nobody in."""
    picture = b64encode(compose.qr_png(samples.TICKET)).decode()
    return re.sub(r'src="cid:[^"]*"', f'src="data:image/png;base64,{picture}"', html)
