#!/usr/bin/env python3
"""Alerts and dashboards of the chart name only metrics that some program has, and runbooks that exist."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "charts/chaperone"


def known():
    text = "".join((ROOT / name).read_text() for name in
                   ("sidecar/report.cc", "collector/api/info.cc", "collector/api/api.cc", "injector/metrics.cc"))
    text += "".join(path.read_text() for path in (ROOT / "sidecar").rglob("*metrics*.cc"))
    return set(re.findall(r"chaperone_[a-z_]+", text))


def used(expression):
    for name in re.findall(r"\bchaperone_[a-z_]+", expression):
        yield re.sub(r"_(bucket|sum|count)$", "", name)


class ChartMetrics(unittest.TestCase):
    def setUp(self):
        rules = yaml.safe_load((CHART / "rules.yaml").read_text())["groups"]
        self.rules = [rule for group in rules for rule in group["rules"]]

    def test_alerts(self):
        for rule in self.rules:
            with self.subTest(rule["alert"]):
                self.assertLessEqual(set(used(rule["expr"])), known())

    def test_runbooks(self):
        titles = re.findall(r"^## (.+)$", (ROOT / "docs/runbooks.md").read_text(), re.M)
        for rule in self.rules:
            self.assertEqual(rule["annotations"]["runbook_url"], f"docs/runbooks.md#{rule['alert'].lower()}")
            self.assertIn(rule["alert"], titles)

    def test_panels(self):
        for path in (CHART / "dashboards").glob("*.json"):
            for panel in json.loads(path.read_text())["panels"]:
                for target in panel.get("targets", []):
                    with self.subTest(panel["title"]):
                        self.assertLessEqual(set(used(target["expr"])), known())


    def test_dashboards_are_what_their_lines_make(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([ROOT / "charts/dashboards", folder], check=True)
            made = {path.name: path.read_text() for path in pathlib.Path(folder).iterdir()}
        kept = {path.name: path.read_text() for path in (CHART / "dashboards").iterdir()}
        self.assertEqual(made, kept, "run charts/dashboards")


if __name__ == "__main__":
    unittest.main()
