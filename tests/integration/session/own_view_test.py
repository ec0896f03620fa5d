#!/usr/bin/env python3
"""What names mean within an open transaction that has made objects of its own: the sidecar asks on the
session's own connection, and whatever the agent does there must not lead it astray."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from stage import wire  # noqa: E402

SECRET = b"TOP-SECRET-4111"


class OwnViewTest(stage.StageTest):
    FIXTURE = stage.FIXTURE + f"""
create schema app; create schema shadow;
create table public.secrets(token text); insert into public.secrets values ('{SECRET.decode()}');
create view public.secret_view as select * from public.secrets;
"""
    RULES = """\
- {name: most, action: allow, match: {effects: [read, write, describe, transaction, session, define, drop, lock]}}
- {name: no-secrets, action: deny, match: {objects: ["public.secrets", "shadow.*"]}, reason: secrets are not for agents}
- {name: kept-stays, action: deny, match: {effects: [write, delete, drop, define], objects: ["*kept"]}}
"""

    def never(self, *flights, **parameters):
        """Each flight is one query, or a list of them sent at once."""
        db = self.open(**parameters)
        db.ask(wire.query("set search_path = app, public"))
        for flight in flights:
            texts = flight if isinstance(flight, list) else [flight]
            db.ask(*[wire.query(text) for text in texts], ready=len(texts))
        self.assertNotIn(SECRET, db.received)
        self.assertEqual([["1"]], stage.values(db.ask(wire.query("rollback"), wire.query("select 1"), ready=2)))
        db.close()

    def tearDown(self):
        self.server.sql("drop schema app cascade; create schema app", "shop", "app")
        super().tearDown()

    def test_it_can_be_read_without_the_sidecar(self):
        self.assertEqual(SECRET.decode(), self.server.sql("select * from public.secret_view", "shop", "app"))

    def test_plainly(self):
        self.never("select * from secrets", "select * from secret_view")

    def test_rollback_to_a_savepoint(self):
        made = ["begin", "savepoint a", "create table app.secrets(token text)"]
        self.never(*made, "rollback to a", "select * from secrets")
        self.never(*made, "select 1/0", "rollback to a", "select * from secrets")
        self.never(*made, ["rollback to a", "select * from secrets"])
        self.never([*made, "rollback to a", "select * from secrets"])
        self.never(*made, "rollback to a; select * from secrets")

    def test_rollback(self):
        made = ["begin", "create table app.secrets(token text)"]
        self.never(*made, ["rollback", "select * from secrets"])
        self.never(*made, "rollback; select * from secrets")
        self.never([*made, "rollback", "select * from secrets"])
        self.never(*made, "rollback and chain", "select * from secrets")

    def test_rollback_to_in_one_group(self):
        db = self.open()
        for text in ("set search_path = app, public", "begin", "savepoint a", "create table app.secrets(token text)"):
            db.ask(wire.query(text))
        done = db.ask(wire.parse("rollback to a"), wire.bind(), wire.execute(),
                      wire.parse("select * from secrets"), wire.bind(), wire.execute(), wire.SYNC)
        self.assertEqual(["55000"], wire.errors(done))
        self.assertNotIn(SECRET, db.received)

    def test_the_end_of_an_implicit_transaction(self):
        self.never("create table app.secrets(token text); select 1/0", "select * from secrets")
        self.never(["create table app.secrets(token text); select 1/0", "select * from secrets"])

    def test_temporary_tables_that_look_like_the_catalogue(self):
        columns = {"pg_class": 'oid oid, relname name, relkind "char", relnamespace oid, relrowsecurity bool',
                   "pg_namespace": "oid oid, nspname name",
                   "pg_rewrite": "oid oid, ev_class oid, ev_type \"char\", is_instead bool, ev_qual text, ev_action text",
                   "pg_proc": "oid oid, proname name", "pg_attribute": "attrelid oid, attname name, attnum int2",
                   "pg_trigger": "oid oid, tgrelid oid"}
        for name, shape in columns.items():
            with self.subTest(name):
                self.never(f"create temp table {name}({shape})", "begin", "create table app.z(x int)",
                           "select * from secret_view")

    def test_settings_are_not_asked_of_ones_own_functions(self):
        """Whatever stands before pg_catalog in the search path."""
        self.never("create view app.pg_prepared_statements as select 'p'::text as name, 'select 1'::text as statement, "
                   "false as from_sql", "set search_path = app, pg_catalog", "prepare p as select * from public.secrets",
                   "execute p", "create schema shadowed; set search_path = shadow, app, pg_catalog, public",
                   "select * from secrets")
        self.server.sql("drop schema if exists shadowed", "shop", "app")

    def test_a_view_that_somebody_else_makes_meanwhile(self):
        """The other session is the agent's as well."""
        db = self.open()
        db.ask(wire.query("begin"))
        db.ask(wire.query("create table app.z(x int)"))
        other = self.open()
        self.assertEqual([], wire.errors(other.ask(wire.query("create view app.harmless as select * from kept"))))
        done = db.ask(wire.query("delete from app.harmless"))
        self.assertEqual(["42501"], wire.errors(done))
        db.ask(wire.query("rollback"))
        db.ask(wire.query("begin"), wire.query("create table app.z(x int)"), ready=2)
        other.ask(wire.query("create view app.harmless2 as select * from kept"))
        done = db.ask(wire.parse("delete from app.harmless2"), wire.bind(), wire.execute(), wire.SYNC)
        self.assertEqual(["42501"], wire.errors(done))
        db.ask(wire.query("rollback"))
        db.ask(wire.query("begin"), wire.query("create table app.z(x int)"), ready=2)
        other.ask(wire.query("create view app.harmless3 as select * from kept"))
        done = db.ask(wire.parse("select 1"), wire.bind(), wire.execute(), wire.parse("delete from app.harmless3"),
                      wire.bind(), wire.execute(), wire.SYNC)
        self.assertEqual(["55000"], wire.errors(done))  # it cannot be asked for within the group

    def test_a_short_statement_timeout_does_not_blind(self):
        db = self.open()
        db.ask(wire.query("set statement_timeout = '30s'"))
        db.ask(wire.query("begin"))
        db.ask(wire.query("create table app.z(x int); set local statement_timeout = 1"))
        self.assertEqual("T", wire.status(db.ask(wire.query("set local statement_timeout = 0"))))
        self.assertEqual(["42501"], wire.errors(db.ask(wire.query("delete from kept"))))


if __name__ == "__main__":
    stage.main()
