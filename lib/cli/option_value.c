#include "cli/option_value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/mem.h"
#include "base/quantity.h"

static const struct quantity_unit *units_of(const struct option_spec *spec)
{
    if (spec->type == OPTION_DURATION)
        return quantity_durations;
    return spec->type == OPTION_SIZE ? quantity_sizes : quantity_counts;
}

static void *field_of(const struct option_spec *spec, void *values)
{
    return (char *)values + spec->at;
}

static const void *field_in(const struct option_spec *spec, const void *values)
{
    return (const char *)values + spec->at;
}

static bool number_parse(const struct option_spec *spec, struct str text, int64_t *ret_number)
{
    return quantity_parse(text, units_of(spec), spec->min, spec->max, ret_number);
}

static void number_print(const struct option_spec *spec, int64_t number, struct buf *out)
{
    quantity_print(number, units_of(spec), out);
}

static bool name_is_plain(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        const char c = text.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '_' || c == '-'))
            return false;
    }
    return true;
}

static bool address_is_reachable(struct str text)
{
    struct address a;

    return address_parse(text, &a) && a.host.n > 0 && a.port > 0;
}

static bool addresses_are_reachable(struct str list)
{
    struct str element;

    while (address_list_next(&list, &element))
        if (!address_is_reachable(element))
            return false;
    return true;
}

static bool text_is_allowed(const struct option_spec *spec, struct str text)
{
    struct address a;
    const bool fits = (int64_t)text.n >= spec->min && (int64_t)text.n <= spec->max;

    switch (spec->type) {
    case OPTION_TEXT:
        return fits;
    case OPTION_NAME:
        return fits && name_is_plain(text);
    case OPTION_FILE:
    case OPTION_SECRET:
        return text.n > 0;
    case OPTION_ADDRESS:
        return address_is_reachable(text);
    case OPTION_ADDRESSES:
        return addresses_are_reachable(text);
    case OPTION_LISTEN:
        return address_parse(text, &a);
    case OPTION_BOOL:
    case OPTION_INT:
    case OPTION_DURATION:
    case OPTION_SIZE:
    case OPTION_CHOICE:
    case OPTION_TYPE_COUNT:
        break;
    }
    UNREACHABLE("not a text");
}

static bool text_set(const struct option_spec *spec, struct str text, char **field)
{
    if (!text_is_allowed(spec, text))
        return false;
    free(*field);
    *field = mem_copy_text(text.p, text.n);
    return true;
}

static bool bool_set(struct str text, bool *field)
{
    const bool is_true = str_eq(text, STR_LITERAL("true"));

    if (!is_true && !str_eq(text, STR_LITERAL("false")))
        return false;
    *field = is_true;
    return true;
}

static bool choice_set(const struct option_spec *spec, struct str text, int *field)
{
    for (int i = 0; spec->allowed[i]; i++) {
        if (str_eq_nocase(text, str_from(spec->allowed[i]))) {
            *field = i;
            return true;
        }
    }
    return false;
}

bool option_value_set(const struct option_spec *spec, struct str text, void *values)
{
    void *field = field_of(spec, values);

    switch (spec->type) {
    case OPTION_BOOL:
        return bool_set(text, field);
    case OPTION_CHOICE:
        return choice_set(spec, text, field);
    case OPTION_INT:
    case OPTION_DURATION:
    case OPTION_SIZE:
        return number_parse(spec, text, field);
    case OPTION_SECRET:
        return text_set(spec, text, &((struct secret_file *)field)->path);
    case OPTION_TEXT:
    case OPTION_NAME:
    case OPTION_FILE:
    case OPTION_ADDRESS:
    case OPTION_ADDRESSES:
    case OPTION_LISTEN:
        return text_set(spec, text, field);
    case OPTION_TYPE_COUNT:
        break;
    }
    UNREACHABLE("no such type");
}

const char *option_value_text(const struct option_spec *spec, const void *values)
{
    const void *field = field_in(spec, values);

    switch (spec->type) {
    case OPTION_SECRET:
        return ((const struct secret_file *)field)->path;
    case OPTION_TEXT:
    case OPTION_NAME:
    case OPTION_FILE:
    case OPTION_ADDRESS:
    case OPTION_ADDRESSES:
    case OPTION_LISTEN:
        return *(char *const *)field;
    case OPTION_BOOL:
    case OPTION_INT:
    case OPTION_DURATION:
    case OPTION_SIZE:
    case OPTION_CHOICE:
    case OPTION_TYPE_COUNT:
        break;
    }
    return NULL;
}

static size_t field_size(const struct option_spec *spec)
{
    switch (spec->type) {
    case OPTION_BOOL:
        return sizeof(bool);
    case OPTION_CHOICE:
        return sizeof(int);
    case OPTION_INT:
    case OPTION_DURATION:
    case OPTION_SIZE:
        return sizeof(int64_t);
    case OPTION_SECRET:
        return sizeof(struct secret_file);
    case OPTION_TEXT:
    case OPTION_NAME:
    case OPTION_FILE:
    case OPTION_ADDRESS:
    case OPTION_ADDRESSES:
    case OPTION_LISTEN:
        return sizeof(char *);
    case OPTION_TYPE_COUNT:
        break;
    }
    UNREACHABLE("no such type");
}

void option_value_swap(const struct option_spec *spec, void *a, void *b)
{
    const size_t n = field_size(spec);
    unsigned char scratch[sizeof(struct secret_file)]; /* the largest field */

    memcpy(scratch, field_in(spec, a), n);
    memcpy(field_of(spec, a), field_in(spec, b), n);
    memcpy(field_of(spec, b), scratch, n);
}

void option_value_release(const struct option_spec *spec, void *values)
{
    void *field = field_of(spec, values);

    if (spec->type == OPTION_SECRET) {
        secret_file_release(field);
    } else if (option_value_text(spec, values)) {
        free(*(char **)field);
        *(char **)field = NULL;
    }
}

static void print_range(const struct option_spec *spec, const char *what, struct buf *out)
{
    buf_print(out, "%s from ", what);
    number_print(spec, spec->min, out);
    buf_print(out, " to ");
    number_print(spec, spec->max, out);
}

static void print_choices(const struct option_spec *spec, struct buf *out)
{
    buf_print(out, "one of ");
    for (size_t i = 0; spec->allowed[i]; i++)
        buf_print(out, "%s%s", i > 0 ? ", " : "", spec->allowed[i]);
}

void option_value_print_allowed(const struct option_spec *spec, struct buf *out)
{
    switch (spec->type) {
    case OPTION_TEXT:
        buf_print(out, "a text of %" PRId64 " to %" PRId64 " bytes", spec->min, spec->max);
        return;
    case OPTION_NAME:
        buf_print(out, "%" PRId64 " to %" PRId64 " letters, digits, '.', '_' and '-'", spec->min,
                  spec->max);
        return;
    case OPTION_FILE:
        buf_print(out, "a file that can be read");
        return;
    case OPTION_SECRET:
        buf_print(out, "a file of 1 to %d bytes that holds only the secret", SECRET_FILE_MAX_BYTES);
        return;
    case OPTION_ADDRESS:
        buf_print(out, "host:port, such as redis:6379 or [::1]:6379");
        return;
    case OPTION_ADDRESSES:
        buf_print(out, "host:port,host:port,... such as a.example:9092,b.example:9092");
        return;
    case OPTION_LISTEN:
        buf_print(out, "[address]:port, such as :8080, 127.0.0.1:8080 or [::1]:0");
        return;
    case OPTION_BOOL:
        buf_print(out, "true or false");
        return;
    case OPTION_INT:
        print_range(spec, "a whole number", out);
        return;
    case OPTION_DURATION:
        print_range(spec, "a duration (ms, s, m, h)", out);
        return;
    case OPTION_SIZE:
        print_range(spec, "a size (B, KiB, MiB, GiB)", out);
        return;
    case OPTION_CHOICE:
        print_choices(spec, out);
        return;
    case OPTION_TYPE_COUNT:
        break;
    }
    UNREACHABLE("no such type");
}

bool option_value_print(const struct option_spec *spec, const void *values, struct buf *out)
{
    const void *field = field_in(spec, values);
    const char *text = option_value_text(spec, values);

    if (spec->type == OPTION_BOOL)
        buf_print(out, "%s", *(const bool *)field ? "true" : "false");
    else if (spec->type == OPTION_CHOICE)
        buf_print(out, "%s", spec->allowed[*(const int *)field]);
    else if (spec->type == OPTION_INT || spec->type == OPTION_DURATION || spec->type == OPTION_SIZE)
        number_print(spec, *(const int64_t *)field, out);
    else if (text)
        buf_print(out, "%s", text);
    else
        return false;
    return true;
}
