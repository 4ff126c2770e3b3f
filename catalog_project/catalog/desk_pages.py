"""Catalog's pages of the desk."""

from catalog.board_pages import board_page, board_panel, plan_at, showtime_panel
from chassis.web.desk import DeskPage

PAGES = [
    DeskPage("board/", "board", board_page, "view_showtime"),
    DeskPage("board/plan/", "board_plan", plan_at, "add_showtime"),
    DeskPage("panels/board/", "board_panel", board_panel, "view_showtime"),
    DeskPage("panels/board/showtime/", "board_showtime", showtime_panel, "view_showtime"),
]
