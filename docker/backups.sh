#!/bin/bash
# Compose's five databases, dumped and put back by the scripts of the chart (helm/marquee/files/backup).
#   daily                    at once what has no dump of the last day, then all at BACKUP_HOUR (UTC) of each day
#   now [SERVICE...]         these, or all
#   restore SERVICE [FILE]   the newest dump, or /backups/SERVICE/FILE; the service's processes must be stopped
#   fresh                    exits 0 while every database has a dump of the last 26 hours
set -euo pipefail
SCRIPTS=/marquee/scripts
SERVICES=(auth catalog booking payment notify)

# Sets what the chart's scripts ask for.
of() {
    local url=${1^^}_DATABASE_URL
    [ -n "${!url:-}" ] || { echo "there is no service '$1'" >&2; return 1; }
    export DATABASE_URL=${!url} BACKUP_FOLDER=/backups/$1
}

# One that fails keeps the others from nothing.
dump() {
    local service failed=0
    for service in "$@"; do
        (of "$service" && bash "$SCRIPTS/backup.sh") || { echo "$service was not dumped" >&2; failed=1; }
    done
    return "$failed"
}

stale() {
    local service
    for service in "${SERVICES[@]}"; do
        [ -n "$(find "/backups/$service" -maxdepth 1 -name '*.dump' -mmin "-$1" 2>/dev/null)" ] || echo "$service"
    done
}

daily() {
    local missing next
    missing=$(stale $((24 * 60)))
    # shellcheck disable=SC2086  (a word for each service)
    [ -z "$missing" ] || dump $missing || true
    while :; do
        next=$(date -ud "today $BACKUP_HOUR:00" +%s)
        [ "$next" -gt "$(date +%s)" ] || next=$(date -ud "tomorrow $BACKUP_HOUR:00" +%s)
        sleep $((next - $(date +%s)))
        dump "${SERVICES[@]}" || true
    done
}

case "${1:-}" in
    daily) daily ;;
    now) shift; [ $# -gt 0 ] || set -- "${SERVICES[@]}"; dump "$@" ;;
    restore)
        of "${2:?say which service}"
        [ $# -lt 3 ] || export BACKUP_FILE=$BACKUP_FOLDER/${3##*/}
        exec bash "$SCRIPTS/restore.sh"
        ;;
    fresh) missing=$(stale $((26 * 60))); [ -z "$missing" ] || { echo "too old:" $missing; exit 1; } ;;
    *) sed -n '2,6s/^# //p' "$0"; exit 2 ;;
esac
