#!/bin/bash
# Starts a node of REPLICAS, and once it runs gives it a copy of every quorum queue: what was declared before the node
# had joined has none on it, and would be gone with the nodes that have one.
set -euo pipefail
take_part() {
    until rabbitmqctl --quiet await_startup --timeout 60 > /dev/null 2>&1; do sleep 5; done
    # Again after a while: a queue without a majority takes no member, and has one when the other nodes are back.
    for pause in 0 30 60; do
        sleep "$pause"
        rabbitmq-queues --quiet grow "$RABBITMQ_NODENAME" all > /dev/null || echo "not every queue has a copy here yet"
    done
    rabbitmq-queues --quiet rebalance quorum > /dev/null || true
}
if [ "$REPLICAS" -gt 1 ]; then
    take_part &
fi
exec rabbitmq-server
