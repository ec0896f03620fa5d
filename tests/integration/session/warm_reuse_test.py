#!/usr/bin/env python3
"""`warm: reuse`: a connection serves another session only if every statement of the last one is known
to leave no state. Each kind of state (docs/postgres.md, "Session state"): its session's connection is
closed, and the next session sees nothing of it."""

import json
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from stage import wire  # noqa: E402

# kind: (what leaves it, what would show it, what a new session answers to that)
STATE = {
    "temporary table": (["create temp table scratch(id int)"], "select to_regclass('pg_temp.scratch')", None),
    "temporary table by name": (["create table pg_temp.scratch(id int)"], "select to_regclass('pg_temp.scratch')", None),
    "temporary table by select into": (["select 1 as id into temp scratch"], "select to_regclass('pg_temp.scratch')", None),
    "temporary table as": (["create temporary table scratch as select 1"], "select to_regclass('pg_temp.scratch')", None),
    "temporary view": (["create temp view scratch as select 1"], "select to_regclass('pg_temp.scratch')", None),
    "temporary sequence": (["create temp sequence scratch"], "select to_regclass('pg_temp.scratch')", None),
    "temporary function": (["create function pg_temp.f() returns int language sql as 'select 1'"],
                           "select count(*) from pg_proc where proname = 'f'", "0"),
    "temporary table by a function": (["select leave_table()"], "select to_regclass('pg_temp.left_behind')", None),
    "temporary table by DO": (["do $$ begin create temp table scratch(id int); end $$"],
                              "select to_regclass('pg_temp.scratch')", None),
    "prepared statement": (["prepare p as select 1"], "select count(*) from pg_prepared_statements", "0"),
    "prepared statement by EXECUTE in DO": (["do $$ begin execute 'prepare p as select 1'; end $$"],
                                            "select count(*) from pg_prepared_statements", "0"),
    "held cursor": (["begin; declare c cursor with hold for select 1; commit"], "select count(*) from pg_cursors", "0"),
    "LISTEN": (["listen news"], "select count(*) from pg_listening_channels()", "0"),
    "advisory lock": (["select pg_advisory_lock(7411)"],
                      "select count(*) from pg_locks where locktype = 'advisory'", "0"),
    "advisory lock, tried": (["select pg_try_advisory_lock(1, 2)"],
                             "select count(*) from pg_locks where locktype = 'advisory'", "0"),
    "advisory lock, shared": (["select pg_advisory_lock_shared(7411)"],
                              "select count(*) from pg_locks where locktype = 'advisory'", "0"),
    "advisory lock by a function": (["select leave_lock()"],
                                    "select count(*) from pg_locks where locktype = 'advisory'", "0"),
    "setting": (["set work_mem = '1234kB'"], "show work_mem", "4MB"),
    "setting by set_config": (["select set_config('work_mem', '1234kB', false)"], "show work_mem", "4MB"),
    "setting by UPDATE": (["update pg_settings set setting = '1234' where name = 'work_mem'"], "show work_mem", "4MB"),
    "setting by a function": (["select leave_setting()"], "show work_mem", "4MB"),
    "setting by a function's own code": (["select leave_setting_by_text('set work_mem = ''1234kB''')"], "show work_mem", "4MB"),
    "setting by DO": (["do $$ begin set work_mem = '1234kB'; end $$"], "show work_mem", "4MB"),
    "setting by CALL": (["call leave_setting_by_call()"], "show work_mem", "4MB"),
    "setting by a view's function": (["select * from leaving_view"], "show work_mem", "4MB"),
    "setting by a trigger": (["insert into leaving_table values (1)"], "show work_mem", "4MB"),
    "setting by a cursor": (["begin; declare c cursor for select set_config('work_mem', '1234kB', false); fetch c; commit"],
                            "show work_mem", "4MB"),
    "setting by EXPLAIN ANALYZE": (["explain analyze select set_config('work_mem', '1234kB', false)"], "show work_mem", "4MB"),
    "session characteristics": (["set session characteristics as transaction isolation level serializable"],
                                "show default_transaction_isolation", "read committed"),
    "setting of one's own": (["set my.mark = 'left'"], "select current_setting('my.mark', true)", None),
    "reset": (["reset all"], "show work_mem", "4MB"),
    "role": (["set role guest"], "select current_user", "app"),
    "session authorization": (["set session authorization guest"], "select session_user", "app"),
    "role by set_config": (["select set_config('role', 'guest', false)"], "select current_user", "app"),
    "sequence": (["select nextval('counter')"], "select lastval()", "55000"),
    "sequence, set": (["select setval('counter', 5)"], "select currval('counter')", "55000"),
    "large object left open": (["begin; select lo_open(lo_create(0), 131072); select 1; commit"],
                               "select lo_tell(0)", "42704"),
    "library": (["load 'auto_explain'"], "select current_setting('auto_explain.log_format', true)", None),
    "random seed": (["select setseed(0.5)"], None, None),
    "temporary replication slot": (["select pg_create_physical_replication_slot('left_slot', true, true)"],
                                   "select count(*) from pg_replication_slots", "0"),
    "replication origin": (["select pg_replication_origin_session_setup('left_origin')"],
                           "select pg_replication_origin_session_is_setup()", "f"),
    "plans": (["discard plans"], None, None),
    "all discarded": (["discard all"], None, None),
    "code nobody knows": (["select unknown_to_us()"], None, None),
    "transaction prepared": (["begin; insert into other values (9, 'x'); prepare transaction 'left'"], None, None),
}
FIXTURE = stage.FIXTURE + """
create role guest; grant guest to app; create sequence counter; create table seen(id serial, note text);
create function leave_table() returns void language plpgsql as $$ begin create temp table left_behind(id int); end $$;
create function leave_lock() returns void language sql as $$ select pg_advisory_lock(7411) $$;
create function leave_setting() returns void language plpgsql as $$ begin set work_mem = '1234kB'; end $$;
create function leave_setting_by_text(t text) returns void language plpgsql as $$ begin execute t; end $$;
create procedure leave_setting_by_call() language plpgsql as $$ begin set work_mem = '1234kB'; end $$;
create view leaving_view as select set_config('work_mem', '1234kB', false);
create table leaving_table(id int);
create function leave_by_trigger() returns trigger language plpgsql as $$ begin set work_mem = '1234kB'; return new; end $$;
create trigger leaving before insert on leaving_table for each row execute function leave_by_trigger();
create function unknown_to_us() returns int language internal as 'pg_backend_pid';
select pg_replication_origin_create('left_origin');
"""
STATELESS = ["select * from kept", "insert into other values (1, 'x')", "update other set note = 'y'",
             "delete from other", "begin; select 1; commit", "begin; select 1; rollback", "show work_mem",
             "select 1/0", "explain select 1", "",
             "begin; declare c cursor for select 1; fetch c; commit", "begin; lock table other; commit", "notify news",
             "select twice(2)"]


class WarmReuseTest(stage.StageTest):
    FIXTURE = FIXTURE
    RULES = "- {name: all, action: allow}\n"
    MORE = "warm: {mode: reuse, max: 2, age: 5m}"

    def session(self, *messages):
        """Runs one session that ends in order; (its server process, what it heard)."""
        db = self.open()
        pid = stage.values(db.ask(wire.query("select pg_backend_pid()")))[0][0]
        heard = [db.ask(one) for one in messages]
        db.send(wire.TERMINATE)
        while db.next():
            pass
        db.close()
        return pid, heard

    def alive(self, pid):
        return self.server.sql(f"select count(*) from pg_stat_activity where pid = {pid}") == "1"

    def returned(self):
        """How many connections were offered to further sessions so far."""
        return json.loads(self.explain("status"))["warm_returned"]

    def left(self, *messages):
        """A session that leaves state: its connection is not offered, and its process ends."""
        before = self.returned()
        pid, heard = self.session(*messages)
        self.assertEqual(before, self.returned())
        self.eventually(lambda: not self.alive(pid), "the connection of that session is closed")
        return pid, heard

    def offered(self, *messages):
        before = self.returned()
        self.session(*messages)
        self.assertEqual(before + 1, self.returned())

    def reused(self, *messages):
        """That such sessions share connections: within a few, one process comes again."""
        seen = set()
        for _ in range(40):
            pid, _ = self.session(*messages)
            if pid in seen:
                return
            seen.add(pid)
        self.fail(f"40 sessions had {len(seen)} connections")

    def test_a_connection_is_reused(self):
        self.reused(wire.query("select 1"))

    def test_reused_after_statements_without_state(self):
        for text in STATELESS:
            with self.subTest(text):
                self.offered(wire.query(text))

    def test_reused_after_the_extended_protocol(self):
        self.reused(wire.parse("select $1::text") + wire.bind(values=[b"x"]) + wire.describe(b"P") + wire.execute() + wire.SYNC)

    def test_a_reused_connection_greets_as_a_new_one(self):
        def greeting():
            db = self.open()
            statuses = [(kind, body) for kind, body in db.greeting if kind == b"S"]
            db.send(wire.TERMINATE)
            while db.next():
                pass
            return statuses
        first = greeting()
        self.assertIn(b"server_version", [body.split(b"\0")[0] for _, body in first])
        for _ in range(6):
            self.assertEqual(first, greeting())

    def test_each_kind_of_state(self):
        for kind, (texts, question, fresh) in STATE.items():
            with self.subTest(kind):
                pid, heard = self.left(*[wire.query(text) for text in texts])
                self.assertEqual([], [code for one in heard for code in wire.errors(one)], kind)
                for _ in range(3):
                    other, answers = self.session(*([wire.query(question)] if question else []))
                    self.assertNotEqual(pid, other)
                    if question:
                        said = wire.errors(answers[0]) or stage.values(answers[0])[0]
                        self.assertEqual([fresh], said, kind)
        self.server.sql("rollback prepared 'left'", "shop")

    def test_state_by_the_protocol(self):
        self.left(wire.parse("select 1", "named") + wire.SYNC)
        self.left(wire.parse("set work_mem = '1234kB'") + wire.bind() + wire.execute() + wire.SYNC)
        self.left(wire.parse("select set_config('work_mem', '1234kB', false)") + wire.bind() + wire.execute() + wire.SYNC)
        call = struct.pack("!IHHH", self.oid_of("'pg_backend_pid()'::regprocedure"), 0, 0, 1)
        self.left(wire.message(b"F", call))

    def test_an_open_transaction(self):
        self.left(wire.query("begin"))
        self.left(wire.query("begin"), wire.query("select 1/0"))

    def test_a_client_that_does_not_say_terminate(self):
        db = self.open()
        pid = stage.values(db.ask(wire.query("select pg_backend_pid()")))[0][0]
        db.close()
        self.eventually(lambda: not self.alive(pid), "the connection is closed")

    def test_startup_parameters_make_another_connection(self):
        def pid_of(**parameters):
            db = self.open(**parameters)
            answer = stage.values(db.ask(wire.query("select pg_backend_pid(), current_setting('work_mem')")))[0]
            db.send(wire.TERMINATE)
            while db.next():
                pass
            return tuple(answer)
        plain = {pid_of()[0] for _ in range(4)}
        for _ in range(4):
            pid, work_mem = pid_of(work_mem="1234kB")
            self.assertEqual("1234kB", work_mem)
            self.assertNotIn(pid, plain)
        self.assertEqual("4MB", pid_of()[1])

    def test_no_more_than_the_cap(self):
        many = [self.open() for _ in range(8)]
        for db in many:
            db.ask(wire.query("select 1"))
        for db in many:
            db.send(wire.TERMINATE)
        mine = "select count(*) from pg_stat_activity where usename = 'app' and application_name <> 'chaperone'"
        self.eventually(lambda: int(self.server.sql(mine)) <= 2 + 1 and not any(db.next() for db in many),
                        "no more are kept than the resource says")

    def test_a_cancelled_session_is_not_reused(self):
        db = self.open()
        pid = stage.values(db.ask(wire.query("select pg_backend_pid()")))[0][0]
        key = [body for kind, body in db.greeting if kind == b"K"][0]
        stopper = stage.raw()
        self.addCleanup(stopper.close)
        stopper.sendall(struct.pack("!II", 16, 80877102) + key)
        while stopper.recv(100):
            pass
        db.ask(wire.query("select 1"))
        db.send(wire.TERMINATE)
        self.eventually(lambda: not self.alive(pid), "the connection is closed: the cancel may still come")


if __name__ == "__main__":
    stage.main()
