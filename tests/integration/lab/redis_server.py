"""One real redis-server, with or without TLS, password and ACL user."""

import dataclasses
import shutil

import redis

from .process import Process, free_port, listening
from .wait import await_


@dataclasses.dataclass(frozen=True)
class Security:
    """What a secured Redis wants. The default user keeps `admin_password`, for the lab itself."""

    authority: object
    admin_password: str
    user: str
    password: str
    rules: str  # ACL of `user`
    client_certificates: bool = False  # whether they are asked for
    sentinel_user: str | None = None  # None: `sentinel_password` is everybody's
    sentinel_password: str | None = None  # None: Sentinels ask for none
    sentinel_rules: str = "allchannels +@all"


class RedisServer:
    """`port` is what clients and Sentinel use (TLS when secured); `admin_port` is always plain."""

    def __init__(self, directory, name="redis", security=None, options=(), program="redis-server"):
        self.name, self.security, self.options = name, security, list(options)
        self.directory = directory / name
        self.directory.mkdir(parents=True)
        self.port = free_port()
        self.admin_port = free_port() if security else self.port
        self.address = f"127.0.0.1:{self.port}"
        self.process = Process(name, [program, self._configure()],
                               self.directory / "log", cwd=self.directory)

    def _configure(self):
        lines = [
            "bind 127.0.0.1", "protected-mode no", f"port {self.admin_port}",
            f"dir {self.directory}", 'save ""', "appendonly no", "databases 1",
            "repl-diskless-sync yes", "repl-diskless-sync-delay 0", "repl-ping-replica-period 1",
        ]
        if self.security:
            lines += self._secure(self.security)
        path = self.directory / "redis.conf"
        path.write_text("\n".join(lines + self.options) + "\n")
        return path

    def _secure(self, security):
        cert, key, _ = security.authority.issue(self.name)
        return [
            f"tls-port {self.port}", f"tls-cert-file {cert}", f"tls-key-file {key}",
            f"tls-ca-cert-file {security.authority.ca}",
            f"tls-auth-clients {'yes' if security.client_certificates else 'no'}",
            "tls-replication yes", f"requirepass {security.admin_password}",
            f"masterauth {security.admin_password}",
            f"user {security.user} on >{security.password} {security.rules}",
        ]

    def client(self, **options):
        """For the lab's own eyes and hands: plain, as the default user, bytes in and out."""
        password = self.security.admin_password if self.security else None
        return redis.Redis(host="127.0.0.1", port=self.admin_port, **{
            "password": password, "protocol": 2, "socket_timeout": 10, **options})

    def start(self):
        self.process.start()
        await_(lambda: self._answers() or not self.process.running(), 60,
               lambda: f"{self.name} answers\n{self.process.tail()}")
        assert self.process.running(), f"{self.name} ended at once:\n{self.process.tail()}"
        return self

    def _answers(self):
        if not listening(self.admin_port):
            return False
        try:
            with self.client(socket_timeout=1) as client:
                assert client.info("server")["process_id"] == self.process.pid, \
                    f"another server than {self.name} listens on port {self.admin_port}"
                return client.ping()
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):  # one is BusyLoadingError
            return False

    def kill(self):
        self.process.kill()

    def stop(self):
        self.process.stop()

    def pause(self):
        self.process.pause()

    def resume(self):
        self.process.resume()

    def remove(self):
        self.process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def info(self, section):
        with self.client() as client:
            return client.info(section)

    def break_saving(self):
        """From now on a save fails, and Redis answers writes with MISCONF."""
        (self.directory / "dump.rdb").mkdir()
        with self.client() as client:
            client.config_set("save", "3600 1")
            client.bgsave()
            await_(lambda: self.info("persistence")["rdb_last_bgsave_status"] == "err", 60,
                   "the background save fails")

    def mend_saving(self):
        (self.directory / "dump.rdb").rmdir()
        with self.client() as client:
            client.bgsave()
            await_(lambda: self.info("persistence")["rdb_last_bgsave_status"] == "ok", 60,
                   "the background save works again")
