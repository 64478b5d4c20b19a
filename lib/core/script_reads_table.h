/*
 * The reads that a registered script may make: those whose answer is the same in every replay, or
 * is once it is sorted. Not here is what tells of time (TTL), of chance (SRANDMEMBER), of how a
 * server stores things (OBJECT, DUMP), or of keys that the script did not name (KEYS, SCAN).
 *
 *   READ(name, keys as in command_table.h, how its answer is sorted: NOT, WORDS or PAIRS)
 */
#ifndef REDWAL_CORE_SCRIPT_READS_TABLE_H
#define REDWAL_CORE_SCRIPT_READS_TABLE_H

/* clang-format off */
#define SCRIPT_READS(READ) \
    READ("BITCOUNT",         ONE,     NOT) \
    READ("BITFIELD_RO",      ONE,     NOT) \
    READ("BITPOS",           ONE,     NOT) \
    READ("EXISTS",           ALL,     NOT) \
    READ("GET",              ONE,     NOT) \
    READ("GETBIT",           ONE,     NOT) \
    READ("GETRANGE",         ONE,     NOT) \
    READ("HEXISTS",          ONE,     NOT) \
    READ("HGET",             ONE,     NOT) \
    READ("HGETALL",          ONE,     PAIRS) \
    READ("HKEYS",            ONE,     WORDS) \
    READ("HLEN",             ONE,     NOT) \
    READ("HMGET",            ONE,     NOT) \
    READ("HSTRLEN",          ONE,     NOT) \
    READ("HVALS",            ONE,     WORDS) \
    READ("LCS",              TWO,     NOT) \
    READ("LINDEX",           ONE,     NOT) \
    READ("LLEN",             ONE,     NOT) \
    READ("LPOS",             ONE,     NOT) \
    READ("LRANGE",           ONE,     NOT) \
    READ("MGET",             ALL,     NOT) \
    READ("SCARD",            ONE,     NOT) \
    READ("SDIFF",            ALL,     WORDS) \
    READ("SINTER",           ALL,     WORDS) \
    READ("SINTERCARD",       COUNTED, NOT) \
    READ("SISMEMBER",        ONE,     NOT) \
    READ("SMEMBERS",         ONE,     WORDS) \
    READ("SMISMEMBER",       ONE,     NOT) \
    READ("STRLEN",           ONE,     NOT) \
    READ("SUNION",           ALL,     WORDS) \
    READ("TYPE",             ONE,     NOT) \
    READ("XLEN",             ONE,     NOT) \
    READ("XRANGE",           ONE,     NOT) \
    READ("XREVRANGE",        ONE,     NOT) \
    READ("ZCARD",            ONE,     NOT) \
    READ("ZCOUNT",           ONE,     NOT) \
    READ("ZDIFF",            COUNTED, NOT) \
    READ("ZINTER",           COUNTED, NOT) \
    READ("ZINTERCARD",       COUNTED, NOT) \
    READ("ZLEXCOUNT",        ONE,     NOT) \
    READ("ZMSCORE",          ONE,     NOT) \
    READ("ZRANGE",           ONE,     NOT) \
    READ("ZRANGEBYLEX",      ONE,     NOT) \
    READ("ZRANGEBYSCORE",    ONE,     NOT) \
    READ("ZRANK",            ONE,     NOT) \
    READ("ZREVRANGE",        ONE,     NOT) \
    READ("ZREVRANGEBYLEX",   ONE,     NOT) \
    READ("ZREVRANGEBYSCORE", ONE,     NOT) \
    READ("ZREVRANK",         ONE,     NOT) \
    READ("ZSCORE",           ONE,     NOT) \
    READ("ZUNION",           COUNTED, NOT)
/* clang-format on */

#endif
