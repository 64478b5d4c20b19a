#include "core/service_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/check.h"

static void names_of_a_cluster_are_told_from_others(void **state)
{
    static const struct {
        const char *host, *kind, *name, *scope; /* kind NULL: others know it, too */
    } rows[] = {
        { "kafka", "svc", "kafka", "here" },
        { "svc", "svc", "svc", "here" },
        { "kafka.prod.svc", "svc", "kafka", "prod" },
        { "rfs-orders.prod.svc.cluster.local", "svc", "rfs-orders", "prod" },
        { "kafka-0.kafka.prod.svc", "pod", "kafka-0", "prod" },
        { "kafka-0.kafka.prod.svc.cluster.local", "pod", "kafka-0", "prod" },
        { "localhost", NULL, NULL, NULL },
        { "10.0.0.7", NULL, NULL, NULL },
        { "7", NULL, NULL, NULL },
        { "::1", NULL, NULL, NULL },
        { "kafka.prod", NULL, NULL, NULL }, /* or a name of the DNS */
        { "kafka.example.com", NULL, NULL, NULL },
        { "prod.svc", NULL, NULL, NULL },
        { "a.b.c.d.svc", NULL, NULL, NULL },
        { "kafka..svc", NULL, NULL, NULL },
        { "kafka.", NULL, NULL, NULL },
        { "a.b.c.d.e.f.g.h.i", NULL, NULL, NULL },
        { "", NULL, NULL, NULL },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct service_name s = { 0 };
        const bool known = service_name_parse(str_from(rows[i].host), STR_LITERAL("here"), &s);

        if (known != (rows[i].kind != NULL))
            fail_msg("'%s': %d", rows[i].host, known);
        if (known &&
            (!str_eq(str_from(s.kind), str_from(rows[i].kind)) ||
             !str_eq(s.name, str_from(rows[i].name)) || !str_eq(s.scope, str_from(rows[i].scope))))
            fail_msg("'%s': %s %.*s of %.*s", rows[i].host, s.kind, STR_ARGS(s.name),
                     STR_ARGS(s.scope));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_a_cluster_are_told_from_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
