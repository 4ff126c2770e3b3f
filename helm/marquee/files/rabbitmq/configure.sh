#!/bin/bash
# Writes what a node starts with: the cookie, its configuration, its plugins. Runs before each start, so on a volume that
# has all of it already too. COOKIE, RABBITMQ_USER, RABBITMQ_PASSWORD, SERVER (the StatefulSet), NODES (the domain of the
# nodes' names), REPLICAS.
set -euo pipefail
umask 077
home=/var/lib/rabbitmq
run=/run/rabbitmq
# The nodes' secret, which Erlang wants in a file that its owner alone may read. The one of the start before cannot be
# written to: a new one takes its place.
printf %s "$COOKIE" > "$home/.erlang.cookie.new"
chmod 400 "$home/.erlang.cookie.new"
mv -f "$home/.erlang.cookie.new" "$home/.erlang.cookie"
cp /config/rabbitmq.conf "$run/rabbitmq.conf"
{
    # The user is made at the first start.
    printf 'default_user = %s\ndefault_pass = %s\n' "$RABBITMQ_USER" "$RABBITMQ_PASSWORD"
    echo 'cluster_formation.peer_discovery_backend = classic_config'
    for ((node = 0; node < REPLICAS; node++)); do
        echo "cluster_formation.classic_config.nodes.$((node + 1)) = rabbit@$SERVER-$node.$NODES"
    done
} >> "$run/rabbitmq.conf"
echo '[rabbitmq_management,rabbitmq_prometheus].' > "$run/enabled_plugins"
