"""Ways to put a statement on the wire, and attacks that are nothing but a way to put it there."""

import itertools
import select

from integration.lib import wire

SJIS_QUOTE = b"\x95\x5c"  # one character of Shift JIS whose second byte looks like a backslash


COPY_ROW = wire.copy_data(b"1\n") + wire.COPY_DONE  # for a COPY ... FROM STDIN


def simple(connection, sql):
    return connection.ask(wire.query(sql), on_copy_in=COPY_ROW)


def each(sql):
    """The statements of a text, split at "; ": good enough for this corpus, bodies of code aside."""
    if "$" in sql or "begin execute" in sql or sql.startswith("create function"):
        return [sql]
    return [part for part in sql.split("; ") if part.strip(" ;")]


def extended(connection, sql):
    replies = []
    for part in each(sql):
        replies += connection.ask(wire.parse(part), wire.bind(), wire.describe(b"P"), wire.execute(),
                                  wire.SYNC, on_copy_in=COPY_ROW + wire.SYNC)
    return replies


def named(connection, sql):
    replies = []
    for number, part in enumerate(each(sql)):
        name = f"s{number}"
        replies += connection.ask(wire.parse(part, name), wire.SYNC)
        replies += connection.ask(wire.bind(name, "p"), wire.execute("p"),
                                  wire.SYNC, on_copy_in=COPY_ROW + wire.SYNC)
    return replies


def pipelined(connection, sql):
    """All of it in one flight, behind an innocent statement and before one."""
    flight = b"".join(wire.parse(part) + wire.bind() + wire.execute() for part in each(sql))
    innocent = wire.parse("select 1") + wire.bind() + wire.execute()
    return connection.ask(innocent, flight, wire.SYNC, innocent, wire.SYNC, ready=2, on_copy_in=COPY_ROW + wire.SYNC * 2)


def bytewise(connection, sql):
    return connection.ask(wire.query(sql), piece=1 if len(sql) < 1000 else 65536, on_copy_in=COPY_ROW)


FRAMINGS = {"simple": simple, "extended": extended, "named": named, "pipelined": pipelined,
            "bytewise": bytewise}


# Each of these gets (open_connection, oid_of) and does its worst; name from the function.

def sql_prepared_run_by_bind(open_connection, oid_of):
    """A statement prepared in SQL shares its name with the protocol's."""
    db = open_connection()
    db.ask(wire.query("prepare p as delete from guarded"))
    db.ask(wire.bind("p"), wire.execute(), wire.SYNC)


def sql_cursor_run_by_execute(open_connection, oid_of):
    db = open_connection()
    db.ask(wire.query("begin"))
    db.ask(wire.query("declare c cursor for select wipe()"))
    db.ask(wire.execute("c"), wire.SYNC)
    db.ask(wire.query("commit"))


def replaced_statement(open_connection, oid_of):
    """The name was allowed for another text."""
    db = open_connection()
    db.ask(wire.parse("select 1", "s"), wire.SYNC)
    db.ask(wire.close(b"S", "s"), wire.parse("delete from guarded", "s"), wire.bind("s"), wire.execute(), wire.SYNC)


def replaced_by_deallocate(open_connection, oid_of):
    db = open_connection()
    db.ask(wire.parse("select 1", "s"), wire.SYNC)
    db.ask(wire.query("deallocate s"))
    db.ask(wire.parse("delete from guarded", "s"), wire.bind("s"), wire.execute(), wire.SYNC)


def unnamed_across_syncs(open_connection, oid_of):
    db = open_connection()
    db.ask(wire.parse("delete from guarded"), wire.SYNC)
    db.ask(wire.bind(), wire.SYNC)
    db.ask(wire.bind(), wire.execute(), wire.SYNC)


def executed_much_later(open_connection, oid_of):
    db = open_connection()
    db.ask(wire.query("begin"))
    db.ask(wire.parse("delete from guarded", "s"), wire.bind("s", "p"), wire.SYNC)
    for _ in range(20):
        db.ask(wire.query("select 1"))
    db.ask(wire.execute("p"), wire.SYNC)
    db.ask(wire.query("commit"))


def flush_instead_of_sync(open_connection, oid_of):
    db = open_connection()
    db.send(wire.parse("delete from guarded") + wire.bind() + wire.execute() + wire.FLUSH)
    db.ask(wire.SYNC)


def behind_an_error(open_connection, oid_of):
    """What follows an error up to Sync is skipped; what follows Sync is not."""
    db = open_connection()
    db.ask(wire.parse("select nonsense"), wire.parse("select 1"), wire.SYNC,
           wire.parse("delete from guarded"), wire.bind(), wire.execute(), wire.SYNC, ready=2)


def behind_a_refusal(open_connection, oid_of):
    db = open_connection()
    db.ask(wire.query("drop table nothing_here"), wire.query("delete from guarded"), ready=2)


def many_queries_one_flight(open_connection, oid_of):
    db = open_connection()
    db.ask(*[wire.query("select 1")] * 50, wire.query("delete from guarded"), *[wire.query("select 1")] * 50, ready=101)


def setting_then_text_one_flight(open_connection, oid_of):
    """The second text reads otherwise once the first has run."""
    db = open_connection()
    db.ask(wire.query("set standard_conforming_strings = off"),
           wire.query("select 'a\\', '; delete from guarded; --'"[:-1] + "'"), ready=2)
    db.ask(wire.query("select 'a\\'' ; delete from guarded; --'"))


def setting_by_function_one_flight(open_connection, oid_of):
    db = open_connection()
    db.ask(wire.query("select set_config('search_path', 'shadow', false)"), wire.query("select * from accounts"), ready=2)


def setting_undone_by_rollback(open_connection, oid_of):
    db = open_connection()
    db.ask(wire.query("begin"), wire.query("set search_path = shadow"), wire.query("commit"),
           wire.query("select * from accounts"), ready=4)


def search_path_at_startup(open_connection, oid_of):
    open_connection(search_path="shadow").ask(wire.query("select * from accounts"))


def search_path_by_options(open_connection, oid_of):
    open_connection(options="-c search_path=shadow").ask(wire.query("select * from accounts"))


def search_path_by_options_escaped(open_connection, oid_of):
    open_connection(options="--search-path=sh\\adow").ask(wire.query("select * from accounts"))


def strings_by_options(open_connection, oid_of):
    db = open_connection(options="-c standard_conforming_strings=off -c backslash_quote=on")
    db.ask(wire.query("select 'a\\''; delete from guarded; --'"))


def strings_reverted_by_an_error(open_connection, oid_of):
    """The error takes the setting back before the next text of the same flight is read."""
    db = open_connection()
    db.ask(wire.query("begin"))
    db.ask(wire.query("set standard_conforming_strings = off"))
    db.ask(wire.query("select 1/0"), wire.query("rollback; select '\\'; commit; delete from guarded; --'"), ready=2)


def strings_reverted_by_an_extended_error(open_connection, oid_of):
    db = open_connection()
    db.ask(wire.query("begin"))
    db.ask(wire.query("set local standard_conforming_strings = off"))
    db.ask(wire.parse("select 1/0"), wire.bind(), wire.execute(), wire.SYNC,
           wire.query("rollback; select '\\'; commit; delete from guarded; --'"), ready=2)


def encoding_reverted_by_an_error(open_connection, oid_of):
    db = open_connection()
    db.ask(wire.query("set client_encoding = 'SJIS'"))
    db.ask(wire.query("begin"))
    db.ask(wire.query("set client_encoding = 'UTF8'"))
    db.ask(wire.query("select 1/0"),
           wire.query(b"rollback; select E'" + SJIS_QUOTE + b"'; commit; delete from guarded; --'"), ready=2)


def encoding_shift_jis(open_connection, oid_of):
    db = open_connection(client_encoding="SJIS")
    db.ask(wire.query(b"select E'" + SJIS_QUOTE + b"'; delete from guarded; --'"))


def encoding_by_set(open_connection, oid_of):
    db = open_connection()
    db.ask(wire.query("set client_encoding = 'SJIS'"))
    db.ask(wire.query(b"select E'" + SJIS_QUOTE + b"'; delete from guarded; --'"))


def encoding_by_set_names_one_flight(open_connection, oid_of):
    db = open_connection()
    db.ask(wire.query("set names 'GBK'"), wire.query(b"select E'" + SJIS_QUOTE + b"'; delete from guarded; --'"), ready=2)


def encoding_by_options(open_connection, oid_of):
    db = open_connection(options="-c client_encoding=BIG5")
    db.ask(wire.query(b"select E'\xa5\x5c'; delete from guarded; --'"))


LOOKS = itertools.count()


def look_anew(db):
    """The sidecar loads its catalogue again for a name that it has not looked for in vain."""
    db.ask(wire.query(f"select * from nothing_here_{next(LOOKS)}"))


def behind_a_lock(open_connection, moving, asked, **parameters):
    """`asked` waits for the lock that `moving` holds, and then finds another object by its name."""
    mover, waiter, watcher = open_connection(**parameters), open_connection(**parameters), open_connection()
    look_anew(watcher)
    mover.ask(wire.query("begin"))
    mover.ask(wire.query(moving))
    waiter.send(wire.query(asked))
    for _ in range(200):  # until it waits, or was refused
        if select.select([waiter.socket], [], [], 0.05)[0]:
            break
        if b"D" in [kind for kind, _ in watcher.ask(wire.query("select 1 from pg_locks where not granted"))]:
            break
    mover.ask(wire.query("commit"))
    waiter.until_ready()


OWN_PATH = {"search_path": "own, public"}


def name_dropped_behind_a_lock(open_connection, oid_of):
    """What hid the secrets in another schema goes away while the statement waits."""
    behind_a_lock(open_connection, "drop table own.secrets", "select * from secrets", **OWN_PATH)


def name_dropped_before_bind(open_connection, oid_of):
    mover, waiter = open_connection(**OWN_PATH), open_connection(**OWN_PATH)
    look_anew(mover)
    waiter.ask(wire.parse("select * from secrets", "s"), wire.SYNC)
    mover.ask(wire.query("drop table own.secrets"))
    waiter.ask(wire.bind("s"), wire.execute(), wire.SYNC)


def name_renamed_behind_a_lock(open_connection, oid_of):
    """The same where the name is written with its schema."""
    behind_a_lock(open_connection, "drop table own.secrets; alter view own.secret_view rename to secrets",
                  "select * from own.secrets")


name_dropped_behind_a_lock.first = name_dropped_before_bind.first = name_renamed_behind_a_lock.first = (
    "create table own.secrets(token text)")


def implicit_cast_of_built_in_types(open_connection, oid_of):
    """It runs where no type and no function of a user's is named."""
    db = open_connection()
    look_anew(db)
    for text in ("select 1 where lower('x')", "select not lower('x')", "select bool_or(lower('x'))",
                 "select case when lower('x') then 1 end"):
        db.ask(wire.query(text))


implicit_cast_of_built_in_types.first = (
    "create function cast_wipe(text) returns boolean language plpgsql as 'begin delete from guarded; return true; end';"
    "create cast (text as boolean) with function cast_wipe(text) as implicit")


def parameter_of_a_trapped_type(open_connection, oid_of):
    """The type of a bind parameter runs its check."""
    db = open_connection()
    db.ask(wire.parse("select $1", types=[oid_of("'trapped_domain'::regtype")]),
           wire.bind(values=[b"1"]), wire.execute(), wire.SYNC)


def function_call_wipe(open_connection, oid_of):
    open_connection().ask(wire.function_call(oid_of("'wipe()'::regprocedure")))


def function_call_lo_unlink(open_connection, oid_of):
    open_connection().ask(wire.function_call(oid_of("'lo_unlink(oid)'::regprocedure"), b"7411"))


def function_call_pipelined(open_connection, oid_of):
    db = open_connection()
    db.ask(wire.query("select 1"), wire.function_call(oid_of("'wipe()'::regprocedure")), ready=2)


def query_after_copy_in(open_connection, oid_of):
    """In the same flight as the end of a COPY."""
    db = open_connection()
    db.ask(wire.query("copy events(kind) from stdin"), wire.copy_data(b"x\n"), wire.COPY_DONE,
           wire.query("delete from guarded"), ready=2)


def query_after_copy_that_failed(open_connection, oid_of):
    db = open_connection()
    db.ask(wire.query("copy events(id) from stdin"), wire.copy_data(b"no number\n"), wire.COPY_DONE,
           wire.query("delete from guarded"), ready=2)


def query_while_a_copy_is_refused(open_connection, oid_of):
    """Data of a COPY that never began, with a statement behind it."""
    db = open_connection()
    db.ask(wire.query("copy guarded from stdin"), wire.copy_data(b"9\tx\n"), wire.COPY_DONE,
           wire.query("delete from guarded"), ready=2)


def split_at_every_byte(open_connection, oid_of):
    open_connection().ask(wire.query("delete from guarded"), piece=1)


def oversize_statement(open_connection, oid_of):
    open_connection().ask(wire.query("select 1 /*" + "x" * (3 << 20) + "*/; delete from guarded"))


def many_statements(open_connection, oid_of):
    open_connection().ask(wire.query("select 1;" * 5000 + "delete from guarded"))


def terminate_behind(open_connection, oid_of):
    """The client is gone before any answer."""
    db = open_connection()
    db.send(wire.query("delete from guarded") + wire.TERMINATE)
    db.until_ready()


def half_closed(open_connection, oid_of):
    import socket
    db = open_connection()
    db.send(wire.query("delete from guarded"))
    db.socket.shutdown(socket.SHUT_WR)
    db.until_ready()


PROTOCOL_ATTACKS = [value for name, value in list(globals().items())
                    if callable(value) and getattr(value, "__code__", None)
                    and value.__code__.co_varnames[:2] == ("open_connection", "oid_of")]
