"""`manage.py table_sizes`: rows and bytes of each table: what capacity is computed from."""

import json
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

# Of a partitioned table all of its partitions; tables of Django's own that stay small are left out by their rows.
_SIZES = """
SELECT c.oid::regclass::text, sum(pg_total_relation_size(part.relid))::bigint
FROM pg_class c CROSS JOIN LATERAL (
    SELECT c.oid AS relid WHERE c.relkind = 'r'
    UNION ALL SELECT relid FROM pg_partition_tree(c.oid) WHERE c.relkind = 'p' AND isleaf
) AS part
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
GROUP BY c.oid ORDER BY 2 DESC
"""


class Command(BaseCommand):
    help = "Prints the rows and bytes of each table, with its indexes and all of its partitions, as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        sizes = {}
        with connection.cursor() as cursor:
            cursor.execute(_SIZES)
            for table, size in cursor.fetchall():
                cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608  (names from the catalog)
                sizes[table] = {"rows": cursor.fetchone()[0], "bytes": size}
        self.stdout.write(json.dumps(sizes, indent=1))
