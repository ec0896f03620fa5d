"""The scenario of ../README.md with asyncpg."""

import asyncio
import io
import os
import ssl

import asyncpg

LONG = "select count(*) from (select generate_series(1, 1000000000000)) x"


def ok(step):
    print(f"ok {step}", flush=True)


async def refused(awaitable):
    """The SQLSTATE that it fails with."""
    try:
        await awaitable
    except asyncpg.PostgresError as error:
        return error.sqlstate
    raise AssertionError("this should have been refused")


async def connections():
    for mode, step in (("disable", "connect"), ("require", "tls_require"), ("verify-full", "tls_verify_full")):
        context = False
        if mode != "disable":
            context = ssl.create_default_context(cafile=os.environ["PGSSLROOTCERT"])
            context.check_hostname = mode == "verify-full"
            if mode == "require":
                context.verify_mode = ssl.CERT_NONE
        db = await asyncpg.connect(ssl=context)
        assert await db.fetchval("select 1 + 1") == 2
        await db.close()
        ok(step)


async def queries(db):
    found = await db.fetch("select id, owner from accounts order by id")
    assert [tuple(row) for row in found] == [(1, "ada"), (2, "bob"), (3, "cyd")]
    ok("simple")
    assert tuple(await db.fetchrow("select $1::text, $2::int, $3::text", "it's", 7, None)) == ("it's", 7, None)
    ok("parameters")
    owner_of = await db.prepare("select owner from accounts where id = $1")
    assert [await owner_of.fetchval(n) for n in (1, 2, 3)] == ["ada", "bob", "cyd"]
    async with db.transaction():  # a portal with row limits
        assert [row[0] async for row in db.cursor("select generate_series(1, 120)", prefetch=50)] == list(range(1, 121))
    ok("prepared")
    await db.executemany("insert into events(kind, detail) values ('asyncpg-many', $1)", [(str(n),) for n in range(50)])
    assert await db.fetchval("select count(*) from events where kind = 'asyncpg-many'") == 50
    ok("pipeline")


async def transactions(db):
    count = "select count(*) from events where kind = 'asyncpg-a'"
    async with db.transaction():
        await db.execute("insert into events(kind) values ('asyncpg-a')")
        inner = db.transaction()
        await inner.start()
        await db.execute("insert into events(kind) values ('asyncpg-a')")
        await inner.rollback()
        assert await db.fetchval(count) == 1
    outer = db.transaction()
    await outer.start()
    await db.execute("insert into events(kind) values ('asyncpg-a')")
    await outer.rollback()
    assert await db.fetchval(count) == 1
    ok("transaction")


async def copies(db):
    status = await db.copy_records_to_table(
        "events", records=[("asyncpg-copy", "x" * n) for n in range(1000)], columns=["kind", "detail"])
    assert status == "COPY 1000"
    ok("copy_in")
    out = io.BytesIO()
    await db.copy_from_query("select id, owner from accounts order by id", output=out, format="csv")
    assert out.getvalue() == b"1,ada\n2,bob\n3,cyd\n"
    ok("copy_out")


async def messages(db):
    seen = []
    db.add_log_listener(lambda _, message: seen.append(message.sqlstate))
    await db.execute("begin")
    await db.execute("begin")
    await db.execute("rollback")
    await asyncio.sleep(0)
    assert seen == ["25001"], seen
    ok("notice")
    arrived = asyncio.get_running_loop().create_future()
    def heard(connection, pid, channel, payload):
        arrived.set_result(payload)
    await db.add_listener("asyncpg_ch", heard)
    await db.execute("notify asyncpg_ch, 'hello'")
    assert await asyncio.wait_for(arrived, 30) == "hello"
    await db.remove_listener("asyncpg_ch", heard)
    ok("notify")


async def cancel(db):
    running = asyncio.ensure_future(db.execute(LONG))
    other = await asyncpg.connect()
    while not await other.fetchval("select count(*) from pg_stat_activity where state = 'active' and "
                                   "query like $1 and pid <> pg_backend_pid()", "%1000000000000%"):
        await asyncio.sleep(0.05)
    await other.close()
    running.cancel()  # asyncpg sends a cancel request and waits for its effect
    try:
        await running
        raise AssertionError("not cancelled")
    except asyncio.CancelledError:
        pass
    assert await db.fetchval("select 1") == 1
    ok("cancel")


async def failures(db):
    await db.execute("begin")
    assert await refused(db.execute("select 1/0")) == "22012"
    assert await refused(db.execute("select 1")) == "25P02"
    await db.execute("rollback")
    assert await db.fetchval("select 1") == 1
    ok("failed_transaction")
    assert await refused(db.execute("drop table guarded")) == "42501"
    assert not db.is_in_transaction() and await db.fetchval("select 1") == 1
    ok("refused_idle")
    await db.execute("begin")
    await db.execute("insert into events(kind) values ('asyncpg-lost')")
    assert await refused(db.fetch("drop table guarded")) == "42501"
    assert await refused(db.fetch("select 1")) == "25P02"
    assert await db.execute("commit") == "ROLLBACK"
    assert await db.fetchval("select count(*) from events where kind = 'asyncpg-lost'") == 0
    ok("refused_in_transaction")


async def refused_otherwise(db):
    batch = "insert into events(kind) values ('asyncpg-batch'); drop table guarded; select 1"
    assert await refused(db.execute(batch)) == "42501"
    assert await db.fetchval("select count(*) from events where kind = 'asyncpg-batch'") == 0
    ok("refused_in_pipeline")
    for _ in range(3):
        assert await refused(db.fetch("drop table guarded")) == "42501"
    assert await db.fetchval("select 1") == 1
    ok("refused_prepared")
    assert await refused(db.execute("copy guarded to program 'true'")) == "42501"
    ok("refused_copy_program")
    pool = await asyncpg.create_pool(min_size=1, max_size=1)  # the pool's reset must pass as well
    for _ in range(3):
        async with pool.acquire() as pooled:
            assert await refused(pooled.execute("drop table guarded")) == "42501"
    await pool.close()
    assert await db.fetchval("select count(*) from guarded") == 3
    ok("still_there")


async def main():
    await connections()
    db = await asyncpg.connect()
    for part in (queries, transactions, copies, messages, cancel, failures, refused_otherwise):
        await part(db)
    await db.close()


asyncio.run(main())
