#!/bin/sh
# Beside NGINX in its container: reads the configuration anew whenever one of its certificates has changed. Whoever is
# being served goes on with the old workers, and what cannot be read leaves everything as it is.
set -eu
files="${GATEWAY_TLS_CERTIFICATE:-} ${GATEWAY_TLS_CERTIFICATE_KEY:-} ${GATEWAY_UPSTREAM_CA:-}"
[ -n "$(echo $files)" ] || exit 0
sum() { cat $files | sha256sum; }
shown=$(sum)
(
    while sleep "${GATEWAY_CERTIFICATE_SECONDS:-20}"; do
        there=$(sum) || continue
        [ "$there" != "$shown" ] || continue
        kill -HUP "${GATEWAY_MASTER:-1}" && shown=$there
    done
) &
