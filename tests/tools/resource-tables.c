/* Prints the tables of a kind of ours as JSON, for hack/gen-resources: core/wal_spec_table.h and
 * those of the applier's options that spec.options may set, or core/restore_spec_table.h. After
 * `decode`: decodes an object of that kind on standard input and prints what is wrong with it, if
 * anything. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/quantity.h"
#include "cli/applier_options.h"
#include "codec/restore_resource.h"
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
    [WAL_TIME] = "time",
    [WAL_CHOICES] = "list of choices",
    [WAL_POSITIONS] = "positions",
    [WAL_PARTITIONS] = "partitions",
};

static const char *const needs[] = {
    [WAL_OPTIONAL] = "optional", [WAL_REQUIRED] = "required", [WAL_FILLED] = "filled",
    [WAL_FIXED] = "fixed",       [WAL_GIVEN] = "given",       [WAL_LATCHED] = "latched"
};

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
    for (size_t i = 0; v->allowed && v->allowed[i]; i++) {
        fputs(i > 0 ? ", " : "", stdout);
        print_text(v->allowed[i]);
    }
    printf("]");
}

static void print_objects(const struct spec_table *t)
{
    for (size_t i = 0; i < t->n_objects; i++) {
        printf("%s{\"path\": \"%s\"", i > 0 ? ",\n" : "\n", t->objects[i].path);
        print_member("need", needs[t->objects[i].need]);
        print_member("help", t->objects[i].help);
        putchar('}');
    }
}

static void print_fields(const struct spec_table *t)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct wal_value value = wal_field_value(&t->fields[i], applier_options());

        printf("%s{\"path\": \"%s\"", i > 0 ? ",\n" : "\n", t->fields[i].path);
        print_member("need", needs[t->fields[i].need]);
        print_member("option", t->fields[i].option);
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

static void print_rules(const struct spec_table *t)
{
    for (size_t i = 0; i < t->n_rules; i++) {
        printf("%s{\"path\": \"%s\"", i > 0 ? ",\n" : "\n", t->rules[i].path);
        print_member("rule", t->rules[i].expression);
        print_member("message", t->rules[i].message);
        putchar('}');
    }
}

/* --- kinds ------------------------------------------------------------------------------------ */

struct member {
    const char *key, *help;
};

struct status_row {
    const char *type, *path, *help;
};

struct column {
    const char *name, *type, *path;
    int priority;
};

/* clang-format off */
#define WAL_STATUS_ROW(type, path, help) { #type, path, help },
#define RESTORE_STATUS_ROW(type, member, path, help) { #type, path, help },
#define COLUMN_ROW(name, type, path, priority) { name, type, path, priority },
#define MEMBER_ROW(key, help) { key, help },
static const struct status_row wal_status_rows[] = { WAL_STATUS_FIELDS(WAL_STATUS_ROW) };
static const struct status_row restore_status_rows[] = { RESTORE_STATUS_FIELDS(RESTORE_STATUS_ROW) };
static const struct column wal_columns[] = { WAL_COLUMNS(COLUMN_ROW) };
static const struct column restore_columns[] = { RESTORE_COLUMNS(COLUMN_ROW) };
static const struct member plan_members[] = { RESTORE_PLAN_MEMBERS(MEMBER_ROW) };
static const struct member mirror_members[] = { WAL_MIRROR_MEMBERS(MEMBER_ROW) };
static const struct member range_members[] = { RESTORE_RANGE_MEMBERS(MEMBER_ROW) };
static const struct member object_members[] = { RESTORE_OBJECT_MEMBERS(MEMBER_ROW) };
/* clang-format on */

static const char *decode_wal(struct str json, struct err *err)
{
    struct wal_resource r = { 0 };
    const enum err_code rc = wal_resource_decode(json, applier_options(), &r, err);

    wal_resource_release(&r);
    return rc == ERR_OK ? NULL : err->msg;
}

static const char *decode_restore(struct str json, struct err *err)
{
    struct restore_resource r = { 0 };
    const enum err_code rc = restore_resource_decode(json, &r, err);

    restore_resource_release(&r);
    return rc == ERR_OK ? NULL : err->msg;
}

static const struct kind {
    const char *name;
    int name_max;
    const char *name_message;
    const struct spec_table *table;
    bool has_options;
    const struct status_row *status;
    size_t n_status;
    const struct column *columns;
    size_t n_columns;
    const char *(*decode)(struct str json, struct err *err); /* what is wrong, or NULL */
} kinds[] = {
    { WAL_KIND, WAL_OBJECT_NAME_MAX, WAL_NAME_MESSAGE, &wal_spec_table, true, wal_status_rows,
      ARRAY_SIZE(wal_status_rows), wal_columns, ARRAY_SIZE(wal_columns), decode_wal },
    { RESTORE_KIND, RESTORE_NAME_MAX, RESTORE_NAME_MESSAGE, &restore_spec_table, false,
      restore_status_rows, ARRAY_SIZE(restore_status_rows), restore_columns,
      ARRAY_SIZE(restore_columns), decode_restore },
};

static void print_members(const struct member *members, size_t n)
{
    printf(", \"members\": [");
    for (size_t i = 0; i < n; i++) {
        printf("%s{\"key\": \"%s\"", i > 0 ? ", " : "", members[i].key);
        print_member("help", members[i].help);
        putchar('}');
    }
    printf("]");
}

static void print_status(const struct kind *kind)
{
    for (size_t i = 0; i < kind->n_status; i++) {
        const struct status_row *row = &kind->status[i];

        printf("%s{\"path\": \"%s\"", i > 0 ? ",\n" : "\n", row->path);
        print_member("type", row->type);
        print_member("help", row->help);
        if (strcmp(row->type, "PARTITIONS") == 0)
            print_members(plan_members, ARRAY_SIZE(plan_members));
        else if (strcmp(row->type, "MIRRORED") == 0)
            print_members(mirror_members, ARRAY_SIZE(mirror_members));
        else if (strcmp(row->type, "SKIPPED") == 0 || strcmp(row->type, "LOST") == 0)
            print_members(range_members, ARRAY_SIZE(range_members));
        else if (strcmp(row->type, "OBJECTS") == 0)
            print_members(object_members, ARRAY_SIZE(object_members));
        putchar('}');
    }
}

static void print_columns(const struct kind *kind)
{
    for (size_t i = 0; i < kind->n_columns; i++) {
        printf("%s{\"path\": \"%s\"", i > 0 ? ",\n" : "\n", kind->columns[i].path);
        print_member("name", kind->columns[i].name);
        print_member("type", kind->columns[i].type);
        printf(", \"priority\": %d}", kind->columns[i].priority);
    }
}

static void print_tables(const struct kind *kind)
{
    printf("{\"name\": {\"max\": %d", kind->name_max);
    print_member("pattern", WAL_NAME_PATTERN);
    print_member("message", kind->name_message);
    printf("},\n\"objects\": [");
    print_objects(kind->table);
    printf("],\n\"fields\": [");
    print_fields(kind->table);
    if (kind->has_options) {
        printf("],\n\"options\": [");
        print_options();
        printf("],\n\"orders\": [");
        print_orders();
    }
    printf("],\n\"rules\": [");
    print_rules(kind->table);
    printf("],\n\"status\": [");
    print_status(kind);
    printf("],\n\"columns\": [");
    print_columns(kind);
    puts("]}");
}

static struct str read_object(void)
{
    static char text[OBJECT_MAX];
    const size_t n = fread(text, 1, sizeof(text), stdin);

    return (struct str){ text, n };
}

static int decode(const struct kind *kind)
{
    struct err err = { 0 };
    const char *wrong = kind->decode(read_object(), &err);

    puts(wrong ? wrong : "good");
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int rewrite(void)
{
    CLEANUP(restore_resource_release) struct restore_resource r = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };
    struct err err = { 0 };

    buf_init(&out, RESTORE_STATUS_JSON_MAX);
    if (restore_resource_decode(read_object(), &r, &err) != ERR_OK) {
        fprintf(stderr, "%s\n", err.msg);
        return EXIT_FAILURE;
    }
    if (!restore_resource_encode_status(&out, &r))
        return EXIT_FAILURE;
    printf("%.*s\n", STR_ARGS(buf_str(&out)));
    return EXIT_SUCCESS;
}

static const struct kind *kind_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

int main(int argc, char **argv)
{
    const char *verb = argc == 3 ? argv[1] : argc == 2 ? "print" : "";
    const struct kind *kind = argc > 1 ? kind_of(argv[argc - 1]) : NULL;

    if (kind && strcmp(verb, "decode") == 0)
        return decode(kind);
    if (kind && kind->decode == decode_restore && strcmp(verb, "rewrite") == 0)
        return rewrite();
    if (!kind || strcmp(verb, "print") != 0) {
        fputs("usage: resource-tables [decode|rewrite] RedisWal|RedisRestore\n", stderr);
        return EXIT_FAILURE;
    }
    print_tables(kind);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
