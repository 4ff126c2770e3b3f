#!/bin/bash
# The image runs it once, on an empty volume: the service's role and database, and the roles that copy, measure and audit.
set -euo pipefail
# The image hides a listener-less server behind its socket while this runs; values go in as psql variables, quoted there.
psql --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
    --set database="$SERVICE_DATABASE" --set user="$SERVICE_USER" --set password="$SERVICE_PASSWORD" \
    --set replication_password="$REPLICATION_PASSWORD" --set exporter_password="$EXPORTER_PASSWORD" \
    --set audit_password="$AUDIT_PASSWORD" <<'SQL'
CREATE ROLE :"user" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"user";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
CREATE ROLE replication REPLICATION LOGIN PASSWORD :'replication_password';
CREATE ROLE exporter LOGIN PASSWORD :'exporter_password' CONNECTION LIMIT 3;
GRANT pg_monitor TO exporter;
GRANT CONNECT ON DATABASE postgres TO exporter;
CREATE ROLE auditor LOGIN PASSWORD :'audit_password' CONNECTION LIMIT 8 IN ROLE pg_read_all_data;
GRANT CONNECT ON DATABASE :"database" TO auditor;
SQL
