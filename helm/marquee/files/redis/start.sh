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

# The master that any Sentinel knows and does not think lost; nothing when none answers.
agreed() {
    local node said master
    for ((node = 0; node < REPLICAS; node++)); do
        said=$(REDISCLI_AUTH=$REDIS_PASSWORD timeout 2 redis-cli "${tls[@]}" -h "${FIRST%-0}-$node.$NODES" -p 26379 \
            sentinel master marquee 2>/dev/null) || continue
        master=$(sed -n '/^ip$/{n;p;q}' <<< "$said")
        [ -n "$master" ] || continue
        sed -n '/^flags$/{n;p;q}' <<< "$said" | grep -q down || { echo "$master"; return; }
    done
}

# On a volume that was used before there are Sentinels somewhere, which are not heard at once in a pod that is new to the
# network, or are about to choose another master: they are waited for. Only when nobody knows better it is the first pod.
master() {
    local found deadline=$((SECONDS + 30))
    while :; do
        found=$(agreed)
        [ -z "$found" ] || break
        [ -e /data/started ] && [ "$SECONDS" -lt "$deadline" ] || break
        sleep 1
    done
    touch /data/started
    echo "${found:-$FIRST.$NODES}"
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
            # A master whose replicas have gone to another one takes no more writes: they would be lost.
            echo "min-replicas-to-write 1"
            echo "min-replicas-max-lag 5"
        fi
    } > /tmp/redis.conf
    if [ "$TLS" = yes ]; then
        REDISCLI_AUTH=$REDIS_PASSWORD bash /scripts/watch.sh redis-cli -e "${tls[@]}" \
            config set tls-cert-file /tls/tls.crt tls-key-file /tls/tls.key tls-ca-cert-file /tls/ca.crt &
    fi
    exec redis-server /tmp/redis.conf
fi

if [ ! -s /data/sentinel.conf ]; then
    leader=$(master)
    cat > /data/sentinel.conf <<CONF
$transport
bind * -::*
dir /tmp
requirepass $REDIS_PASSWORD
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $me
sentinel monitor marquee $leader 6379 $((REPLICAS / 2 + 1))
sentinel auth-pass marquee $REDIS_PASSWORD
sentinel sentinel-pass $REDIS_PASSWORD
sentinel down-after-milliseconds marquee 5000
sentinel failover-timeout marquee 15000
sentinel parallel-syncs marquee 1
CONF
fi
if [ "$TLS" = yes ]; then
    # It reads certificates when it starts alone; what it knows is on its volume.
    bash /scripts/watch.sh kill -TERM 1 &
fi
exec redis-server /data/sentinel.conf --sentinel
