"""A message as it could be: for previews, and to check a wording before it is saved."""

from typing import Any

from notifications.kinds import samples
from notifications.kinds.kind import Kind
from notifications.presentation import present
from notifications.wording import Rendered, Wording, render


def values(kind: Kind, *, language: str, public_url: str, support_email: str = "") -> dict[str, Any]:
    """What the wording of this message can use."""
    return present(
        kind.sample,
        kind=kind,
        booking=samples.BOOKING,
        name="Nguyễn Thị Minh Khai",
        language=language,
        public_url=public_url,
        support_email=support_email,
    )


def preview(
    kind: Kind, wording: Wording, *, language: str, public_url: str, support_email: str = "", mail_domain: str = ""
) -> Rendered:
    """Raises BadWording, also for a name this message does not have and for what is only wrong in another branch."""
    shown = values(kind, language=language, public_url=public_url, support_email=support_email)
    return render(wording, shown, mail_domain=mail_domain, about_account=kind.about_account, strict=True)
