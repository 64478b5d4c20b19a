"""Where producers put a key, written from the description of murmur2 that Kafka's clients share and
from CRC-32 as in zlib."""

import zlib


def MURMUR2(key, partitions):
    h = 0x9747b28c ^ len(key)
    whole = len(key) // 4 * 4
    for at in range(0, whole, 4):
        k = _times(int.from_bytes(key[at:at + 4], "little"))
        h = _times(h) ^ _times(k ^ k >> 24)
    if whole < len(key):
        h = _times(h ^ int.from_bytes(key[whole:], "little"))
    h = _times(h ^ h >> 13)
    return ((h ^ h >> 15) & 0x7fffffff) % partitions


def _times(n):
    return n * 0x5bd1e995 & 0xffffffff


def CRC32(key, partitions):
    return zlib.crc32(key) % partitions
