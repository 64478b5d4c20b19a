"""OCI images without a container engine: files in, one archive out, the same for the same input.

Load one with `skopeo copy oci-archive:...`, `podman load`, or `ctr images import`.
"""

import dataclasses
import gzip
import hashlib
import io
import json
import pathlib
import platform
import re
import subprocess
import tarfile

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
USER = "65532:65532"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
NAMES = {
    "etc/passwd": "root:x:0:0:root:/:/none\nredwal:x:65532:65532:redwal:/:/none\n",
    "etc/group": "root:x:0:\nredwal:x:65532:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
}


@dataclasses.dataclass
class Image:
    name: str
    version: str
    when: int  # seconds since 1970, of everything in it
    entrypoint: list
    files: dict  # path without its first slash -> (bytes, mode)
    directories: tuple = ("tmp",)
    user: str = USER
    working_directory: str = "/"
    license: str = "Apache-2.0"

    def size(self):
        return sum(len(data) for data, _ in self.files.values())

    def layer(self):
        return _tar(self.files, self.when, self.directories)

    def write(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_archive(self))


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def names():
    """What name resolution and the C library look for."""
    return {name: (text.encode(), 0o644) for name, text in NAMES.items()}


def certificates():
    return {CERTIFICATES[1:]: (pathlib.Path(CERTIFICATES).read_bytes(), 0o644)}


def with_libraries(programs):
    """The files of `programs`, path inside -> path on this machine, with the shared libraries
    they need, where the loader of this machine finds them; it does so inside, too."""
    files = {}
    for inside, path in programs.items():
        files[inside.lstrip("/")] = (pathlib.Path(path).read_bytes(), 0o755)
        for library in _shared_libraries(path):
            files[library[1:]] = (pathlib.Path(library).read_bytes(), 0o755)
    return files


def _shared_libraries(program):
    """None for a static one, about which ldd complains."""
    done = subprocess.run(["ldd", program], check=False, text=True, capture_output=True)
    return re.findall(r"(/\S+) \(0x", done.stdout)


def _tar(files, when, directories=()):
    out = io.BytesIO()
    parents = {str(p) for name in files for p in pathlib.PurePosixPath(name).parents} - {"."}
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in sorted(parents | set(directories) | set(files)):
            info = tarfile.TarInfo(name)
            info.mtime = when
            if name in files:
                data, info.mode = files[name]
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
            else:
                info.type = tarfile.DIRTYPE
                info.mode = 0o1777 if name == "tmp" else 0o755
                tar.addfile(info)
    return out.getvalue()


def _digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _config(image, created, layer):
    return {
        "created": created,
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {
            "User": image.user,
            "Entrypoint": image.entrypoint,
            "Env": ["PATH=/usr/bin:/bin", f"SSL_CERT_FILE={CERTIFICATES}"],
            "StopSignal": "SIGTERM",
            "WorkingDir": image.working_directory,
            "Labels": {
                "org.opencontainers.image.title": image.name,
                "org.opencontainers.image.version": image.version,
                "org.opencontainers.image.licenses": image.license,
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        "history": [{"created": created, "created_by": "redwal"}],
    }


def _archive(image):
    blobs = {}

    def add(media, data):
        blobs["blobs/sha256/" + _digest(data)[7:]] = (data, 0o644)
        return {
            "mediaType": f"application/vnd.oci.image.{media}",
            "digest": _digest(data),
            "size": len(data),
        }

    created = run("date", "-u", "-d", f"@{image.when}", "+%Y-%m-%dT%H:%M:%SZ").strip()
    layer = image.layer()
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": add("config.v1+json", json.dumps(_config(image, created, layer)).encode()),
        "layers": [add("layer.v1.tar+gzip", gzip.compress(layer, mtime=0))],
    }
    entry = add("manifest.v1+json", json.dumps(manifest).encode())
    entry["annotations"] = {"org.opencontainers.image.ref.name": image.version}
    index = {"schemaVersion": 2, "manifests": [entry]}
    blobs["oci-layout"] = (b'{"imageLayoutVersion":"1.0.0"}', 0o644)
    blobs["index.json"] = (json.dumps(index).encode(), 0o644)
    return _tar(blobs, image.when)
