"""What payment's admin site has beside its lists."""

from chassis.web.desk import DeskPage
from payments import reconciliation_pages, takings_pages

PAGES = [
    DeskPage("takings/", "takings", takings_pages.takings_page, "view_takings"),
    DeskPage("takings/export.<str:kind>", "takings_file", takings_pages.takings_file, "view_takings"),
    DeskPage("reconciliation/", "reconciliation", reconciliation_pages.reconciliation_page, "view_reconciliation"),
    DeskPage("reconciliation/ask/", "reconciliation_ask", reconciliation_pages.ask, "add_reconciliation"),
    DeskPage(
        "reconciliation/<uuid:difference_id>/note/",
        "reconciliation_note",
        reconciliation_pages.note,
        "change_difference",
    ),
]
