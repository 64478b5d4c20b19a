/* Prints the tables of a RedisWal as JSON, for hack/gen-rediswal: core/wal_spec_table.h and those
 * of the applier's options that spec.options may set. With an argument: decodes the RedisWal on
 * standard input and prints what is wrong with it, if anything. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/quantity.h"
#include "cli/applier_options.h"
#include "codec/wal_resource.h"

enum { TEXT_MAX = 1024, OBJECT_MAX = 1024 * 1024 };

static const char *const types[WAL_TYPE_COUNT] = {
    [WAL_TEXT] = "text",
    [WAL_WORD] = "word",
    [WAL_NAME] = "name",
    [WAL_OBJECT_NAME] = "objectName",
    [WAL_URL] = "url",
    [WAL_ADDRESS] = "address",
    [WAL_ADDRESSES] = "list of addresses",
    [WAL_BOOL] = "bool",
    [WAL_INT] = "int",
    [WAL_DURATION] = "duration",
    [WAL_SIZE] = "size",
    [WAL_CHOICE] = "choice",
    [WAL_SECRET] = "secret",
    [WAL_CERTIFICATE] = "certificate",
    [WAL_MAP] = "map",
    [WAL_OBJECT] = "object",
    [WAL_LIST] = "list",
};

static const char *const needs[] = { [WAL_OPTIONAL] = "optional",
                                     [WAL_REQUIRED] = "required",
                                     [WAL_FILLED] = "filled",
                                     [WAL_FIXED] = "fixed" };

static void print_text(const char *text)
{
    if (!text) {
        fputs("null", stdout);
        return;
    }
    putchar('"');
    for (; *text; text++)
        printf("%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
    putchar('"');
}

/* `, "name": "text"` */
static void print_member(const char *name, const char *text)
{
    printf(", \"%s\": ", name);
    print_text(text);
}

static void print_quantity(const char *name, enum wal_type type, int64_t number)
{
    CLEANUP(buf_release) struct buf out = { 0 };

    buf_init(&out, TEXT_MAX);
    quantity_print(number, type == WAL_DURATION ? quantity_durations : quantity_sizes, &out);
    printf(", \"%s\": \"%.*s\"", name, STR_ARGS(buf_str(&out)));
}

static void print_value(const struct wal_value *v)
{
    CLEANUP(buf_release) struct buf allowed = { 0 };

    buf_init(&allowed, TEXT_MAX);
    wal_value_print_allowed(v, &allowed);
    INVARIANT(buf_append(&allowed, "", 1));
    print_member("type", types[v->type]);
    print_member("default", v->fallback);
    print_member("help", v->help);
    print_member("allowed", allowed.p);
    print_member("pattern", wal_type_pattern(v->type));
    if (v->type == WAL_DURATION || v->type == WAL_SIZE) {
        print_quantity("min", v->type, v->min);
        print_quantity("max", v->type, v->max);
    } else {
        printf(", \"min\": %" PRId64 ", \"max\": %" PRId64, v->min,
               v->type == WAL_ADDRESSES ? WAL_ADDRESSES_MAX : v->max);
    }
    printf(", \"choices\": [");
    for (size_t i = 0; v->type == WAL_CHOICE && v->allowed[i]; i++) {
        fputs(i > 0 ? ", " : "", stdout);
        print_text(v->allowed[i]);
    }
    printf("]");
}

static void print_objects(void)
{
    for (size_t i = 0; i < wal_n_objects; i++) {
        printf("%s{\"path\": \"%s\"", i > 0 ? ",\n" : "\n", wal_objects[i].path);
        print_member("need", needs[wal_objects[i].need]);
        print_member("help", wal_objects[i].help);
        putchar('}');
    }
}

static void print_fields(void)
{
    for (size_t i = 0; i < wal_n_fields; i++) {
        const struct wal_value value = wal_field_value(&wal_fields[i], applier_options());

        printf("%s{\"path\": \"%s\"", i > 0 ? ",\n" : "\n", wal_fields[i].path);
        print_member("need", needs[wal_fields[i].need]);
        print_member("option", wal_fields[i].option);
        print_value(&value);
        putchar('}');
    }
}

static void print_options(void)
{
    const struct wal_options options = applier_options();
    bool first = true;

    for (size_t i = 0; i < options.n; i++) {
        char key[WAL_KEY_MAX + 1];

        if (!wal_option_is_open(&options.at[i]))
            continue;
        wal_option_key(&options.at[i], key);
        printf("%s{\"path\": \"options.%s\"", first ? "\n" : ",\n", key);
        print_member("option", options.at[i].name);
        print_value(&options.at[i].value);
        putchar('}');
        first = false;
    }
}

static void print_orders(void)
{
    const struct wal_options options = applier_options();

    for (size_t i = 0; i < options.n_orders; i++) {
        const struct wal_option *lesser = wal_option_find(options, options.orders[i].lesser);
        const struct wal_option *greater = wal_option_find(options, options.orders[i].greater);
        char key[WAL_KEY_MAX + 1];

        wal_option_key(lesser, key);
        printf("%s{\"lesser\": \"%s\"", i > 0 ? ",\n" : "\n", key);
        print_member("lesserDefault", lesser->value.fallback);
        wal_option_key(greater, key);
        print_member("greater", key);
        print_member("greaterDefault", greater->value.fallback);
        print_member("type", types[lesser->value.type]);
        putchar('}');
    }
}

static void print_rules(void)
{
    for (unsigned rule = 0; rule < WAL_RULE_COUNT; rule++) {
        printf("%s{\"path\": \"%s\"", rule > 0 ? ",\n" : "\n", wal_rules[rule].path);
        print_member("rule", wal_rules[rule].expression);
        print_member("message", wal_rules[rule].message);
        putchar('}');
    }
}

/* clang-format off */
#define STATUS_ROW(type, path, help) { #type, path, help },
#define COLUMN_ROW(name, type, path, priority) { name, type, path, priority },
static const struct { const char *type, *path, *help; } status[] = { WAL_STATUS_FIELDS(STATUS_ROW) };
static const struct { const char *name, *type, *path; int priority; } columns[] = { WAL_COLUMNS(COLUMN_ROW) };
/* clang-format on */

static void print_status(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(status); i++) {
        printf("%s{\"path\": \"%s\"", i > 0 ? ",\n" : "\n", status[i].path);
        print_member("type", status[i].type);
        print_member("help", status[i].help);
        putchar('}');
    }
}

static void print_columns(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        printf("%s{\"name\": \"%s\"", i > 0 ? ",\n" : "\n", columns[i].name);
        print_member("type", columns[i].type);
        print_member("path", columns[i].path);
        printf(", \"priority\": %d}", columns[i].priority);
    }
}

static void print_tables(void)
{
    printf("{\"name\": {\"max\": %d", WAL_OBJECT_NAME_MAX);
    print_member("pattern", WAL_NAME_PATTERN);
    print_member("message", WAL_NAME_MESSAGE);
    printf("},\n\"objects\": [");
    print_objects();
    printf("],\n\"fields\": [");
    print_fields();
    printf("],\n\"options\": [");
    print_options();
    printf("],\n\"orders\": [");
    print_orders();
    printf("],\n\"rules\": [");
    print_rules();
    printf("],\n\"status\": [");
    print_status();
    printf("],\n\"columns\": [");
    print_columns();
    puts("]}");
}

static int decode(void)
{
    static char text[OBJECT_MAX];
    const size_t n = fread(text, 1, sizeof(text), stdin);
    struct wal_resource resource = { 0 };
    struct err err = { 0 };
    const enum err_code rc =
        wal_resource_decode((struct str){ text, n }, applier_options(), &resource, &err);

    puts(rc == ERR_OK ? "good" : err.msg);
    wal_resource_release(&resource);
    return rc == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "decode") == 0)
        return decode();
    print_tables();
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
