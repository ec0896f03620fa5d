#!/usr/bin/env python3
"""docs/airgap.md, followed: images to archives, archives into a registry on loopback, and a chart that names
them by the digests which that registry gave.

    sudo tests/e2e/airgap_test.py
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.e2e.cluster import BUILD, ROOT, TOOLS, build_tools, wait_for  # noqa: E402

IMAGES = ("init", "sidecar", "injector", "collector")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
REGISTRY = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}/blobs}}}}
http: {{addr: 127.0.0.1:{port}}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Airgap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="chaperone-airgap-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        # buildah's own store, so that none of it stays.
        cls.env = {"CHAPERONE_BUILD": str(BUILD), "CONTAINERS_STORAGE_CONF": str(cls.folder / "storage.conf")}
        (cls.folder / "storage.conf").write_text(
            f'[storage]\ndriver = "vfs"\nrunroot = "{cls.folder}/run"\ngraphroot = "{cls.folder}/graph"\n')
        cls.port = free_port()
        (cls.folder / "registry.yml").write_text(REGISTRY.format(folder=cls.folder, port=cls.port))
        cls.registry = subprocess.Popen(["docker-registry", "serve", cls.folder / "registry.yml"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.registry.wait)
        cls.addClassCleanup(cls.registry.kill)
        wait_for("the registry", lambda: cls.ask("") == {})
        cls.carry = cls.folder / "carry"
        cls.shell(ROOT / "charts/images/build", "--archives", cls.carry)
        shutil.copy(ROOT / "charts/images/push", cls.carry)
        cls.shell(TOOLS / "helm", "package", ROOT / "charts/chaperone", "-d", cls.carry)
        cls.values = yaml.safe_load(cls.shell(cls.carry / "push", "--plain-http", cls.carry, f"127.0.0.1:{cls.port}/chaperone"))

    @classmethod
    def shell(cls, *words):
        done = subprocess.run([str(word) for word in words], env={**os.environ, **cls.env}, text=True, capture_output=True,
                              timeout=900)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    @classmethod
    def ask(cls, path):
        request = urllib.request.Request(f"http://127.0.0.1:{cls.port}/v2/{path}", headers={"Accept": MANIFEST})
        try:
            return json.load(urllib.request.urlopen(request, timeout=20))
        except OSError:
            return None

    def test_the_registry_has_each_image_by_its_digest(self):
        for part in IMAGES:
            with self.subTest(part):
                name, digest = self.values["images"][part].split("@")
                self.assertEqual(name, f"127.0.0.1:{self.port}/chaperone/chaperone-{part}")
                manifest = self.ask(f"chaperone/chaperone-{part}/manifests/{digest}")
                config = self.ask(f"chaperone/chaperone-{part}/blobs/{manifest['config']['digest']}")["config"]
                self.assertNotIn(config["User"].split(":")[0], ("", "0", "root"))
                self.assertEqual(config["Entrypoint"], [f"/chaperone-{part}"])

    def test_each_image_has_its_bill_of_materials_beside_it(self):
        for part in IMAGES:
            with self.subTest(part):
                bill = json.loads((self.carry / f"chaperone-{part}.spdx.json").read_text())
                self.assertEqual(bill["spdxVersion"], "SPDX-2.3")
                named = {package["name"] for package in bill["packages"]}
                self.assertLessEqual({f"chaperone-{part}", "libc6"}, named)
                self.assertEqual(part == "sidecar", {"boring-sys", "pg_query"} <= named)
                ids = [package["SPDXID"] for package in bill["packages"]]
                self.assertEqual(len(ids), len(set(ids)))
                for package in bill["packages"]:
                    self.assertTrue(package["versionInfo"], package)
                self.assertEqual(bill["relationships"][0]["relatedSpdxElement"], "SPDXRef-chaperone")

    def test_the_carried_chart_renders_with_these_images_alone(self):
        values = self.folder / "images.yaml"
        values.write_text(yaml.safe_dump(self.values))
        chart = next(self.carry.glob("chaperone-*.tgz"))
        made = self.shell(TOOLS / "helm", "template", "chaperone", chart, "-n", "chaperone", "-f", values, "-f", ROOT / "tests/e2e/values.yaml",
                        *(word for part in ("init", "sidecar") for word in ("--set", f"images.{part}={self.values['images'][part]}")))
        found = [line.split("image:")[1].strip().strip('"') for line in made.splitlines() if line.strip().startswith("image:")]
        self.assertTrue(found)
        for image in found:
            self.assertTrue(image.startswith(f"127.0.0.1:{self.port}/chaperone/"), image)
        for part in IMAGES:
            self.assertIn(self.values["images"][part], made)


if __name__ == "__main__":
    lacking = [name for name in ("buildah", "docker-registry", "setcap") if not shutil.which(name)]
    if lacking:
        print(f"airgap_test: needs the packages buildah, docker-registry, libcap2-bin; missing: {lacking}", file=sys.stderr)
        sys.exit(77)
    build_tools()
    unittest.main(verbosity=2)
