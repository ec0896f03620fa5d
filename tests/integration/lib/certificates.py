"""A throw-away certificate authority for one test, by the openssl command."""

from .process import run


class Authority:
    def __init__(self, folder, name="test CA"):
        self.folder = folder
        self.certificate, self._key = folder / "ca.pem", folder / "ca.key"
        self._new_key(self._key)
        run(["openssl", "req", "-x509", "-new", "-key", self._key, "-out", self.certificate,
             "-subj", f"/CN={name}", "-days", "30",
             "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"])
        self.certificate.chmod(0o644)

    @staticmethod
    def _new_key(path):
        run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path])

    def issue(self, common_name, names=(), addresses=()):
        """(certificate, key) files for a server or a client with these subject alternative names."""
        stem = self.folder / common_name.replace("/", "_")
        certificate, key, request = (stem.with_suffix(s) for s in (".crt", ".key", ".csr"))
        self._new_key(key)
        run(["openssl", "req", "-new", "-key", key, "-out", request, "-subj", f"/CN={common_name}"])
        alternatives = [f"DNS:{n}" for n in names] + [f"IP:{a}" for a in addresses]
        extensions = stem.with_suffix(".ext")
        extensions.write_text("basicConstraints=CA:FALSE\n" + (
            f"subjectAltName={','.join(alternatives)}\n" if alternatives else ""))
        run(["openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key,
             "-CAcreateserial", "-out", certificate, "-days", "30", "-extfile", extensions])
        return certificate, key
