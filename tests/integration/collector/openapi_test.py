"""The OpenAPI document against the running server: every path and method, every parameter, and
the shape of every answer. The checker knows the part of JSON Schema that the document uses, and
refuses the document if it uses more."""

import json
import re
import unittest

from stage import Stage

KNOWN = {"$ref", "type", "properties", "required", "additionalProperties", "items", "pattern", "enum", "const",
         "format", "description", "minimum", "maximum", "default", "contentEncoding"}
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")


def check(document, schema, value, where="answer"):
    unknown = set(schema) - KNOWN
    assert not unknown, f"{where}: the checker does not know {unknown}"
    if "$ref" in schema:
        return check(document, resolve(document, schema), value, where)
    if "type" in schema:
        wanted = TYPES[schema["type"]]
        assert isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)), f"{where}: {value!r}"
    if "const" in schema:
        assert value == schema["const"], f"{where}: {value!r}"
    if "enum" in schema:
        assert value in schema["enum"], f"{where}: {value!r}"
    if "pattern" in schema:
        assert re.search(schema["pattern"], value), f"{where}: {value!r}"
    if schema.get("format") == "date-time":
        assert TIME.match(value), f"{where}: {value!r}"
    for name in schema.get("required", []):
        assert name in value, f"{where}: lacks {name}"
    properties = schema.get("properties", {})
    if schema.get("additionalProperties") is False:
        assert set(value) <= set(properties), f"{where}: has {set(value) - set(properties)}"
    for name, inner in properties.items():
        if name in value:
            check(document, inner, value[name], f"{where}.{name}")
    if "items" in schema:
        for number, item in enumerate(value):
            check(document, schema["items"], item, f"{where}[{number}]")


def resolve(document, item):
    while "$ref" in item:
        node = document
        for word in item["$ref"].removeprefix("#/").split("/"):
            node = node[word]
        item = node
    return item


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = cls.enterClassContext(Stage())
        cls.stage.send(spool="fleet", sessions=0, policy="reader/first", stay=1)
        cls.sent = cls.stage.send(sessions=2, commands=10)
        cls.stage.forge("forks")
        cls.stage.request("/v1/records", "reader")
        cls.document = json.loads(cls.stage.request("/v1/openapi.json", None)[2])
        cls.session = cls.stage.get("/v1/sessions?pod=agent-1")["sessions"][0]["session"]

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield path, method.upper(), operation

    def conforms(self, operation, status, headers, body, where):
        answer = operation["responses"].get(str(status))
        self.assertIsNotNone(answer, f"{where}: {status} is not in the document")
        (kind, content), = resolve(self.document, answer)["content"].items()
        self.assertEqual(headers["Content-Type"].split(";")[0], kind, where)
        if kind == "application/json":
            check(self.document, content["schema"], json.loads(body), where)

    def test_every_get(self):
        for path, method, operation in self.operations():
            if method == "GET":
                real = path.replace("{session}", self.session)
                status, headers, body = self.stage.request(real)
                self.assertEqual(status, 200, path)
                self.conforms(operation, status, headers, body, path)

    def test_every_parameter(self):
        values = {"from": "2020-01-01T00:00:00Z", "to": "1999999999000000000", "pod": "agent-1", "namespace": "shop",
                  "service_account": "agent", "resource": "orders-db", "rule": "no-drops", "verb": "DROP TABLE",
                  "object": "public.secrets", "text": "secrets", "effect": "drop,write", "risk_min": "high",
                  "kind": "command", "decision": "deny", "status": "refused", "session": self.session,
                  "operation": "5", "writer": self.sent["writer"], "limit": "3", "cursor": "r1", "order": "asc",
                  "wait_s": "0", "label": "team=data", "old": "true"}
        for path, method, operation in self.operations():
            for parameter in map(lambda p: resolve(self.document, p), operation.get("parameters", [])):
                if parameter["in"] != "query":
                    continue
                value = values[parameter["name"]]
                self.assert_pattern(parameter, value)
                query = "?" + parameter["name"] + "=" + value.replace(" ", "%20")
                status, headers, body = self.stage.request(path.replace("{session}", self.session) + query)
                where = path + query
                self.assertNotEqual(status, 400, (where, body))
                self.conforms(operation, status, headers, body, where)

    def assert_pattern(self, parameter, value):
        schema = parameter["schema"]
        self.assertIn(schema["type"], ("string", "integer"))
        if "pattern" in schema:
            self.assertRegex(value, schema["pattern"])
        if "enum" in schema:
            self.assertIn(value, schema["enum"])

    def test_all_filters_together_find_the_refused_command(self):
        query = (f"label=team=data&label=ci/run&pod=agent-1&namespace=shop&service_account=agent&resource=orders-db&rule=no-drops&verb=DROP%20TABLE"
                 f"&object=public.secrets&text=secrets&effect=drop&risk_min=high&kind=command&decision=deny"
                 f"&status=refused&session={self.session}&writer={self.sent['writer']}&operation=5")
        records = self.stage.get("/v1/records?" + query)["records"]
        self.assertEqual([r["record"]["text"] for r in records], ["DROP TABLE secrets"])

    def test_refusals_conform(self):
        for path, method, operation in self.operations():
            secured = bool(operation["security"])
            real = path.replace("{session}", "0" * 32)
            body = b"nonsense" if method == "POST" else None
            for token in ((None, "wrong") if secured else ()):
                self.conforms(operation, *self.stage.request(real, token, method, body), (path, token))
            if method == "POST":
                status, headers, text = self.stage.request(real, "writer", method, body)
                self.assertEqual(status, 400)
                self.conforms(operation, status, headers, text, path)
            elif "parameters" in operation:
                status, headers, text = self.stage.request(real + "?nonsense=1", "auditor", method)
                self.assertEqual(status, 400)
                self.conforms(operation, status, headers, text, path)

    def forged(self, stage, seen):
        """What an ill-meaning writer is answered: each status in the document, each refusal an error of it."""
        for scenario in ("gaps", "forks", "damage", "key_change"):
            for step in stage.forge(scenario):
                enrols = step["step"] in ("enrol", "next", "next_again") or step["step"].endswith(("_word", "_key")) \
                    and step["step"] not in ("old_key", "wrong_key")
                path = "/v1/enrol" if enrols else "/v1/batches"
                answer = self.document["paths"][path]["post"]["responses"].get(str(step["status"]))
                self.assertIsNotNone(answer, step)
                seen.add((path, "POST", step["status"]))
                if step["status"] != 200:
                    (_, content), = resolve(self.document, answer)["content"].items()
                    check(self.document, content["schema"], step["body"])

    def asked(self, stage, seen, path, method, operation, query="", token="auditor", body=None, headers=None):
        status, got, text = stage.request(path.replace("{session}", query or "0" * 32) if "{" in path else path + query,
                                          token, method, body, headers)
        self.conforms(operation, status, got, text, (path, method, status))
        seen.add((path, method, status))

    def test_every_status_that_can_be_brought_about(self):
        seen = set()
        with Stage() as stage:
            sent = stage.send(sessions=1, commands=2)
            session = stage.get("/v1/sessions")["sessions"][0]["session"]
            self.forged(stage, seen)
            stranger = {"Chaperone-Writer": "ab" * 16, "Chaperone-Signature": "cd" * 64}
            for path, method, operation in self.operations():
                asked = lambda **more: self.asked(stage, seen, path, method, operation, **more)  # noqa: E731
                reads = method == "GET"
                if reads:
                    asked(query=session if "{" in path else "?writer=" + sent["writer"] if "export" in path else "")
                secured = bool(operation["security"])
                if secured:
                    asked(token=None, body=None if reads else b"")
                    asked(token="writer" if reads else "reader", body=None if reads else b"")
                if not reads:
                    asked(token="writer", body=b"nonsense")
                    asked(token="writer", body=b"x" * (5 << 20))
                    asked(token="writer", body=b"", headers=stranger)
                elif secured and path != "/metrics":
                    more = "?nonsense=1"
                    asked(query=session + more if "{" in path else more)
            self.asked(stage, seen, "/v1/enrol", "POST", self.document["paths"]["/v1/enrol"]["post"], token="stranger",
                       body=b"{}")
            for path, query in (("/v1/sessions/{session}", "0" * 32), ("/v1/sessions/{session}", "09" * 16),
                                ("/v1/export", "?writer=" + "0" * 32)):
                self.asked(stage, seen, path, "GET", self.document["paths"][path]["get"], query=query)
            for path, method, operation in self.operations():
                tries = 0
                while operation["security"] and (path, method, 429) not in seen and tries < 500:
                    tries += 1  # wrong tokens from one address are slowed down, and forgiven one a second
                    self.asked(stage, seen, path, method, operation, token="wrong", body=None if method == "GET" else b"")
        documented = {(path, method, int(status)) for path, method, operation in self.operations()
                      for status in operation["responses"]}
        # What takes a broken disk, a full store or a search of ten seconds; faults_test.py has the first two.
        ours = {one for one in documented if one[2] not in (500, 503)}
        self.assertEqual(set(), ours - seen)
        self.assertEqual(set(), seen - documented)

    def test_what_is_not_in_the_document_is_not_there(self):
        for path in ("/", "/v1", "/v1/", "/v1/record", "/v1/sessions/", "/v1/sessions/a/b", "/v2/records"):
            self.assertEqual(self.stage.request(path)[0], 404, path)
        for path, methods in self.document["paths"].items():
            for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} - {m.upper() for m in methods}:
                body = b"" if method in ("POST", "PUT", "PATCH") else None
                status = self.stage.request(path.replace("{session}", self.session), "auditor", method, body)[0]
                self.assertIn(status, (404, 405), (method, path))


if __name__ == "__main__":
    unittest.main(verbosity=2)
