#!/bin/bash
# Starts a Redis (`redis`) or its Sentinel (`sentinel`) of a set that knows its members by name.
# POD_NAME, NODES (the domain of the names), FIRST (the pod that is master when nobody knows better), REPLICAS,
# MAX_MEMORY, TLS (yes or no), REDIS_PASSWORD. Sentinel keeps what it learns in /data.
set -euo pipefail
me="$POD_NAME.$NODES"
tls=()
transport="port $([ "$1" = redis ] && echo 6379 || echo 26379)"
if [ "$TLS" = yes ]; then
    tls=(--tls --cacert /tls/ca.crt)
    transport="port 0
tls-port ${transport#port }
tls-cert-file /tls/tls.crt
tls-key-file /tls/tls.key
tls-ca-cert-file /tls/ca.crt
tls-auth-clients no
tls-replication yes"
fi

# The master that any Sentinel knows; the first pod when none answers, which is so at the first start alone.
master() {
    local node answer
    for ((node = 0; node < REPLICAS; node++)); do
        answer=$(REDISCLI_AUTH=$REDIS_PASSWORD timeout 2 redis-cli "${tls[@]}" -h "${FIRST%-0}-$node.$NODES" -p 26379 \
            sentinel get-master-addr-by-name marquee 2>/dev/null | head -n 1) || continue
        [ -n "$answer" ] && { echo "$answer"; return; }
    done
    echo "$FIRST.$NODES"
}

if [ "$1" = redis ]; then
    {
        cat <<CONF
$transport
bind * -::*
dir /data
requirepass $REDIS_PASSWORD
masterauth $REDIS_PASSWORD
replica-announce-ip $me
maxmemory $MAX_MEMORY
maxmemory-policy volatile-lru
tcp-keepalive 60
save 300 1
appendonly no
CONF
        if [ "$REPLICAS" -gt 1 ]; then
            leader=$(master)
            [ "$leader" = "$me" ] || echo "replicaof $leader 6379"
        fi
    } > /tmp/redis.conf
    exec redis-server /tmp/redis.conf
fi

if [ ! -s /data/sentinel.conf ]; then
    cat > /data/sentinel.conf <<CONF
$transport
bind * -::*
dir /tmp
requirepass $REDIS_PASSWORD
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $me
sentinel monitor marquee $(master) 6379 $((REPLICAS / 2 + 1))
sentinel auth-pass marquee $REDIS_PASSWORD
sentinel sentinel-pass $REDIS_PASSWORD
sentinel down-after-milliseconds marquee 5000
sentinel failover-timeout marquee 15000
sentinel parallel-syncs marquee 1
CONF
fi
exec redis-server /data/sentinel.conf --sentinel
