#!/bin/bash
# Puts a dump back into DATABASE_URL, all of it or nothing: BACKUP_FILE, or the newest in BACKUP_FOLDER.
# What the database holds is replaced. The service's pods must be stopped (docs/operations/backup.md).
set -euo pipefail
. "$(dirname "$0")/await.sh"
file=${BACKUP_FILE:-}
if [ -z "$file" ]; then
    newest=$(find "$BACKUP_FOLDER" -maxdepth 1 -name '*.dump' -printf '%f\n' | sort | tail -n 1)
    [ -n "$newest" ] || { echo "there is no dump in $BACKUP_FOLDER" >&2; exit 1; }
    file="$BACKUP_FOLDER/$newest"
fi
others=$(psql --no-psqlrc --tuples-only --no-align --dbname "$DATABASE_URL" --command \
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()")
if [ "$others" -gt 0 ]; then
    echo "$others connections of the service are open: stop its pods first" >&2
    exit 1
fi
echo "restoring $file"
# What came after the dump has no place in it: the schema goes as a whole. COMMIT comes when the dump was read to its
# end; without it, what psql was told so far is undone.
{
    echo 'BEGIN; DROP SCHEMA public CASCADE; CREATE SCHEMA public;'
    pg_restore --no-owner --no-privileges --file - "$file" && echo 'COMMIT;'
} | psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname "$DATABASE_URL" > /dev/null
# It says of each of the server's own tables that it leaves it alone.
psql --no-psqlrc --quiet --dbname "$DATABASE_URL" --command 'SET client_min_messages = error' --command 'ANALYZE'
echo "restored $file"
