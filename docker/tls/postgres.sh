#!/bin/bash
# PostgreSQL's image with TLS, and nobody from elsewhere without it. Takes the command that the image would have.
set -euo pipefail
install -o postgres -g postgres -m 600 /tls/tls.key /run/postgres.key
exec docker-entrypoint.sh "$@" -c ssl=on -c ssl_cert_file=/tls/tls.crt -c ssl_key_file=/run/postgres.key \
    -c hba_file=/marquee/tls/pg_hba.conf
