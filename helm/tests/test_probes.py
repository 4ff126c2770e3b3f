"""How servers are asked whether they live and serve."""

from chart import pod


def test_a_node_of_rabbitmq_is_not_killed_because_it_does_not_serve():
    """Stopped by hand, or waiting for its peers, it listens to them all the same; and no second Erlang is started."""
    node = pod("default", "rabbitmq").container("rabbitmq")
    assert {key: node[key]["tcpSocket"]["port"] for key in node if key.endswith("Probe")} == {
        "startupProbe": "amqp",
        "readinessProbe": "amqp",
        "livenessProbe": "distribution",
    }


def test_whether_a_database_lives_is_asked_without_a_command():
    """A command costs a node much, and there are five; whether one may be asked something, a command tells."""
    node = pod("default", "postgres").container("postgres")
    assert node["livenessProbe"]["tcpSocket"]["port"] == "postgresql"
    assert node["readinessProbe"]["exec"]["command"][0] == "pg_isready"
    assert node["readinessProbe"]["periodSeconds"] >= 10
