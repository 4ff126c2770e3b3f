import os
import socket

import pytest

from stack import ports
from stack.errors import StackError
from stack.instance import Instance


def all_free(port):
    return True


def test_the_main_instance_gets_the_usual_ports():
    assert ports.choose(instance="main", remembered={}, fixed={}, free=all_free) == ports.USUAL


def test_every_port_that_is_looked_at_is_below_those_that_linux_gives_to_connections():
    assert max(ports.USUAL.values()) + ports.ASIDE + max(ports.STEPS) < 32_768


def test_any_port_is_below_them_too_on_every_system():
    assert max(ports.BELOW_THE_EPHEMERAL) < 32_768
    assert ports.any_free_port() in ports.BELOW_THE_EPHEMERAL


def test_any_port_is_looked_for_until_one_is_free_but_not_for_ever():
    asked = []

    def the_third(port):
        asked.append(port)
        return len(asked) == 3

    assert ports.any_free_port(the_third) == asked[2]
    with pytest.raises(StackError, match="no free port"):
        ports.any_free_port(lambda port: False)


def test_a_busy_port_is_replaced_by_another_and_the_rest_stay():
    chosen = ports.choose(instance="main", remembered={}, fixed={}, free=lambda port: port != 8080)
    assert chosen["gateway"] == 8180
    assert {**chosen, "gateway": 8080} == ports.USUAL


def test_other_instances_leave_the_usual_ports_to_the_main_one():
    chosen = ports.choose(instance="test", remembered={}, fixed={}, free=all_free)
    assert not set(chosen.values()) & set(ports.USUAL.values())


def test_no_two_names_share_a_port():
    chosen = ports.choose(instance="main", remembered={}, fixed={}, free=lambda port: port > 16_000)
    assert len(set(chosen.values())) == len(ports.USUAL)


def test_a_remembered_port_is_kept_while_it_is_free():
    remembered = {"gateway": 9999, "redis": 9998}
    chosen = ports.choose(instance="main", remembered=remembered, fixed={}, free=lambda port: port != 9998)
    assert chosen["gateway"] == 9999
    assert chosen["redis"] == ports.USUAL["redis"]


def test_what_another_instance_reserved_is_left_alone():
    chosen = ports.choose(instance="main", remembered={"gateway": 8080}, fixed={}, reserved={8080}, free=all_free)
    assert chosen["gateway"] != 8080


def test_a_port_that_was_asked_for_must_be_free():
    assert ports.choose(instance="main", remembered={}, fixed={"gateway": 8088}, free=all_free)["gateway"] == 8088
    with pytest.raises(StackError, match="port 8088 for gateway is taken"):
        ports.choose(instance="main", remembered={}, fixed={"gateway": 8088}, free=lambda port: port != 8088)


@pytest.mark.parametrize(("account", "reason"), [(0, "is taken"), (1000, "needs root")])
def test_a_port_below_1024_is_roots(monkeypatch, account, reason):
    monkeypatch.setattr(os, "getuid", lambda: account)
    with pytest.raises(StackError, match=f"port 80 for gateway {reason}"):
        ports.choose(instance="main", remembered={}, fixed={"gateway": 80}, free=lambda port: port != 80)


def test_an_unknown_name_is_refused_by_name():
    with pytest.raises(StackError, match="'gatewya'"):
        ports.choose(instance="main", remembered={}, fixed={"gatewya": 80}, free=all_free)


def test_a_port_with_a_listener_is_not_free():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert not ports.is_free(server.getsockname()[1])


def test_a_reservation_holds_until_it_is_released(tmp_path, monkeypatch):
    monkeypatch.setattr(ports, "RESERVATIONS", tmp_path / "reservations")
    first, second = Instance.at(tmp_path / "first"), Instance.at(tmp_path / "second")
    with ports.reservations(first) as reserved:
        assert reserved == set()
        ports.reserve(first, {"gateway": 8080})
    with ports.reservations(second) as reserved:
        assert reserved == {8080}
    with ports.reservations(first) as reserved:
        assert reserved == set()
    ports.release(first)
    with ports.reservations(second) as reserved:
        assert reserved == set()


def test_a_reservation_that_ran_out_with_nobody_running_is_void(tmp_path, monkeypatch):
    monkeypatch.setattr(ports, "RESERVATIONS", tmp_path)
    monkeypatch.setattr(ports, "RESERVED_SECONDS", -1)
    ports.reserve(Instance.at(tmp_path / "first"), {"gateway": 8080})
    with ports.reservations(Instance.at(tmp_path / "second")) as reserved:
        assert reserved == set()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"gateway": "8080", "nonsense": 1}'])
def test_a_damaged_file_of_ports_is_forgotten(tmp_path, text):
    path = tmp_path / "ports.json"
    path.write_text(text)
    assert ports.load(path) == {}
