"""The pages for a person. Everything shown was written by somebody else, so everything is escaped."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from message_sink.mail import Attachment, Mail
from message_sink.store import Message

CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'"

STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884; vertical-align: top; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; border: 1px solid #8884; }
img { max-width: 16rem; background: #fff; padding: .5rem; }
.muted { opacity: .7; }
"""


def listing(messages: Sequence[tuple[Message, Mail]], *, to: str | None, total: int) -> str:
    rows = "".join(
        f"<tr><td class=muted>{_time(message)}</td><td>{escape(message.kind)}</td>"
        f"<td>{_recipients(message)}</td>"
        f'<td><a href="/view/{escape(message.id)}">{escape(mail.subject or "(no subject)")}</a></td></tr>'
        for message, mail in messages
    )
    body = (
        f'<form action="/"><label>To <input name="to" value="{escape(to or "")}"></label>'
        f" <button>Show</button></form>"
        f"<p class=muted>{total} messages kept, newest first.</p>"
        f"<table><thead><tr><th>Received (UTC)<th>Kind<th>To<th>Subject</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
    return _page("Messages", body)


def one(message: Message, mail: Mail) -> str:
    raw = f"/messages/{escape(message.id)}.eml" if message.kind == "email" else f"/messages/{escape(message.id)}"
    content = (
        f"<p><a href='/'>All messages</a> · <a href='{raw}'>raw</a></p>"
        f"<table><tr><th>Received<td>{_time(message)} UTC<tr><th>From<td>{escape(mail.sender)}"
        f"<tr><th>To<td>{_recipients(message)}<tr><th>Id<td>{escape(mail.message_id)}</table>"
        f"<pre>{escape(mail.text)}</pre>" + "".join(_attachment(attachment) for attachment in mail.attachments)
    )
    return _page(mail.subject or message.kind, content)


def _attachment(attachment: Attachment) -> str:
    caption = f"{escape(attachment.name)} <span class=muted>({len(attachment.content)} bytes)</span>"
    if attachment.media_type not in {"image/png", "image/jpeg", "image/gif"}:
        return f"<p>{caption}</p>"
    data = b64encode(attachment.content).decode("ascii")
    return f'<p>{caption}<br><img alt="" src="data:{attachment.media_type};base64,{data}"></p>'


def _recipients(message: Message) -> str:
    return ", ".join(f'<a href="/?to={quote(address)}">{escape(address)}</a>' for address in message.recipients)


def _time(message: Message) -> str:
    return message.received_at.strftime("%Y-%m-%d %H:%M:%S")


def _page(title: str, body: str) -> str:
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)} · message sink</title>"
        f"<style>{STYLE}</style><h1>{escape(title)}</h1>{body}</html>"
    )
