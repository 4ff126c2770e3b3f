#!/bin/bash
# Runs a command whenever the certificate in TLS_FOLDER (/tls) was renewed: `watch.sh <command> ...`. The cluster replaces
# the files of a Secret in one step, a minute or two after its renewal. A command that fails is run again.
folder=${TLS_FOLDER:-/tls}
shown=$(cat "$folder"/* | sha256sum)
while sleep "${WATCH_SECONDS:-20}"; do
    there=$(cat "$folder"/* | sha256sum)
    [ "$there" = "$shown" ] && continue
    "$@" && shown=$there && echo "the renewed certificate is shown"
done
