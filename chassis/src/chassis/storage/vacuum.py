"""When PostgreSQL sweeps a table."""

# Of a table with a million rows PostgreSQL's own settings sweep when two hundred thousand are dead.
SWEPT_OFTEN = {
    "autovacuum_vacuum_threshold": "2000",
    "autovacuum_vacuum_scale_factor": "0.01",
    "autovacuum_vacuum_insert_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.02",
    "autovacuum_vacuum_cost_delay": "0",
}
