"""The injector's Deployment where there is no node to run it: its replicas as processes."""

import http.client

from tests.e2e.cluster import BUILD, NODE, free_port, wait_for

NAMESPACE = "chaperone"  # where the chart is installed


class Injectors:
    """The Deployment's own arguments and configuration, as processes, with its own service account's rights."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.ports = {}
        service = self.cluster.found("Service", f"/api/v1/namespaces/{NAMESPACE}/services/chaperone-injector")
        self.address = service["spec"]["clusterIP"]

    def deployment(self):
        return self.cluster.found("Deployment", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/chaperone-injector")

    def start(self, count=2, extra=()):
        config = self.cluster.found("ConfigMap", f"/api/v1/namespaces/{NAMESPACE}/configmaps/chaperone-injector")
        (self.cluster.dir / "injector.json").write_text(config["data"]["injector.json"])
        token = self.cluster.kubectl("create", "token", "chaperone-injector", "-n", NAMESPACE, "--duration", "1h").stdout
        (self.cluster.dir / "injector.token").write_text(token)
        for number in range(count):
            name = f"injector-{number}"
            port, metrics = free_port(), free_port()
            arguments = [one for one in self.deployment()["spec"]["template"]["spec"]["containers"][0]["args"]
                         if not one.startswith(("--config", "--port", "--metrics-port", *(e.split("=")[0] for e in extra)))]
            self.cluster.start(name, BUILD / "injector/chaperone-injector", *arguments, *extra, "--drain-seconds=0",
                               f"--config={self.cluster.dir}/injector.json", f"--port={port}", f"--metrics-port={metrics}",
                               "--poll-seconds=1", "--kube-api=https://127.0.0.1:6443", f"--kube-ca={self.cluster.dir}/ca.crt",
                               f"--kube-token={self.cluster.dir}/injector.token", f"--identity={name}")
            self.ports[name] = (port, metrics)
        self.cluster.service(self.address, 443, [port for port, _ in self.ports.values()])
        for name, (_, metrics) in self.ports.items():
            wait_for(f"{name} to be ready: {self.cluster.log(name)}", lambda m=metrics: self.get(m, "/readyz")[0] == 200)

    def stop(self):
        for name in self.ports:
            self.cluster.stop(name)
        self.ports = {}

    @staticmethod
    def get(port, path):
        connection = http.client.HTTPConnection(NODE, port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()
