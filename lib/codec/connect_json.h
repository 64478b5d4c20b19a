/*
 * What Kafka Connect's REST interface says of a connector of MirrorMaker 2, and what it is told.
 * https://kafka.apache.org/documentation/#connect_rest
 */
#ifndef REDWAL_CODEC_CONNECT_JSON_H
#define REDWAL_CODEC_CONNECT_JSON_H

#include "base/err.h"
#include "base/str.h"
#include "core/mirror_offsets.h"

enum {
    CONNECT_ANSWER_MAX_BYTES = 4 * 1024 * 1024, /* offsets of all partitions of a mirror */
    CONNECT_ALIAS_MAX = MIRROR_ALIAS_MAX,
};

/* What an answer's status means. ERR_NOT_FOUND: Connect has no such connector; when another server
 * says 404, that is ERR_UNAVAILABLE. ERR_DENIED; ERR_INVALID: what was asked for is refused;
 * ERR_CONFLICT: connectors are being shared out, ask again. */
NODISCARD enum err_code connect_answer_check(long status, struct str body, struct err *err);

/* Each reads the body of a good answer. ERR_CORRUPT: Connect would never say that; the outputs are
 * as they were. */

/* Sets what a look says of the connector and its tasks, which exist. */
NODISCARD enum err_code connect_status_read(struct str body, struct mirror_look *ret,
                                            struct err *err);

struct connect_config {
    char source[CONNECT_ALIAS_MAX + 1], target[CONNECT_ALIAS_MAX + 1]; /* "": not said */
    /* Yes: it is required, without which the connector would not run. Else it is the workers' to
     * say, which nobody can ask for. */
    enum truth exactly_once;
    enum truth keeps_names;   /* of topics */
    enum truth keeps_headers; /* unknown: it is the workers' to say */
};
NODISCARD enum err_code connect_config_read(struct str body, struct connect_config *ret,
                                            struct err *err);

/* The name at the source of the topic that is called `topic` where the connector writes; a part of
 * it. */
struct str connect_source_topic(const struct connect_config *config, struct str topic);

/* Per partition of the source's topic the offset that is mirrored next; LOOK_UNKNOWN where none
 * was. Partitions that are not below `n` are left aside. */
NODISCARD enum err_code connect_offsets_read(struct str body, struct str topic, int64_t *ret_next,
                                             int32_t n, struct err *err);

/* The guard write of core/mirror.h: takes away the offset of a topic whose name no topic can have.
 */
struct str connect_guard_body(void);

#endif
