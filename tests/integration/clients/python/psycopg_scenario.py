"""The scenario of ../README.md with psycopg 3."""

import os
import threading
import time

import psycopg
from psycopg import errors


def ok(step):
    print(f"ok {step}", flush=True)


def rows(connection, query, *args, **options):
    return connection.execute(query, *args, **options).fetchall()


def refused(call):
    """The SQLSTATE that call fails with."""
    try:
        call()
    except psycopg.Error as error:
        return error.sqlstate
    raise AssertionError("this should have been refused")


def connections():
    for mode, step in (("disable", "connect"), ("require", "tls_require"), ("verify-full", "tls_verify_full")):
        with psycopg.connect(sslmode=mode) as connection:
            assert rows(connection, "select 1 + 1") == [(2,)]
            assert connection.pgconn.ssl_in_use == (mode != "disable")
        ok(step)


def queries(db):
    assert rows(db, "select id, owner from accounts order by id") == [(1, "ada"), (2, "bob"), (3, "cyd")]
    ok("simple")
    for binary in (False, True):
        assert rows(db, "select %s, %s::int, %s::text", ("it's", 7, None), binary=binary) == [("it's", 7, None)]
    ok("parameters")
    for number, owner in ((1, "ada"), (2, "bob"), (3, "cyd")):
        assert rows(db, "select owner from accounts where id = %s", (number,), prepare=True) == [(owner,)]
    ok("prepared")
    with db.pipeline():
        cursors = [db.execute("select %s::int * 2", (n,)) for n in range(50)]
    assert [c.fetchone()[0] for c in cursors] == [2 * n for n in range(50)]
    ok("pipeline")


def transactions(db):
    count = "select count(*) from events where kind = 'psycopg-a'"
    with db.transaction():
        db.execute("insert into events(kind) values ('psycopg-a')")
        with db.transaction(force_rollback=True):
            db.execute("insert into events(kind) values ('psycopg-a')")
        assert rows(db, count) == [(1,)]
    with db.transaction(force_rollback=True):
        db.execute("insert into events(kind) values ('psycopg-a')")
    assert rows(db, count) == [(1,)]
    ok("transaction")


def copies(db):
    with db.cursor().copy("copy events(kind, detail) from stdin") as copy:
        for n in range(1000):
            copy.write_row(("psycopg-copy", "x" * n))
    assert rows(db, "select count(*) from events where kind = 'psycopg-copy'") == [(1000,)]
    ok("copy_in")
    with db.cursor().copy("copy (select id, owner from accounts order by id) to stdout (format binary)") as copy:
        copy.set_types(["int4", "text"])
        assert list(copy.rows()) == [(1, "ada"), (2, "bob"), (3, "cyd")]
    ok("copy_out")


def messages(db):
    seen = []
    db.add_notice_handler(lambda d: seen.append(d.sqlstate))
    db.execute("begin")
    db.execute("begin")
    db.execute("rollback")
    assert seen == ["25001"], seen
    ok("notice")
    db.execute("listen psycopg_ch")
    with psycopg.connect(autocommit=True) as other:
        other.execute("notify psycopg_ch, 'hello'")
    note = next(db.notifies(timeout=30, stop_after=1))
    assert (note.channel, note.payload) == ("psycopg_ch", "hello")
    db.execute("unlisten *")
    ok("notify")


def cancel(db):
    def later():
        with psycopg.connect(autocommit=True) as other:
            while not rows(other, "select 1 from pg_stat_activity where state = 'active' and "
                                  "query like '%%1000000000000%%' and pid <> pg_backend_pid()"):
                time.sleep(0.05)
        db.cancel_safe()
    thread = threading.Thread(target=later)
    thread.start()
    assert refused(lambda: db.execute(
        "select count(*) from (select generate_series(1, 1000000000000)) x")) == "57014"
    thread.join()
    assert rows(db, "select 1") == [(1,)]
    ok("cancel")


def failures(db):
    db.execute("begin")
    assert refused(lambda: db.execute("select 1/0")) == "22012"
    assert refused(lambda: db.execute("select 1")) == "25P02"
    db.execute("rollback")
    assert rows(db, "select 1") == [(1,)]
    ok("failed_transaction")
    assert refused(lambda: db.execute("drop table guarded")) == "42501"
    assert db.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert rows(db, "select 1") == [(1,)]
    ok("refused_idle")


def refused_in_transaction(db):
    lost = "select count(*) from events where kind = 'psycopg-lost'"
    for finish in ("commit", "rollback"):
        db.execute("begin")
        db.execute("insert into events(kind) values ('psycopg-lost')")
        assert refused(lambda: db.execute("drop table guarded")) == "42501"
        assert db.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
        assert refused(lambda: db.execute("select 1")) == "25P02"
        assert db.execute(finish).statusmessage == "ROLLBACK"
        assert rows(db, lost) == [(0,)]
    db.execute("begin")
    db.execute("savepoint s")
    assert refused(lambda: db.execute("drop table guarded")) == "42501"
    db.execute("rollback to savepoint s")
    assert rows(db, "select 1") == [(1,)]
    assert db.execute("commit").statusmessage == "COMMIT"
    ok("refused_in_transaction")


def refused_in_pipeline(db):
    def batch(number):
        with db.pipeline():
            db.execute("insert into events(kind) values (%s)", (f"psycopg-batch-{number}",))
            db.execute("drop table guarded")
            db.execute("insert into events(kind) values (%s)", (f"psycopg-batch-{number}",))
    for number in range(3):
        assert refused(lambda: batch(number)) == "42501"
        assert db.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert rows(db, "select count(*) from events where kind like 'psycopg-batch-%%'") == [(0,)]
    with db.pipeline():
        after = db.execute("select 5")
    assert after.fetchone() == (5,)
    ok("refused_in_pipeline")


def refused_otherwise(db):
    for _ in range(3):
        assert refused(lambda: db.execute("drop table guarded", prepare=True)) == "42501"
    assert rows(db, "select 1") == [(1,)]
    ok("refused_prepared")
    assert refused(lambda: db.execute("copy guarded to program 'true'")) == "42501"
    assert rows(db, "select 1") == [(1,)]
    ok("refused_copy_program")
    assert rows(db, "select count(*) from guarded") == [(3,)]
    ok("still_there")


def main():
    connections()
    with psycopg.connect(autocommit=True) as db:
        for part in (queries, transactions, copies, messages, cancel, failures,
                     refused_in_transaction, refused_in_pipeline, refused_otherwise):
            part(db)


main()
