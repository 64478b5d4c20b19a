/*
 * Whole numbers with a unit as people write them: "1500ms", "2MiB".
 */
#ifndef REDWAL_BASE_QUANTITY_H
#define REDWAL_BASE_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct quantity_unit {
    const char *name;
    int64_t factor;
};

/* Each ends in a row without a name; the largest unit first. */
extern const struct quantity_unit quantity_durations[]; /* h, m, s, ms; in milliseconds */
extern const struct quantity_unit quantity_sizes[];     /* GiB, MiB, KiB, B; in bytes */
extern const struct quantity_unit quantity_counts[];    /* no unit */

/* False when it is none, its unit is missing, or the value is not from min to max. */
bool quantity_parse(struct str text, const struct quantity_unit *units, int64_t min, int64_t max,
                    int64_t *ret_value);
/* In the largest unit that leaves a whole number. */
void quantity_print(int64_t value, const struct quantity_unit *units, struct buf *out);

#endif
