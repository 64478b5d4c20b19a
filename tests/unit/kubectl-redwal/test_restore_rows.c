/* What is shown of restores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "restore_rows.h"

enum { NOW_MS = 1000 };

static struct restore_object pods[] = { { .kind = RESTORE_OBJECT_POD, .name = "gone" },
                                        { .kind = RESTORE_OBJECT_POD, .name = "stays" } };

/* One as JSON; the caller's to free(). */
static char *shown(const struct restore_resource *r)
{
    static const struct print_options json = { .format = PRINT_JSON };
    char *text = NULL;
    size_t n;
    FILE *file = open_memstream(&text, &n);
    struct printer p;

    printer_init(&p, &json, (struct terminal){ .out = file });
    restore_rows_print_one(&p, r, NOW_MS);
    assert_true(printer_end(&p));
    printer_release(&p);
    fclose(file);
    return text;
}

static void assert_shows(const struct restore_resource *r, const char *what, bool is_there)
{
    char *text = shown(r);

    if ((strstr(text, what) != NULL) != is_there)
        fail_msg("%s %s in %s", is_there ? "no" : "a", what, text);
    free(text);
}

static struct restore_resource one(void)
{
    struct restore_resource r = { .scope = "prod", .name = "orders-1" };

    restore_status_init(&r.status);
    return r;
}

static void a_scope_is_named_and_none_is_made_up(void **state)
{
    static const int32_t partitions[] = { 0 };
    static const struct {
        const char *keys;
        int32_t n_partitions;
        bool is_unclear;
        const char *says;
    } rows[] = {
        { NULL, 0, false, "\"scope\": \"all\"" },
        { "a*", 0, false, "\"scope\": \"keys\"" },
        { NULL, 1, false, "\"scope\": \"partitions\"" },
        { "a*", 1, false, "\"scope\": \"keys of partitions\"" },
        { NULL, 0, true, "\"scope\": \"unknown\"" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct restore_resource r = one();

        r.is_spec_unclear = rows[i].is_unclear;
        r.spec.keys = rows[i].keys;
        r.spec.partitions = (struct restore_partitions){ partitions, rows[i].n_partitions };
        assert_shows(&r, rows[i].says, true);
    }
}

/* What is to go does, unless the restore is ended meanwhile. */
static void of_one_that_has_ended_what_was_deleted_is_shown(void **state)
{
    struct restore_resource r = one();
    (void)state;

    r.status.objects = (struct restore_objects){ pods, 2 };
    r.status.deleted = (struct restore_objects){ pods, 1 };
    r.status.step = RESTORE_STEP_RECREATING;
    assert_shows(&r, "\"stays\"", true);
    r.status.step = RESTORE_STEP_CANCELLED;
    assert_shows(&r, "\"stays\"", false);
    assert_shows(&r, "\"gone\"", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scope_is_named_and_none_is_made_up),
        cmocka_unit_test(of_one_that_has_ended_what_was_deleted_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
