/*
 * The dead letters that appliers make of what a revert appended: those that are stored while it is
 * under way, and all where it goes on.
 */
#ifndef KUBECTL_REDWAL_REVERT_LETTERS_H
#define KUBECTL_REDWAL_REVERT_LETTERS_H

#include "comparison.h"

struct revert_letters {
    int64_t *from; /* by partition of their topic */
    int32_t n;
};

/* Before anything is appended. Release it in any case. */
NODISCARD enum err_code revert_letters_begin(struct revert_letters *l, const struct invocation *in,
                                             struct err *err);
void revert_letters_release(struct revert_letters *l);
/* Once what was appended is settled: the list of `c` tells of keys whose records were rejected. */
NODISCARD enum err_code revert_letters_tell(const struct revert_letters *l, struct comparison *c,
                                            struct err *err);

#endif
