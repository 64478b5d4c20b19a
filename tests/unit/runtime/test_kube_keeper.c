/*
 * What tests/sim/test_kube_keeper.c comes upon too seldom: single moments of a keeper's work.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "fake_api.h"
#include "fake_api_object.h"
#include "runtime/kube_keeper.h"

#define OWNERS "/apis/lab.example/v1/things"
#define MAPS   "/api/v1/configmaps"
#define LABEL  "\"kept-by\":\"test\""
#define OWNER                                                                                      \
    "{\"kind\":\"Thing\",\"apiVersion\":\"lab.example/v1\",\"metadata\":{\"name\":\"a\","          \
    "\"namespace\":\"ns\"}}"
#define CORRECTED_OWNER                                                                            \
    "{\"kind\":\"Thing\",\"apiVersion\":\"lab.example/v1\",\"metadata\":{\"name\":\"a\","          \
    "\"namespace\":\"ns\",\"generation\":2}}"
#define STRANGER "{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\"}}"

enum { STEP_MS = 10, LONG_MS = 10 * 1000 };

#define MONITORS "/apis/monitors.example/v1/monitors"

enum { KIND_MAPS, KIND_MONITORS };
static const struct kube_resource kinds[] = {
    [KIND_MAPS] = { { "", 0 }, { "v1", 2 }, { "configmaps", 10 } },
    [KIND_MONITORS] = { { "monitors.example", 16 }, { "v1", 2 }, { "monitors", 8 } },
};

struct stand {
    struct fake_api *api;
    struct fake_api_link *link;
    struct kube_client *client;
    struct kube_keeper *keeper;
    int64_t now_ms;
    const char *text; /* what the child is to hold */
    bool acts, wants_monitor;
    unsigned n_writes, n_told, n_gone;
    void (*on_write)(struct stand *s); /* NULL: nothing happens when a write is sent */
};

static enum err_code wants(void *self, const struct kube_object *owner, struct kube_wishes *ret,
                           struct err *err)
{
    const struct stand *s = self;
    char body[500];

    snprintf(body, sizeof(body),
             "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\","
             "\"namespace\":\"ns\",\"labels\":{" LABEL "},\"ownerReferences\":[{\"apiVersion\":"
             "\"lab.example/v1\",\"kind\":\"Thing\",\"name\":\"a\",\"uid\":\"%.*s\","
             "\"controller\":true}]},\"data\":{\"text\":\"%s\"}}",
             STR_ARGS(owner->uid), s->text);
    if (s->wants_monitor &&
        kube_wishes_add(ret, KIND_MONITORS, STR_LITERAL("a"), str_from(body), err) != ERR_OK)
        return err->code;
    return kube_wishes_add(ret, KIND_MAPS, STR_LITERAL("a"), str_from(body), err);
}

static bool status(void *self, const struct kube_object *owner, const struct kube_report *report,
                   struct buf *ret_status)
{
    (void)self;
    (void)owner;
    buf_print(ret_status, "{\"outcome\":%d,\"why\":\"%s\"}", (int)report->outcomes[0].type,
              report->outcomes[0].why);
    return true;
}

static void told(void *self, const struct kube_object *owner)
{
    struct stand *s = self;

    (void)owner;
    s->n_told++;
}

static void gone(void *self, struct str scope, struct str name)
{
    struct stand *s = self;

    assert_true(str_eq(scope, STR_LITERAL("ns")) && str_eq(name, STR_LITERAL("a")));
    s->n_gone++;
}

static bool may_act(void *self)
{
    const struct stand *s = self;

    return s->acts;
}

static void on_write(void *self, const struct kube_request *request)
{
    struct stand *s = self;

    (void)request;
    s->n_writes++;
    if (s->on_write)
        s->on_write(s);
}

static int set_up(void **state)
{
    static const struct kube_keeper_ops ops = { wants, status, told, gone, may_act };
    const struct kube_keeper_settings settings = {
        .owners = { { STR_LITERAL("lab.example"), STR_LITERAL("v1"), STR_LITERAL("things") },
                    { 0 },
                    { 0 },
                    { 0 } },
        .api_version = "lab.example/v1",
        .kind = "Thing",
        .kinds = kinds,
        .n_kinds = ARRAY_SIZE(kinds),
        .children = { STR_LITERAL("kept-by=test"), { 0 } },
        .field_manager = STR_LITERAL("test"),
    };
    struct stand *s = calloc(1, sizeof(*s));

    s->api = calloc(1, sizeof(*s->api));
    s->now_ms = 1000;
    s->acts = true;
    s->text = "one";
    fake_api_init(s->api, 1, LABEL);
    s->link = fake_api_link_add(s->api);
    s->link->on_write = on_write;
    s->link->self = s;
    s->client = kube_client_new(fake_api_port(s->link), 1000, 1000, s->now_ms);
    s->keeper = kube_keeper_new(s->client, &settings, &ops, s, NULL);
    kube_keeper_set_served(s->keeper, KIND_MONITORS, false);
    fake_api_put(s->api, OWNERS, "ns", "a", OWNER);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct stand *s = *state;

    kube_keeper_free(s->keeper);
    kube_client_free(s->client);
    fake_api_release(s->api);
    free(s->api);
    free(s);
    return 0;
}

static void step(struct stand *s)
{
    s->now_ms += STEP_MS;
    fake_api_step(s->api, s->now_ms);
    kube_keeper_check(s->keeper);
    kube_client_step(s->client, s->now_ms);
    kube_keeper_step(s->keeper, s->now_ms);
}

static void run_for(struct stand *s, int64_t duration_ms)
{
    for (const int64_t end_ms = s->now_ms + duration_ms; s->now_ms < end_ms;)
        step(s);
}

static const char *child(struct stand *s)
{
    const struct fake_api_object *o = fake_api_find(s->api, MAPS, "ns", "a");

    return o ? o->text : "";
}

static const char *owner(struct stand *s)
{
    return fake_api_find(s->api, OWNERS, "ns", "a")->text;
}

static void what_is_wanted_is_made_once_and_told_once(void **state)
{
    struct stand *s = *state;

    run_for(s, LONG_MS);
    assert_non_null(strstr(child(s), "\"text\":\"one\""));
    assert_non_null(strstr(owner(s), "{\"outcome\":1,\"why\":\"\"}"));
    assert_int_equal(s->n_writes, 2); /* the child, and the status */
    s->n_told = 0;
    run_for(s, LONG_MS);
    assert_int_equal(s->n_told, 0);
    assert_true(kube_keeper_is_idle(s->keeper));
}

static void a_pass_that_was_cut_off_is_made_up_for_in_the_next_term(void **state)
{
    struct stand *s = *state;

    while (kube_keeper_counts(s->keeper).reads == 0)
        step(s);
    s->acts = false;
    run_for(s, LONG_MS);
    assert_int_equal(s->n_writes, 0);
    s->acts = true;
    run_for(s, LONG_MS);
    assert_non_null(strstr(owner(s), "{\"outcome\":1,\"why\":\"\"}"));
}

static void nothing_is_sent_that_still_waits_when_the_term_ends(void **state)
{
    struct stand *s = *state;

    run_for(s, 300); /* synced: the next step would begin */
    s->text = "two";
    kube_keeper_poke_all(s->keeper, s->now_ms);
    kube_keeper_step(s->keeper, s->now_ms); /* asks the client, which sends in its next step */
    s->n_writes = 0;
    s->acts = false;
    run_for(s, LONG_MS);
    assert_int_equal(s->n_writes, 0);
}

static void replace(struct stand *s)
{
    s->on_write = NULL;
    fake_api_delete(s->api, fake_api_find(s->api, MAPS, "ns", "a"));
    fake_api_put(s->api, MAPS, "ns", "a", STRANGER);
}

static void an_object_that_was_replaced_by_another_meanwhile_is_not_touched(void **state)
{
    struct stand *s = *state;

    run_for(s, LONG_MS);
    s->text = "two";
    s->on_write = replace;
    kube_keeper_poke_all(s->keeper, s->now_ms);
    run_for(s, 2 * LONG_MS);
    assert_null(strstr(child(s), "two"));
    assert_non_null(strstr(owner(s), "{\"outcome\":2,\"why\":\"an object of this name is there"));
    fake_api_delete(s->api, fake_api_find(s->api, MAPS, "ns", "a"));
    run_for(s, KUBE_KEEPER_BACKOFF_MAX_MS);
    assert_non_null(strstr(child(s), "two"));
    assert_non_null(strstr(owner(s), "{\"outcome\":1,\"why\":\"\"}"));
}

static void a_kind_that_is_not_served_is_left_out_until_it_is(void **state)
{
    struct stand *s = *state;

    kube_keeper_set_served(s->keeper, KIND_MAPS, false);
    run_for(s, LONG_MS);
    assert_string_equal(child(s), "");
    assert_non_null(strstr(owner(s), "{\"outcome\":0,"));
    kube_keeper_set_served(s->keeper, KIND_MAPS, true);
    run_for(s, LONG_MS);
    assert_non_null(strstr(child(s), "one"));
}

static void a_kind_that_cannot_be_listed_yet_holds_up_nobody(void **state)
{
    struct stand *s = *state;

    run_for(s, LONG_MS);
    s->link->slow = "/monitors";
    s->wants_monitor = true;
    kube_keeper_set_served(s->keeper, KIND_MONITORS, true);
    s->text = "two";
    kube_keeper_poke_all(s->keeper, s->now_ms);
    run_for(s, LONG_MS / 2);
    assert_non_null(strstr(child(s), "two"));
    assert_true(kube_keeper_due_ms(s->keeper) > s->now_ms);
    assert_null(fake_api_find(s->api, MONITORS, "ns", "a"));
    run_for(s, 6 * LONG_MS);
    assert_non_null(fake_api_find(s->api, MONITORS, "ns", "a"));
}

static void an_owner_that_is_gone_is_forgotten(void **state)
{
    struct stand *s = *state;

    run_for(s, LONG_MS);
    s->n_writes = 0;
    fake_api_delete(s->api, fake_api_find(s->api, OWNERS, "ns", "a"));
    run_for(s, LONG_MS);
    assert_int_equal(s->n_gone, 1);
    fake_api_collect_garbage(s->api);
    run_for(s, LONG_MS);
    assert_string_equal(child(s), "");
    assert_int_equal(s->n_writes, 0);
}

static void what_is_refused_stands_in_the_status_once_that_may_be_written(void **state)
{
    struct stand *s = *state;

    run_for(s, LONG_MS);
    s->link->forbidden = true;
    s->text = "two";
    kube_keeper_poke_all(s->keeper, s->now_ms);
    run_for(s, LONG_MS);
    assert_true(kube_keeper_counts(s->keeper).refusals > 0);
    assert_true(kube_keeper_waiting(s->keeper) == 1);
    s->link->forbidden = false;
    run_for(s, KUBE_KEEPER_BACKOFF_MAX_MS);
    assert_non_null(strstr(child(s), "two"));
    assert_int_equal(kube_keeper_waiting(s->keeper), 0);
}

static void delete_child(struct stand *s)
{
    fake_api_delete(s->api, fake_api_find(s->api, MAPS, "ns", "a"));
}

static void a_child_that_is_deleted_right_after_it_was_made_is_made_again(void **state)
{
    struct stand *s = *state;

    while (!kube_keeper_is_synced(s->keeper))
        step(s);
    s->link->quiet = true;
    while (!strstr(owner(s), "outcome"))
        step(s);
    s->link->quiet = false;
    run_for(s, 1000);
    delete_child(s);
    run_for(s, 1000);
    assert_non_null(strstr(child(s), "one"));
}

static void so_is_one_that_is_deleted_before_the_answer_comes(void **state)
{
    struct stand *s = *state;

    while (!kube_keeper_is_synced(s->keeper))
        step(s);
    s->link->slow = "/configmaps";
    while (!strstr(child(s), "one"))
        step(s);
    s->link->slow = NULL;
    run_for(s, 1000);
    delete_child(s);
    while (!strstr(owner(s), "outcome"))
        step(s);
    run_for(s, 1000);
    assert_non_null(strstr(child(s), "one"));
}

static void a_write_that_was_refused_is_not_counted_on(void **state)
{
    struct stand *s = *state;
    char *changed, *word;

    run_for(s, 1000);
    changed = strdup(child(s));
    word = strstr(changed, "one");
    assert_non_null(word);
    memcpy(word, "two", 3);
    s->link->forbidden = true;
    fake_api_put(s->api, MAPS, "ns", "a", changed);
    free(changed);
    run_for(s, 1000);
    assert_true(kube_keeper_counts(s->keeper).refusals > 0);
    s->link->forbidden = false;
    run_for(s, LONG_MS);
    assert_non_null(strstr(child(s), "one"));
}

static void a_corrected_specification_does_not_wait_for_the_failures_of_the_last(void **state)
{
    struct stand *s = *state;

    run_for(s, LONG_MS);
    s->link->forbidden = true;
    s->text = "two";
    kube_keeper_poke_all(s->keeper, s->now_ms);
    run_for(s, 10 * LONG_MS);
    s->link->forbidden = false;
    s->text = "three";
    fake_api_put(s->api, OWNERS, "ns", "a", CORRECTED_OWNER);
    run_for(s, 2 * KUBE_KEEPER_BACKOFF_FIRST_MS);
    assert_non_null(strstr(child(s), "three"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_wanted_is_made_once_and_told_once),
        TEST(a_pass_that_was_cut_off_is_made_up_for_in_the_next_term),
        TEST(nothing_is_sent_that_still_waits_when_the_term_ends),
        TEST(an_object_that_was_replaced_by_another_meanwhile_is_not_touched),
        TEST(a_kind_that_is_not_served_is_left_out_until_it_is),
        TEST(a_kind_that_cannot_be_listed_yet_holds_up_nobody),
        TEST(an_owner_that_is_gone_is_forgotten),
        TEST(a_child_that_is_deleted_right_after_it_was_made_is_made_again),
        TEST(so_is_one_that_is_deleted_before_the_answer_comes),
        TEST(a_write_that_was_refused_is_not_counted_on),
        TEST(a_corrected_specification_does_not_wait_for_the_failures_of_the_last),
        TEST(what_is_refused_stands_in_the_status_once_that_may_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
