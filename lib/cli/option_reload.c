#include "cli/option_reload.h"

#include "cli/option_value.h"

static struct str print(const struct option_spec *spec, const void *values, struct buf *text)
{
    buf_init(text, OPTION_VALUE_MAX_BYTES);
    return option_value_print(spec, values, text) ? buf_str(text) : (struct str){ 0 };
}

static void compare(const struct option_spec *spec, const void *before, const void *after,
                    option_change_fn *take, void *self)
{
    CLEANUP(buf_release) struct buf text_before = { 0 };
    CLEANUP(buf_release) struct buf text_after = { 0 };
    const struct option_change change = {
        .spec = spec,
        .before = print(spec, before, &text_before),
        .after = print(spec, after, &text_after),
    };

    if (!change.before.p != !change.after.p || !str_eq(change.before, change.after))
        take(self, &change);
}

void option_reload_compare(const struct option_spec *specs, size_t n_specs, const void *before,
                           const void *after, option_change_fn *take, void *self)
{
    for (size_t i = 0; i < n_specs; i++)
        if (option_is_setting(&specs[i]))
            compare(&specs[i], before, after, take, self);
}

void option_reload_exchange(const struct option_spec *specs, size_t n_specs, void *a, void *b)
{
    for (size_t i = 0; i < n_specs; i++)
        if (specs[i].scope == OPTION_LIVE)
            option_value_swap(&specs[i], a, b);
}

uint64_t option_reload_digest(const struct option_spec *specs, size_t n_specs, const void *values)
{
    uint64_t digest = 0;

    for (size_t i = 0; i < n_specs; i++) {
        const bool is_file = specs[i].type == OPTION_FILE || specs[i].type == OPTION_SECRET;
        const char *path = is_file ? option_value_text(&specs[i], values) : NULL;

        if (path)
            digest = file_digest(digest, path);
    }
    return digest;
}
