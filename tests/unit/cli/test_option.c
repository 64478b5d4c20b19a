#include "cli/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "cli/option_args.h"
#include "cli/option_value.h"

struct values {
    char *name, *text, *file, *address, *addresses, *listen;
    struct secret_file secret;
    bool flag;
    int64_t number, duration_ms, size_bytes;
    int choice;
    bool help;
};

static const char *const choices[] = { "skip", "halt", NULL };

#define AT(field) offsetof(struct values, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "name",      OPTION_NAME,      OPTION_ANYWHERE, AT(name),        "NAME", "redis", 1, 5, NULL, "g", "h" },
    { "text",      OPTION_TEXT,      OPTION_ANYWHERE, AT(text),        "TEXT", NULL,    1, 5, NULL, "g", "h" },
    { "file",      OPTION_FILE,      OPTION_CALL,     AT(file),        "FILE", NULL,    0, 0, NULL, "g", "h" },
    { "secret-file", OPTION_SECRET,  OPTION_ANYWHERE, AT(secret),      "FILE", NULL,    0, 0, NULL, "g", "h" },
    { "address",   OPTION_ADDRESS,   OPTION_ANYWHERE, AT(address),     "A",    NULL,    0, 0, NULL, "g", "h" },
    { "addresses", OPTION_ADDRESSES, OPTION_ANYWHERE, AT(addresses),   "L",    NULL,    0, 0, NULL, "g", "h" },
    { "listen",    OPTION_LISTEN,    OPTION_ANYWHERE, AT(listen),      "A",    NULL,    0, 0, NULL, "g", "h" },
    { "flag",      OPTION_BOOL,      OPTION_ANYWHERE, AT(flag),        NULL,   "false", 0, 0, NULL, "g", "h" },
    { "number",    OPTION_INT,       OPTION_ANYWHERE, AT(number),      "N",    "7",     0, 100, NULL, "g", "h" },
    { "duration",  OPTION_DURATION,  OPTION_ANYWHERE, AT(duration_ms), "D",    "3s",    100, 3600000, NULL, "g", "h" },
    { "size",      OPTION_SIZE,      OPTION_ANYWHERE, AT(size_bytes),  "S",    "1MiB",  1024, 1 << 30, NULL, "g", "h" },
    { "choice",    OPTION_CHOICE,    OPTION_ANYWHERE, AT(choice),      "C",    "skip",  0, 0, choices, "g", "h" },
    { "help",      OPTION_BOOL,      OPTION_ACTION,   AT(help),        NULL,   NULL,    0, 0, NULL, "g", "h" },
};
/* clang-format on */

struct fixture {
    struct values values;
    struct option_set set;
};

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    option_set_init(&f->set, specs, ARRAY_SIZE(specs), "APP_", &f->values);
    f->set.file = "app.yaml";
    *state = f;
    return option_set_is_good(&f->set) ? 0 : -1;
}

static int end(void **state)
{
    struct fixture *f = *state;

    option_values_release(specs, ARRAY_SIZE(specs), &f->values);
    option_set_release(&f->set);
    free(f);
    return 0;
}

static const struct option_spec *spec_of(const char *name)
{
    return option_find(specs, ARRAY_SIZE(specs), str_from(name));
}

static void assert_problems(const struct fixture *f, const char *expected)
{
    if (!str_eq(buf_str(&f->set.problems), str_from(expected)))
        fail_msg("problems:\n%.*sexpected:\n%s", STR_ARGS(buf_str(&f->set.problems)), expected);
}

static const struct {
    const char *option, *text, *printed; /* NULL: refused */
} value_rows[] = {
    { "name", "a.b_c", "a.b_c" },
    { "name", "", NULL },
    { "name", "toolong", NULL },
    { "name", "a b", NULL },
    { "name", "\xc3\xa9", NULL },
    { "text", "a b", "a b" },
    { "text", "", NULL },
    { "text", "toolong", NULL },
    { "address", "h:1", "h:1" },
    { "address", ":1", NULL },
    { "address", "h:0", NULL },
    { "address", "h", NULL },
    { "addresses", "a:1,b:2", "a:1,b:2" },
    { "addresses", "a:1,", NULL },
    { "addresses", "", NULL },
    { "listen", ":0", ":0" },
    { "listen", "[::1]:80", "[::1]:80" },
    { "listen", "80", NULL },
    { "flag", "true", "true" },
    { "flag", "false", "false" },
    { "flag", "yes", NULL },
    { "flag", "", NULL },
    { "number", "0", "0" },
    { "number", "100", "100" },
    { "number", "101", NULL },
    { "number", "-1", NULL },
    { "number", "1s", NULL },
    { "number", "", NULL },
    { "number", "07", NULL },
    { "number", "99999999999999999999", NULL },
    { "duration", "100ms", "100ms" },
    { "duration", "1500ms", "1500ms" },
    { "duration", "2000ms", "2s" },
    { "duration", "60s", "1m" },
    { "duration", "1h", "1h" },
    { "duration", "99ms", NULL },
    { "duration", "61m", NULL },
    { "duration", "3", NULL },
    { "duration", "3 s", NULL },
    { "duration", "s", NULL },
    { "duration", "1.5s", NULL },
    { "duration", "2562047788016h", NULL },
    { "duration", "-3s", NULL },
    { "size", "1024B", "1KiB" },
    { "size", "1GiB", "1GiB" },
    { "size", "1536KiB", "1536KiB" },
    { "size", "1023B", NULL },
    { "size", "1024", NULL },
    { "size", "1MB", NULL },
    { "size", "2GiB", NULL },
    { "choice", "halt", "halt" },
    { "choice", "HALT", "halt" },
    { "choice", "hal", NULL },
    { "choice", "", NULL },
};

static void values_are_taken_or_refused_by_type(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(value_rows); i++) {
        const struct option_spec *spec = spec_of(value_rows[i].option);
        CLEANUP(buf_release) struct buf before = { 0 };
        CLEANUP(buf_release) struct buf after = { 0 };
        bool taken;

        buf_init(&before, 1024);
        buf_init(&after, 1024);
        option_value_print(spec, &f->values, &before);
        taken = option_value_set(spec, str_from(value_rows[i].text), &f->values);
        option_value_print(spec, &f->values, &after);
        if (taken != (value_rows[i].printed != NULL))
            fail_msg("%s '%s': taken is %d", value_rows[i].option, value_rows[i].text, taken);
        if (!str_eq(buf_str(&after), taken ? str_from(value_rows[i].printed) : buf_str(&before)))
            fail_msg("%s '%s': is now '%.*s'", value_rows[i].option, value_rows[i].text,
                     STR_ARGS(buf_str(&after)));
    }
}

static void flags_come_in_every_usual_form(void **state)
{
    struct fixture *f = *state;
    const char *const args[] = { "--name", "rders", "--number=9", "--flag", "--choice=halt", "-h" };

    option_args_take(&f->set, (int)ARRAY_SIZE(args), args);

    assert_problems(f, "");
    assert_string_equal(f->values.name, "rders");
    assert_int_equal(f->values.number, 9);
    assert_true(f->values.flag);
    assert_true(f->values.help);
    assert_int_equal(f->values.choice, 1);

    option_args_take(&f->set, 1, (const char *[]){ "--no-flag" });
    assert_false(f->values.flag);
    option_args_take(&f->set, 1, (const char *[]){ "--flag=true" });
    assert_true(f->values.flag);
}

static void the_last_of_a_repeated_flag_counts(void **state)
{
    struct fixture *f = *state;

    option_args_take(&f->set, 2, (const char *[]){ "--number=1", "--number=2" });

    assert_problems(f, "");
    assert_int_equal(f->values.number, 2);
}

/* The higher source wins, whichever comes first. */
static void flags_win_over_the_environment_and_that_over_the_file(void **state)
{
    static const struct {
        const char *name;
        const char *order; /* f: flag, e: environment, y: file */
        int64_t number;
    } rows[] = {
        { "file alone", "y", 1 },         { "environment alone", "e", 2 },
        { "file, environment", "ye", 2 }, { "environment, file", "ey", 2 },
        { "file, flag", "yf", 3 },        { "flag, file", "fy", 3 },
        { "flag, environment", "fe", 3 }, { "all", "fey", 3 },
        { "all, upwards", "yef", 3 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        void *fresh = NULL;
        struct fixture *f;

        assert_int_equal(begin(&fresh), 0);
        f = fresh;
        for (const char *c = rows[i].order; *c; c++) {
            if (*c == 'f')
                option_args_take(&f->set, 1, (const char *[]){ "--number=3" });
            else if (*c == 'e')
                option_args_take_environment(&f->set, (const char *[]){ "APP_NUMBER=2", NULL });
            else
                option_set_take_entry(&f->set, str_from("number"), str_from("1"), 1);
        }
        assert_problems(f, "");
        if (f->values.number != rows[i].number)
            fail_msg("%s: %d", rows[i].name, (int)f->values.number);
        end(&fresh);
    }
}

static void a_value_that_loses_must_be_right_too(void **state)
{
    struct fixture *f = *state;

    option_args_take(&f->set, 1, (const char *[]){ "--number=3" });
    option_set_take_entry(&f->set, str_from("number"), str_from("x"), 4);

    assert_problems(f, "app.yaml:4: number: 'x' is not allowed; give a whole number from 0 to "
                       "100\n");
}

static void problems_name_the_place_the_value_and_what_is_allowed(void **state)
{
    struct fixture *f = *state;
    const char *const args[] = { "--duration", "3",      "--nmber", "secret",   "--name=a b",
                                 "--text",     "--flag", "stray",   "--choice", "no" };

    option_args_take(&f->set, (int)ARRAY_SIZE(args), args);
    option_args_take_environment(&f->set, (const char *[]){ "APP_SIZE=5", "APP_NUMBR=1", NULL });
    option_set_take_entry(&f->set, str_from("addresses"), str_from("a:1;b:2"), 2);
    option_set_take_entry(&f->set, str_from("bogus-name"), str_from("secret"), 3);
    option_set_take_entry(&f->set, str_from("number"), str_from("1"), 4);
    option_set_take_entry(&f->set, str_from("number"), str_from("2"), 5);
    option_set_take_entry(&f->set, str_from("file"), str_from("x"), 6);
    option_set_take_entry(&f->set, str_from("help"), str_from("true"), 7);

    assert_problems(
        f, "--duration: '3' is not allowed; give a duration (ms, s, m, h) from 100ms to 1h\n"
           "--nmber: unknown option; did you mean --number?\n"
           "--name: 'a b' is not allowed; give 1 to 5 letters, digits, '.', '_' and '-'\n"
           "--text: give a text of 1 to 5 bytes\n"
           "the command line: only options such as --name VALUE are taken; --help lists them\n"
           "--choice: 'no' is not allowed; give one of skip, halt\n"
           "APP_SIZE: '5' is not allowed; give a size (B, KiB, MiB, GiB) from 1KiB to 1GiB\n"
           "APP_NUMBR: unknown environment variable; did you mean APP_NUMBER?\n"
           "app.yaml:2: addresses: 'a:1;b:2' is not allowed; give host:port,host:port,... such as "
           "a.example:9092,b.example:9092\n"
           "app.yaml:3: bogus-name: unknown setting; --help lists them\n"
           "app.yaml:5: number: is given twice, first in line 4\n"
           "app.yaml:6: file: can be given only as --file or in the environment\n"
           "app.yaml:7: help: can be given only as --help\n");
    assert_true(f->values.flag);
}

static void variables_of_others_are_left_alone(void **state)
{
    struct fixture *f = *state;
    const char *const environment[] = { "PATH=/bin",
                                        "APPLE=1",
                                        "APP_CACHE_DIRECTORY=/x",
                                        "APP_ADDRESS_PORT=tcp://10.0.0.1:80",
                                        "APP_ADDRESS_PORT_80_TCP=tcp://10.0.0.1:80",
                                        "APP_ADDRESS_SERVICE_HOST=10.0.0.1",
                                        "APP_ADDRESS_SERVICE_PORT_HTTP=80",
                                        "APP_BUILD_HOST=y",
                                        NULL };

    option_args_take_environment(&f->set, environment);

    assert_problems(f, "");
    assert_true(str_eq(buf_str(&f->set.ignored), str_from("APP_CACHE_DIRECTORY,APP_BUILD_HOST")));
}

static char *file_with(const char *bytes, size_t n)
{
    char *path = strdup("/tmp/redwal-option-XXXXXX");
    const int fd = mkstemp(path);
    FILE *f = fdopen(fd, "wb");

    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return path;
}

static void a_secret_is_its_file_without_the_last_line_break(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *secret; /* NULL: refused */
    } rows[] = {
        { "hunter2\n", 8, "hunter2" },
        { "hunter2\r\n", 9, "hunter2" },
        { "hunter2", 7, "hunter2" },
        { " two\nlines\n\n", 12, " two\nlines\n" },
        { "", 0, NULL },
        { "\n", 1, NULL },
        { "a\0b", 3, NULL },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct secret_file file = { .path = file_with(rows[i].bytes, rows[i].n) };
        struct err err = { 0 };
        const enum err_code rc = secret_file_read(&file, &err);

        remove(file.path);
        if ((rc == ERR_OK) != (rows[i].secret != NULL))
            fail_msg("row %zu: code %d, %s", i, (int)rc, err.msg);
        if (rc == ERR_OK && strcmp(file.secret.text, rows[i].secret) != 0)
            fail_msg("row %zu: '%s'", i, file.secret.text);
        secret_file_release(&file);
    }
}

static void a_secret_has_a_bound(void **state)
{
    static char bytes[SECRET_FILE_MAX_BYTES + 2];
    struct secret_file fits, does_not = { 0 };
    (void)state;

    memset(bytes, 'x', sizeof(bytes));
    fits = (struct secret_file){ .path = file_with(bytes, SECRET_FILE_MAX_BYTES) };
    does_not = (struct secret_file){ .path = file_with(bytes, SECRET_FILE_MAX_BYTES + 1) };
    assert_int_equal(secret_file_read(&fits, NULL), ERR_OK);
    assert_int_equal(secret_file_read(&does_not, NULL), ERR_INVALID);

    remove(fits.path);
    remove(does_not.path);
    secret_file_release(&fits);
    secret_file_release(&does_not);
}

static void files_are_opened_and_missing_ones_named(void **state)
{
    struct fixture *f = *state;

    option_args_take(&f->set, 1, (const char *[]){ "--file=/nonexistent/ca.pem" });
    option_args_take_environment(&f->set,
                                 (const char *[]){ "APP_SECRET_FILE=/nonexistent/pw", NULL });
    option_set_open_files(&f->set);

    assert_problems(f, "--file: file '/nonexistent/ca.pem' cannot be opened: No such file or "
                       "directory\n"
                       "APP_SECRET_FILE: file '/nonexistent/pw' cannot be opened: No such file or "
                       "directory\n");
}

static void a_directory_is_not_a_file(void **state)
{
    struct fixture *f = *state;

    option_args_take(&f->set, 2, (const char *[]){ "--file=/tmp", "--secret-file=/tmp" });
    option_set_open_files(&f->set);

    assert_problems(f, "--file: file '/tmp' cannot be read: Is a directory\n"
                       "--secret-file: file '/tmp' cannot be read: Is a directory\n");
}

/* Somebody gives the password where its file belongs. */
static void what_may_be_a_secret_is_not_repeated(void **state)
{
    struct fixture *f = *state;

    option_args_take(&f->set, 1, (const char *[]){ "--secret-file=hunter2" });
    option_set_open_files(&f->set);

    assert_problems(f, "--secret-file: the file cannot be opened: No such file or directory\n");
}

static void an_option_differs_when_given_and_not_its_default(void **state)
{
    struct fixture *f = *state;

    assert_false(option_set_differs(&f->set, "duration"));
    option_args_take(&f->set, 1, (const char *[]){ "--duration=3000ms" });
    assert_false(option_set_differs(&f->set, "duration"));
    option_args_take(&f->set, 1, (const char *[]){ "--duration=3001ms" });
    assert_true(option_set_differs(&f->set, "duration"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_are_taken_or_refused_by_type),
        TEST(flags_come_in_every_usual_form),
        TEST(the_last_of_a_repeated_flag_counts),
        cmocka_unit_test(flags_win_over_the_environment_and_that_over_the_file),
        TEST(a_value_that_loses_must_be_right_too),
        TEST(problems_name_the_place_the_value_and_what_is_allowed),
        TEST(variables_of_others_are_left_alone),
        cmocka_unit_test(a_secret_is_its_file_without_the_last_line_break),
        cmocka_unit_test(a_secret_has_a_bound),
        TEST(files_are_opened_and_missing_ones_named),
        TEST(a_directory_is_not_a_file),
        TEST(what_may_be_a_secret_is_not_repeated),
        TEST(an_option_differs_when_given_and_not_its_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
