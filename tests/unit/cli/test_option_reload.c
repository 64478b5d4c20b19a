#include "cli/option_reload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "cli/option_value.h"

struct values {
    char *wal, *user, *ca;
    struct secret_file password;
    int64_t limit;
    bool help;
};

#define AT(field) offsetof(struct values, field)
/* clang-format off */
static const struct option_spec specs[] = {
    { "wal",           OPTION_NAME,   OPTION_ANYWHERE, AT(wal),      "N", NULL, 1, 63, NULL, "g", "h" },
    { "user",          OPTION_TEXT,   OPTION_LIVE,     AT(user),     "U", NULL, 1, 63, NULL, "g", "h" },
    { "ca",            OPTION_FILE,   OPTION_LIVE,     AT(ca),       "F", NULL, 0, 0, NULL, "g", "h" },
    { "password-file", OPTION_SECRET, OPTION_LIVE,     AT(password), "F", NULL, 0, 0, NULL, "g", "h" },
    { "limit",         OPTION_INT,    OPTION_LIVE,     AT(limit),    "N", "0",  0, 99, NULL, "g", "h" },
    { "help",          OPTION_BOOL,   OPTION_ACTION,   AT(help),     NULL, NULL, 0, 0, NULL, "g", "h" },
};
/* clang-format on */

static void set(struct values *v, const char *name, const char *text)
{
    const struct option_spec *spec = option_find(specs, ARRAY_SIZE(specs), str_from(name));

    assert_true(option_value_set(spec, str_from(text), v));
}

static void release(struct values *v)
{
    option_values_release(specs, ARRAY_SIZE(specs), v);
}

static void take(void *self, const struct option_change *change)
{
    buf_print(self, "%s:%.*s>%.*s ", change->spec->name, STR_ARGS(change->before),
              STR_ARGS(change->after));
}

static void every_setting_that_differs_is_told(void **state)
{
    CLEANUP(release) struct values before = { .help = true };
    CLEANUP(release) struct values after = { 0 };
    CLEANUP(buf_release) struct buf told = { 0 };
    static const char expected[] = "wal:a>b user:>x password-file:/p>/q limit:1>2 ";
    (void)state;

    set(&before, "wal", "a");
    set(&after, "wal", "b");
    set(&after, "user", "x");
    set(&before, "ca", "/same");
    set(&after, "ca", "/same");
    set(&before, "password-file", "/p");
    set(&after, "password-file", "/q");
    set(&before, "limit", "1");
    set(&after, "limit", "2");
    secret_set(&after.password.secret, STR_LITERAL("hunter2"));
    buf_init(&told, 1000);
    option_reload_compare(specs, ARRAY_SIZE(specs), &before, &after, take, &told);
    assert_true(str_eq(buf_str(&told), STR_LITERAL(expected)));
}

static void live_options_change_hands_and_the_others_stay(void **state)
{
    CLEANUP(release) struct values now = { 0 };
    CLEANUP(release) struct values next = { 0 };
    (void)state;

    set(&now, "wal", "a");
    set(&next, "wal", "b");
    set(&now, "user", "old");
    set(&next, "password-file", "/q");
    secret_set(&next.password.secret, STR_LITERAL("hunter2"));
    set(&next, "limit", "5");
    option_reload_exchange(specs, ARRAY_SIZE(specs), &now, &next);
    assert_string_equal(now.wal, "a");
    assert_null(now.user);
    assert_string_equal(now.password.path, "/q");
    assert_string_equal(now.password.secret.text, "hunter2");
    assert_int_equal(now.limit, 5);
    assert_string_equal(next.wal, "b");
    assert_string_equal(next.user, "old");
    assert_null(next.password.path);
    assert_int_equal(next.limit, 0);
}

/* --- files ------------------------------------------------------------------------------------ */

struct directory {
    char path[40], ca[64], password[64];
};

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int begin(void **state)
{
    struct directory *d = calloc(1, sizeof(*d));

    snprintf(d->path, sizeof(d->path), "/tmp/redwal-reload-XXXXXX");
    assert_non_null(mkdtemp(d->path));
    snprintf(d->ca, sizeof(d->ca), "%s/ca", d->path);
    snprintf(d->password, sizeof(d->password), "%s/password", d->path);
    *state = d;
    return 0;
}

static int end(void **state)
{
    struct directory *d = *state;

    remove(d->ca);
    remove(d->password);
    rmdir(d->path);
    free(d);
    return 0;
}

/* Whatever is done to the files, in this order; each step gives another fingerprint. */
static void the_fingerprint_is_of_what_files_hold(void **state)
{
    static const struct {
        const char *ca, *password; /* NULL: not there */
    } steps[] = {
        { NULL, NULL },  { "", NULL },   { "", "" },      { "a", "" },   { "", "a" },
        { "ab", "" },    { "a", "b" },   { "b", "a" },    { "ab", "c" }, { "a", "bc" },
        { NULL, "abc" }, { "!", "abc" }, { "abc", NULL },
    };
    const struct directory *d = *state;
    CLEANUP(release) struct values v = { 0 };
    uint64_t digests[ARRAY_SIZE(steps)];

    set(&v, "ca", d->ca);
    set(&v, "password-file", d->password);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        remove(d->ca);
        remove(d->password);
        if (steps[i].ca)
            write_file(d->ca, steps[i].ca);
        if (steps[i].password)
            write_file(d->password, steps[i].password);
        digests[i] = option_reload_digest(specs, ARRAY_SIZE(specs), &v);
        assert_true(digests[i] == option_reload_digest(specs, ARRAY_SIZE(specs), &v));
        for (size_t k = 0; k < i; k++)
            if (digests[k] == digests[i])
                fail_msg("steps %zu and %zu look alike", k, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_that_differs_is_told),
        cmocka_unit_test(live_options_change_hands_and_the_others_stay),
        cmocka_unit_test_setup_teardown(the_fingerprint_is_of_what_files_hold, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
