#!/bin/sh
# Beside NGINX in its container: every few seconds what its status page counts, as Prometheus reads it and under the names
# of NGINX's exporter. That one in a container of its own would decide, alive or not, whether the gateway's pod is ready.
set -eu
folder=${METRICS_FOLDER:-/run/gateway/metrics}
mkdir -p "$folder"
page() {
    curl -fsS -m 2 "${STATUS_URL:-http://127.0.0.1:8081/stub_status}" | awk '
        function tell(name, kind, value) { printf "# TYPE nginx_%s %s\nnginx_%s %s\n", name, kind, name, value; told++ }
        /^Active connections:/ { tell("connections_active", "gauge", $3) }
        /^ *[0-9]+ +[0-9]+ +[0-9]+ *$/ {
            tell("connections_accepted", "counter", $1)
            tell("connections_handled", "counter", $2)
            tell("http_requests_total", "counter", $3)
        }
        /^Reading:/ {
            tell("connections_reading", "gauge", $2)
            tell("connections_writing", "gauge", $4)
            tell("connections_waiting", "gauge", $6)
        }
        END { if (told != 7) exit 1; tell("up", "gauge", 1) }'
}
(
    while :; do
        # Numbers of before would hide that nobody answers: without a page Prometheus says that it is down.
        if page > "$folder/new" 2> /dev/null; then mv "$folder/new" "$folder/metrics"; else rm -f "$folder/metrics"; fi
        sleep "${METRICS_SECONDS:-5}"
    done
) &
