#include "seeds.h"

#include <stdlib.h>

#include "base/str.h"

static bool is_set(const char *name, uint64_t *ret)
{
    int64_t value;

    if (!str_to_int64(str_from(getenv(name)), &value) || value < 0)
        return false;
    *ret = (uint64_t)value;
    return true;
}

struct seeds seeds_of(uint64_t runs)
{
    uint64_t n;

    if (is_set("SIM_SEED", &n))
        return (struct seeds){ n, n + 1 };
    return (struct seeds){ 0, is_set("SIM_RUNS", &n) ? n : runs };
}

bool seeds_next(struct seeds *s, uint64_t *ret)
{
    if (s->next == s->end)
        return false;
    *ret = s->next++;
    return true;
}

bool seeds_one_is_chosen(void)
{
    uint64_t ignored;

    return is_set("SIM_SEED", &ignored);
}
