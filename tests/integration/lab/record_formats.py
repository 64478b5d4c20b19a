"""What a record with a schema means, as the JSON record that means the same.

Written from docs/record-format.md, schemas/ and the formats' own libraries for Python.
"""

import base64
import binascii
import functools
import io
import json
import pathlib
import subprocess
import tempfile

import fastavro
import fastavro.read
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory
from google.protobuf.unknown_fields import UnknownFieldSet

SCHEMAS = pathlib.Path(__file__).resolve().parents[3] / "schemas"
ENVELOPE = "redwal.v1.Envelope"
FRAME = 5


class NotDecodable(Exception):
    """`reason` is the code of the dead letter."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def as_json(value, schema_of):
    """The JSON record for a value in any format. `schema_of`: id to (type, text) or None."""
    if not value or value[0] != 0:
        return value
    if len(value) < FRAME:
        raise NotDecodable("not-decodable")
    schema = schema_of(int.from_bytes(value[1:FRAME], "big"))
    if schema is None:
        raise NotDecodable("schema-unknown")
    return READERS[schema[0]](schema[1], value[FRAME:])


def _json_record(_, payload):
    return payload


def _record(envelope_id, body):
    record = {"v": 1, "id": envelope_id or None, **body}
    return json.dumps({k: v for k, v in record.items() if v is not None}).encode()


def _words(words):
    return [{"base64": base64.b64encode(w).decode()} for w in words]


def _operation(key, command, args, ttl_ms):
    return {"key": None if key is None else _words([key])[0], "command": command,
            "args": _words(args), "ttlMs": ttl_ms}


# --- Protobuf -------------------------------------------------------------------------------------

def compile_proto(text):
    """The file's descriptor, by protoc."""
    with tempfile.TemporaryDirectory() as scratch:
        pathlib.Path(scratch, "redwal.proto").write_text(text)
        done = subprocess.run(["protoc", "-I", scratch, "--descriptor_set_out=/dev/stdout",
                               "redwal.proto"], stdout=subprocess.PIPE, check=True)
    return descriptor_pb2.FileDescriptorSet.FromString(done.stdout).file[0]


def _file_of(text):
    try:
        return descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(text, validate=True))
    except (binascii.Error, message.DecodeError):
        return compile_proto(text)


def message_class(file, name=ENVELOPE):
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


@functools.cache
def our_envelope():
    return message_class(compile_proto((SCHEMAS / "redwal.proto").read_text()))


def _kind(field):
    """What a field is on the wire and to its reader; text and bytes are the same to us."""
    kind = "text" if field.type in (field.TYPE_STRING, field.TYPE_BYTES) else field.type
    return (field.number, kind, field.is_repeated,
            field.message_type.full_name if field.message_type else None)


def _fits(theirs, ours):
    return all(
        name in ours.fields_by_name and _kind(field) == _kind(ours.fields_by_name[name])
        and (field.message_type is None
             or _fits(field.message_type, ours.fields_by_name[name].message_type))
        for name, field in theirs.fields_by_name.items())


@functools.cache
def _their_envelope(text):
    """(class, where it stands in its file), or None when it says something else than ours."""
    file = _file_of(text)
    names = [f"{file.package}.{m.name}" for m in file.message_type]
    if ENVELOPE not in names:
        return None
    theirs = message_class(file)
    if not _fits(theirs.DESCRIPTOR, our_envelope().DESCRIPTOR):
        return None
    return theirs, [names.index(ENVELOPE)]


def _varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            return (value >> 1) ^ -(value & 1), at


def _indexes(payload):
    try:
        n, at = _varint(payload, 0)
        indexes = [0] if n == 0 else []
        for _ in range(n):
            index, at = _varint(payload, at)
            indexes.append(index)
        return indexes, payload[at:]
    except IndexError:
        raise NotDecodable("not-decodable") from None


def _no_unknown(found):
    if len(UnknownFieldSet(found)) > 0:
        raise NotDecodable("bad-field")
    return found


def _proto_operation(op):
    _no_unknown(op)
    if op.HasField("ttl_ms") and op.ttl_ms <= 0:
        raise NotDecodable("bad-field")
    return _operation(op.key if op.HasField("key") else None, op.command, op.args,
                      op.ttl_ms if op.HasField("ttl_ms") else None)


def _protobuf_record(text, payload):
    theirs = _their_envelope(text)
    if theirs is None:
        raise NotDecodable("schema-incompatible")
    indexes, payload = _indexes(payload)
    if indexes != theirs[1]:
        raise NotDecodable("schema-incompatible")
    try:
        envelope = _no_unknown(theirs[0].FromString(payload))
    except message.DecodeError:
        raise NotDecodable("not-decodable") from None
    body = envelope.WhichOneof("body")
    if body == "operation":
        return _record(envelope.id, _proto_operation(envelope.operation))
    if body == "atomic":
        _no_unknown(envelope.atomic)
        return _record(envelope.id, {"atomic": [
            _proto_operation(op) for op in envelope.atomic.operations]})
    if body == "script":
        script = _no_unknown(envelope.script)
        return _record(envelope.id, {"script": script.name, "sha": script.sha or None,
                                     "keys": _words(script.keys), "args": _words(script.args)})
    raise NotDecodable("bad-field")


# --- Avro -----------------------------------------------------------------------------------------

@functools.cache
def our_avro():
    return fastavro.parse_schema(json.loads((SCHEMAS / "redwal.avsc").read_text()))


def _field_names(schema, found):
    """Field names by record, however deep."""
    if isinstance(schema, list):
        for branch in schema:
            _field_names(branch, found)
    elif isinstance(schema, dict):
        if "fields" in schema:
            found[schema["name"]] = {f["name"] for f in schema["fields"]}
        for field in schema.get("fields", []):
            _field_names(field["type"], found)
        _field_names(schema.get("items"), found)
    return found


@functools.cache
def _their_avro(text):
    """Parsed, or None when it has a field or record that ours lacks."""
    try:
        theirs = fastavro.parse_schema(json.loads(text))
    except fastavro.schema.SchemaParseException:
        return None
    ours = _field_names(our_avro(), {})
    for name, fields in _field_names(theirs, {}).items():
        if fields - ours.get(name, set()):
            return None
    return theirs


def _avro_operation(op):
    if op["ttlMs"] is not None and op["ttlMs"] <= 0:
        raise NotDecodable("bad-field")
    return _operation(op["key"], op["command"], op["args"], op["ttlMs"])


def _avro_record(text, payload):
    theirs = _their_avro(text)
    if theirs is None:
        raise NotDecodable("schema-incompatible")
    stream = io.BytesIO(payload)
    try:
        envelope = fastavro.schemaless_reader(stream, theirs, our_avro(), return_record_name=True)
    except fastavro.read.SchemaResolutionError:
        raise NotDecodable("schema-incompatible") from None
    except (EOFError, IndexError, UnicodeDecodeError):
        raise NotDecodable("not-decodable") from None
    if stream.read(1):
        raise NotDecodable("not-decodable")
    name, body = envelope["body"]
    if name == "redwal.v1.Operation":
        return _record(envelope["id"], _avro_operation(body))
    if name == "redwal.v1.Atomic":
        return _record(envelope["id"], {"atomic": [_avro_operation(op) for op in body["operations"]]})
    return _record(envelope["id"], {"script": body["name"], "sha": body["sha"],
                                    "keys": _words(body["keys"]), "args": _words(body["args"])})


READERS = {"JSON": _json_record, "PROTOBUF": _protobuf_record, "AVRO": _avro_record}
