/*
 * The mirror of a call: what is learned of it, look by look, and what is done to it.
 */
#ifndef KUBECTL_REDWAL_MIRROR_LINK_H
#define KUBECTL_REDWAL_MIRROR_LINK_H

#include "adapter/connect_curl.h"
#include "adapter/log_reader_rdkafka.h"
#include "cli/verb.h"
#include "codec/connect_json.h"
#include "core/mirror.h"
#include "mirror_resource.h"

struct mirror_link {
    const struct invocation *in;
    struct mirror_resource resource; /* where one manages it */
    struct connect_curl *connect;    /* NULL: what the resource says has to do */
    struct log_reader *reader;
    char connector[STRIMZI_CONNECTOR_MAX + 1];
    struct mirror mirror;
    struct connect_config config;        /* as the last look found it */
    char source[MIRROR_TOPIC_MAX + 1];   /* the log's name there, where its offsets say; or "" */
    struct log_survey log;               /* the same; empty where the brokers did not answer */
    char log_why[ERR_MSG_MAX];           /* and why they did not; or "" */
    enum truth facts[MIRROR_FACT_COUNT]; /* what follows from all of it */
    enum mirror_reason reason;
};

/* Release it in any case. ERR_INVALID: the options cannot be used. */
NODISCARD enum err_code mirror_link_open(const struct invocation *in, struct mirror_link *ret,
                                         struct err *err);
void mirror_link_release(struct mirror_link *l);

/* At the mirror, and at the log here. Who does not answer leaves unknown what he would have told.
 */
void mirror_link_look(struct mirror_link *l);
/* What follows from that by core/mirror.h, and where a resource manages the mirror from what that
 * asks for: what it does not ask for does not last. `ret_why` is a static text. */
enum mirror_effect mirror_link_move(const struct mirror_link *l, enum mirror_wish wish,
                                    const char **ret_why);
/* One of MIRROR_EFFECT_STOP, _GUARD and _RESUME; nothing for others. ERR_DENIED, ERR_NOT_FOUND,
 * ERR_INVALID: it is refused; other errors may be gone when it is tried again. */
NODISCARD enum err_code mirror_link_do(struct mirror_link *l, enum mirror_effect effect,
                                       struct err *err);
bool mirror_link_has_offsets(const struct mirror_link *l); /* somebody tells them */
bool mirror_link_stores_offsets(
    const struct mirror_link *l); /* a topic of Connect's that is named */
/* Per partition of the log the offset at its source that is mirrored next. `ret_next` has
 * l->log.n. */
NODISCARD enum err_code mirror_link_offsets(struct mirror_link *l, int64_t *ret_next,
                                            struct err *err);
/* Where the partitions end at the source; LOOK_UNKNOWN where it has none of that number. `ret_end`
 * has l->log.n. */
NODISCARD enum err_code mirror_link_source_ends(struct mirror_link *l, const char *brokers,
                                                int64_t *ret_end, struct err *err);

#endif
