/*
 * The objects of a Redis that an operator runs: its pods, and the claims by which they have
 * volumes. A restore that wipes by volumes notes those that are there, deletes them and waits until
 * none of them is left; the operator makes new ones.
 *
 * Only what was noted is deleted, and by its uid, so that it makes no difference who tries it how
 * often. Claims go first: behind a pod that goes before its claim, another one may come that uses
 * it. Such a pod goes, too, although it was not noted, for it would keep the claim.
 */
#ifndef REDWAL_CORE_RESTORE_OBJECTS_H
#define REDWAL_CORE_RESTORE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/position.h"

enum {
    RESTORE_OBJECTS_MAX = 256, /* of one Redis, to bound what is noted */
    RESTORE_OBJECT_NAME_MAX = 253,
    RESTORE_OBJECTS_TEXT_MAX = 255,
};

/* X(name, how Kubernetes calls it) */
#define RESTORE_OBJECT_KINDS(X)                                                                    \
    X(POD, "Pod")                                                                                  \
    X(CLAIM, "PersistentVolumeClaim")

#define RESTORE_OBJECT_ENUM(name, ...) RESTORE_OBJECT_##name,
enum restore_object_kind { RESTORE_OBJECT_KINDS(RESTORE_OBJECT_ENUM) RESTORE_OBJECT_KIND_COUNT };
#undef RESTORE_OBJECT_ENUM

const char *restore_object_kind_text(enum restore_object_kind kind);
bool restore_object_kind_from(struct str text, enum restore_object_kind *ret);

struct restore_object {
    enum restore_object_kind kind;
    bool is_leaving; /* when it was seen: it is deleted, and not gone yet */
    char name[RESTORE_OBJECT_NAME_MAX + 1];
    char uid[RESTORE_UID_MAX + 1];
};

struct restore_objects {
    struct restore_object *at;
    int32_t n;
};

void restore_objects_release(struct restore_objects *o); /* safe on zeroed ones */
/* False: there are RESTORE_OBJECTS_MAX. */
NODISCARD bool restore_objects_add(struct restore_objects *o, const struct restore_object *one);

/* Of those seen, the one to delete next; NULL: each that is to go is leaving or gone. */
struct restore_object *restore_objects_next(const struct restore_objects *noted,
                                            const struct restore_objects *seen);
/* Adds those noted that were not seen to stay: they are leaving, or gone. */
void restore_objects_missing(const struct restore_objects *noted,
                             const struct restore_objects *seen, struct restore_objects *ret);
/* All of them in words: "Pod a-0, Pod a-1". Where there are many the text ends with dots. */
void restore_objects_print(const struct restore_objects *o,
                           char ret_text[RESTORE_OBJECTS_TEXT_MAX + 1]);
/* Those noted that are there still, in such words; how many. */
int32_t restore_objects_left(const struct restore_objects *noted,
                             const struct restore_objects *seen,
                             char ret_text[RESTORE_OBJECTS_TEXT_MAX + 1]);

#endif
