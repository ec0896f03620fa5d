#!/usr/bin/env python3
"""PostgreSQL's own regression schedule, from the pod: directly, then through the sidecar.

What passes directly must pass through the sidecar, and what fails directly must fail alike, except
for what exceptions.md names with its cause. The sidecar has a policy that allows everything and the
identity as login.

    postgres_regress.py [--direct-only]     --direct-only says what the suite does here by itself
    postgres_regress.py --weighed           with a rule that asks for meaning, so that every statement
                                            waits for a fresh catalogue
"""

import argparse
import pathlib
import re
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from integration.lib import sandbox  # noqa: E402

sandbox.enter()
from conformance import judge  # noqa: E402
from integration.lib import postgres  # noqa: E402
from integration.lib.chaperone import Sidecar  # noqa: E402
from integration.lib.process import run  # noqa: E402
from integration.lib.world import World  # noqa: E402

HERE = sandbox.SRC / "tests/conformance"
SUITE = sandbox.CACHE / "regress15"
PG_REGRESS = "/usr/lib/postgresql/15/lib/pgxs/src/test/regress/pg_regress"
SUITE_SECONDS = 1800
RESULT = re.compile(r"^(?:test)?\s+(\S+)\s+\.\.\. (ok|FAILED|failed \(ignored\))")

# Asked of everything, and refuses nothing: not even what is unknown and could be anything.
WEIGHED = """
- name: weighed
  action: deny
  observe: true
  match: {objects: ["chaperone_regress_nowhere.nothing"], effects: [drop]}
"""

# Twenty clients log in at once, however busy the machine is; the suite is not about time.
PATIENCE = "times: {login: 5m, dial: 5m}\n"

# Every role of the suite comes in without a password, as in PostgreSQL's own make installcheck.
TRUST = "local all all trust\nhost all all all trust\n"


def run_suite(world, name):
    """Runs the whole schedule as the agent; (passed, failed) sets of test names."""
    output = sandbox.folder(f"regress-{name}", mode=0o777)
    for part in ("sql", "expected", "data", "parallel_schedule", "regress.so", "resultmap"):
        source = SUITE / "regress" / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, output / part)
    (output / "results").mkdir()
    for path in (output, *output.rglob("*")):  # the server reads and writes here as well
        path.chmod(0o777)
    done = world.agent(PG_REGRESS, f"--inputdir={output}", f"--outputdir={output}", f"--dlpath={output}",
                       "--bindir=/usr/lib/postgresql/15/bin", f"--schedule={output}/parallel_schedule",
                       "--host=db.cluster.test", "--port=5432", "--user=postgres", "--max-connections=20",
                       env={"PGSSLMODE": "disable"}, timeout=SUITE_SECONDS)
    results = [RESULT.match(line) for line in done.stdout.splitlines()]
    verdicts = {m[1]: m[2] for m in results if m}
    if not verdicts:
        sys.exit(f"the suite did not run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    diffs = output / "regression.diffs"
    if diffs.exists():
        kept = sandbox.BUILD / "results" / f"conformance-{name}.diffs"
        kept.parent.mkdir(exist_ok=True)
        shutil.copy(diffs, kept)
        print(f"differences: build/results/{kept.name}")
    passed = {test for test, verdict in verdicts.items() if verdict == "ok"}
    return passed, set(verdicts) - passed


def measured(name, through_sidecar, rules=""):
    with World() as world:
        server = world.own(postgres.Postgres(15, world.cluster, name=f"server-{name}", hba=TRUST, plain=False))
        server.start()
        if through_sidecar:
            policy = (sandbox.SRC / "tests/integration/policies/allow_all.yaml").read_text() + rules
            sidecar = world.own(Sidecar(world, policy, config=PATIENCE))
            sidecar.program_kernel()
            sidecar.start()
        begin = time.monotonic()
        passed, failed = run_suite(world, name)
        if through_sidecar and not sidecar.process.running():
            sys.exit(f"the sidecar did not live through it:\n{sidecar.process.tail()}")
    print(f"{name}: {len(passed)} passed, {len(failed)} failed in {time.monotonic() - begin:.0f} s"
          f"{': ' + ' '.join(sorted(failed)) if failed else ''}", flush=True)
    return passed, failed


def same_output(test):
    """A test that fails on this server by itself must at least fail with the very same output."""
    one, other = (sandbox.TMP / f"regress-{name}/results/{test}.out" for name in ("direct", "sidecar"))
    return one.exists() and other.exists() and one.read_bytes().replace(b"regress-direct", b"") == \
        other.read_bytes().replace(b"regress-sidecar", b"")


def judged(direct, through, weighed):
    """Prints what the two runs say together; whether exceptions.md accounts for all of it."""
    differing = {test for test in direct[0] if test not in through[0]}
    differing |= {test for test in direct[1] if not same_output(test)}
    lines, fine = judge.judge(direct[0] | direct[1], differing,
                              judge.read_exceptions((HERE / "exceptions.md").read_text()), weighed)
    print("\n".join(lines))
    return fine


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--direct-only", action="store_true")
    options.add_argument("--weighed", action="store_true")
    chosen = options.parse_args()
    run([HERE / "fetch", SUITE], timeout=600)
    direct = measured("direct", False)
    if not direct[0]:
        sys.exit("nothing passes directly: the suite itself is broken here")
    if not chosen.direct_only and not judged(
            direct, measured("sidecar", True, WEIGHED * chosen.weighed), chosen.weighed):
        sys.exit(1)


if __name__ == "__main__":
    main()
