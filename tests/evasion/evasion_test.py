#!/usr/bin/env python3
"""Forbidden statements in every spelling and framing, judged by what the server then holds.

    evasion_test.py --through direct     proves that every attack is one: alone with the server it works
    evasion_test.py --through sidecar    nothing forbidden happens, whatever the agent was answered
    ... --corpus dependents              all but *.vault* is allowed; reached through what it hangs on
    ... --server 18                      a name that ends in " <16" or " >=16" is for those servers alone

The agent's role is a superuser that owns everything: nothing but the sidecar stands in its way.
"""

import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from integration.lib import sandbox  # noqa: E402

sandbox.enter()
import framings  # noqa: E402
from integration.lib import postgres, wire  # noqa: E402
from integration.lib.chaperone import Sidecar  # noqa: E402
from integration.lib.process import Process, run  # noqa: E402
from integration.lib.world import World  # noqa: E402

HERE = sandbox.SRC / "tests/evasion"
OUT = sandbox.TMP / "out"
SECRET = b"TOP-SECRET-7411"
TRUST = "local all all trust\nhost all all all trust\n"
VICTIM = "application_name = 'victim'"

# Everything that an attack could change, as text. Rows of accounts and events may change: allowed.
STATE = f"""
select * from guarded order by 1; select * from viewed;
select * from secrets; select * from child; select last_value, is_called from guarded_seq;
select relname, relkind, relowner::regrole, relacl, relrowsecurity, reltriggers, obj_description(oid)
  from (select *, relhastriggers as reltriggers from pg_class) c
  where relnamespace in ('public'::regnamespace, 'shadow'::regnamespace) order by 1, 2;
select attrelid::regclass, attname from pg_attribute where attnum > 0 and attrelid in
  (select oid from pg_class where relnamespace = 'public'::regnamespace) order by 1, 2;
select proname, proowner::regrole, md5(prosrc) from pg_proc where pronamespace = 'public'::regnamespace order by 1, 3;
select rulename, ev_class::regclass from pg_rewrite where ev_class > 16383 order by 1, 2;
select md5(pg_get_viewdef('guarded_view'));
select tgname from pg_trigger where not tgisinternal order by 1; select polname from pg_policy;
select rolname, rolsuper, rolpassword from pg_authid order by 1; select roleid::regrole, member::regrole from pg_auth_members order by 1, 2;
select setdatabase, setrole, setconfig from pg_db_role_setting order by 1, 2; select defaclacl from pg_default_acl;
select nspname, nspowner::regrole from pg_namespace where nspname not like 'pg\\_%' order by 1;
select extname from pg_extension order by 1; select evtname from pg_event_trigger;
select oid, lo_get(oid) from pg_largeobject_metadata order by 1;
select pubname from pg_publication; select srvname from pg_foreign_server; select count(*) from pg_cast where oid > 16383;
select relispopulated from pg_class where relname = 'trapped_matview';
select name, setting from pg_file_settings where sourcefile like '%auto.conf';
select count(*) from pg_stat_activity where {VICTIM} and state = 'active';
"""
# What else the other corpus could change.
DEPENDENTS_STATE = """
select conname, conrelid::regclass from pg_constraint where conrelid > 16383 order by 1, 2;
select stxname from pg_statistic_ext order by 1; select prrelid::regclass from pg_publication_rel order by 1;
select oid::regclass, relacl from pg_class where relname like 'vault%' order by 1;
select inhrelid::regclass, inhparent::regclass from pg_inherits order by 1, 2;
select objid::regclass from pg_depend where deptype = 'e' and classid = 'pg_class'::regclass order by 1;
select attrelid::regclass, attname, atttypid::regtype, attnotnull, atthasdef from pg_attribute
  where attrelid > 16383 and attnum > 0 order by 1, 2, 3;
"""


def fits_server(name, version):
    _, older, below = name.partition(" <")
    _, newer, least = name.partition(" >=")
    return (not older or version < int(below)) and (not newer or version >= int(least))


def statements(corpus, version):
    """(name, text) of the corpus for this server."""
    found, name = [], None
    for line in (HERE / f"corpus/{corpus}.sql").read_text().splitlines():
        if line.startswith("--- "):
            name = line[4:].strip()
            found.append((name, []))
        elif name:
            found[-1][1].append(line)
    swaps = {"@OUT@": str(OUT), "@PADDING@": "x" * (3 << 20), "@DEEP@": "(" * 500, "@PEED@": ")" * 500}
    for name, lines in found:
        if not fits_server(name, version):
            continue
        text = "\n".join(lines)
        for word, meaning in swaps.items():
            text = text.replace(word, meaning)
        yield name, text


class Target:
    """The server with the fixture, its state as text, and the way back to the beginning."""

    def __init__(self, world, version, dependents):
        OUT.mkdir()
        OUT.chmod(0o777)
        self.server = world.own(postgres.Postgres(version, world.cluster, hba=TRUST, plain=False)).start()
        self.server.sql("create role app superuser login; create role clerk; create database pristine owner app")
        for fixture in ["fixture.sql"] + ["fixture_dependents.sql"] * dependents:
            self.server.sql((HERE / fixture).read_text(), "pristine", "app")
        self.asked = STATE + DEPENDENTS_STATE * dependents
        self.world, self.victim = world, None
        self.reset()

    def reset(self):
        for path in OUT.iterdir():
            path.unlink()
        (OUT / "secret.txt").write_bytes(SECRET)
        self.server.sql("drop database if exists shop with (force)")
        self.server.sql("create database shop template pristine owner app")
        self.server.sql("alter system reset all; alter role app reset all; alter database shop reset all; "
                        "alter role app password null; "
                        "drop role if exists mole; revoke pg_read_server_files from pg_monitor; drop publication if exists p", "shop")
        self._new_victim()
        self.before = self.state()

    def _new_victim(self):
        self.server.sql(f"select pg_terminate_backend(pid, 10000) from pg_stat_activity where {VICTIM}")
        self.victim = self.world.own(Process("victim", [
            postgres.PSQL, "-X", "-c", "set application_name = victim", "-c", "select pg_sleep(1000000)",
            "-h", self.server.folder, "-U", "postgres", "postgres"], self.server.folder / "victim.log"))
        self.victim.wait_until(lambda: self.server.sql(
            f"select count(*) from pg_stat_activity where {VICTIM} and state = 'active' and query like '%pg_sleep%'") == "1")

    def state(self):
        rows = run([postgres.PSQL, "-XAtq", "-h", self.server.folder, "-U", "postgres", "-d", "shop", "-f", "-"],
                   input=self.asked)
        return rows + "\n".join(sorted(path.name for path in OUT.iterdir()))

    def oid_of(self, expression):
        return int(self.server.sql(f"select {expression}::oid", "shop"))

    def open_connection(self, **parameters):
        return wire.Wire(sandbox.CLUSTER4, **parameters)


class Run:
    def __init__(self, target, direct):
        self.target, self.direct, self.wrong, self.count, self.tame = target, direct, [], 0, 0

    def attack(self, name, call, must_work=True, first=""):
        """call(open_connection): whatever happens to its connections, what counts is the state.
        `first` is what the administrator has done before, in a database that is made anew after it."""
        opened = []
        if first:
            self.target.server.sql(first, "shop", "app")
            self.target.before = self.target.state()

        def open_connection(**parameters):
            opened.append(self.target.open_connection(**parameters))
            return opened[-1]
        try:
            call(open_connection)
        except (OSError, ConnectionError):
            pass  # cut off: as good a refusal as any here
        leaked = any(SECRET in one.received for one in opened)
        for one in opened:
            one.close()
        after = self.target.state()
        happened = leaked or after != self.target.before
        self.count += 1
        if self.direct and not happened and not must_work:
            self.tame += 1
        elif happened != self.direct:
            self.wrong.append(name)
            print(f"{name}: {'nothing happened' if self.direct else 'IT HAPPENED'}", flush=True)
        if first or happened or after != self.target.before:
            self.target.reset()

    def framed(self, name, text, framing):
        self.attack(f"{name} ({framing})",
                    lambda opened: framings.FRAMINGS[framing](opened(), text),
                    must_work=framing == "simple")  # a few texts cannot be sent in another way


def enter_pod(world):
    """This process's sockets are the agent's from here on; servers are reached by their sockets' files."""
    import ctypes
    import os
    with open(f"/proc/{world.pod.holder.pid}/ns/net") as space:
        if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), 0x40000000) != 0:
            sys.exit(f"setns: {os.strerror(ctypes.get_errno())}")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--through", choices=("direct", "sidecar"), default="direct")
    options.add_argument("--framing", action="append", choices=sorted(framings.FRAMINGS))
    options.add_argument("--server", type=int, choices=(15, 18), default=15)
    options.add_argument("--corpus", choices=("statements", "dependents"), default="statements")
    options.add_argument("--only", help="attacks whose name contains this")
    chosen = options.parse_args()
    begin = time.monotonic()
    with World() as world:
        dependents = chosen.corpus == "dependents"
        target = Target(world, chosen.server, dependents)
        if chosen.through == "sidecar":
            one = world.own(Sidecar(world, (HERE / ("policy_dependents.yaml" if dependents else "policy.yaml")).read_text()))
            one.program_kernel()
            one.start()
        enter_pod(world)
        runs = Run(target, chosen.through == "direct")
        for name, text in statements(chosen.corpus, chosen.server):
            for framing in chosen.framing or ["simple"]:
                if (chosen.only or "") in name:
                    runs.framed(name, text, framing)
        for call in [] if dependents else framings.PROTOCOL_ATTACKS:
            if (chosen.only or "") in call.__name__:
                runs.attack(call.__name__, lambda opened, call=call: call(opened, target.oid_of),
                            first=getattr(call, "first", ""))
        alive = chosen.through == "direct" or one.process.running()
    verdict = "had no effect on a bare server" if runs.direct else "got through"
    print(f"{runs.count} attacks in {time.monotonic() - begin:.0f} s, {len(runs.wrong)} {verdict}"
          f"{f', {runs.tame} need the simple framing' if runs.tame else ''}")
    if not alive:
        sys.exit(f"the sidecar did not live through it:\n{one.process.tail()}")
    if runs.wrong or not runs.count:
        sys.exit(1)


if __name__ == "__main__":
    main()
