#include "core/broker_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"

static const struct {
    const char *a, *b; /* named in the namespaces a and b */
    bool in_two, in_one;
} rows[] = {
    /* A Service. */
    { "kafka:9092", "kafka:9092", false, true },
    { "kafka:9092", "kafka.a:9092", true, true },
    { "kafka:9092", "kafka.a.svc:9092", true, true },
    { "kafka:9092", "kafka.a.svc.cluster.local:9092", true, true },
    { "kafka:9092", "KAFKA.A.SVC.cluster.local.:9092", true, true },
    { "kafka:9092", "kafka.b.svc:9092", false, false },
    { "kafka.c:9092", "kafka.c.svc:9092", true, true },
    { "kafka.c:9092", "kafka.c:9092", true, true },
    { "kafka.a.svc:9092", "kafka.a.svc.cluster.local:9092", true, true },
    { "kafka.a.svc:9092", "kafka.a.svc.elsewhere.example:9092", false, false },
    { "kafka:9092", "kafka:9093", false, false },
    { "kafka:9092", "kafka", false, false },
    { "kafka:9092", "other.a.svc:9092", false, false },
    /* A pod of a StatefulSet. */
    { "kafka-0.brokers:9092", "kafka-0.brokers:9092", false, true },
    { "kafka-0.brokers:9092", "kafka-0.brokers.a.svc:9092", true, true },
    { "kafka-0.brokers:9092", "kafka-1.brokers.a.svc:9092", false, false },
    { "kafka-0:9092", "kafka-0.a.svc:9092", true, true },
    { "kafka-.c:9092", "kafka-.c.svc:9092", true, true },
    { "-0.c:9092", "-0.c:9092", false, true },
    { "0.c:9092", "0.c.svc:9092", true, true },
    /* Elsewhere. */
    { "kafka.dc.example:9092", "kafka.dc.example:9092", true, true },
    { "kafka.dc.example:9092", "Kafka.DC.example.:9092", true, true },
    { "kafka.dc.example:9092", "kafka.dr.example:9092", false, false },
    { "10.0.0.1:9092", "10.0.0.1:9092", true, true },
    { "[::1]:9092", "[::1]:9092", true, true },
    { "[::1]:9092", "[::2]:9092", false, false },
    { "svc:9092", ".svc:9092", false, false },
    { "a.svc:9092", "a.svc:9092", true, true },
    /* Several. */
    { "x.example:1,kafka:9092", "kafka.a.svc:9092,y.example:1", true, true },
    { "x.example:1,y.example:1", "z.example:1,y.example:1,w.example:1", true, true },
    { "x.example:1,y.example:1", "z.example:1,w.example:1", false, false },
    { "", "x.example:1", false, false },
    { "", "", false, false },
};

static bool meet(const char *a, const char *in_a, const char *b, const char *in_b)
{
    const struct broker_list left = { str_from(a), str_from(in_a) };
    const struct broker_list right = { str_from(b), str_from(in_b) };

    assert_int_equal(broker_lists_meet(&left, &right), broker_lists_meet(&right, &left));
    return broker_lists_meet(&left, &right);
}

static void a_name_means_what_it_does_in_its_namespace(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (meet(rows[i].a, "a", rows[i].b, "b") != rows[i].in_two ||
            meet(rows[i].a, "a", rows[i].b, "a") != rows[i].in_one)
            fail_msg("row %zu: %s, %s", i, rows[i].a, rows[i].b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_means_what_it_does_in_its_namespace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
