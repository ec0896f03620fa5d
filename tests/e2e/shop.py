"""What a cluster of tests and examples holds beside Kubernetes: a database, and Chaperone by its chart."""

import os
import pathlib
import shutil

from tests.e2e.cluster import NODE, ROOT, run, wait_for

PGBIN = pathlib.Path("/usr/lib/postgresql/15/bin")
PASSWORD = "the-password-that-no-agent-sees"
CUSTOMERS = ("create table customers(id int, name text)", "insert into customers values (1, 'Ada'), (2, 'Grace')")


def database(cluster, role):
    """PostgreSQL on the node's address, SCRAM and TLS only, as Service db/shop: a database `shop` of `role`."""
    cluster.dir.chmod(0o711)
    folder = cluster.dir / "postgres"
    folder.mkdir()
    shutil.chown(folder, "postgres", "postgres")
    as_postgres = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
    run(*as_postgres, PGBIN / "initdb", "-D", folder / "data", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync")
    _certificate(cluster, folder / "data")
    (folder / "data/pg_hba.conf").write_text("local all all trust\nhostssl all all all scram-sha-256\n")
    with open(folder / "data/postgresql.conf", "a") as conf:
        conf.write(f"listen_addresses = '{NODE}'\nunix_socket_directories = '{folder}'\nfsync = off\nssl = on\nlog_statement = all\n")
    cluster.start("postgres", *as_postgres, PGBIN / "postgres", "-D", folder / "data")
    sql = [PGBIN / "psql", "-XAtq", "-h", folder, "-U", "postgres"]
    wait_for("PostgreSQL", lambda: run(*sql, "-c", "select 1", check=False).returncode == 0)
    run(*sql, "-c", f"create role {role} login password '{PASSWORD}'", "-c", f"create database shop owner {role}")
    run(*sql, "-d", "shop", *[word for one in (*CUSTOMERS, f"alter table customers owner to {role}") for word in ("-c", one)])
    cluster.kubectl("create", "namespace", "db")
    cluster.database = cluster.service_to("db", "shop", NODE, {"postgres": ("TCP", 5432)})


def _certificate(cluster, folder):
    key, request, certificate, extensions = (folder / "server.key", cluster.dir / "db.csr", folder / "server.crt", cluster.dir / "db.ext")
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    run("openssl", "req", "-new", "-key", key, "-subj", "/CN=shop", "-out", request)
    extensions.write_text("subjectAltName=DNS:shop.db.svc.cluster.local\n")
    run("openssl", "x509", "-req", "-in", request, "-CA", cluster.dir / "ca.crt", "-CAkey", cluster.dir / "ca.key",
        "-CAcreateserial", "-days", "2", "-out", certificate, "-extfile", extensions)
    for path in (key, certificate):
        shutil.chown(path, "postgres", "postgres")
        path.chmod(0o600)


def install(cluster, values, policies, *more):
    """helm install with the images made here; the credentials of these policies; namespace agents enforced."""
    data = cluster.dir / "collector-volume"
    data.mkdir()
    os.chown(data, 65532, 65532)
    status, found, _ = cluster.api("POST", "/api/v1/persistentvolumes", {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "collector"},
        "spec": {"capacity": {"storage": "20Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": str(data)}}})
    assert status == 201, found
    for policy in policies:
        cluster.kubectl("create", "secret", "generic", f"chaperone-credentials-{policy}", "-n", "agents",
                        f"--from-literal=password={PASSWORD}", f"--from-file=ca.crt={cluster.dir}/ca.crt")
    cluster.helm("install", "chaperone", ROOT / "charts/chaperone", "-n", "chaperone", "--create-namespace", "-f", values, *more)
    for kind, name in (("statefulset", "chaperone-collector"), ("deployment", "chaperone-injector")):
        done = cluster.kubectl("rollout", "status", f"{kind}/{name}", "-n", "chaperone", "--timeout=120s", check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr + state(cluster, "chaperone"))
    cluster.kubectl("label", "namespace", "agents", "chaperone.dev/enforce=true")


def state(cluster, namespace):
    """What a person would look at first."""
    said = cluster.kubectl("get", "pods", "-o", "wide", "-n", namespace, check=False).stdout
    said += cluster.kubectl("get", "events", "-n", namespace, check=False).stdout[-3000:]
    for pod in cluster.api("GET", f"/api/v1/namespaces/{namespace}/pods")[1]["items"]:
        for one in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]:
            said += cluster.kubectl("logs", pod["metadata"]["name"], "-c", one["name"], "-n", namespace, "--tail=15", check=False).stdout
    return said


def auditor(cluster):
    """The environment in which the command line reads the trail."""
    folder = cluster.dir / "auditor"
    folder.mkdir(exist_ok=True)
    (folder / "token").write_bytes(cluster.secret("chaperone", "chaperone-auditor", "token"))
    (folder / "ca.crt").write_bytes(cluster.secret("chaperone", "chaperone-collector-tls", "ca.crt"))
    return {"CHAPERONE_COLLECTOR": "https://chaperone-collector.chaperone.svc:8443",
            "CHAPERONE_TOKEN_FILE": str(folder / "token"), "CHAPERONE_CA_FILE": str(folder / "ca.crt")}
