"""What payment's admin site has beside its lists."""

from chassis.web.desk import DeskPage
from payments.takings_pages import takings_file, takings_page

PAGES = [
    DeskPage("takings/", "takings", takings_page, "view_takings"),
    DeskPage("takings/export.<str:kind>", "takings_file", takings_file, "view_takings"),
]
