#!/usr/bin/env python3
"""Reviews at a steady rate over TLS: latency as the API server would see it, memory of the injector.

    tests/bench/injector_bench.py [--rate 200] [--seconds 20]

The promises: p99 under 10 ms at 200 reviews a second, under 30 MB resident.
"""

import argparse
import http.client
import json
import os
import pathlib
import queue
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from integration.lib.process import die_with_parent  # noqa: E402

BUILD = pathlib.Path(os.environ.get("CHAPERONE_BUILD", ROOT / "build"))
CONFIG = {"initImage": "init", "sidecarImage": "sidecar",
          "policies": [{"name": "reader", "namespaces": ["agents"], "default": True}]}


def review():
    containers = [{"name": f"c{i}", "image": "agent:1", "env": [{"name": f"V{j}", "value": "x" * 40} for j in range(20)],
                   "volumeMounts": [{"name": "kube-api-access-1", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}
                  for i in range(3)]
    pod = {"metadata": {"generateName": "a-"}, "spec": {"containers": containers, "volumes": [{"name": "kube-api-access-1"}]}}
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "namespace": "agents", "kind": {"kind": "Pod"}, "object": pod}})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=20)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                        "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key", "-out",
                        folder / "crt"], check=True, capture_output=True)
        (folder / "config").write_text(json.dumps(CONFIG))
        program = subprocess.Popen([BUILD / "injector/chaperone-injector", "--config", folder / "config", "--certificate",
                                    folder / "crt", "--key", folder / "key", "--listen", "127.0.0.1", "--port", "0",
                                    "--metrics-port", "0", "--drain-seconds", "0"], stderr=subprocess.PIPE, text=True,
                                   preexec_fn=die_with_parent)
        try:
            port = int(program.stderr.readline().split("ports ")[1].split()[0])
            time.sleep(0.5)
            took = load(port, flags, ssl.create_default_context(cafile=folder / "crt"))
            status = pathlib.Path(f"/proc/{program.pid}/status").read_text()
            resident = int(status.split("VmHWM:")[1].split()[0]) / 1024
        finally:
            program.terminate()
            program.wait()
    took.sort()
    at = lambda share: took[min(len(took) - 1, int(len(took) * share))] * 1000
    print(f"{len(took)} reviews at {flags.rate}/s: p50 {at(.5):.2f} ms, p99 {at(.99):.2f} ms, most {took[-1] * 1000:.2f} ms; "
          f"{resident:.1f} MB resident at the most")


def load(port, flags, tls):
    """Each review is due at its time whatever became of the one before, and timed from then."""
    body, due, took = review(), queue.Queue(), []

    def work():
        while (at := due.get()) is not None:
            connection = http.client.HTTPSConnection("127.0.0.1", port, context=tls)  # as the server wants it
            connection.request("POST", "/mutate", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert answer.status == 200 and b"JSONPatch" in answer.read()
            took.append(time.perf_counter() - at)
            connection.close()
    threads = [threading.Thread(target=work) for _ in range(8)]
    for one in threads:
        one.start()
    begin = time.perf_counter()
    for number in range(flags.rate * flags.seconds):
        at = begin + number / flags.rate
        if (ahead := at - time.perf_counter()) > 0:
            time.sleep(ahead)
        due.put(at)
    for _ in threads:
        due.put(None)
    for one in threads:
        one.join()
    return took


if __name__ == "__main__":
    main()
