# The one database of a service and its owner, a role that may connect to nothing else, and who audits and can change
# nothing. The image runs it once, when it has made the cluster.
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv role SERVICE_ROLE
\getenv password SERVICE_PASSWORD
\getenv database SERVICE_DATABASE
\getenv audit_password AUDIT_PASSWORD
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
CREATE ROLE auditor LOGIN PASSWORD :'audit_password' CONNECTION LIMIT 8 IN ROLE pg_read_all_data;
GRANT CONNECT ON DATABASE :"database" TO auditor;
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
SQL
# For docker-compose.replica.yml.
echo "host replication $POSTGRES_USER all scram-sha-256" >>"$PGDATA/pg_hba.conf"
