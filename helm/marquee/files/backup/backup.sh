#!/bin/bash
# Dumps DATABASE_URL into BACKUP_FOLDER as <UTC time>.dump, readable to the end or not there, and keeps the last KEEP.
set -euo pipefail
umask 077
. "$(dirname "$0")/await.sh"
mkdir -p "$BACKUP_FOLDER"
name=$(date -u +%Y%m%dT%H%M%SZ)
draft="$BACKUP_FOLDER/.$name.part"
trap 'rm -f "$draft"' EXIT
pg_dump --format custom --compress 6 --no-owner --no-privileges --file "$draft" "$DATABASE_URL"
# Reads all of it back: a dump that was cut off is no backup.
pg_restore --file /dev/null "$draft"
sync "$draft"
mv "$draft" "$BACKUP_FOLDER/$name.dump"
find "$BACKUP_FOLDER" -maxdepth 1 -name '*.dump' -printf '%f\n' | sort -r | tail -n "+$((KEEP + 1))" |
    while read -r old; do rm -f "$BACKUP_FOLDER/$old"; done
echo "$BACKUP_FOLDER/$name.dump: $(stat -c %s "$BACKUP_FOLDER/$name.dump") bytes"
