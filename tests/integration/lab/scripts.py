"""Scripts that the tests register, and what they mean without the applier: plain EVAL."""

import hashlib

OWN_ERROR = "NOFUNDS"  # what a script of ours says when it gives up

TEXTS = {
    # Moves an amount, if it is there; remembers until when that was the last one.
    "transfer": """
local amount = tonumber(ARGV[1])
redis.call('DECRBY', KEYS[1], amount)
redis.call('INCRBY', KEYS[2], amount)
if tonumber(redis.call('GET', KEYS[1])) < 0 then
  return redis.error_reply('NOFUNDS too little')
end
if KEYS[3] then
  redis.call('RPUSH', KEYS[3], amount .. '@' .. redwal.now_ms)
  redis.call('PEXPIREAT', KEYS[3], redwal.now_ms + 7200000)
end
""",
    # Gives up only after it has written.
    "fill": """
for i = 1, tonumber(ARGV[1]) do redis.call('RPUSH', KEYS[1], i) end
if redis.call('LLEN', KEYS[1]) > 50 then error('NOFUNDS full') end
for _, word in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do redis.call('SADD', KEYS[2], word) end
""",
}


def write(directory, texts):
    """The directory for --scripts."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (directory / f"{name}.lua").write_text(text)
    return directory


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def plain(text, now_ms, keys, args):
    """The words of an EVAL without anything around the text."""
    return [b"EVAL", b"local redwal = {now_ms = %d} " % now_ms + text.encode(), len(keys), *keys,
            *args]
