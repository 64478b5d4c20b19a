"""A certificate authority and certificates for 127.0.0.1, made with openssl."""

import subprocess


def _openssl(*argv):
    subprocess.run(["openssl", *map(str, argv)], check=True, capture_output=True)


class Authority:
    """Makes `ca.crt`, and per server `<name>.crt`, `<name>.key` and `<name>.pem` (both in one)."""

    def __init__(self, directory):
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.ca, self._key = directory / "ca.crt", directory / "ca.key"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-days", "2", "-subj", "/CN=redwal lab", "-keyout", self._key, "-out", self.ca)

    def issue(self, name, address="127.0.0.1"):
        """Certificate and key for localhost, 127.0.0.1 and `address`."""
        key, request = self.directory / f"{name}.key", self.directory / f"{name}.csr"
        cert, both = self.directory / f"{name}.crt", self.directory / f"{name}.pem"
        names = self.directory / f"{name}.ext"
        names.write_text(f"subjectAltName=DNS:localhost,IP:127.0.0.1,IP:{address}\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key,
                 "-CAcreateserial", "-days", "2", "-extfile", names, "-out", cert)
        both.write_text(key.read_text() + cert.read_text())
        return cert, key, both

    def client(self, name):
        """What a client needs, as text: `ca`, `cert` and `key`."""
        cert, key, _ = self.issue(name)
        return {"ca": self.ca.read_text(), "cert": cert.read_text(), "key": key.read_text()}
