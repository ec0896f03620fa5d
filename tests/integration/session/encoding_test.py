#!/usr/bin/env python3
"""Names outside ASCII, under every client_encoding and in databases of other encodings: what a rule
names stays named."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from stage import wire  # noqa: E402

SYNC = wire.message(b"S")
RULES = """\
- {name: all, action: allow}
- {name: kept-stays, action: deny, match: {effects: [write, delete, drop], objects: ["*kept"]}}
- {name: secret, action: deny, match: {objects: ["public.geh\u00e9im", "public.secrets", "\u00e9.*"]}}
- {name: number, action: deny, match: {columns: ["public.cards.num\u00e9ro"]}}
- {name: no-unknown, action: deny, match: {effects: [unknown]}, reason: cannot be read}
"""
FIXTURE = stage.FIXTURE + """
create table secrets(token text); insert into secrets values ('TOP-SECRET');
create table "geh\u00e9im"(token text); insert into "geh\u00e9im" values ('TOP-SECRET');
create view "ansicht\u00e9" as select * from secrets;
create table cards("num\u00e9ro" text, note text); insert into cards values ('TOP-SECRET', '\u00e9');
create schema "\u00e9"; create table "\u00e9".other(id text); insert into "\u00e9".other values ('TOP-SECRET');
"""
# Each reaches for TOP-SECRET.
ATTACKS = ('select * from public."geh\u00e9im"', 'select * from geh\u00e9im', 'table "ansicht\u00e9"', 'select "num\u00e9ro" from cards',
           'select c."num\u00e9ro" from cards c', 'select * from "\u00e9".other', 'do $$ begin perform * from "geh\u00e9im"; end $$')
ESCAPED = ('select * from U&"geh\\00e9im"', 'select * from U&"ansicht\\00e9"', 'select U&"num\\00e9ro" from cards',
           'select * from U&"\\00e9".other')


class EncodingTest(stage.StageTest):
    RULES = RULES
    FIXTURE = FIXTURE
    LOGINS = ", {user: app, database: west, role: app, to_database: west}, {user: app, database: bare, role: app, to_database: bare}"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, encoding in (("west", "LATIN1"), ("bare", "SQL_ASCII")):
            cls.server.sql(f"create database {name} owner app encoding '{encoding}' template template0 lc_collate 'C' lc_ctype 'C'")
            cls.server.sql("set client_encoding to 'UTF8';" + FIXTURE, name, "app")

    def refused(self, db, text):
        heard = db.ask(text if isinstance(text, bytes) else wire.query(text))
        self.assertNotIn(b"TOP-SECRET", b"".join(body for _, body in heard))
        self.assertEqual(["42501"], wire.errors(heard), (text, heard))

    def attack(self, encoding, **parameters):
        for text in ATTACKS:
            raw = text.encode(encoding)
            for prepare in ([], [wire.query("begin"), wire.query("create table made(i int)")]):
                db = self.open(**parameters)
                for message in prepare:
                    db.ask(message)
                self.refused(db, wire.message(b"Q", raw + b"\0"))
            db = self.open(**parameters)
            self.refused(db, wire.message(b"P", b"\0" + raw + b"\0\0\0") + wire.bind() + wire.execute() + SYNC)
        for text in ESCAPED:
            for prepare in ([], [wire.query("begin"), wire.query("create table made(i int)")]):
                db = self.open(**parameters)
                for message in prepare:
                    db.ask(message)
                self.refused(db, text)

    def test_utf8(self):
        self.attack("utf8")
        self.assertEqual([["\u00e9"]], stage.values(self.open().ask(wire.query("select note from cards where note = '\u00e9'"))))

    def test_bytes_as_they_are(self):
        self.attack("utf8", client_encoding="SQL_ASCII")
        self.assertEqual([["\u00e9"]], stage.values(self.open(client_encoding="SQL_ASCII").ask(
            wire.query("select note from cards where note = '\u00e9'"))))

    def test_latin1(self):
        self.attack("latin1", client_encoding="LATIN1")
        db = self.open(client_encoding="LATIN1")
        self.refused(db, wire.message(b"Q", "select '\u00e9'".encode("latin1") + b"\0"))
        bound = wire.parse("select note from cards where note = $1", types=[25]) + wire.bind(values=["\u00e9".encode("latin1")])
        self.assertEqual(1, len(stage.values(db.ask(bound, wire.execute(), SYNC))))
        self.assertEqual([], wire.errors(db.ask(wire.query("set client_encoding to 'UTF8'"))))
        self.refused(db, ATTACKS[0])

    def test_set_in_the_session(self):
        db = self.open()
        db.ask(wire.query("set client_encoding = 'LATIN1'"))
        self.refused(db, wire.message(b"Q", ATTACKS[0].encode("latin1") + b"\0"))
        self.refused(db, ESCAPED[1])

    def test_a_search_path_that_cannot_be_read_ends_the_session(self):
        db = self.open(client_encoding="LATIN1")
        heard = db.ask(wire.query("set search_path = U&'\\00e9', public"))
        self.assertEqual(["08P01"], wire.errors(heard))
        self.assertIsNone(db.next())

    def test_the_clients_encoding_is_its_own_again(self):
        """The sidecar reads the catalogue within the client's transaction, as UTF-8."""
        db = self.open(client_encoding="LATIN1")
        heard = db.ask(wire.query("begin")) + db.ask(wire.query("create table made(i int)"))
        self.assertNotIn(b"S", [kind for kind, _ in heard])
        self.assertEqual([["LATIN1"]], stage.values(db.ask(wire.query("show client_encoding"))))

    def test_other_databases(self):
        for name in ("west", "bare"):
            self.attack("utf8", database=name, client_encoding="UTF8")
            db = self.open(database=name, client_encoding="UTF8")
            self.assertEqual([["\u00e9"]], stage.values(db.ask(wire.query("select note from cards where note = '\u00e9'"))))
            self.refused(db, "do E'begin perform * from \"geh\\351im\"; end'")
        self.attack("latin1", database="west", client_encoding="LATIN1")
        self.attack("latin1", database="west", client_encoding="SQL_ASCII")


if __name__ == "__main__":
    stage.main()
