#!/usr/bin/env python3
"""The house rules as tests (CONTRIBUTING.md). Each test_* looks at the checkout alone; the last ones
also at the programs that were built, where they were.

    tidy_test.py [--build FOLDER]
"""

import pathlib
import re
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(sys.argv.pop(2)) if sys.argv[1:2] == ["--build"] else ROOT / "build"
if "--build" in sys.argv:
    sys.argv.remove("--build")

LINE_COLUMNS = 100
FILE_LINES = 400
TEST_FILE_LINES = 500
FUNCTION_LINES = 70
# The one room that two programs share: it knows neither of them.
SHARED = ("collector/bounded_pool.h",)
# What there may still be of it; only ever lowered.
WIDE_LINES = 400
LONG_FILES = {}
LONG_FUNCTIONS = {"proto-parsers/sql/walk_alter.cc": 85}

OURS = ("proto-parsers/", "audit/", "sidecar/", "collector/", "cli/", "injector/")


def tracked(*suffixes):
    out = subprocess.run(["git", "-C", ROOT, "-c", f"safe.directory={ROOT}", "ls-files", "-co",
                          "--exclude-standard"], text=True, capture_output=True, check=True).stdout
    return [ROOT / name for name in out.splitlines()
            if (not suffixes or name.endswith(suffixes)) and (ROOT / name).is_file()]


def name_of(path):
    return path.relative_to(ROOT).as_posix()


class Rooms:
    """chaperone_room(...) of every CMakeLists.txt: who holds which file, who links whom."""

    def __init__(self):
        self.links, self.programs, self.of_file, self.of_folder = {"base": set()}, {}, {}, {}
        self.of_folder[ROOT / "proto-parsers/base"] = {"base"}
        for cmake in tracked("CMakeLists.txt"):
            if name_of(cmake).startswith(OURS):
                self._read(cmake)

    def _read(self, cmake):
        text = re.sub(r"#.*", "", cmake.read_text())
        for body in re.findall(r"chaperone_room\(([^)]*)\)", text):
            words, section, name = body.split(), None, body.split()[0]
            self.links[name] = set()
            for word in words[1:]:
                if word in ("SOURCES", "LINKS", "PRIVATE"):
                    section = word
                elif section == "SOURCES" and "$" not in word:
                    path = cmake.parent / word
                    self.of_file[path] = name
                    self.of_folder.setdefault(path.parent, set()).add(name)
                elif section == "LINKS":
                    self.links[name].add(word)
        for name, body in re.findall(r"target_link_libraries\((\S+)\s+(?:PRIVATE|PUBLIC)?([^)]*)\)", text):
            self.programs.setdefault(name, set()).update(body.split())

    def reach(self, name):
        """All rooms whose headers this room may include: its links and theirs."""
        seen, todo = {name}, [name]
        while todo:
            for link in self.links.get(todo.pop(), ()):
                if link not in seen:
                    seen.add(link)
                    todo.append(link)
        return seen


class Tidy(unittest.TestCase):
    maxDiff = None

    def none_of(self, findings, what):
        self.assertFalse(findings, f"{what}:\n  " + "\n  ".join(sorted(findings)))

    def test_includes_are_linked(self):
        rooms, wrong = Rooms(), []
        for path in tracked(".cc", ".h"):
            mine = {rooms.of_file[path]} if path in rooms.of_file else rooms.of_folder.get(path.parent, set())
            if not name_of(path).startswith(OURS) or not mine or path.name == "main.cc":
                continue
            allowed = set().union(*(rooms.reach(room) for room in mine))
            for include in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M):
                holders = rooms.of_folder.get((ROOT / include).parent)
                if holders and not holders & allowed:
                    wrong.append(f"{name_of(path)} includes {include}, but {'/'.join(sorted(mine))} "
                                 f"does not link {'/'.join(sorted(holders))}")
        self.none_of(wrong, "an include needs a link")

    def test_arrows_point_inwards(self):
        wrong = []
        for path in tracked(".cc", ".h"):
            name = name_of(path)
            banned = {"proto-parsers/": ("audit/", "sidecar/", "collector/", "cli/", "injector/"),
                      "audit/": ("sidecar/", "collector/", "cli/", "injector/"),
                      "sidecar/": ("collector/", "cli/", "injector/"),
                      "collector/": ("cli/", "sidecar/session/", "injector/"),
                      "injector/": ("audit/", "sidecar/", "collector/", "cli/")}
            for room, outside in banned.items():
                if name.startswith(room):
                    wrong += [f"{name} includes {i}" for i in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M)
                              if i.startswith(outside) and i not in SHARED]
        self.none_of(wrong, "includes against the arrows")

    def test_parsers_do_no_io(self):
        banned = re.compile(r"\b(fopen|std::ifstream|std::ofstream|socket\(|::open\(|fprintf|std::cerr|std::cout|"
                            r"system_clock|steady_clock|getenv)\b")
        wrong = [f"{name_of(path)}:{number}: {line.strip()}" for path in tracked(".cc", ".h")
                 if name_of(path).startswith("proto-parsers/") and path.name != "check.h"
                 for number, line in enumerate(path.read_text().splitlines(), 1)
                 if banned.search(line.split("//")[0]) and not line.startswith("#undef")]
        self.none_of(wrong, "a parser has no input, output, clock or environment")

    def test_sizes(self):
        wrong, wide = [], 0
        for path in tracked(".cc", ".h"):
            lines = path.read_text().splitlines()
            most = TEST_FILE_LINES if name_of(path).startswith("tests/") else FILE_LINES
            most = LONG_FILES.get(name_of(path), most)
            if len(lines) > most:
                wrong.append(f"{name_of(path)}: {len(lines)} lines, {most} is the most")
            wide += sum(len(line) > LINE_COLUMNS for line in lines)
            wrong += [f"{name_of(path)}:{at}: a function of {size} lines" for at, size in functions(lines)
                      if size > LONG_FUNCTIONS.get(name_of(path), FUNCTION_LINES) and not name_of(path).startswith("tests/")]
        self.none_of(wrong, "too long")
        self.assertLessEqual(wide, WIDE_LINES, f"lines over {LINE_COLUMNS} columns")

    def test_headers(self):
        wrong = [name_of(p) for p in tracked(".h") if "#pragma once" not in p.read_text()]
        self.none_of(wrong, "no #pragma once")
        wrong = [name_of(p) for p in tracked(".h") if re.search(r"^using namespace", p.read_text(), re.M)]
        self.none_of(wrong, "using namespace in a header")

    def test_words_that_stay_out(self):
        """No machine's paths and no package registry's hosts: those come from the machine's own setup."""
        words = ["/wo" + "rk/", "registry.npm" + "js.org", "pypi" + ".org", "deb.deb" + "ian.org", "static.crates" + ".io"]
        wrong = []
        for path in tracked():
            try:
                text = path.read_text()
            except UnicodeDecodeError:
                continue
            wrong += [f"{name_of(path)}: {word}" for word in words if word in text]
        self.none_of(wrong, "words that belong elsewhere")

    def test_links_in_documents(self):
        wrong = []
        for path in tracked(".md"):
            for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text()):
                if not (path.parent / target).exists():
                    wrong.append(f"{name_of(path)}: {target}")
        self.none_of(wrong, "a document points nowhere")

    def test_labels_are_listed(self):
        listed = subprocess.run([ROOT / "tests/run", "--list"], text=True, capture_output=True, check=True).stdout
        used = set()
        for path in tracked("CMakeLists.txt"):
            used |= set(re.findall(r"\bLABEL\s+\"?([a-z0-9-]+)", re.sub(r"#.*", "", path.read_text())))
        missing = {label for label in used if not re.search(rf"^{label}\s*\|", listed, re.M)}
        self.none_of(missing, "labels that tests/run --list does not know")

    def test_one_tls_library_each(self):
        """No program may hold BoringSSL and OpenSSL both (docs/security-model.md)."""
        if not shutil.which("nm"):
            self.skipTest("nm is not here")
        for program, boring in (("sidecar/chaperone-sidecar", True), ("collector/chaperone-collector", False),
                                ("cli/chaperone", False), ("injector/chaperone-injector", False)):
            path = BUILD / program
            if not path.exists():
                continue
            with self.subTest(program):
                libraries = subprocess.run(["ldd", path], text=True, capture_output=True).stdout
                symbols = subprocess.run(["nm", "-C", "--defined-only", path], text=True, capture_output=True).stdout
                self.assertEqual("libssl" in libraries or "libcrypto" in libraries, not boring)
                self.assertEqual(" SSL_CTX_new" in symbols, boring)


def functions(lines):
    """(line, length) of each body that begins at column 0: a rough but stable measure."""
    begin = None
    for number, line in enumerate(lines, 1):
        if begin is None and re.match(r"^[A-Za-z].*\)[^;]*\{$", line) and not line.startswith("namespace"):
            begin = number
        elif begin is not None and line == "}":
            yield begin, number - begin + 1
            begin = None


if __name__ == "__main__":
    unittest.main(verbosity=1)
