"""How PostgreSQL keeps a table: when it is swept, and whether its rows are compressed."""

# Of a table with a million rows PostgreSQL's own settings sweep when two hundred thousand are dead.
SWEPT_OFTEN = {
    "autovacuum_vacuum_threshold": "2000",
    "autovacuum_vacuum_scale_factor": "0.01",
    "autovacuum_vacuum_insert_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.02",
    "autovacuum_vacuum_cost_delay": "0",
}
# Rows of more than 2 kB are compressed, unless this says otherwise: that takes longer than it saves where they stay for
# days and are written while somebody waits.
UNCOMPRESSED = {"toast_tuple_target": "8160"}
