#!/bin/sh
# Becomes the process that the command names, so that signals reach it; any other command is run as it is.
set -eu
process=${1:-web}
[ $# -eq 0 ] || shift
case $process in
    web) exec gunicorn -c python:chassis.web.gunicorn config.wsgi "$@" ;;
    worker)
        exec celery -A config.celery worker -n "${SERVICE_NAME:?}@%h" \
            -E --heartbeat-interval 10 --without-mingle --without-gossip --loglevel INFO "$@"
        ;;
    relay) exec python -m chassis.messaging.relay "$@" ;;
    live) exec python -m live_seats "$@" ;;
    migrate) exec python manage.py prepare "$@" ;;
    beat) exec celery -A chassis.messaging.clock beat --scheduler celery.beat:Scheduler --loglevel INFO --pidfile= "$@" ;;
    flower) exec celery -A chassis.messaging.clock flower --address="$BIND" --port="${PORT:-5555}" --url_prefix=flower "$@" ;;
    gateway-simulator) exec python -m gateway_simulator "$@" ;;
    audit) exec python -m audit hourly "$@" ;;
    message-sink) exec python -m message_sink "$@" ;;
    *) exec "$process" "$@" ;;
esac
