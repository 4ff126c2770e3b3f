"""What `make check` refuses of a migration, and what it lets pass."""

import pytest
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.core.management import call_command
from django.db import migrations, models
from django.db.migrations.state import ProjectState

from chassis.storage.migration_rules import faults
from chassis.storage.migrations import AddIndexBeside, RemoveIndexBeside
from chassis.storage.partitioning import PartitionByTime
from chassis.storage.partitions import ByTime

POSITIVE = models.CheckConstraint(condition=models.Q(size__gt=0), name="positive")
BY_NAME = models.Index(fields=["name"], name="by_name")


def found(*operations, initial: bool = False, atomic: bool = True) -> list[str]:
    """Of a migration of an app that has one table, with an index."""
    state = ProjectState()
    migrations.CreateModel(
        "lamp",
        [
            ("id", models.AutoField(primary_key=True)),
            ("name", models.CharField(max_length=10)),
            ("size", models.IntegerField(null=True)),
        ],
        options={"indexes": [models.Index(fields=["size"], name="by_size")]},
    ).state_forwards("lamps", state)
    migration = migrations.Migration("0002_more", "lamps")
    migration.operations, migration.initial, migration.atomic = list(operations), initial, atomic
    return list(faults(migration, state))


def sql(text: str) -> migrations.RunSQL:
    return migrations.RunSQL(text, migrations.RunSQL.noop)


REFUSED = {
    "an index": migrations.AddIndex("lamp", BY_NAME),
    "an index that goes": migrations.RemoveIndex("lamp", "by_size"),
    "a rule that all rows are held against": migrations.AddConstraint("lamp", POSITIVE),
    "a rule with an index": migrations.AddConstraint("lamp", models.UniqueConstraint(fields=["name"], name="once")),
    "an exclusion": migrations.AddConstraint("lamp", ExclusionConstraint(name="one", expressions=[("size", "=")])),
    "a column that the code of before does not fill": migrations.AddField("lamp", "on", models.BooleanField(default=1)),
    "a column with an index": migrations.AddField("lamp", "code", models.CharField(null=True, unique=True)),
    "a column with a foreign key": migrations.AddField(
        "lamp", "other", models.ForeignKey("lamps.lamp", models.CASCADE, null=True, db_index=False)
    ),
    "a column of another type": migrations.AlterField("lamp", "size", models.BigIntegerField(null=True)),
    "a shorter text": migrations.AlterField("lamp", "name", models.CharField(max_length=9)),
    "no nulls any more": migrations.AlterField("lamp", "size", models.IntegerField()),
    "another name of a column": migrations.RenameField("lamp", "size", "watts"),
    "another name of a table": migrations.RenameModel("lamp", "bulb"),
    "rows changed by Python": migrations.RunPython(migrations.RunPython.noop),
    "rows changed by SQL": sql("SET lock_timeout = 0; UPDATE lamps SET size = 1"),
    "an index by SQL": sql("CREATE INDEX by_name ON lamps (name)"),
    "a rule by SQL": sql("ALTER TABLE lamps ADD CHECK (size > 0)"),
}
ALLOWED = {
    "an index beside": AddIndexBeside("lamp", BY_NAME),
    "an index that goes beside": RemoveIndexBeside("lamp", "by_size"),
    "a rule for new rows": AddConstraintNotValid("lamp", POSITIVE),
    "a rule looked at beside": ValidateConstraint("lamp", "positive"),
    "a column with nulls": migrations.AddField("lamp", "code", models.CharField(null=True)),
    "a column that the database fills": migrations.AddField("lamp", "on", models.BooleanField(db_default=True)),
    "a reference without a rule": migrations.AddField(
        "lamp", "other", models.ForeignKey("lamps.lamp", models.CASCADE, null=True, db_index=False, db_constraint=False)
    ),
    "a longer text": migrations.AlterField("lamp", "name", models.CharField(max_length=11)),
    "any text": migrations.AlterField("lamp", "name", models.TextField()),
    "other words for people": migrations.AlterField("lamp", "name", models.CharField(max_length=10, help_text="His.")),
    "an index beside by SQL": sql("SET statement_timeout = 0; CREATE UNIQUE INDEX CONCURRENTLY one ON lamps (name)"),
    "a rule that has its index": sql("ALTER TABLE lamps ADD CONSTRAINT one UNIQUE USING INDEX one"),
    "a function": sql("CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN; UPDATE lamps SET size = 1; END $$"),
    "a trigger": sql("CREATE TRIGGER f BEFORE UPDATE OR DELETE ON lamps EXECUTE FUNCTION f()"),
}


@pytest.mark.parametrize("operation", REFUSED.values(), ids=REFUSED)
def test_what_locks_a_large_table_or_breaks_the_code_of_before_is_refused(operation):
    assert len(found(operation)) == 1
    assert not found(operation, initial=True)


@pytest.mark.parametrize("operation", ALLOWED.values(), ids=ALLOWED)
def test_what_holds_up_nobody_passes(operation):
    assert not found(operation)


def test_a_table_that_is_new_is_not_large():
    table = migrations.CreateModel("shade", [("id", models.AutoField(primary_key=True)), ("name", models.TextField())])
    assert not found(table, migrations.AddIndex("shade", models.Index(fields=["name"], name="shades_by_name")))


def test_a_table_is_partitioned_outside_of_a_transaction():
    by_time = PartitionByTime(ByTime("lamps", key="id", days=7))
    assert len(found(by_time)) == len(found(by_time, initial=True)) == 1
    assert not found(by_time, atomic=False)


@pytest.mark.django_db
def test_the_migrations_of_the_chassis_pass():
    call_command("check_migrations")
