"""One real Apache Kafka broker in KRaft mode: PLAINTEXT, SASL_SSL with SCRAM-SHA-512, and SSL with
certificates on both sides.

Needs java and mvn; uses nothing outside Python's standard library, so that it can run by itself:
`python3 -m lab.kafka --port N` prints READY and serves until it is told to stop. With `--prepare` it
only prints, as shell assignments, where the broker will be and the command that starts it.
"""

import argparse
import base64
import hashlib
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid

from .certs import Authority
from .process import Process, free_port, listening
from .wait import await_

POM = pathlib.Path(__file__).resolve().parent.parent / "kafka" / "pom.xml"

# A broker that is not heard of for so long is fenced, and its partitions have no leader: on a machine that is busy
# nothing is done for seconds. One that was killed comes back only behind that.
SESSION_MS = 6000

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{plain},SECURE://{secure_host}:{secure},\
MUTUAL://127.0.0.1:{mutual},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SECURE://{secure_host}:{secure},\
MUTUAL://127.0.0.1:{mutual}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,MUTUAL:SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={keystore}
listener.name.secure.scram-sha-512.connections.max.reauth.ms=5000
listener.name.mutual.ssl.client.auth=required
listener.name.mutual.ssl.keystore.type=PEM
listener.name.mutual.ssl.keystore.location={keystore}
listener.name.mutual.ssl.truststore.type=PEM
listener.name.mutual.ssl.truststore.location={truststore}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.min.isr=1
broker.session.timeout.ms={session}
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
message.max.bytes=16777216
replica.fetch.max.bytes=16777216
log.segment.delete.delay.ms=1000
log.cleaner.enable=false
"""


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("REDWAL_CACHE") or pathlib.Path(base) / "redwal")


def jars(pom=POM):
    """Directory of the broker's jars, or what `pom` asks for, fetched from Maven Central once."""
    name = pom.parent.name
    key = hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    wanted = cache_directory() / f"{name}-{key}"
    if wanted.is_dir():
        return wanted
    wanted.parent.mkdir(parents=True, exist_ok=True)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=wanted.parent))
    subprocess.run(["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies",
                    f"-DoutputDirectory={scratch}"], check=True,
                   stdin=subprocess.DEVNULL, stdout=sys.stderr)  # even a quiet one prints colours
    try:
        scratch.rename(wanted)
    except OSError:  # somebody else was faster
        shutil.rmtree(scratch)
    return wanted


def java(directory, classpath, memory, *argv):
    """The command that runs a program of Kafka's; what it logs goes to standard output."""
    logging = directory / "log4j2.yaml"
    logging.write_text(
        "Configuration:\n"
        "  Appenders:\n"
        "    Console: {name: STDOUT, PatternLayout: {pattern: '%d %p %m (%c)%n'}}\n"
        "  Loggers:\n"
        "    Root: {level: WARN, AppenderRef: {ref: STDOUT}}\n")
    return ["java", f"-Xmx{memory}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            f"-Dlog4j2.configurationFile={logging}", "-cp", f"{classpath}/*", *argv]


class Broker:
    """Started and stopped at will; data and ports stay the same from one start to the next."""

    def __init__(self, directory, port=None, users=(), secure_host="127.0.0.1"):
        """`users`: (name, password) pairs for SCRAM-SHA-512 on the secure listener, which is on an
        address of this machine that clients elsewhere may reach."""
        self.directory, self._secure_host = pathlib.Path(directory), secure_host
        self.plain_port, self.secure_port = port or free_port(), free_port()
        self.mutual_port = free_port()
        self.plain = f"127.0.0.1:{self.plain_port}"
        self.secure = f"{secure_host}:{self.secure_port}"
        self.mutual = f"127.0.0.1:{self.mutual_port}"
        self.authority = Authority(self.directory / "certs")
        self.ca = self.authority.ca
        self._config = self.directory / "server.properties"
        self._configure()
        self._format(users)
        self.process = Process("kafka", self._java("kafka.Kafka", self._config),
                               self.directory / "kafka.log", cwd=self.directory)

    def _configure(self):
        _, _, keystore = self.authority.issue("kafka", self._secure_host)
        self._config.write_text(PROPERTIES.format(
            plain=self.plain_port, secure=self.secure_port, mutual=self.mutual_port,
            secure_host=self._secure_host,
            controller=free_port(), session=SESSION_MS, keystore=keystore, truststore=self.ca,
            data=self.directory / "data"))

    def _java(self, *argv):
        return java(self.directory, jars(), "512m", *argv)

    def _format(self, users):
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        argv = self._java("kafka.tools.StorageTool", "format", f"--cluster-id={cluster}",
                          "-c", str(self._config))
        for name, password in users:
            argv += ["--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]"]
        done = subprocess.run(argv, capture_output=True, text=True, cwd=self.directory,
                              check=False)
        assert done.returncode == 0, f"kafka storage format: {done.stdout}{done.stderr}"

    def start(self):
        self.process.start()
        await_(lambda: listening(self.plain_port) and listening(self.mutual_port)
               and listening(self.secure_port, self._secure_host)
               or not self.process.running(), 180, "kafka listens")
        assert self.process.running(), f"kafka ended at once:\n{self.process.tail()}"
        return self

    def stop(self):
        self.process.stop(seconds=40)

    def kill(self):
        self.process.kill()

    def pause(self):
        self.process.pause()

    def resume(self):
        self.process.resume()


def arguments():
    parser = argparse.ArgumentParser(prog="kafka/start", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, help="of the PLAINTEXT listener; default: a free one")
    parser.add_argument("--directory", help="for data and logs; default: a scratch one, removed")
    parser.add_argument("--secure-host", default="127.0.0.1", help="address of the SASL_SSL listener")
    parser.add_argument("--user", help="SCRAM user of the SASL_SSL listener")
    parser.add_argument("--password-file", type=pathlib.Path, help="of that user")
    parser.add_argument("--prepare", action="store_true",
                        help="make the data in --directory, print addresses and command, and end")
    options = parser.parse_args()
    if bool(options.user) != bool(options.password_file):
        parser.error("--user and --password-file go together")
    if options.prepare and not options.directory:
        parser.error("--prepare needs --directory")
    return options


def prepare(broker):
    values = {"plain": broker.plain, "secure": broker.secure, "ca": str(broker.ca),
              "command": shlex.join(broker.process.argv)}
    for name, value in values.items():
        print(f"{name}={shlex.quote(value)}")


def serve(broker):
    try:
        broker.start()
        print(f"READY brokers={broker.plain} pid={broker.process.pid}", flush=True)
        broker.process.popen.wait()
    finally:
        broker.stop()


def main():
    options = arguments()
    users = []
    if options.user:
        users.append((options.user, options.password_file.read_text().strip()))
    for signal_number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signal_number, lambda number, frame: (_ for _ in ()).throw(SystemExit(0)))
    directory = options.directory or tempfile.mkdtemp(prefix="redwal-kafka-")
    try:
        broker = Broker(directory, options.port, users, options.secure_host)
        prepare(broker) if options.prepare else serve(broker)
    finally:
        if not options.directory:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
