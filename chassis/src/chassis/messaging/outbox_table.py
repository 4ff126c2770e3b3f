"""The table `outbox`: every statement that writes, takes, marks or counts its rows, and nothing else does.

Without Django, for the relay. The model in chassis.storage.models describes the same columns, for migrations.
"""

from collections.abc import Mapping

INSERT_MANY = """
INSERT INTO outbox (id, exchange, type, body, created_at)
SELECT (event ->> 'id')::uuid, %s, event ->> 'type', event, clock_timestamp() FROM jsonb_array_elements(%s) AS event
"""


def insert_from(source: str, *, event: str, exchange: str, fill: Mapping[str, str]) -> str:
    """One event for each row of `source`, another part of the same statement.

    event, exchange: the placeholders of the event's body and of the exchange. fill: members of the event's data that
    only the database knows, with the columns of `source` that hold them.
    """
    members = ", ".join(f"'{name}', to_jsonb({source}.{column})" for name, column in fill.items())
    body = "given || jsonb_build_object('data', given -> 'data' || jsonb_build_object(" + members + "))"
    # Names of parts and columns are the callers' code, never input.
    return (
        "INSERT INTO outbox (id, exchange, type, body, created_at)"  # noqa: S608  (marks and names from the code)
        f" SELECT (given ->> 'id')::uuid, {exchange}, given ->> 'type', {body if fill else 'given'}, clock_timestamp()"
        f" FROM {source}, (SELECT {event}::jsonb AS given) AS event"
    )


# The oldest that are not published, from an id on, with their age in seconds; locked, so no second relay takes them.
TAKE = """
    SELECT id, exchange, body, extract(epoch FROM clock_timestamp() - created_at)::float8
    FROM outbox WHERE published_at IS NULL AND id >= %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""

# The broker has confirmed them, which are in order; how long each took. By the range too, which says in what partitions
# they are: of an array PostgreSQL does not see that, and would look in each.
MARK = """
    UPDATE outbox SET published_at = clock_timestamp()
    WHERE id = ANY(%(ids)s) AND id >= %(first)s AND id <= %(last)s
    RETURNING extract(epoch FROM published_at - created_at)::float8
"""

OLDEST_AGE = """
    SELECT extract(epoch FROM clock_timestamp() - created_at)::float8
    FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 1
"""

# Of rows that may be pruned.
PUBLISHED = "published_at IS NOT NULL"
