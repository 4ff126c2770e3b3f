from accounts.second_factor_pages import set_up_page
from chassis.web.desk import DeskPage

PAGES = [DeskPage("second-factor/", "second_factor", set_up_page, "view_user")]
