/*
 * The records that make a key what it was, whatever it has become since: they are written to the
 * log like any other, so that every site and every replay comes to the same. See
 * docs/adr/0024-revert.md.
 *
 * What fits one record is one envelope: the key is deleted and made again. Of what does not, a key
 * beside it (the stage) is made by several records, and the last one renames it, so that nobody
 * sees half of it and a log that ends in between changes nothing. Another key (the tally) says
 * which of these records Redis has: each of them fails unless all before it were applied, once
 * each, so that one that is refused makes all that follow fail, and the key stays as it is.
 */
#ifndef REDWAL_CORE_REVERT_H
#define REDWAL_CORE_REVERT_H

#include "core/partitioner.h"
#include "core/record.h"
#include "core/value.h"

/* What stages are called; no key of an application. */
#define REVERT_STAGE_PREFIX "redwal-revert:"

enum {
    REVERT_NEVER_ENDS = -1,
    REVERT_ID_MAX = 127,
    REVERT_STAGE_MAX = 191,
    REVERT_SHARED_MAX = 1 << 18,        /* entries of a stream whose records have several */
    REVERT_SHARED_FIELDS_MAX = 1 << 13, /* of a hash whose records have several fields' ends */
    REVERT_SHARED_BYTES_MAX = 1 << 20,  /* of it, names and values */
    REVERT_STAGE_LIFE_MS = 24 * 60 * 60 * 1000,              /* of a stage that was never renamed */
    REVERT_TALLY_LIFE_MS = REVERT_STAGE_LIFE_MS - 60 * 1000, /* no stage ends that still counts */
};

/* A field of a hash that ends by itself. */
struct revert_field {
    struct str name;
    int64_t ends_ms;
};

/* What the key was. */
struct revert_value {
    enum value_type type;               /* VALUE_NONE: there was none */
    const struct reply *const *answers; /* to value_append_reads() */
    int64_t ends_ms;                    /* or REVERT_NEVER_ENDS */
    const struct revert_field *fields;  /* those that end */
    size_t n_fields;
};

struct revert_names {
    struct str key;
    struct str id;      /* of the record that changes the key */
    struct str attempt; /* tells the stages of several attempts apart */
    struct str stage;   /* of REVERT_STAGE_MAX bytes at most */
    /* Where the key's records stand; appliers take no tally that belongs elsewhere. */
    int32_t partition, n_partitions;
    enum partitioner partitioner;
};

struct revert_bounds {
    size_t record_bytes; /* of a record's value, as JSON */
    bool counts_entries; /* appliers' Redis does; see struct value_writer */
    int64_t now_ms;      /* from which a stage lives on */
};

struct revert_record {
    struct str key; /* of the message; its partition is that of the key that is made */
    struct envelope envelope;
    bool changes_key; /* those before it must be in the log when it is written */
};

/* The key that a record makes what it was; of another record something else. */
struct str revert_key_of(const struct envelope *envelope);

/* Takes one record, in order. What it points to lives for the call. False: no more are wanted. */
typedef bool revert_put_fn(void *self, const struct revert_record *record);

enum revert_verdict {
    REVERT_SAID,
    REVERT_NOT_SAYABLE, /* records cannot make it; none was put */
    REVERT_CUT_SHORT,   /* by `put` */
};
enum revert_verdict revert_say(const struct revert_value *value, const struct revert_names *names,
                               const struct revert_bounds *bounds, revert_put_fn *put, void *self);

#endif
