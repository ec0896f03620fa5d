"""Pods by the hundred: friendly ones, and for every way out a pod that tries it."""

import copy
import itertools

WEB = {"name": "web", "image": "example.test/agent:1"}


def pod(spec=None, container=None, annotations=None, name="p"):
    return {"metadata": {"name": name, **({"annotations": annotations} if annotations else {})},
            "spec": {"containers": [{**copy.deepcopy(WEB), **(container or {})}], **(spec or {})}}


def friendly():
    """(name, pod): every combination of a few harmless choices."""
    contexts = [{}, {"securityContext": {"runAsUser": 1000}},
                {"securityContext": {"runAsNonRoot": True, "capabilities": {"drop": ["NET_RAW"]}}}]
    volumes = [{}, {"volumes": [{"name": "work", "emptyDir": {}}, {"name": "c", "configMap": {"name": "settings", "optional": True}}]}]
    extras = [{}, {"initContainers": [{"name": "clone", "image": "example.test/git:1"}]},
              {"securityContext": {"runAsUser": 2000, "fsGroup": 2000, "seccompProfile": {"type": "RuntimeDefault"}}},
              {"restartPolicy": "Never", "terminationGracePeriodSeconds": 5},
              {"initContainers": [{"name": "helper", "image": "example.test/h:1", "restartPolicy": "Always"}]}]
    probes = [{}, {"readinessProbe": {"exec": {"command": ["true"]}}, "env": [{"name": "PGSSLROOTCERT", "value": "/mine"}]},
              {"resources": {"limits": {"nvidia.com/gpu": "1", "cpu": "1500m"}}},
              {"ports": [{"name": "http", "containerPort": 8080}], "livenessProbe": {"httpGet": {"path": "/up", "port": "http"}},
               "readinessProbe": {"tcpSocket": {"port": 8080}}, "startupProbe": {"grpc": {"port": 9000}},
               "lifecycle": {"preStop": {"httpGet": {"port": 8080}}}}]
    for number, (context, volume, extra, probe) in enumerate(itertools.product(contexts, volumes, extras, probes)):
        yield f"friendly-{number}", pod({**volume, **extra}, {**context, **probe})


def hostile():
    """(field that the refusal must name, spec, container, annotations)."""
    context = lambda **what: {"securityContext": what}
    volume = lambda **what: {"volumes": [{"name": "v", **what}]}
    yield from [
        ("spec.hostNetwork", {"hostNetwork": True}, {}, None),
        ("spec.hostPID", {"hostPID": True}, {}, None),
        ("spec.hostIPC", {"hostIPC": True}, {}, None),
        ("spec.shareProcessNamespace", {"shareProcessNamespace": True}, {}, None),
        ("sysctls", context(sysctls=[{"name": "net.ipv4.ip_local_port_range", "value": "1024 65535"}]), {}, None),
        ("fsGroup", context(fsGroup=19337), {}, None),
        ("supplementalGroups", context(supplementalGroups=[19337]), {}, None),
        ("spec.securityContext.runAsGroup", context(runAsGroup=19337), {}, None),
        ("spec.securityContext.runAsUser", context(runAsUser=19337), {}, None),
        ("spec.securityContext.runAsUser", context(runAsUser=0), {}, None),
        ("seccompProfile", context(seccompProfile={"type": "Unconfined"}), {}, None),
        ("appArmorProfile", context(appArmorProfile={"type": "Unconfined"}), {}, None),
        ("seLinuxOptions", context(seLinuxOptions={"type": "spc_t"}), {}, None),
        ("runtimeClassName", {"runtimeClassName": "gvisor"}, {}, None),
        ("nodeName", {"nodeName": "node1"}, {}, None),
        ("spec.volumes[v]", volume(hostPath={"path": "/"}), {}, None),
        ("spec.volumes[v].nfs", volume(nfs={"server": "evil.example", "path": "/"}), {}, None),
        ("spec.volumes[v].iscsi", volume(iscsi={"targetPortal": "1.2.3.4", "iqn": "iqn.2001-04.com.example:d", "lun": 0}), {}, None),
        ("spec.volumes[v]", volume(csi={"driver": "unknown.example"}), {}, None),
        ("spec.volumes[v]", volume(projected={"sources": [{"serviceAccountToken": {"path": "t", "audience": "x"}}]}), {}, None),
        ("spec.volumes[v]", volume(secret={"secretName": "chaperone-collector"}), {}, None),
        ("spec.volumes[v]", volume(configMap={"name": "chaperone-policy-reader"}), {}, None),
        ("spec.volumes[chaperone-data]", {"volumes": [{"name": "chaperone-data", "emptyDir": {}}]}, {}, None),
        ("initContainers[chaperone]", {"initContainers": [{"name": "chaperone", "image": "mine"}]}, {}, None),
        ("initContainers[chaperone-helper]", {"initContainers": [{"name": "chaperone-helper", "image": "mine"}]}, {}, None),
        ("privileged", {}, context(privileged=True), None),
        *((("capabilities.add", {}, context(capabilities={"add": [name]}), None)) for name in
          ("NET_ADMIN", "NET_RAW", "SYS_ADMIN", "SETUID", "SETGID", "SETPCAP", "SETFCAP", "SYS_PTRACE", "CHOWN", "BPF")),
        ("securityContext.runAsUser", {}, context(runAsUser=0), None),
        ("securityContext.runAsUser", {}, context(runAsUser=19337), None),
        ("securityContext.runAsUser", {}, context(runAsUser=19336), None),
        ("securityContext.runAsGroup", {}, context(runAsGroup=19337), None),
        ("procMount", {"hostUsers": False}, context(procMount="Unmasked"), None),
        ("seccompProfile", {}, context(seccompProfile={"type": "Localhost", "localhostProfile": "mine"}), None),
        ("hostPort", {}, {"ports": [{"containerPort": 80, "hostPort": 8080}]}, None),
        ("httpGet", {}, {"livenessProbe": {"httpGet": {"port": 80, "host": "169.254.169.254"}}}, None),
        ("tcpSocket", {}, {"readinessProbe": {"tcpSocket": {"port": 80, "host": "10.0.0.1"}}}, None),
        ("grpc", {}, {"startupProbe": {"grpc": {"port": 19001}}}, None),
        ("lifecycle.preStop", {}, {"lifecycle": {"preStop": {"httpGet": {"port": 80, "host": "evil.example"}}}}, None),
        ("resources", {}, {"resources": {"limits": {"rdma/hca": "1"}}}, None),
        ("env", {}, {"env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "chaperone-credentials-reader", "key": "password"}}}]}, None),
        ("envFrom", {}, {"envFrom": [{"secretRef": {"name": "chaperone-collector"}}]}, None),
        ("volumeMounts", {}, {"volumeMounts": [{"name": "chaperone-data", "mountPath": "/x"}]}, None),
        ("volumeMounts", {}, {"volumeMounts": [{"name": "chaperone-trust", "mountPath": "/run/chaperone/trust"}]}, None),
        ("chaperone.dev/exclude-ports", {}, {}, {"chaperone.dev/exclude-ports": "443"}),
        ("chaperone.dev/policy", {}, {}, {"chaperone.dev/policy": "builder"}),
        ("chaperone.dev/policy", {}, {}, {"chaperone.dev/policy": "no-such"}),
        ("config.mirror", {}, {}, {"kubernetes.io/config.mirror": "x"}),
        ("sidecar.istio.io/status", {}, {}, {"sidecar.istio.io/status": "{}"}),
        ("initContainers[first]", {"initContainers": [{"name": "first", "image": "x", "securityContext": {"privileged": True}}]}, {}, None),
    ]


def spoilt(injected):
    """(name, pod): an injected pod that somebody changed afterwards, for rules that have no injector."""
    def change(edit):
        spoiled = copy.deepcopy(injected)
        edit(spoiled["spec"], spoiled)
        return spoiled

    def container(**what):
        return lambda spec, _: spec["containers"][0].update(what)

    def context(**what):
        return lambda spec, _: spec["containers"][0]["securityContext"].update(what)

    def sidecar(index=1, **what):
        return lambda spec, _: spec["initContainers"][index].update(what)

    edits = {
        "no init step": lambda spec, _: spec["initContainers"].pop(0),
        "no sidecar": lambda spec, _: spec["initContainers"].pop(1),
        "nothing at all": lambda spec, _: spec.pop("initContainers"),
        "another first": lambda spec, _: spec["initContainers"].insert(0, {"name": "x", "image": "x"}),
        "sidecar not native": lambda spec, _: [spec["initContainers"][1].pop(key) for key in (
            "restartPolicy", "readinessProbe", "livenessProbe", "lifecycle")],
        "sidecar image": sidecar(image="mine"),
        "init image": sidecar(0, image="mine"),
        "sidecar command": sidecar(command=["sh"]),
        "sidecar hook": sidecar(lifecycle={"postStart": {"exec": {"command": ["/chaperone-sidecar", "--help"]}}}),
        "sidecar farewell": lambda spec, _: spec["initContainers"][1]["lifecycle"].update(preStop={"exec": {"command": ["x"]}}),
        "sidecar arguments": sidecar(args=["--config", "/mine"]),
        "sidecar environment": lambda spec, _: spec["initContainers"][1]["env"].append({"name": "LD_PRELOAD", "value": "/x"}),
        "sidecar user": lambda spec, _: spec["initContainers"][1]["securityContext"].update(runAsUser=10001),
        "init arguments": lambda spec, _: spec["initContainers"][0]["args"].append("--dry-run"),
        "agent as sidecar": context(runAsUser=19337),
        "agent as root": context(runAsUser=0, runAsNonRoot=False),
        "agent without user": lambda spec, _: spec["containers"][0]["securityContext"].pop("runAsUser"),
        "agent keeps capabilities": lambda spec, _: spec["containers"][0]["securityContext"].pop("capabilities"),
        "agent escalates": context(allowPrivilegeEscalation=True),
        "agent without seccomp": lambda spec, _: spec["containers"][0]["securityContext"].pop("seccompProfile"),
        "agent without context": lambda spec, _: spec["containers"][0].pop("securityContext"),
        "agent without trust": container(env=[]),
        "token for somebody else": lambda spec, _: next(s for v in spec["volumes"] if v["name"] == "chaperone-config" for s in v[
            "projected"]["sources"] if "serviceAccountToken" in s)["serviceAccountToken"].pop("audience"),
        "token of the sidecar's kind": lambda spec, _: spec["volumes"].append({"name": "mine", "projected": {"sources": [
            {"serviceAccountToken": {"path": "token", "audience": "chaperone-collector"}}]}}),
        "token back": lambda spec, _: spec.pop("automountServiceAccountToken"),
        "data volume of the node": lambda spec, _: next(v for v in spec["volumes"] if v["name"] == "chaperone-data").update(
            emptyDir=None, hostPath={"path": "/"}),
        "a late container": lambda spec, _: spec["containers"].append({"name": "late", "image": "x"}),
    }
    for name, edit in edits.items():
        yield name, change(edit)
    for field, spec, extra, annotations in hostile():
        if any(word in field for word in ("policy", "istio", "mirror")):
            continue  # which policy and which mesh: the injector's own; mirrors: another plugin's

        def merge(target, _, spec=spec, extra=extra):
            for key, value in copy.deepcopy(spec).items():
                if key in ("volumes", "initContainers"):
                    target[key] = target[key] + value
                elif key == "securityContext":
                    target.setdefault(key, {}).update(value)
                    # a pod's own choice counts where the container makes none
                    for inner in target["containers"]:
                        for name in value:
                            inner["securityContext"].pop(name, None)
                else:
                    target[key] = value
            agent = target["containers"][0]
            for key, value in copy.deepcopy(extra).items():
                if isinstance(value, list):
                    agent[key] = agent.get(key, []) + value
                elif key == "securityContext":
                    capabilities = value.get("capabilities")
                    agent[key].update(value)
                    # The API server refuses these with escalation forbidden: so that ours has its say.
                    if value.get("privileged") or "SYS_ADMIN" in (capabilities or {}).get("add", ()):
                        agent[key]["allowPrivilegeEscalation"] = True
                    if capabilities:
                        agent[key]["capabilities"] = {"drop": ["ALL"], **capabilities}
                else:
                    agent[key] = value
        if "chaperone-data]" in field or "initContainers[chaperone]" in field or any(
                m.get("name") == "chaperone-trust" for m in extra.get("volumeMounts", [])):
            continue  # the API server itself refuses the second of a name or of a path
        changed = change(merge)
        if annotations:
            changed["metadata"].setdefault("annotations", {}).update(annotations)
        yield f"hostile: {field} {spec or extra or annotations}", changed
