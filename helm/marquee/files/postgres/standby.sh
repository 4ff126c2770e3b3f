#!/bin/bash
# Makes $PGDATA a copy of the primary ($PGHOST) that follows it by a slot of its own ($SLOT), unless it is one already.
# Needs PGUSER, who may replicate, and PGPASSWORD.
set -euo pipefail
SLOT=${SLOT//-/_}
ask() {
    psql --no-psqlrc --quiet --no-align --tuples-only --dbname replication=true --command "$1"
}
if [ -s "$PGDATA/PG_VERSION" ]; then
    # One that was promoted is no copy any more. And without the primary a copy is better than none.
    if [ ! -e "$PGDATA/standby.signal" ] || ! pg_isready --quiet; then exit 0; fi
    # type|position|timeline: without a position the primary keeps nothing for it, and it would wait for ever.
    slot=$(ask "READ_REPLICATION_SLOT $SLOT")
    [ -z "$(cut -d '|' -f 2 <<<"$slot")" ] || exit 0
    echo "the primary has gone on without this copy: making another"
fi
until pg_isready --quiet; do
    echo "waiting for $PGHOST"
    sleep 1
done
rm -rf "$PGDATA" "$PGDATA.new"
slot=$(ask "READ_REPLICATION_SLOT $SLOT")
[ "${slot//|/}" = "" ] || ask "DROP_REPLICATION_SLOT $SLOT WAIT"
# The password stays in primary_conninfo, which --write-recovery-conf writes.
pg_basebackup --pgdata "$PGDATA.new" --wal-method stream --checkpoint fast --create-slot --slot "$SLOT" --write-recovery-conf
chmod 700 "$PGDATA.new"
mv "$PGDATA.new" "$PGDATA"
