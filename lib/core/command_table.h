/*
 * Every command a producer may try, by name: the write commands of Redis 7 and 8 and of Valkey 8
 * and 9, and what else is refused with more than "unknown". It is shown in docs/commands.md and
 * compared with a real server's COMMAND by tests/integration/test_command_table.py.
 *
 *   APPLY(name, words at least, words at most, keys, rewrite, how it may fail, type, ttl)
 *   REFUSE(name, reason)
 *
 * The type is the one that it works on, creates and leaves. One that also takes another, or makes
 * one of another, has ANY: it says nothing of what the key was before.
 *
 * Words are counted as Redis counts them, name and key included. Subcommands are rows of their own.
 */
#ifndef REDWAL_CORE_COMMAND_TABLE_H
#define REDWAL_CORE_COMMAND_TABLE_H

#include "core/command.h"

enum { COMMAND_WORDS_MANY = INT32_MAX };

/* Where a command's keys are, and whether the operation's own key is the first word after the
 * name. X(name, what it says of the words) */
/* clang-format off */
#define COMMAND_KEYS(X)                                                           \
    X(ONE,           "key ...")                                                   \
    X(TWO,           "key key ...")                                               \
    X(ALL,           "key [key ...]")                                             \
    X(PAIRS,         "key value [key value ...]")                                 \
    X(AFTER_WORD,    "word key [key ...]")                                        \
    X(COUNTED,       "numkeys key [key ...] ...")                                 \
    X(COUNTED_PAIRS, "numkeys key value [key value ...] ...")                     \
    X(STORE_COUNTED, "key numkeys key [key ...] ...")                             \
    X(STORE_OPTION,  "key ... STORE key")

/* What is done so that a replay gives the same. X(name, what is done) */
#define COMMAND_REWRITES(X)                                                       \
    X(AS_IS,             "")                                                      \
    X(OVERWRITE,         "")                                                      \
    X(CARRY,             "")                                                      \
    X(SUBCOMMAND,        "see its subcommands")                                   \
    X(PAIRS,             "fields and values must come in pairs")                  \
    X(COPY,              "`DB` is refused")                                       \
    X(SET,               "`EX` and `PX` become `PXAT`")                           \
    X(SETEX,             "becomes `SET ... PXAT`")                                \
    X(PSETEX,            "becomes `SET ... PXAT`")                                \
    X(GETEX,             "`EX` and `PX` become `PXAT`")                           \
    X(MSETEX,            "`EX` and `PX` become `PXAT`")                           \
    X(EXPIRE,            "becomes `PEXPIREAT`")                                   \
    X(PEXPIRE,           "becomes `PEXPIREAT`")                                   \
    X(EXPIREAT,          "options and deadline are checked")                      \
    X(PEXPIREAT,         "options and deadline are checked")                      \
    X(HEXPIRE,           "becomes `HPEXPIREAT`")                                  \
    X(HPEXPIRE,          "becomes `HPEXPIREAT`")                                  \
    X(HEXPIREAT,         "the deadline is checked")                               \
    X(HPEXPIREAT,        "the deadline is checked")                               \
    X(HSETEX,            "`EX` and `PX` become `PXAT`")                           \
    X(HGETEX,            "`EX` and `PX` become `PXAT`")                           \
    X(RESTORE,           "a relative ttl becomes `ABSTTL`")                       \
    X(SORT,              "only with `STORE`; patterns that read other keys are refused") \
    X(GEORADIUS,         "only with `STORE` or `STOREDIST`")                      \
    X(GEORADIUSBYMEMBER, "only with `STORE` or `STOREDIST`")                      \
    X(XADD,              "`*` becomes `<timestamp>-<offset>`; `~` becomes `=`, no `LIMIT`") \
    X(XTRIM,             "`~` becomes `=`, no `LIMIT`")

#define COMMAND_TABLE(APPLY, REFUSE) \
    REFUSE("ACL",                 ADMINISTRATIVE) \
    APPLY("APPEND",               3,    3, ONE,           AS_IS,             VALUE, STRING, TTL) \
    REFUSE("ASKING",              ADMINISTRATIVE) \
    REFUSE("AUTH",                ADMINISTRATIVE) \
    REFUSE("BGREWRITEAOF",        ADMINISTRATIVE) \
    REFUSE("BGSAVE",              ADMINISTRATIVE) \
    REFUSE("BITCOUNT",            NOT_A_WRITE) \
    APPLY("BITFIELD",             2, MANY, ONE,           AS_IS,             VALUE, STRING, TTL) \
    REFUSE("BITFIELD_RO",         NOT_A_WRITE) \
    APPLY("BITOP",                4, MANY, AFTER_WORD,    AS_IS,             VALUE, STRING, TTL) \
    REFUSE("BITPOS",              NOT_A_WRITE) \
    REFUSE("BLMOVE",              BLOCKING) \
    REFUSE("BLMPOP",              BLOCKING) \
    REFUSE("BLPOP",               BLOCKING) \
    REFUSE("BRPOP",               BLOCKING) \
    REFUSE("BRPOPLPUSH",          BLOCKING) \
    REFUSE("BZMPOP",              BLOCKING) \
    REFUSE("BZPOPMAX",            BLOCKING) \
    REFUSE("BZPOPMIN",            BLOCKING) \
    REFUSE("CLIENT",              ADMINISTRATIVE) \
    REFUSE("CLUSTER",             ADMINISTRATIVE) \
    REFUSE("COMMAND",             NOT_A_WRITE) \
    REFUSE("COMMANDLOG",          ADMINISTRATIVE) \
    REFUSE("CONFIG",              ADMINISTRATIVE) \
    APPLY("COPY",                 3,    6, TWO,           COPY,              VALUE, ANY,    NO_TTL) \
    REFUSE("DBSIZE",              NOT_A_WRITE) \
    REFUSE("DEBUG",               ADMINISTRATIVE) \
    APPLY("DECR",                 2,    2, ONE,           AS_IS,             VALUE, STRING, TTL) \
    APPLY("DECRBY",               3,    3, ONE,           AS_IS,             VALUE, STRING, TTL) \
    APPLY("DEL",                  2, MANY, ALL,           OVERWRITE,         NEVER, ANY,    NO_TTL) \
    APPLY("DELEX",                2,    4, ONE,           AS_IS,             VALUE, STRING, NO_TTL) \
    APPLY("DELIFEQ",              3,    3, ONE,           AS_IS,             TYPE,  STRING, NO_TTL) \
    REFUSE("DIGEST",              NOT_A_WRITE) \
    REFUSE("DISCARD",             ADMINISTRATIVE) \
    REFUSE("DUMP",                NOT_A_WRITE) \
    REFUSE("ECHO",                NOT_A_WRITE) \
    REFUSE("EVAL",                SCRIPTING) \
    REFUSE("EVALSHA",             SCRIPTING) \
    REFUSE("EVALSHA_RO",          SCRIPTING) \
    REFUSE("EVAL_RO",             SCRIPTING) \
    REFUSE("EXEC",                ADMINISTRATIVE) \
    REFUSE("EXISTS",              NOT_A_WRITE) \
    APPLY("EXPIRE",               3,    5, ONE,           EXPIRE,            NEVER, ANY,    NO_TTL) \
    APPLY("EXPIREAT",             3,    5, ONE,           EXPIREAT,          NEVER, ANY,    NO_TTL) \
    REFUSE("EXPIRETIME",          NOT_A_WRITE) \
    REFUSE("FAILOVER",            ADMINISTRATIVE) \
    REFUSE("FCALL",               SCRIPTING) \
    REFUSE("FCALL_RO",            SCRIPTING) \
    REFUSE("FLUSHALL",            ADMINISTRATIVE) \
    REFUSE("FLUSHDB",             ADMINISTRATIVE) \
    REFUSE("FUNCTION",            SCRIPTING) \
    APPLY("GEOADD",               5, MANY, ONE,           AS_IS,             VALUE, ZSET,   TTL) \
    REFUSE("GEODIST",             NOT_A_WRITE) \
    REFUSE("GEOHASH",             NOT_A_WRITE) \
    REFUSE("GEOPOS",              NOT_A_WRITE) \
    APPLY("GEORADIUS",            6, MANY, STORE_OPTION,  GEORADIUS,         VALUE, ZSET,   TTL) \
    APPLY("GEORADIUSBYMEMBER",    5, MANY, STORE_OPTION,  GEORADIUSBYMEMBER, VALUE, ZSET,   TTL) \
    REFUSE("GEORADIUSBYMEMBER_RO", NOT_A_WRITE) \
    REFUSE("GEORADIUS_RO",        NOT_A_WRITE) \
    REFUSE("GEOSEARCH",           NOT_A_WRITE) \
    APPLY("GEOSEARCHSTORE",       8, MANY, TWO,           AS_IS,             VALUE, ZSET,   TTL) \
    REFUSE("GET",                 NOT_A_WRITE) \
    REFUSE("GETBIT",              NOT_A_WRITE) \
    APPLY("GETDEL",               2,    2, ONE,           AS_IS,             TYPE,  STRING, NO_TTL) \
    APPLY("GETEX",                2,    4, ONE,           GETEX,             TYPE,  STRING, TTL) \
    REFUSE("GETRANGE",            NOT_A_WRITE) \
    APPLY("GETSET",               3,    3, ONE,           AS_IS,             TYPE,  STRING, TTL) \
    APPLY("HDEL",                 3, MANY, ONE,           AS_IS,             TYPE,  HASH,   TTL) \
    REFUSE("HELLO",               ADMINISTRATIVE) \
    REFUSE("HEXISTS",             NOT_A_WRITE) \
    APPLY("HEXPIRE",              6, MANY, ONE,           HEXPIRE,           VALUE, HASH,   NO_TTL) \
    APPLY("HEXPIREAT",            6, MANY, ONE,           HEXPIREAT,         VALUE, HASH,   NO_TTL) \
    REFUSE("HEXPIRETIME",         NOT_A_WRITE) \
    REFUSE("HGET",                NOT_A_WRITE) \
    REFUSE("HGETALL",             NOT_A_WRITE) \
    APPLY("HGETDEL",              5, MANY, ONE,           AS_IS,             VALUE, HASH,   TTL) \
    APPLY("HGETEX",               5, MANY, ONE,           HGETEX,            VALUE, HASH,   TTL) \
    APPLY("HINCRBY",              4,    4, ONE,           AS_IS,             VALUE, HASH,   TTL) \
    APPLY("HINCRBYFLOAT",         4,    4, ONE,           AS_IS,             VALUE, HASH,   TTL) \
    REFUSE("HKEYS",               NOT_A_WRITE) \
    REFUSE("HLEN",                NOT_A_WRITE) \
    REFUSE("HMGET",               NOT_A_WRITE) \
    APPLY("HMSET",                4, MANY, ONE,           PAIRS,             TYPE,  HASH,   TTL) \
    REFUSE("HOTKEYS",             ADMINISTRATIVE) \
    APPLY("HPERSIST",             5, MANY, ONE,           AS_IS,             VALUE, HASH,   NO_TTL) \
    APPLY("HPEXPIRE",             6, MANY, ONE,           HPEXPIRE,          VALUE, HASH,   NO_TTL) \
    APPLY("HPEXPIREAT",           6, MANY, ONE,           HPEXPIREAT,        VALUE, HASH,   NO_TTL) \
    REFUSE("HPEXPIRETIME",        NOT_A_WRITE) \
    REFUSE("HPTTL",               NOT_A_WRITE) \
    REFUSE("HRANDFIELD",          NONDETERMINISTIC) \
    REFUSE("HSCAN",               NOT_A_WRITE) \
    APPLY("HSET",                 4, MANY, ONE,           PAIRS,             TYPE,  HASH,   TTL) \
    APPLY("HSETEX",               6, MANY, ONE,           HSETEX,            VALUE, HASH,   TTL) \
    APPLY("HSETNX",               4,    4, ONE,           AS_IS,             TYPE,  HASH,   TTL) \
    REFUSE("HSTRLEN",             NOT_A_WRITE) \
    REFUSE("HTTL",                NOT_A_WRITE) \
    REFUSE("HVALS",               NOT_A_WRITE) \
    APPLY("INCR",                 2,    2, ONE,           AS_IS,             VALUE, STRING, TTL) \
    APPLY("INCRBY",               3,    3, ONE,           AS_IS,             VALUE, STRING, TTL) \
    APPLY("INCRBYFLOAT",          3,    3, ONE,           AS_IS,             VALUE, STRING, TTL) \
    REFUSE("INFO",                NOT_A_WRITE) \
    REFUSE("KEYS",                NOT_A_WRITE) \
    REFUSE("LASTSAVE",            NOT_A_WRITE) \
    REFUSE("LATENCY",             ADMINISTRATIVE) \
    REFUSE("LCS",                 NOT_A_WRITE) \
    REFUSE("LINDEX",              NOT_A_WRITE) \
    APPLY("LINSERT",              5,    5, ONE,           AS_IS,             VALUE, LIST,   TTL) \
    REFUSE("LLEN",                NOT_A_WRITE) \
    APPLY("LMOVE",                5,    5, TWO,           AS_IS,             VALUE, LIST,   NO_TTL) \
    APPLY("LMPOP",                4, MANY, COUNTED,       AS_IS,             VALUE, LIST,   TTL) \
    REFUSE("LOLWUT",              NOT_A_WRITE) \
    APPLY("LPOP",                 2,    3, ONE,           AS_IS,             VALUE, LIST,   TTL) \
    REFUSE("LPOS",                NOT_A_WRITE) \
    APPLY("LPUSH",                3, MANY, ONE,           AS_IS,             TYPE,  LIST,   TTL) \
    APPLY("LPUSHX",               3, MANY, ONE,           AS_IS,             TYPE,  LIST,   TTL) \
    REFUSE("LRANGE",              NOT_A_WRITE) \
    APPLY("LREM",                 4,    4, ONE,           AS_IS,             VALUE, LIST,   TTL) \
    APPLY("LSET",                 4,    4, ONE,           AS_IS,             VALUE, LIST,   TTL) \
    APPLY("LTRIM",                4,    4, ONE,           AS_IS,             VALUE, LIST,   TTL) \
    REFUSE("MEMORY",              NOT_A_WRITE) \
    REFUSE("MGET",                NOT_A_WRITE) \
    REFUSE("MIGRATE",             ADMINISTRATIVE) \
    REFUSE("MODULE",              ADMINISTRATIVE) \
    REFUSE("MONITOR",             ADMINISTRATIVE) \
    REFUSE("MOVE",                ADMINISTRATIVE) \
    APPLY("MSET",                 3, MANY, PAIRS,         OVERWRITE,         NEVER, ANY,    TTL) \
    APPLY("MSETEX",               4, MANY, COUNTED_PAIRS, MSETEX,            VALUE, ANY,    TTL) \
    APPLY("MSETNX",               3, MANY, PAIRS,         AS_IS,             NEVER, STRING, TTL) \
    REFUSE("MULTI",               ADMINISTRATIVE) \
    REFUSE("OBJECT",              NOT_A_WRITE) \
    APPLY("PERSIST",              2,    2, ONE,           AS_IS,             NEVER, ANY,    NO_TTL) \
    APPLY("PEXPIRE",              3,    5, ONE,           PEXPIRE,           NEVER, ANY,    NO_TTL) \
    APPLY("PEXPIREAT",            3,    5, ONE,           PEXPIREAT,         NEVER, ANY,    NO_TTL) \
    REFUSE("PEXPIRETIME",         NOT_A_WRITE) \
    APPLY("PFADD",                2, MANY, ONE,           AS_IS,             VALUE, STRING, TTL) \
    REFUSE("PFCOUNT",             NOT_A_WRITE) \
    REFUSE("PFDEBUG",             ADMINISTRATIVE) \
    APPLY("PFMERGE",              2, MANY, ALL,           AS_IS,             VALUE, STRING, TTL) \
    REFUSE("PFSELFTEST",          ADMINISTRATIVE) \
    REFUSE("PING",                NOT_A_WRITE) \
    APPLY("PSETEX",               4,    4, ONE,           PSETEX,            NEVER, ANY,    NO_TTL) \
    REFUSE("PSUBSCRIBE",          ADMINISTRATIVE) \
    REFUSE("PSYNC",               ADMINISTRATIVE) \
    REFUSE("PTTL",                NOT_A_WRITE) \
    REFUSE("PUBLISH",             NOT_A_WRITE) \
    REFUSE("PUBSUB",              NOT_A_WRITE) \
    REFUSE("PUNSUBSCRIBE",        ADMINISTRATIVE) \
    REFUSE("QUIT",                ADMINISTRATIVE) \
    REFUSE("RANDOMKEY",           NONDETERMINISTIC) \
    REFUSE("READONLY",            ADMINISTRATIVE) \
    REFUSE("READWRITE",           ADMINISTRATIVE) \
    APPLY("RENAME",               3,    3, TWO,           CARRY,             VALUE, ANY,    NO_TTL) \
    APPLY("RENAMENX",             3,    3, TWO,           CARRY,             VALUE, ANY,    NO_TTL) \
    REFUSE("REPLCONF",            ADMINISTRATIVE) \
    REFUSE("REPLICAOF",           ADMINISTRATIVE) \
    REFUSE("RESET",               ADMINISTRATIVE) \
    APPLY("RESTORE",              4, MANY, ONE,           RESTORE,           VALUE, ANY,    NO_TTL) \
    REFUSE("RESTORE-ASKING",      ADMINISTRATIVE) \
    REFUSE("ROLE",                NOT_A_WRITE) \
    APPLY("RPOP",                 2,    3, ONE,           AS_IS,             VALUE, LIST,   TTL) \
    APPLY("RPOPLPUSH",            3,    3, TWO,           AS_IS,             TYPE,  LIST,   NO_TTL) \
    APPLY("RPUSH",                3, MANY, ONE,           AS_IS,             TYPE,  LIST,   TTL) \
    APPLY("RPUSHX",               3, MANY, ONE,           AS_IS,             TYPE,  LIST,   TTL) \
    APPLY("SADD",                 3, MANY, ONE,           AS_IS,             TYPE,  SET,    TTL) \
    REFUSE("SAVE",                ADMINISTRATIVE) \
    REFUSE("SCAN",                NOT_A_WRITE) \
    REFUSE("SCARD",               NOT_A_WRITE) \
    REFUSE("SCRIPT",              SCRIPTING) \
    REFUSE("SDIFF",               NOT_A_WRITE) \
    APPLY("SDIFFSTORE",           3, MANY, ALL,           AS_IS,             TYPE,  SET,    TTL) \
    REFUSE("SELECT",              ADMINISTRATIVE) \
    REFUSE("SENTINEL",            ADMINISTRATIVE) \
    APPLY("SET",                  3, MANY, ONE,           SET,               NEVER, ANY,    TTL) \
    APPLY("SETBIT",               4,    4, ONE,           AS_IS,             VALUE, STRING, TTL) \
    APPLY("SETEX",                4,    4, ONE,           SETEX,             NEVER, ANY,    NO_TTL) \
    APPLY("SETNX",                3,    3, ONE,           AS_IS,             NEVER, STRING, TTL) \
    APPLY("SETRANGE",             4,    4, ONE,           AS_IS,             VALUE, STRING, TTL) \
    REFUSE("SFLUSH",              ADMINISTRATIVE) \
    REFUSE("SHUTDOWN",            ADMINISTRATIVE) \
    REFUSE("SINTER",              NOT_A_WRITE) \
    REFUSE("SINTERCARD",          NOT_A_WRITE) \
    APPLY("SINTERSTORE",          3, MANY, ALL,           AS_IS,             TYPE,  SET,    TTL) \
    REFUSE("SISMEMBER",           NOT_A_WRITE) \
    REFUSE("SLAVEOF",             ADMINISTRATIVE) \
    REFUSE("SLOWLOG",             ADMINISTRATIVE) \
    REFUSE("SMEMBERS",            NOT_A_WRITE) \
    REFUSE("SMISMEMBER",          NOT_A_WRITE) \
    APPLY("SMOVE",                4,    4, TWO,           AS_IS,             TYPE,  SET,    NO_TTL) \
    APPLY("SORT",                 2, MANY, STORE_OPTION,  SORT,              VALUE, ANY,    TTL) \
    REFUSE("SORT_RO",             NOT_A_WRITE) \
    REFUSE("SPOP",                NONDETERMINISTIC) \
    REFUSE("SPUBLISH",            NOT_A_WRITE) \
    REFUSE("SRANDMEMBER",         NONDETERMINISTIC) \
    APPLY("SREM",                 3, MANY, ONE,           AS_IS,             TYPE,  SET,    TTL) \
    REFUSE("SSCAN",               NOT_A_WRITE) \
    REFUSE("SSUBSCRIBE",          ADMINISTRATIVE) \
    REFUSE("STRALGO",             NOT_A_WRITE) \
    REFUSE("STRLEN",              NOT_A_WRITE) \
    REFUSE("SUBSCRIBE",           ADMINISTRATIVE) \
    REFUSE("SUBSTR",              NOT_A_WRITE) \
    REFUSE("SUNION",              NOT_A_WRITE) \
    APPLY("SUNIONSTORE",          3, MANY, ALL,           AS_IS,             TYPE,  SET,    TTL) \
    REFUSE("SUNSUBSCRIBE",        ADMINISTRATIVE) \
    REFUSE("SWAPDB",              ADMINISTRATIVE) \
    REFUSE("SYNC",                ADMINISTRATIVE) \
    REFUSE("TIME",                NONDETERMINISTIC) \
    REFUSE("TOUCH",               NOT_A_WRITE) \
    REFUSE("TRIMSLOTS",           ADMINISTRATIVE) \
    REFUSE("TTL",                 NOT_A_WRITE) \
    REFUSE("TYPE",                NOT_A_WRITE) \
    APPLY("UNLINK",               2, MANY, ALL,           OVERWRITE,         NEVER, ANY,    NO_TTL) \
    REFUSE("UNSUBSCRIBE",         ADMINISTRATIVE) \
    REFUSE("UNWATCH",             ADMINISTRATIVE) \
    REFUSE("VADD",                NONDETERMINISTIC) \
    REFUSE("VCARD",               NOT_A_WRITE) \
    REFUSE("VDIM",                NOT_A_WRITE) \
    REFUSE("VEMB",                NOT_A_WRITE) \
    REFUSE("VGETATTR",            NOT_A_WRITE) \
    REFUSE("VINFO",               NOT_A_WRITE) \
    REFUSE("VISMEMBER",           NOT_A_WRITE) \
    REFUSE("VLINKS",              NOT_A_WRITE) \
    REFUSE("VRANDMEMBER",         NONDETERMINISTIC) \
    REFUSE("VRANGE",              NOT_A_WRITE) \
    REFUSE("VREM",                NONDETERMINISTIC) \
    REFUSE("VSETATTR",            NONDETERMINISTIC) \
    REFUSE("VSIM",                NOT_A_WRITE) \
    REFUSE("WAIT",                BLOCKING) \
    REFUSE("WAITAOF",             BLOCKING) \
    REFUSE("WATCH",               ADMINISTRATIVE) \
    APPLY("XACK",                 4, MANY, ONE,           AS_IS,             VALUE, STREAM, TTL) \
    APPLY("XACKDEL",              6, MANY, ONE,           AS_IS,             VALUE, STREAM, TTL) \
    APPLY("XADD",                 5, MANY, ONE,           XADD,              VALUE, STREAM, TTL) \
    REFUSE("XAUTOCLAIM",          NONDETERMINISTIC) \
    REFUSE("XCFGSET",             NONDETERMINISTIC) \
    REFUSE("XCLAIM",              NONDETERMINISTIC) \
    APPLY("XDEL",                 3, MANY, ONE,           AS_IS,             VALUE, STREAM, TTL) \
    APPLY("XDELEX",               5, MANY, ONE,           AS_IS,             VALUE, STREAM, TTL) \
    APPLY("XGROUP",               2, MANY, ONE,           SUBCOMMAND,        VALUE, STREAM, TTL) \
    APPLY("XGROUP CREATE",        5, MANY, ONE,           AS_IS,             VALUE, STREAM, TTL) \
    APPLY("XGROUP CREATECONSUMER", 5,    5, ONE,           AS_IS,             VALUE, STREAM, TTL) \
    APPLY("XGROUP DELCONSUMER",   5,    5, ONE,           AS_IS,             VALUE, STREAM, TTL) \
    APPLY("XGROUP DESTROY",       4,    4, ONE,           AS_IS,             VALUE, STREAM, TTL) \
    REFUSE("XGROUP HELP",         NOT_A_WRITE) \
    APPLY("XGROUP SETID",         5, MANY, ONE,           AS_IS,             VALUE, STREAM, TTL) \
    REFUSE("XINFO",               NOT_A_WRITE) \
    REFUSE("XLEN",                NOT_A_WRITE) \
    REFUSE("XPENDING",            NOT_A_WRITE) \
    REFUSE("XRANGE",              NOT_A_WRITE) \
    REFUSE("XREAD",               NOT_A_WRITE) \
    REFUSE("XREADGROUP",          NONDETERMINISTIC) \
    REFUSE("XREVRANGE",           NOT_A_WRITE) \
    APPLY("XSETID",               3, MANY, ONE,           AS_IS,             VALUE, STREAM, TTL) \
    APPLY("XTRIM",                4, MANY, ONE,           XTRIM,             VALUE, STREAM, TTL) \
    APPLY("ZADD",                 4, MANY, ONE,           AS_IS,             VALUE, ZSET,   TTL) \
    REFUSE("ZCARD",               NOT_A_WRITE) \
    REFUSE("ZCOUNT",              NOT_A_WRITE) \
    REFUSE("ZDIFF",               NOT_A_WRITE) \
    APPLY("ZDIFFSTORE",           4, MANY, STORE_COUNTED, AS_IS,             VALUE, ANY,    TTL) \
    APPLY("ZINCRBY",              4,    4, ONE,           AS_IS,             VALUE, ZSET,   TTL) \
    REFUSE("ZINTER",              NOT_A_WRITE) \
    REFUSE("ZINTERCARD",          NOT_A_WRITE) \
    APPLY("ZINTERSTORE",          4, MANY, STORE_COUNTED, AS_IS,             VALUE, ANY,    TTL) \
    REFUSE("ZLEXCOUNT",           NOT_A_WRITE) \
    APPLY("ZMPOP",                4, MANY, COUNTED,       AS_IS,             VALUE, ZSET,   TTL) \
    REFUSE("ZMSCORE",             NOT_A_WRITE) \
    APPLY("ZPOPMAX",              2,    3, ONE,           AS_IS,             VALUE, ZSET,   TTL) \
    APPLY("ZPOPMIN",              2,    3, ONE,           AS_IS,             VALUE, ZSET,   TTL) \
    REFUSE("ZRANDMEMBER",         NONDETERMINISTIC) \
    REFUSE("ZRANGE",              NOT_A_WRITE) \
    REFUSE("ZRANGEBYLEX",         NOT_A_WRITE) \
    REFUSE("ZRANGEBYSCORE",       NOT_A_WRITE) \
    APPLY("ZRANGESTORE",          5, MANY, TWO,           AS_IS,             VALUE, ZSET,   TTL) \
    REFUSE("ZRANK",               NOT_A_WRITE) \
    APPLY("ZREM",                 3, MANY, ONE,           AS_IS,             TYPE,  ZSET,   TTL) \
    APPLY("ZREMRANGEBYLEX",       4,    4, ONE,           AS_IS,             VALUE, ZSET,   TTL) \
    APPLY("ZREMRANGEBYRANK",      4,    4, ONE,           AS_IS,             VALUE, ZSET,   TTL) \
    APPLY("ZREMRANGEBYSCORE",     4,    4, ONE,           AS_IS,             VALUE, ZSET,   TTL) \
    REFUSE("ZREVRANGE",           NOT_A_WRITE) \
    REFUSE("ZREVRANGEBYLEX",      NOT_A_WRITE) \
    REFUSE("ZREVRANGEBYSCORE",    NOT_A_WRITE) \
    REFUSE("ZREVRANK",            NOT_A_WRITE) \
    REFUSE("ZSCAN",               NOT_A_WRITE) \
    REFUSE("ZSCORE",              NOT_A_WRITE) \
    REFUSE("ZUNION",              NOT_A_WRITE) \
    APPLY("ZUNIONSTORE",          4, MANY, STORE_COUNTED, AS_IS,             VALUE, ANY,    TTL)
/* clang-format on */

#define COMMAND_ENUM(name, text) COMMAND_KEYS_##name,
enum command_keys { COMMAND_KEYS(COMMAND_ENUM) COMMAND_KEYS_COUNT };
#undef COMMAND_ENUM

#define COMMAND_ENUM(name, text) REWRITE_##name,
enum command_rewrite { COMMAND_REWRITES(COMMAND_ENUM) COMMAND_REWRITE_COUNT };
#undef COMMAND_ENUM

struct command {
    struct str name; /* upper case; a subcommand behind one blank */
    uint32_t words_min;
    uint32_t words_max;
    enum command_keys keys;
    enum command_rewrite rewrite;
    enum command_failure failure;
    enum key_type type;
    bool ttl; /* a record's ttl may go with it */
    enum reject_reason refusal;
};

/* A name's place in the hash table (command_slots_table.h), 0 .. COMMAND_SLOTS - 1. */
enum { COMMAND_SLOTS = 1024, COMMAND_NAME_MAX = 32 };
size_t command_slot(struct str name);

/* As the table above spells them, for documents. */
const char *command_keys_text(enum command_keys keys);
const char *command_rewrite_text(enum command_rewrite rewrite);

#endif
