#!/bin/bash
# Makes an empty volume a copy of the primary ($PGHOST) that follows it. Needs PGPASSWORD of the role `replication`.
set -euo pipefail
data=/var/lib/postgresql/data/pgdata
[ -s "$data/PG_VERSION" ] && exit 0
rm -rf "$data"
until pg_isready --quiet --host "$PGHOST"; do
    echo "waiting for $PGHOST"
    sleep 2
done
# The password stays in primary_conninfo, which --write-recovery-conf writes.
pg_basebackup --host "$PGHOST" --username replication --pgdata "$data.new" --wal-method stream --checkpoint fast --write-recovery-conf
chmod 700 "$data.new"
mv "$data.new" "$data"
