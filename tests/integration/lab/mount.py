"""A directory of files as Kubernetes mounts a secret: links into a directory that is exchanged."""

import itertools


class Mount:
    """`path(name)` stays the same; what is behind it changes all at once with `put`."""

    def __init__(self, directory, **files):
        self._directory = directory
        self._directory.mkdir(parents=True)
        self._versions = itertools.count(1)
        self._files = {}
        self.put(**files)

    def path(self, name):
        return self._directory / name

    def put(self, **files):
        """Text or bytes by name; what is not named stays as it was."""
        self._files.update(files)
        version = self._directory / f"..version-{next(self._versions)}"
        version.mkdir()
        for name, content in self._files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (version / name).write_bytes(data)
            (version / name).chmod(0o600)
            if not self.path(name).is_symlink():
                self.path(name).symlink_to(f"..data/{name}")
        link = self._directory / "..data.new"
        link.symlink_to(version.name)
        link.rename(self._directory / "..data")
