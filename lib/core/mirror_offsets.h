/*
 * How far a mirror's connector has come at its source, from the records of the topic in which Kafka
 * Connect stores that: the last one of a partition counts. They are known by the connector's name
 * and by what the log is called at the source, which is its name here, or the one behind the
 * source's alias and a dot.
 */
#ifndef REDWAL_CORE_MIRROR_OFFSETS_H
#define REDWAL_CORE_MIRROR_OFFSETS_H

#include "base/err.h"
#include "core/mirror.h"

enum {
    MIRROR_ALIAS_MAX = 249,          /* bytes of a cluster's alias */
    MIRROR_OFFSETS_SOURCES_MAX = 16, /* that are told apart; there should be one */
};

/* One record. */
struct mirror_offset {
    char connector[MIRROR_CONNECTOR_MAX + 1];
    char cluster[MIRROR_ALIAS_MAX + 1], topic[MIRROR_TOPIC_MAX + 1]; /* the source's */
    int32_t partition;
    int64_t next; /* that is mirrored next; LOOK_UNKNOWN: it was taken away, or makes no sense */
};

struct mirror_offsets {
    char connector[MIRROR_CONNECTOR_MAX + 1];
    char topic[MIRROR_TOPIC_MAX + 1]; /* the log here */
    int n;
    bool too_many;  /* sources to keep */
    bool is_unsure; /* something was taken away since: there may be fewer of them */
    struct mirror_offsets_source {
        char cluster[MIRROR_ALIAS_MAX + 1], topic[MIRROR_TOPIC_MAX + 1];
        int64_t *next;
        int32_t n;
    } sources[MIRROR_OFFSETS_SOURCES_MAX];
};

/* ERR_INVALID: a name is too long. */
NODISCARD enum err_code mirror_offsets_init(struct mirror_offsets *o, const char *connector,
                                            const char *topic, struct err *err);
void mirror_offsets_release(struct mirror_offsets *o); /* safe on a zeroed one */
void mirror_offsets_forget(struct mirror_offsets *o);  /* what was learned */

/* In the order of each partition of that topic; those of others are left aside. A source of which
 * nothing is stored any more leaves its place to others. */
void mirror_offsets_learn(struct mirror_offsets *o, const struct mirror_offset *offset);

/* The source of which something is stored; NULL: nothing is. ERR_CONFLICT: of several, and which of
 * them the log is mirrored from is not known. */
NODISCARD enum err_code mirror_offsets_source(const struct mirror_offsets *o,
                                              const struct mirror_offsets_source **ret,
                                              struct err *err);

#endif
