from django.urls import reverse

from accounts import desk_panels, security_key_pages
from accounts.models import User
from accounts.second_factor_pages import set_up_page
from chassis.web.desk import DeskPage
from chassis.web.desk_search import Find

PAGES = [
    DeskPage("second-factor/", "second_factor", set_up_page, "view_user"),
    DeskPage("second-factor/keys/", "add_security_key", security_key_pages.add_page, "view_user"),
    DeskPage("second-factor/keys/ask/", "ask_security_key", security_key_pages.ask_page, "view_user"),
    DeskPage(
        "second-factor/keys/<uuid:key_id>/remove/",
        "remove_security_key",
        security_key_pages.remove_page,
        "view_user",
    ),
    DeskPage("search/", "search", desk_panels.search, "view_user"),
    DeskPage("customers/<uuid:user_id>/", "customer", desk_panels.customer, "view_user"),
    DeskPage("panels/customers/<uuid:user_id>/person/", "person_panel", desk_panels.person_panel, "view_user"),
]


def _about(user: User) -> str:
    kind = "guest" if user.is_guest else ""
    return ", ".join(part for part in (user.full_name, user.email, user.phone, kind) if part)


FINDS = [Find(User, lambda user: reverse("customer", args=[user.pk]), about=_about)]
