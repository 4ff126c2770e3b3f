import capacity
from chart import HELM, SERVICES, values

SCALE = HELM.parent / "docs" / "operations" / "scale.md"


def test_the_documented_table_is_the_computed_one():
    assert capacity.table() in SCALE.read_text()


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
