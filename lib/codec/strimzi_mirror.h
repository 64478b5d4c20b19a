/*
 * A KafkaMirrorMaker2 of Strimzi, as far as one of its mirrors is looked at, stopped and resumed.
 * Both kafka.strimzi.io/v1 and v1beta2, which name the clusters in other places.
 */
#ifndef REDWAL_CODEC_STRIMZI_MIRROR_H
#define REDWAL_CODEC_STRIMZI_MIRROR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "codec/connect_json.h"
#include "core/kube_request.h"
#include "core/mirror.h"

#define STRIMZI_GROUP         "kafka.strimzi.io"
#define STRIMZI_MIRROR_PLURAL "kafkamirrormaker2s"
/* Where a server has both versions, v1 hides of a resource what v1beta2 alone can name: the
 * clusters of one that was not converted yet. */
#define STRIMZI_WHOLE_VERSION "v1beta2"

enum {
    STRIMZI_VERSION_MAX = 64,                           /* of a resource, as the API counts */
    STRIMZI_CONNECTOR_MAX = 2 * CONNECT_ALIAS_MAX + 32, /* "<source>-><target>.Mirror..." */
    STRIMZI_PATCH_MAX = 8 * 1024,
};

struct strimzi_mirror {
    char resource_version[STRIMZI_VERSION_MAX + 1];
    char source[CONNECT_ALIAS_MAX + 1], target[CONNECT_ALIAS_MAX + 1];
    size_t at;    /* of the mirror in spec.mirrors */
    bool is_flat; /* it names its source as v1beta2 does */
    bool has_annotations;
    bool has_source, has_checkpoint; /* connectors of these kinds are asked for */
    bool asks_to_run, asks_to_stop;  /* what the resource says already; neither: to pause */
    enum truth exactly_once;         /* of its Connect */
    /* What its status says of the source connector: but for `look`, which is the reader's. Unknown
     * where it says nothing; not `current` while it is not of the specification as it is now. */
    struct mirror_look told;
};

/* The mirror from that source; an empty alias: the only one there is. ERR_NOT_FOUND: there is none
 * from it; ERR_INVALID: there are several; ERR_CORRUPT: this is no KafkaMirrorMaker2. */
NODISCARD enum err_code strimzi_mirror_read(struct str json, struct str alias,
                                            struct strimzi_mirror *ret, struct err *err);

/* The name of the source connector in Connect. */
void strimzi_mirror_connector(const struct strimzi_mirror *m,
                              char ret_name[STRIMZI_CONNECTOR_MAX + 1]);

/* What a look at its Connect says beside what the resource does: orders to it go there, and its
 * workers' configuration is written there. A connector that is stopped is not `current` unless the
 * resource asks for that, and its operator has seen that it does: else it may undo it. */
void strimzi_mirror_amend(const struct strimzi_mirror *m, struct mirror_look *look);
/* What follows from the facts by core/mirror.h and from what the resource asks for: what it does
 * not ask for does not last. `ret_why` is a static text. */
enum mirror_effect strimzi_mirror_move(const struct strimzi_mirror *m, enum mirror_wish wish,
                                       const enum truth facts[MIRROR_FACT_COUNT],
                                       const char **ret_why);

/* ERR_OK, or ERR_INVALID: its reconciliation is paused, or it asks for no source connector, so that
 * nobody would carry an order out. */
NODISCARD enum err_code strimzi_mirror_refuse(const struct strimzi_mirror *m, struct err *err);

/* The JSON patch for MIRROR_EFFECT_STOP or MIRROR_EFFECT_RESUME, of the checkpoint connector too.
 * It fails where the resource is no longer what was read, and once it is taken, so does each that
 * was made before: also where the resource says so already, and is told `again`. Empty: it says so,
 * and is not to be told again. ERR_INVALID: its reconciliation is paused, or it asks for no source
 * connector; then nobody would carry it out. `out` has room for STRIMZI_PATCH_MAX. */
NODISCARD enum err_code strimzi_mirror_patch(const struct strimzi_mirror *m,
                                             enum mirror_effect effect, bool again, struct buf *out,
                                             struct err *err);

#endif
