#!/usr/bin/env python3
"""TLS towards the agent: who the sidecar says to be, and how TLS may begin."""

import pathlib
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from stage import wire  # noqa: E402

STARTUP = wire.startup({"user": "app", "database": "shop"})


class TlsTest(stage.StageTest):
    MORE = "hosts: [db.cluster.test, \"*.shop.test\"]"

    def context(self, alpn=("postgresql",), verify=True):
        context = ssl.create_default_context(cafile=str(self.sidecar.bundle))
        if not verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    def dial(self, name, direct=False, **how):
        plain = stage.raw()
        self.addCleanup(plain.close)
        if not direct:
            plain.sendall(wire.SSL_REQUEST)
            self.assertEqual(b"S", plain.recv(1))
        secure = self.context(**how).wrap_socket(plain, server_hostname=name)
        self.addCleanup(secure.close)
        secure.sendall(STARTUP)
        heard = b""
        while b"Z\0\0\0\x05I" not in heard:
            data = secure.recv(65536)
            if not data:
                break
            heard += data
        return heard

    def test_own_names(self):
        for name in ("db.cluster.test", "one.shop.test", stage.sandbox.CLUSTER4):
            self.assertTrue(self.dial(name).startswith(b"R\0\0\0\x08\0\0\0\0"), name)

    def test_another_name_does_not_verify(self):
        for name in ("evil.test", "cluster.test", "shop.test", "10.77.0.3"):
            with self.assertRaises(ssl.SSLCertVerificationError, msg=name):
                self.dial(name)

    def test_without_verification_any_name_connects(self):
        self.assertTrue(self.dial("evil.test", verify=False).startswith(b"R"))

    def test_direct_tls_names_its_protocol(self):
        self.assertTrue(self.dial("db.cluster.test", direct=True).startswith(b"R"))
        heard = self.dial("db.cluster.test", direct=True, alpn=())
        self.assertTrue(heard.startswith(b"E") and b"08P01" in heard and b"ALPN" in heard, heard)
        with self.assertRaises(ssl.SSLError):
            self.dial("db.cluster.test", direct=True, alpn=("http/1.1",))

    def test_after_an_ssl_request_alpn_is_free(self):
        self.assertTrue(self.dial("db.cluster.test", alpn=()).startswith(b"R"))


if __name__ == "__main__":
    stage.main()
