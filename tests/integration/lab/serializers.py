"""Producers that know a registry: the ordinary serializers of confluent-kafka."""

import base64
import functools
import json

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from .record_formats import SCHEMAS, our_envelope


def _bytes(word):
    return word.encode() if isinstance(word, str) else base64.b64decode(word["base64"])


def _words(words):
    return [_bytes(w) for w in words or []]


def _operation(fields):
    """Protobuf and Avro have the same fields; JSON's are renamed by the one that needs it."""
    ttl_ms = fields.get("ttlMs") or (fields["ttl"] * 1000 if fields.get("ttl") else None)
    key = fields.get("key")
    return {"key": None if key is None else _bytes(key), "command": fields["command"],
            "args": _words(fields.get("args")), "ttl_ms": ttl_ms}


def _script(fields):
    return {"name": fields["script"], "sha": fields.get("sha"), "keys": _words(fields["keys"]),
            "args": _words(fields["args"])}


def _for_protobuf(fields):
    def operation(f):
        return {k: v for k, v in _operation(f).items() if v is not None}

    if "script" in fields:
        body = {"script": {k: v for k, v in _script(fields).items() if v is not None}}
    elif "command" in fields:
        body = {"operation": operation(fields)}
    else:
        body = {"atomic": {"operations": [operation(f) for f in fields["atomic"]]}}
    return our_envelope()(id=fields.get("id") or "", **body)


def _for_avro(fields):
    def operation(f):
        found = _operation(f)
        return {"ttlMs": found.pop("ttl_ms"), **found}

    if "script" in fields:
        body = ("redwal.v1.Script", _script(fields))
    elif "command" in fields:
        body = ("redwal.v1.Operation", operation(fields))
    else:
        body = ("redwal.v1.Atomic", {"operations": [operation(f) for f in fields["atomic"]]})
    return {"id": fields.get("id"), "body": body}


class Serializers:
    """Each format has a subject of its own: `<topic>-<format>`."""

    FORMATS = ("json", "protobuf", "avro")

    def __init__(self, url, topic, **settings):
        self.topic, self._settings = topic, settings
        self.client = SchemaRegistryClient({"url": url})

    def subject(self, kind):
        return f"{self.topic}-{kind}"

    def serializer(self, kind, schema=None):
        """`schema`: of the producer: a message class for Protobuf, else text; None: ours."""
        settings = {"subject.name.strategy": lambda context, name: self.subject(kind),
                    **self._settings}
        if kind == "protobuf":
            return ProtobufSerializer(schema or our_envelope(), self.client, settings)
        if kind == "avro":
            return AvroSerializer(self.client, schema or (SCHEMAS / "redwal.avsc").read_text(),
                                  conf=settings)
        return JSONSerializer(schema or (SCHEMAS / "redwal.schema.json").read_text(), self.client,
                              conf=settings)

    @functools.cache
    def _ours(self, kind):
        return self.serializer(kind)

    def write(self, kind, value, serializer=None):
        """The value as the serializer of that format writes it."""
        context = SerializationContext(self.topic, MessageField.VALUE)
        return (serializer or self._ours(kind))(value, context)

    def encode(self, kind, record):
        """A record of version 1 in JSON, in that format."""
        fields = json.loads(record)
        value = {"json": lambda f: f, "protobuf": _for_protobuf, "avro": _for_avro}[kind](fields)
        return self.write(kind, value)
