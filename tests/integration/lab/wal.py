"""Topics of the real broker through confluent-kafka: make, break, write and read them."""

import contextlib
import dataclasses
import time

import confluent_kafka
from confluent_kafka import admin as kafka_admin

from .wait import await_

PATIENCE = 60
CLIENT = {"log_level": 0, "reconnect.backoff.max.ms": 500,
          "topic.metadata.refresh.fast.interval.ms": 100}
# Its deletion is still under way; no broker is known to live just now.
NOT_YET = (confluent_kafka.KafkaError.TOPIC_ALREADY_EXISTS,
           confluent_kafka.KafkaError.INVALID_REPLICATION_FACTOR)
# A broker that stood still leads again once its controller knows that it lives.
NO_LEADER = (confluent_kafka.KafkaError.NOT_LEADER_FOR_PARTITION,
             confluent_kafka.KafkaError.LEADER_NOT_AVAILABLE)
NO_COORDINATOR = (confluent_kafka.KafkaError.NOT_COORDINATOR,
                  confluent_kafka.KafkaError.COORDINATOR_NOT_AVAILABLE,
                  confluent_kafka.KafkaError.COORDINATOR_LOAD_IN_PROGRESS)


@dataclasses.dataclass(frozen=True)
class Record:
    partition: int
    offset: int
    timestamp: int  # milliseconds
    key: bytes | None
    value: bytes | None
    headers: dict


class Topic:
    """One topic, and a producer of its own. Writing is acknowledged only by `flush`."""

    def __init__(self, brokers, name, partitions=3, existing=False, **config):
        self.brokers, self.name, self.partitions, self.config = brokers, name, partitions, config
        self.admin = kafka_admin.AdminClient({"bootstrap.servers": brokers, **CLIENT})
        self._producer = None
        self._failed = []
        if not existing:
            self.create()

    def create(self):
        new = kafka_admin.NewTopic(self.name, self.partitions, 1, config={
            k.replace("_", "."): str(v) for k, v in self.config.items()})
        def done():
            try:
                self.admin.create_topics([new])[self.name].result(PATIENCE)
                return True
            except confluent_kafka.KafkaException as e:
                if e.args[0].code() not in NOT_YET:
                    raise
                return False
        await_(done, PATIENCE, f"topic {self.name} is created")
        await_(self._has_leaders, PATIENCE, f"topic {self.name} has leaders")

    def _has_leaders(self):
        seen = self.admin.list_topics(self.name, timeout=10).topics[self.name].partitions
        return len(seen) == self.partitions and all(p.leader >= 0 for p in seen.values())

    def delete(self):
        self.admin.delete_topics([self.name])[self.name].result(PATIENCE)
        await_(lambda: self.name not in self.admin.list_topics(timeout=10).topics, PATIENCE,
               f"topic {self.name} is gone")
        self._producer = None

    def recreate(self):
        self.delete()
        self.create()

    def id(self):
        names = confluent_kafka.TopicCollection([self.name])
        described = self.admin.describe_topics(names)[self.name].result(PATIENCE)
        return str(described.topic_id)

    def set_config(self, **config):
        resource = kafka_admin.ConfigResource(
            kafka_admin.ResourceType.TOPIC, self.name, incremental_configs=[
                kafka_admin.ConfigEntry(
                    k.replace("_", "."), str(v),
                    incremental_operation=kafka_admin.AlterConfigOpType.SET)
                for k, v in config.items()])
        self.admin.incremental_alter_configs([resource])[resource].result(PATIENCE)
        wanted = {k.replace("_", "."): str(v) for k, v in config.items()}
        await_(lambda: wanted.items() <= self._config().items(), PATIENCE,
               lambda: f"the broker goes by {wanted}")

    def _config(self):
        resource = kafka_admin.ConfigResource(kafka_admin.ResourceType.TOPIC, self.name)
        described = self.admin.describe_configs([resource])[resource].result(PATIENCE)
        return {name: entry.value for name, entry in described.items()}

    def truncate(self, partition, offset):
        """What retention does: records before `offset` are gone."""
        at = confluent_kafka.TopicPartition(self.name, partition, offset)
        self.admin.delete_records([at])[at].result(PATIENCE)

    def write(self, value, key=None, partition=None, timestamp=None, headers=None):
        where = {} if partition is None else {"partition": partition}
        when = {} if timestamp is None else {"timestamp": timestamp}
        while True:
            try:
                self.producer.produce(self.name, value, key, headers=headers,
                                      on_delivery=self._report, **where, **when)
                return
            except BufferError:
                self.producer.poll(0.1)

    @property
    def producer(self):
        if self._producer is None:
            self._producer = confluent_kafka.Producer({
                "bootstrap.servers": self.brokers, "enable.idempotence": True, "linger.ms": 2,
                "partitioner": "murmur2_random", "message.max.bytes": 16000000, **CLIENT})
        return self._producer

    def _report(self, error, message):
        if error is not None:
            self._failed.append(error)

    def flush(self, seconds=60):
        left = self.producer.flush(seconds)
        assert left == 0 and not self._failed, f"not written: {left} waiting, {self._failed[:1]}"

    def bounds(self):
        """Per partition (first offset, end offset) as read_committed sees it."""
        with self._consumer() as consumer:
            return {p: await_(lambda p=p: self._watermarks(consumer, p), PATIENCE,
                              f"partition {p} of {self.name} has bounds")
                    for p in range(self.partitions)}

    def _watermarks(self, consumer, partition):
        """A client whose first question is not answered at once takes it that there is no such partition."""
        try:
            return consumer.get_watermark_offsets(
                confluent_kafka.TopicPartition(self.name, partition), timeout=PATIENCE)
        except confluent_kafka.KafkaException as e:
            if e.args[0].code() in NO_LEADER:
                return None
            if e.args[0].code() != confluent_kafka.KafkaError._UNKNOWN_PARTITION or \
                    self.name not in consumer.list_topics(timeout=PATIENCE).topics:
                raise
            return None

    def ends(self):
        return {partition: end for partition, (_, end) in self.bounds().items()}

    @contextlib.contextmanager
    def _consumer(self):
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self.brokers, "group.id": "lab-unused", **CLIENT,
            "enable.auto.commit": False, "isolation.level": "read_committed",
            "enable.partition.eof": True, "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 10, "fetch.message.max.bytes": 16000000})
        try:
            yield consumer
        finally:
            consumer.close()

    def read(self):
        """Every committed record from the start to the present end, by partition and offset."""
        records, waiting = [], set()
        with self._consumer() as consumer:
            start = []
            for partition, (low, end) in self.bounds().items():
                if end > low:
                    waiting.add(partition)
                    start.append(confluent_kafka.TopicPartition(self.name, partition, low))
            if not start:
                return []
            consumer.assign(start)
            deadline = time.monotonic() + PATIENCE
            while waiting:
                assert time.monotonic() < deadline, f"{self.name} is not read on for {PATIENCE} s"
                for m in consumer.consume(1000, timeout=0.1):
                    deadline = time.monotonic() + PATIENCE
                    if m.error() is None:
                        records.append(_record(m))
                    elif m.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                        waiting.discard(m.partition())
                    else:
                        raise confluent_kafka.KafkaException(m.error())
        return sorted(records, key=lambda r: (r.partition, r.offset))


def _record(message):
    return Record(message.partition(), message.offset(), message.timestamp()[1], message.key(),
                  message.value(), dict(message.headers() or []))


def committed(brokers, group, topic):
    """Per partition what the group has committed."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": brokers, "group.id": group, **CLIENT})
    try:
        wanted = [confluent_kafka.TopicPartition(topic.name, p) for p in range(topic.partitions)]
        return {p.partition: p.offset for p in consumer.committed(wanted, timeout=PATIENCE)}
    finally:
        consumer.close()


def assignment(brokers, group):
    """Partitions by member, as the coordinator has them; {} while it or the group is not settled."""
    admin = kafka_admin.AdminClient({"bootstrap.servers": brokers, **CLIENT})
    try:
        described = admin.describe_consumer_groups([group])[group].result(PATIENCE)
    except confluent_kafka.KafkaException as e:
        if e.args[0].code() in NO_COORDINATOR:
            return {}
        raise
    if described.state != confluent_kafka.ConsumerGroupState.STABLE:
        return {}
    return {m.member_id: {tp.partition for tp in m.assignment.topic_partitions}
            for m in described.members}


# A change is in the controller's log when it is answered, and known to the broker a moment later.


def grant(brokers, user, resource, name, *operations):
    """`user` may do these operations, such as "READ", on the "TOPIC" or "GROUP" of that name."""
    admin = kafka_admin.AdminClient({"bootstrap.servers": brokers, **CLIENT})
    bindings = [kafka_admin.AclBinding(
        kafka_admin.ResourceType[resource], name, kafka_admin.ResourcePatternType.LITERAL,
        f"User:{user}", "*", kafka_admin.AclOperation[operation],
        kafka_admin.AclPermissionType.ALLOW) for operation in operations]
    for done in admin.create_acls(bindings).values():
        done.result(PATIENCE)
    await_(lambda: set(bindings) <= set(_permissions(admin, user)), PATIENCE,
           f"the broker grants {operations} on {name} to {user}")


def _everything(user):
    return kafka_admin.AclBindingFilter(
        kafka_admin.ResourceType.ANY, None, kafka_admin.ResourcePatternType.ANY, f"User:{user}",
        None, kafka_admin.AclOperation.ANY, kafka_admin.AclPermissionType.ANY)


def _permissions(admin, user):
    return admin.describe_acls(_everything(user)).result(PATIENCE)


def revoke_everything(brokers, user):
    admin = kafka_admin.AdminClient({"bootstrap.servers": brokers, **CLIENT})
    for done in admin.delete_acls([_everything(user)]).values():
        assert done.result(PATIENCE), f"{user} had no permissions"
    await_(lambda: not _permissions(admin, user), PATIENCE, f"the broker grants {user} nothing")


def set_scram_password(brokers, user, password):
    admin = kafka_admin.AdminClient({"bootstrap.servers": brokers, **CLIENT})
    new = kafka_admin.UserScramCredentialUpsertion(
        user, kafka_admin.ScramCredentialInfo(kafka_admin.ScramMechanism.SCRAM_SHA_512, 4096),
        password.encode())
    for done in admin.alter_user_scram_credentials([new]).values():
        done.result(PATIENCE)
