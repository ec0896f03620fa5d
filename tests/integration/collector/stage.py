"""A collector on a free port with its tokens, and the programs that talk to it."""

import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from integration.lib.process import die_with_parent  # noqa: E402

BUILD = pathlib.Path(os.environ.get("CHAPERONE_BUILD") or pathlib.Path(__file__).parents[3] / "build")
COLLECTOR = BUILD / "collector/chaperone-collector"
CLI = BUILD / "cli/chaperone"
SENDER = BUILD / "tests/integration/collector/spool_sender"
FORGER = BUILD / "tests/integration/collector/forger"


class Stage:
    """Use as a context: everything started is ended, everything written removed."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chaperone-collector-"))
        self.data = self.folder / "data"
        self.tokens = self.folder / "tokens"
        self.process = None
        self.port = 0
        self.token("writer", "write", "pod=agent-1", "namespace=shop")
        self.token("stranger", "write")
        self.token("reader", "read")
        self.token("auditor", "read,export,metrics")
        self.start()
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
        self.ended()
        shutil.rmtree(self.folder, ignore_errors=True)

    def token(self, name, rights, *claims):
        words = [COLLECTOR, "token", name, "--rights", rights, "--append", self.tokens]
        for claim in claims:
            words += ["--claim", claim]
        text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        (self.folder / f"{name}.token").write_text(text)

    def token_file(self, name):
        return self.folder / f"{name}.token"

    def start(self, *more):
        """Again on the same port, so that its clients find it."""
        with open(self.folder / "stderr", "a") as log:
            self.process = subprocess.Popen(
                [COLLECTOR, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}", "--tokens", self.tokens,
                 "--dev-tls", "--requests-per-second", "10000", *more], stdout=subprocess.PIPE, stderr=log, text=True,
                preexec_fn=die_with_parent)
        first = self.process.stdout.readline()
        if "listening" not in first:
            self.ended()
            raise RuntimeError("the collector did not start: " + (self.folder / "stderr").read_text())
        self.port = int(first.rsplit(":", 1)[1])
        self.key = self.process.stdout.readline().split()[-1]
        self.ca = self.data / "tls/ca.pem"
        self.url = f"https://127.0.0.1:{self.port}"

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.ended()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self):
        code = self.process.wait(timeout=30)
        self.process.stdout.close()
        return code

    def request(self, path, token="auditor", method="GET", body=None, headers=None):
        """Status, headers, body; nothing is raised for a refusal."""
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers or {})
        if token:
            text = self.token_file(token).read_text().strip() if self.token_file(token).exists() else token
            request.add_header("Authorization", "Bearer " + text)
        context = ssl.create_default_context(cafile=str(self.ca))
        try:
            with urllib.request.urlopen(request, context=context, timeout=60) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, dict(refusal.headers), refusal.read()

    def get(self, path, token="auditor"):
        status, _, body = self.request(path, token)
        if status != 200:
            raise AssertionError(f"{path}: {status} {body[:300]}")
        return json.loads(body)

    def all(self, path, name):
        """Every item of a list, page by page."""
        items, cursor = [], ""
        while True:
            page = self.get(path + ("&" if "?" in path else "?") + "limit=100" + (f"&cursor={cursor}" if cursor else ""))
            items += page[name]
            if "next" not in page or not page[name]:
                return items
            cursor = page["next"]

    def sending(self, spool="spool", token="writer", ca=None, **flags):
        words = [SENDER, self.folder / spool, self.url, ca or self.ca, self.token_file(token)]
        for name, value in flags.items():
            words += ["--" + name.replace("_", "-"), str(value)]
        with open(self.folder / "sender.stderr", "a") as log:
            return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True)

    def send(self, spool="spool", token="writer", ca=None, **flags):
        with self.sending(spool, token, ca, **flags) as process:
            return json.loads(process.communicate(timeout=120)[0])

    def forge(self, scenario, token="writer"):
        """What each step got: {step: (status, body or headers)}."""
        done = subprocess.run([FORGER, self.url, self.ca, self.token_file(token), scenario],
                              check=True, capture_output=True, text=True, timeout=60)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def cli(self, *words, token="auditor", code=0, env=None):
        """Standard output and error of the command line, whose exit code must be `code`."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "CHAPERONE_COLLECTOR": self.url,
                       "CHAPERONE_TOKEN_FILE": str(self.token_file(token)), "CHAPERONE_CA_FILE": str(self.ca)}
        done = subprocess.run([CLI, *words], capture_output=True, text=True, timeout=60,
                              env={**environment, **(env or {})})
        if done.returncode != code:
            raise AssertionError(f"chaperone {words}: code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout, done.stderr

    def alarms(self, kind=""):
        return self.get("/v1/alarms" + (f"?kind={kind}" if kind else ""))["alarms"]

    def metric(self, name):
        text = self.request("/metrics")[2].decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                   if line.split("{")[0].split(" ")[0] == name)
