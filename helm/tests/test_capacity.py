import re

import capacity
from chart import HELM, SERVICES, values

# Setting (in days), where it is, the table, and how much longer a row may stay, in days.
KEPT = (
    ("OUTBOX_KEEP_SECONDS", "chassis/src/chassis/settings.py", "outbox", 1),
    ("INBOX_KEEP_SECONDS", "chassis/src/chassis/settings.py", "inbox", 7),
    ("BOOKING_HISTORY_KEEP_DAYS", "booking_project/config/settings.py", "booking_history", 28),
    ("NOTIFICATION_KEEP_DAYS", "notify_project/config/settings.py", "delivery_log", 28),
    ("NOTIFICATION_KEEP_DAYS", "notify_project/config/settings.py", "notifications", 28),
    ("NOTIFICATION_KEEP_DAYS", "notify_project/config/settings.py", "booking_summaries", 0),
)


def test_it_counts_with_the_charts_own_processes():
    for service in capacity.SERVICES:
        mine = values("default")["services"][service.name]
        late = 8 if service.name == "payment" else 0
        assert service.connections == mine["worker"]["concurrency"] + 2 + late
        assert mine["web"]["workers"] * mine["web"]["threads"] == capacity.WEB_CONNECTIONS
    assert [service.name for service in capacity.SERVICES] == list(SERVICES)


def test_the_defaults_carry_ten_bookings_a_second():
    for service in capacity.SERVICES:
        wanted = capacity.need(service, 10)
        mine = values("default")["services"][service.name]
        assert wanted.web <= mine["web"]["autoscaling"]["max"]
        assert wanted.worker <= mine["worker"]["autoscaling"]["max"]
        assert wanted.connections <= mine["database"]["maxConnections"]
    assert capacity.shop(10) <= values("default")["frontend"]["web"]["autoscaling"]["max"]
    live = values("default")["services"]["booking"]["live"]
    assert capacity.live_seats(10) <= live["autoscaling"]["max"]
    assert capacity.SOCKETS_A_POD == live["autoscaling"]["rate"]["threshold"] <= live["sockets"]
    assert (
        live["autoscaling"]["min"],
        values("default")["frontend"]["web"]["autoscaling"]["min"],
    ) == (capacity.FEWEST_LIVE, capacity.FEWEST_SHOP)


def test_chart_and_documentation_say_what_is_computed(monkeypatch):
    assert capacity.faults() == []
    assert list(capacity.STORED) == list(SERVICES)
    monkeypatch.setattr(capacity.stored_gib, "__kwdefaults__", {"bookings_a_year": 10**9, "months": 12})
    complaints = capacity.faults()
    assert any("table of disks" in complaint for complaint in complaints)
    assert any("the volume of booking is" in complaint for complaint in complaints)


def test_what_is_kept_for_a_time_is_kept_as_long_as_the_services_say():
    """The default of each setting, and the length of a partition."""
    for setting, file, table, width in KEPT:
        said = re.search(rf'"{setting}",.*default=(\d+)( \* DAY)?', (HELM.parent / file).read_text())
        assert said, setting
        found = {each.days for tables in capacity.STORED.values() for each in tables if each.table == table}
        assert found == {int(said[1]) + width}, table


def test_a_database_is_measured_in_rows_of_a_booking():
    sizes = {"bookings": {"rows": 200, "bytes": 100_000}, "screens": {"rows": 3, "bytes": 50_000}}
    assert capacity.measured(sizes, bookings=200) == {"bookings": (1.0, 500)}
