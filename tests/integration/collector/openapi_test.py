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
                  "wait_s": "0", "label": "team=data"}
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
