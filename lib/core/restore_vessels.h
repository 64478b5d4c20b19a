/*
 * The vessels of a Redis that an operator runs: its pods, and the claims by which they have
 * volumes. A restore that wipes by volumes notes those that are there, deletes them and waits until
 * none of them is left; the operator makes new ones.
 *
 * Only what was noted is deleted, and by its uid, so that it makes no difference who tries it how
 * often. Claims go first: behind a pod that goes before its claim, another one may come that uses
 * it. Such a pod goes, too, although it was not noted, for it would keep the claim.
 */
#ifndef REDWAL_CORE_RESTORE_VESSELS_H
#define REDWAL_CORE_RESTORE_VESSELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/position.h"

enum {
    RESTORE_VESSELS_MAX = 256, /* of one Redis, to bound what is noted */
    RESTORE_VESSEL_NAME_MAX = 253,
    RESTORE_VESSELS_TEXT_MAX = 255,
};

/* X(name, how Kubernetes calls it) */
#define RESTORE_VESSEL_KINDS(X)                                                                    \
    X(POD, "Pod")                                                                                  \
    X(CLAIM, "PersistentVolumeClaim")

#define RESTORE_VESSEL_ENUM(name, ...) RESTORE_VESSEL_##name,
enum restore_vessel_kind { RESTORE_VESSEL_KINDS(RESTORE_VESSEL_ENUM) RESTORE_VESSEL_KIND_COUNT };
#undef RESTORE_VESSEL_ENUM

const char *restore_vessel_kind_text(enum restore_vessel_kind kind);
bool restore_vessel_kind_from(struct str text, enum restore_vessel_kind *ret);

struct restore_vessel {
    enum restore_vessel_kind kind;
    bool is_leaving; /* when it was seen: it is deleted, and not gone yet */
    char name[RESTORE_VESSEL_NAME_MAX + 1];
    char uid[RESTORE_UID_MAX + 1];
};

struct restore_vessels {
    struct restore_vessel *at;
    int32_t n;
};

void restore_vessels_release(struct restore_vessels *v); /* safe on zeroed ones */
/* False: there are RESTORE_VESSELS_MAX. */
NODISCARD bool restore_vessels_add(struct restore_vessels *v, const struct restore_vessel *one);

/* Of those seen, the one to delete next; NULL: each that is to go is leaving or gone. */
struct restore_vessel *restore_vessels_next(const struct restore_vessels *noted,
                                            const struct restore_vessels *seen);
/* Adds those noted that were not seen to stay: they are leaving, or gone. */
void restore_vessels_missing(const struct restore_vessels *noted,
                             const struct restore_vessels *seen, struct restore_vessels *ret);
/* All of them in words: "Pod a-0, Pod a-1". Where there are many the text ends with dots. */
void restore_vessels_print(const struct restore_vessels *v,
                           char ret_text[RESTORE_VESSELS_TEXT_MAX + 1]);
/* Those noted that are there still, in such words; how many. */
int32_t restore_vessels_left(const struct restore_vessels *noted,
                             const struct restore_vessels *seen,
                             char ret_text[RESTORE_VESSELS_TEXT_MAX + 1]);

#endif
