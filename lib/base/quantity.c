#include "base/quantity.h"

#include <inttypes.h>

/* clang-format off */
const struct quantity_unit quantity_durations[] = {
    { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 }, { NULL, 0 },
};
const struct quantity_unit quantity_sizes[] = {
    { "GiB", 1 << 30 }, { "MiB", 1 << 20 }, { "KiB", 1 << 10 }, { "B", 1 }, { NULL, 0 },
};
const struct quantity_unit quantity_counts[] = { { "", 1 }, { NULL, 0 } };
/* clang-format on */

bool quantity_parse(struct str text, const struct quantity_unit *units, int64_t min, int64_t max,
                    int64_t *ret_value)
{
    struct str digits = text;
    int64_t number;

    while (digits.n > 0 && (digits.p[digits.n - 1] < '0' || digits.p[digits.n - 1] > '9'))
        digits.n--;
    if (!str_to_int64(digits, &number))
        return false;
    for (const struct quantity_unit *u = units; u->name; u++) {
        if (!str_eq((struct str){ text.p + digits.n, text.n - digits.n }, str_from(u->name)))
            continue;
        if (number < min / u->factor || number > max / u->factor || number * u->factor < min)
            return false;
        *ret_value = number * u->factor;
        return true;
    }
    return false;
}

void quantity_print(int64_t value, const struct quantity_unit *units, struct buf *out)
{
    const struct quantity_unit *u = units;

    while (u[1].name && (value == 0 || value % u->factor != 0))
        u++;
    buf_print(out, "%" PRId64 "%s", value / u->factor, u->name);
}
