"""The ledger guards itself: lines are only added, and the lines of one entry add up to zero."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION transactions_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER transactions_are_final BEFORE UPDATE OR DELETE ON transactions
FOR EACH ROW EXECUTE FUNCTION transactions_are_final();

CREATE FUNCTION transactions_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM added GROUP BY operation_id, kind, currency HAVING sum(amount) <> 0) THEN
    RAISE EXCEPTION 'the lines of a ledger entry add up to zero' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER transactions_add_up AFTER INSERT ON transactions
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION transactions_add_up();
"""

WITHOUT = """
DROP TRIGGER transactions_add_up ON transactions;
DROP FUNCTION transactions_add_up();
DROP TRIGGER transactions_are_final ON transactions;
DROP FUNCTION transactions_are_final();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [migrations.RunSQL(GUARDS, WITHOUT)]
