"""A primary, two replicas and three Sentinels; replicas follow through links that can be cut."""

import hashlib
import time

import redis

from .link import Link
from .process import Process, free_port, listening
from .redis_server import RedisServer
from .wait import await_

QUORUM = 2
# Sentinel would put replicas that follow through a link right, after this long.
FAILOVER_TIMEOUT_MS = 180000
# A Sentinel that has gone on to another primary connects to it within a second, and until then calls it down
# if that is all it waits: the next failover would follow on the heels of this one.
DOWN_AFTER_MS = 5000
HURRIED_DOWN_AFTER_MS = 1000  # of a primary that is to be replaced
ELECTION_SECONDS = 11  # an election that elects nobody is over after ten


class Sentinel:
    def __init__(self, directory, name, master_name, primary, program):
        self.directory = directory / name
        self.directory.mkdir(parents=True)
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.id = hashlib.sha1(str(self.directory).encode()).hexdigest()
        self.master_name, self.security = master_name, primary.security
        self._config = self.directory / "sentinel.conf"
        self._config.write_text("\n".join(self._lines(primary)) + "\n")
        self.process = Process(name, [program, self._config, "--sentinel"],
                               self.directory / "log", cwd=self.directory)

    def _lines(self, primary):
        port = [f"port {self.port}"]
        if self.security:
            port = ["port 0", f"tls-port {self.port}", *self._tls()]
        return [
            *port, "bind 127.0.0.1", "protected-mode no", f"dir {self.directory}", *self._login(),
            f"sentinel myid {self.id}",
            f"sentinel monitor {self.master_name} 127.0.0.1 {primary.port} {QUORUM}",
            *(" ".join(map(str, words)) for words in self.settings()),
        ]

    def settings(self):
        yield "sentinel", "down-after-milliseconds", self.master_name, DOWN_AFTER_MS
        yield "sentinel", "failover-timeout", self.master_name, FAILOVER_TIMEOUT_MS
        yield "sentinel", "parallel-syncs", self.master_name, 2
        if self.security:
            yield "sentinel", "auth-pass", self.master_name, self.security.admin_password

    def _password(self):
        """Of the default user, which Sentinels are to one another and the lab is to them."""
        security = self.security
        if not security or not security.sentinel_password:
            return None
        return security.admin_password if security.sentinel_user else security.sentinel_password

    def _login(self):
        password, security = self._password(), self.security
        if password is None:
            return []
        lines = [f"requirepass {password}", f"sentinel sentinel-pass {password}"]
        if security.sentinel_user:
            lines.append(f"user {security.sentinel_user} on >{security.sentinel_password} "
                         f"resetchannels -@all {security.sentinel_rules}")
        return lines

    def _tls(self):
        cert, key, _ = self.security.authority.issue(f"sentinel-{self.port}")
        return [f"tls-cert-file {cert}", f"tls-key-file {key}", "tls-auth-clients no",
                f"tls-ca-cert-file {self.security.authority.ca}", "tls-replication yes"]

    def knows(self, others, replicas):
        """Written before the start, so that nobody waits for Sentinel's own discovery."""
        with self._config.open("a", encoding="ascii") as f:
            for other in others:
                f.write(f"sentinel known-sentinel {self.master_name} 127.0.0.1 {other.port} "
                        f"{other.id}\n")
            for replica in replicas:
                f.write(f"sentinel known-replica {self.master_name} 127.0.0.1 {replica.port}\n")

    def start(self):
        self.process.start()
        await_(lambda: listening(self.port), 60, f"{self.process.name} listens")

    def client(self):
        access = {}
        if self.security:
            access = {"ssl": True, "ssl_ca_certs": str(self.security.authority.ca)}
        if self._password():
            access["password"] = self._password()
        return redis.Redis(host="127.0.0.1", port=self.port, socket_timeout=5, protocol=2,
                           decode_responses=True, **access)

    def ask(self, *words):
        with self.client() as client:
            return client.execute_command("SENTINEL", *words)

    def set(self, option, milliseconds):
        """Whether it was taken: a busy Sentinel may not answer."""
        try:
            self.ask("SET", self.master_name, option, milliseconds)
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
            return False
        return True


class Failover:
    """Three nodes; `primary` is the one Sentinel names, asked each time."""

    def __init__(self, directory, master_name="mymaster", security=None, options=(),
                 program="redis-server"):
        self.master_name, self.security = master_name, security
        self.nodes = [RedisServer(directory, f"redis-{i}", security, options, program)
                      for i in range(3)]
        self.links = [Link(node.port) for node in self.nodes]  # to each node as a primary
        self.sentinels = [Sentinel(directory, f"sentinel-{i}", master_name, self.nodes[0],
                                   program) for i in range(3)]
        self.sentinel_list = ",".join(s.address for s in self.sentinels)

    def start(self):
        first, *rest = self.nodes
        for node in self.nodes:
            node.start()
        for replica in rest:
            self.follow(replica, first)
        for sentinel in self.sentinels:
            sentinel.knows([s for s in self.sentinels if s is not sentinel], rest)
            sentinel.start()
        await_(lambda: self.in_sync(first, 2), 60, "both replicas follow the primary")
        await_(self.settled, 60, "the Sentinels reach their quorum and see both replicas")
        return self

    def follow(self, replica, primary):
        """`replica` follows `primary` through the primary's link."""
        with replica.client() as client:
            client.replicaof("127.0.0.1", self.links[self.nodes.index(primary)].port)

    def lose_what_follows(self, primary):
        """Its replicas have what it took up to now, and get no more."""
        def offset(node):
            return node.info("replication")["master_repl_offset"]
        sent = offset(primary)
        await_(lambda: all(offset(node) >= sent for node in self.nodes if node is not primary), 60,
               f"the replicas of {primary.name} have what it sent")
        self.links[self.nodes.index(primary)].hold()

    def in_sync(self, primary, replicas):
        info = primary.info("replication")
        online = [v for k, v in info.items()
                  if k.startswith("slave") and isinstance(v, dict) and v["state"] == "online"]
        return len(online) >= replicas

    def settled(self):
        """No Sentinel misses anybody, nor is amid a failover: that one would not hear of a next one back to where
        its own began, and would name the primary in between until its failover-timeout."""
        try:
            return all(str(s.ask("CKQUORUM", self.master_name)).startswith("OK")
                       and self._primary_only_watched(s) and self._replicas_seen(s) for s in self.sentinels)
        except redis.exceptions.RedisError:
            return False

    def _primary_only_watched(self, sentinel):
        with sentinel.client() as client:
            return client.sentinel_master(self.master_name)["flags"] == "master"

    def _replicas_seen(self, sentinel):
        with sentinel.client() as client:
            seen = client.sentinel_slaves(self.master_name)
        return len(seen) == 2 and not any(
            r["is_sdown"] or r["is_disconnected"] or r["role-reported"] != "slave" for r in seen)

    def _asked(self):
        return [s for s in self.sentinels if s.process.running()]

    def _named_by(self, sentinel):
        """The port of the primary; None: it does not answer."""
        try:
            return int(sentinel.ask("GET-MASTER-ADDR-BY-NAME", self.master_name)[1])
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
            return None

    def primary(self):
        """None while the Sentinels disagree, or one of them does not answer."""
        ports = {self._named_by(sentinel) for sentinel in self._asked()}
        if len(ports) != 1:
            return None
        port = ports.pop()
        return next((node for node in self.nodes if node.port == port), None)

    def replicas(self):
        primary = self.primary()
        return [node for node in self.nodes if node is not primary]

    def await_primary_other_than(self, old, seconds=120):
        """The new primary, once every Sentinel names it and it says so itself."""
        return await_(self.successor_of(old), seconds, f"Sentinel replaces {old.name}")

    def successor_of(self, old):
        """To be called again and again: gives the new primary in the end.

        Sentinels that miss the primary at the same moment vote for themselves, each of them, and do not try
        again before twice their failover-timeout. One of them is then made to do so, and gets the others' votes.
        """
        over, again, waits_ms = time.monotonic() + ELECTION_SECONDS, [], {}

        def hurry():
            for sentinel in self._asked():
                named = self._named_by(sentinel)
                wait_ms = HURRIED_DOWN_AFTER_MS if named == old.port else DOWN_AFTER_MS
                if named and waits_ms.get(sentinel) != wait_ms and \
                        sentinel.set("down-after-milliseconds", wait_ms):
                    waits_ms[sentinel] = wait_ms

        def successor():
            hurry()
            now = self.primary()
            if now in (None, old) or now.info("replication")["role"] != "master":
                if time.monotonic() > over and not again:
                    one = self._asked()[0]
                    if one.set("failover-timeout", 1000 * ELECTION_SECONDS // 2):
                        again.append(one)
                return None
            return now if all(s.set("failover-timeout", FAILOVER_TIMEOUT_MS) for s in again
                              if s in self._asked()) else None
        return successor

    def operator_moves_primary(self, new):
        """What an operator does: SLAVEOF by hand, then REMOVE and MONITOR. No +switch-master.

        REMOVE at all of them first: see operator_moves_primary_slowly().
        """
        self._promote_by_hand(new)
        for sentinel in self.sentinels:
            sentinel.ask("REMOVE", self.master_name)
        for sentinel in self.sentinels:
            self._monitor(sentinel, new)

    def operator_moves_primary_slowly(self, new):
        """Sentinel by Sentinel: those that still have the former primary announce it, of a newer epoch than
        MONITOR begins with when there was a failover, and each follows it back."""
        former = self.primary()
        self._promote_by_hand(new)
        for sentinel in self.sentinels:
            sentinel.ask("REMOVE", self.master_name)
            self._monitor(sentinel, new)
            await_(lambda: self.primary() is former, 60, f"{sentinel.address} follows {former.name} back")

    def _promote_by_hand(self, new):
        with new.client() as client:
            client.replicaof("NO", "ONE")
        for node in self.nodes:
            if node is not new:
                with node.client() as client:
                    client.replicaof("127.0.0.1", new.port)

    def _monitor(self, sentinel, primary):
        sentinel.ask("MONITOR", self.master_name, "127.0.0.1", primary.port, QUORUM)
        for words in sentinel.settings():
            sentinel.ask("SET", words[2], words[1], words[3])

    def stop(self):
        for sentinel in self.sentinels:
            sentinel.process.kill()
        for link in self.links:
            link.close()
        for node in self.nodes:
            node.remove()
