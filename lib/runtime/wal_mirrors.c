#include "runtime/wal_mirrors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/int64.h"
#include "base/mem.h"
#include "codec/kube_child.h"
#include "core/connect_allow.h"
#include "runtime/wal_offsets.h"

struct wal_mirrors {
    struct wal_mirrors_ports ports;
    struct wal_makers *makers;
    int64_t interval_ms;
    uint64_t term;
    size_t n_open; /* orders without a result */
};

static void on_ordered(void *self, const struct wal_maker_orderer *orderer,
                       enum mirror_effect effect, enum err_code rc, const char *why);

static void learned(struct wal_mirrors *m, struct wal_watch *w, int64_t now_ms, int64_t ends_ms);

struct wal_mirrors *wal_mirrors_new(const struct wal_mirrors_ports *ports, int64_t interval_ms)
{
    struct wal_mirrors *m = mem_new(1, sizeof(*m));

    m->ports = *ports;
    m->interval_ms = interval_ms;
    m->makers = wal_makers_new(ports->client, ports->scope, ports->log, on_ordered, m);
    return m;
}

void wal_mirrors_tune(struct wal_mirrors *m, int64_t interval_ms)
{
    m->interval_ms = interval_ms;
}

void wal_mirrors_free(struct wal_mirrors *m)
{
    if (!m)
        return;
    wal_makers_free(m->makers);
    free(m);
}

void wal_mirrors_set_kind(struct wal_mirrors *m, const struct kube_resource *kind)
{
    wal_makers_set_kind(m->makers, kind);
}

bool wal_mirrors_is_named(const struct wal_watch *w)
{
    const struct wal_spec *s = &w->resource.spec;

    return s->connect_url || s->mirror_maker || s->offsets_topic;
}

bool wal_mirrors_feed(const struct wal_watch *w)
{
    return w->resource.spec.role == WAL_ROLE_STANDBY ||
           (wal_mirrors_is_named(w) && wal_mirrors_wish(w) != MIRROR_WISH_STOPPED);
}

enum mirror_wish wal_mirrors_wish(const struct wal_watch *w)
{
    return (enum mirror_wish)w->resource.spec.mirror_wish;
}

void wal_mirrors_begin(struct wal_mirrors *m)
{
    m->term++;
}

bool wal_mirrors_are_open(const struct wal_mirrors *m)
{
    return m->n_open > 0 || wal_makers_are_open(m->makers);
}

static bool is_over(int64_t now_ms, int64_t ends_ms)
{
    return ends_ms <= now_ms;
}

/* --- which mirror it is ----------------------------------------------------------------------- */

static uint64_t digest_of(const struct wal_spec *s)
{
    const char *const names[] = { s->connect_url,   s->mirror_connector, s->mirror_maker,
                                  s->mirror_source, s->source_brokers,   s->brokers,
                                  s->topic,         s->offsets_topic,    s->offsets_brokers };
    CLEANUP(buf_release) struct buf text = { 0 };

    buf_init(&text, WAL_JSON_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        buf_print(&text, "%s\n", names[i] ? names[i] : "");
    return kube_child_wish(buf_str(&text));
}

static void forget(struct wal_mirror *m, int64_t now_ms)
{
    mirror_release(&m->facts);
    mirror_lag_release(&m->lag);
    m->topic[0] = m->why[0] = m->offsets_why[0] = '\0';
    m->turn.due_ms = m->source.due_ms = m->offsets.due_ms = now_ms;
    m->seen_generation = 0;
    m->subject++;
}

/* What was learned of another mirror, or before another led, is not about this one now. */
void wal_mirrors_follow(const struct wal_mirrors *m, struct wal_watch *w, int64_t now_ms)
{
    const struct wal_spec *s = &w->resource.spec;
    const enum mirror_wish wish = wal_mirrors_wish(w);
    uint64_t digest;

    if (w->mirror.generation == w->resource.generation && w->mirror.term == m->term)
        return;
    digest = digest_of(s);
    if (w->mirror.generation != 0 && (w->mirror.wish != wish || w->mirror.digest != digest))
        w->told.mirror[0] = '\0'; /* what comes of it is another decision */
    w->mirror.wish = wish;
    w->mirror.generation = w->resource.generation;
    w->mirror.turn.due_ms = w->mirror.order_due_ms = now_ms; /* something else may be wanted */
    w->mirror.retry = (struct backoff){ WAL_MIRRORS_RETRY_MS, WAL_MIRRORS_RETRY_MAX_MS, 0 };
    if (w->mirror.digest == digest && w->mirror.term == m->term)
        return;
    w->mirror.digest = digest;
    w->mirror.term = m->term;
    forget(&w->mirror, now_ms);
    snprintf(w->mirror.connector, sizeof(w->mirror.connector), "%s",
             s->mirror_connector ? s->mirror_connector : "");
}

/* --- asking ----------------------------------------------------------------------------------- */

static bool is_allowed(const struct wal_mirrors *m, const struct wal_watch *w)
{
    const char *list = m->ports.connect_allow, *url = w->resource.spec.connect_url;

    return !url || connect_is_allowed(str_from(list ? list : ""), str_from(w->resource.scope),
                                      str_from(url));
}

static void lose(struct wal_mirrors *m, struct wal_watch *w, int64_t now_ms, const struct err *err)
{
    struct mirror_look look = {
        .look = { .began_ms = now_ms, .ended_ms = now_ms, .outcome = LOOK_LOST },
        .is_forbidden = !is_allowed(m, w),
    };

    memcpy(look.look.why, err->msg, sizeof(look.look.why));
    mirror_learn(&w->mirror.facts, &look);
    m->ports.on_learned(m->ports.self, w);
}

/* In a URL these are no names. */
static bool is_a_way_elsewhere(const char *connector)
{
    return strcmp(connector, ".") == 0 || strcmp(connector, "..") == 0;
}

static enum err_code ask(struct wal_mirrors *m, struct wal_watch *w, enum mirror_effect effect,
                         int64_t now_ms, int64_t ends_ms, struct err *err)
{
    struct mirror_place place;
    enum err_code rc;

    if (!is_allowed(m, w))
        return err_set(err, ERR_DENIED, "--connect-allow does not name the host of %s",
                       w->resource.spec.connect_url);
    rc = wal_looks_connect_place(m->ports.looks, w, now_ms, &place, err);
    if (rc == ERR_OK && is_a_way_elsewhere(w->mirror.connector))
        rc = err_set(err, ERR_INVALID, "no connector has the name %s", w->mirror.connector);
    place.connector = w->mirror.connector;
    place.topic = w->resource.spec.topic;
    place.n_partitions = w->resource.spec.offsets_topic ? 0 : w->facts.n;
    if (rc == ERR_OK)
        rc =
            m->ports.mirror.ops->ask(m->ports.mirror.self, w->number, &place, effect, ends_ms, err);
    w->mirror.turn.asked = rc == ERR_OK;
    w->mirror.asked_subject = w->mirror.subject;
    w->mirror.asked_generation = w->mirror.generation;
    return rc;
}

/* What nobody has confirmed for long proves nothing, however seldom the rest is looked at. */
static int64_t between_looks_ms(const struct wal_mirrors *m)
{
    return int64_min(m->interval_ms, MIRROR_LOOK_MS);
}

static int64_t retry_ms(const struct wal_mirrors *m, enum err_code rc)
{
    return wal_looks_again_ms(rc, between_looks_ms(m));
}

/* What was learned of a connector of another name is not about this one. */
static enum err_code name_connector(const struct wal_mirrors *m, struct wal_watch *w,
                                    const struct strimzi_mirror *maker, struct err *err)
{
    char before[sizeof(w->mirror.connector)];

    memcpy(before, w->mirror.connector, sizeof(before));
    strimzi_mirror_connector(maker, w->mirror.connector);
    if (before[0] != '\0' && strcmp(before, w->mirror.connector) != 0)
        forget(&w->mirror, kube_client_now_ms(m->ports.client));
    if (strlen(w->mirror.connector) > MIRROR_CONNECTOR_MAX)
        return err_set(err, ERR_INVALID, "the name of the connector is too long");
    return ERR_OK;
}

/* What its KafkaMirrorMaker2 says, which names the connector. `ret` is left alone where none is
 * named. */
static enum err_code read_maker(const struct wal_mirrors *m, struct wal_watch *w,
                                struct strimzi_mirror *ret, struct err *err)
{
    const struct wal_spec *s = &w->resource.spec;
    enum err_code rc;

    if (!s->mirror_maker)
        return ERR_OK;
    rc = wal_makers_read(m->makers, str_from(w->resource.scope), s->mirror_maker, s->mirror_source,
                         ret, err);
    return rc == ERR_OK ? name_connector(m, w, ret, err) : rc;
}

/* What the resource says must do where Connect is not to be asked. */
static void look_at_maker(struct wal_mirrors *m, struct wal_watch *w,
                          const struct strimzi_mirror *maker, int64_t now_ms, int64_t ends_ms)
{
    struct mirror_look look = maker->told;

    look.look = (struct look){ .began_ms = now_ms, .ended_ms = now_ms, .outcome = LOOK_ANSWERED };
    mirror_learn(&w->mirror.facts, &look);
    w->mirror.seen_generation = w->mirror.generation;
    learned(m, w, now_ms, ends_ms);
}

static void look(struct wal_mirrors *m, struct wal_watch *w, int64_t now_ms, int64_t ends_ms)
{
    struct strimzi_mirror maker = { .source = "" };
    struct err err = { 0 };
    enum err_code rc = read_maker(m, w, &maker, &err);

    w->mirror.turn.due_ms = now_ms + between_looks_ms(m);
    if (rc == ERR_OK && w->resource.spec.mirror_maker && !w->resource.spec.connect_url) {
        look_at_maker(m, w, &maker, now_ms, ends_ms);
        return;
    }
    if (rc == ERR_OK && !w->resource.spec.connect_url)
        rc = err_set(&err, ERR_UNSUPPORTED, "%s",
                     w->mirror.offsets_why[0] != '\0'
                         ? w->mirror.offsets_why
                         : "without spec.mirror.connect.url nobody tells what it does");
    if (rc == ERR_OK) {
        rc = ask(m, w, MIRROR_EFFECT_NOTHING, now_ms, 0, &err);
        w->mirror.turn.due_ms = now_ms + retry_ms(m, rc);
        if (rc == ERR_TIMEOUT || rc == ERR_LIMIT)
            return;
    }
    if (rc != ERR_OK)
        lose(m, w, now_ms, &err);
}

/* Its brokers are asked as those here are; right after the connector was, so that it is never said
 * to be less far behind than it is. */
static void look_at_source(struct wal_mirrors *m, struct wal_watch *w, int64_t now_ms)
{
    const struct log_observer_port *port = &m->ports.log_observer;
    struct log_place place;
    struct err ignored = { 0 };
    enum err_code rc = wal_looks_place(m->ports.looks, w, now_ms, &place, &ignored);

    place.brokers = w->resource.spec.source_brokers;
    place.topic = w->mirror.topic;
    if (rc == ERR_OK)
        rc = port->ops->ask(port->self, w->number | WAL_LOOKS_SOURCE, &place, &ignored);
    w->mirror.source.asked = rc == ERR_OK;
    w->mirror.source_subject = w->mirror.subject;
    w->mirror.source.due_ms = rc == ERR_OK ? INT64_MAX : now_ms + retry_ms(m, rc);
}

/* --- orders ----------------------------------------------------------------------------------- */

static const char *word_of(enum mirror_effect effect)
{
    return effect == MIRROR_EFFECT_STOP     ? "stop"
           : effect == MIRROR_EFFECT_RESUME ? "resume"
                                            : "take a guard write";
}

static enum err_code give(struct wal_mirrors *m, struct wal_watch *w,
                          const struct strimzi_mirror *maker, enum mirror_effect effect,
                          int64_t now_ms, int64_t ends_ms, struct err *err)
{
    const struct wal_spec *s = &w->resource.spec;
    const struct wal_maker_orderer orderer = { w->number, w->mirror.subject };
    const bool again = mirror_stops_again(&w->mirror.facts, effect);
    enum err_code rc;

    if (effect == MIRROR_EFFECT_RESUME)
        mirror_let_go(&w->mirror.facts);
    w->mirror.ordered_generation = w->mirror.generation;
    if (s->mirror_maker && effect != MIRROR_EFFECT_GUARD)
        return wal_makers_order(m->makers, &orderer, str_from(w->resource.scope), s->mirror_maker,
                                maker, effect, again, err);
    if (!s->connect_url)
        return err_set(err, ERR_INVALID, "only Connect takes a guard write");
    rc = ask(m, w, effect, now_ms, ends_ms, err);
    m->n_open += rc == ERR_OK;
    return rc;
}

/* What cannot be ordered now is decided anew after the next look. */
static void order(struct wal_mirrors *m, struct wal_watch *w, int64_t now_ms, int64_t ends_ms)
{
    const enum mirror_wish wish = wal_mirrors_wish(w);
    struct strimzi_mirror maker = { .source = "" };
    enum truth facts[MIRROR_FACT_COUNT];
    struct err ignored = { 0 };
    enum mirror_effect effect;
    const char *why;

    if (read_maker(m, w, &maker, &ignored) != ERR_OK)
        return;
    mirror_facts(&w->mirror.facts, now_ms, facts);
    effect = w->resource.spec.mirror_maker ? strimzi_mirror_move(&maker, wish, facts, &why)
                                           : mirror_move(wish, facts, &why);
    if (effect == MIRROR_EFFECT_NOTHING)
        w->mirror.why[0] = '\0'; /* whatever became of the last order: it is as it is to be */
    if (effect != MIRROR_EFFECT_NOTHING && effect != MIRROR_EFFECT_WAIT &&
        now_ms >= w->mirror.order_due_ms &&
        give(m, w, &maker, effect, now_ms, ends_ms, &ignored) == ERR_OK &&
        w->mirror.retry.failures == 0)
        log_info(m->ports.log, "Ordered a mirror to %s namespace=%s name=%s why=%s",
                 word_of(effect), w->resource.scope, w->resource.name, why);
}

static void learned(struct wal_mirrors *m, struct wal_watch *w, int64_t now_ms, int64_t ends_ms)
{
    if (wal_mirrors_is_named(w) && !w->is_unclear && !w->mirror.turn.asked &&
        !is_over(now_ms, ends_ms) && m->ports.may_act(m->ports.self))
        order(m, w, now_ms, ends_ms);
    m->ports.on_learned(m->ports.self, w);
}

static void note_result(struct wal_mirrors *m, struct wal_watch *w, enum mirror_effect effect,
                        enum err_code rc, const char *why, int64_t now_ms)
{
    const bool is_news = strcmp(w->mirror.why, why) != 0;

    mirror_learn_order(&w->mirror.facts, effect, rc == ERR_OK);
    w->mirror.turn.due_ms = now_ms;
    if (w->mirror.ordered_generation != w->mirror.generation)
        return; /* something else may be wanted by now, and does not wait for this */
    snprintf(w->mirror.why, sizeof(w->mirror.why), "%s", why);
    if (rc == ERR_OK)
        backoff_reset(&w->mirror.retry);
    else
        w->mirror.order_due_ms = now_ms + backoff_next_ms(&w->mirror.retry, w->number);
    if (rc != ERR_OK && effect != MIRROR_EFFECT_GUARD && is_news)
        log_warn(m->ports.log, "Failed to order a mirror to %s namespace=%s name=%s error=%s",
                 word_of(effect), w->resource.scope, w->resource.name, why);
    w->mirror.turn.due_ms = now_ms + WAL_MIRRORS_SETTLE_MS;
}

static void on_ordered(void *self, const struct wal_maker_orderer *orderer,
                       enum mirror_effect effect, enum err_code rc, const char *why)
{
    struct wal_mirrors *m = self;
    struct wal_watch *w = wal_looks_find_number(m->ports.looks, orderer->wal);

    if (w && w->mirror.subject == orderer->subject)
        note_result(m, w, effect, rc, why, kube_client_now_ms(m->ports.client));
}

/* --- answers ---------------------------------------------------------------------------------- */

/* What it is about may have changed while it waited. */
static bool is_outdated(const struct wal_mirrors *m, const struct wal_mirror *mirror)
{
    return mirror->term != m->term || mirror->asked_subject != mirror->subject;
}

static void take_look(struct wal_mirrors *m, struct wal_watch *w, struct mirror_answer *a,
                      int64_t now_ms)
{
    const bool tells_next = a->next && !w->resource.spec.offsets_topic;
    struct wal_mirror *mirror = &w->mirror;
    struct strimzi_mirror maker = { .source = "" };
    struct err ignored;

    if (w->resource.spec.mirror_maker && read_maker(m, w, &maker, &ignored) == ERR_OK)
        strimzi_mirror_amend(&maker, &a->look);
    else if (w->resource.spec.mirror_maker)
        a->look.followed = a->look.current = TRUTH_UNKNOWN;
    if (is_outdated(m, mirror))
        return; /* that resource names another one by now */
    if (a->look.look.denied && w->resource.spec.connect_password.name)
        kube_secrets_refused(m->ports.secrets, str_from(w->resource.scope),
                             w->resource.spec.connect_password.name, now_ms);
    if (tells_next)
        wal_offsets_learn(w, a->next, a->n, a->look.look.ended_ms, m->ports.log, now_ms);
    mirror_learn(&mirror->facts, &a->look);
    if (a->look.look.outcome == LOOK_ANSWERED)
        mirror->seen_generation = mirror->asked_generation;
    if (a->topic[0] != '\0')
        memcpy(mirror->topic, a->topic, sizeof(mirror->topic));
    if (tells_next) {
        mirror_lag_learn_next(&mirror->lag, a->next, a->n, a->look.look.began_ms);
        mirror->source.due_ms = int64_min(mirror->source.due_ms, now_ms);
    }
}

static void take_answer(struct wal_mirrors *m, uint64_t number, struct mirror_answer *a,
                        int64_t now_ms, int64_t ends_ms)
{
    struct wal_watch *w = wal_looks_find_number(m->ports.looks, number);
    const bool is_look = a->effect == MIRROR_EFFECT_NOTHING;

    m->n_open -= !is_look;
    if (!w)
        return;
    w->mirror.turn.asked = false;
    if (is_outdated(m, &w->mirror))
        return;
    if (is_look) {
        take_look(m, w, a, now_ms);
        learned(m, w, now_ms, ends_ms);
        return;
    }
    if (a->effect == MIRROR_EFFECT_GUARD)
        mirror_learn_guard(&w->mirror.facts, &a->guard, now_ms);
    note_result(m, w, a->effect, a->rc, a->why, now_ms);
    m->ports.on_learned(m->ports.self, w);
}

static void take_answers(struct wal_mirrors *m, int64_t now_ms, int64_t ends_ms)
{
    const struct mirror_observer_port *port = &m->ports.mirror;
    struct mirror_answer answer;
    uint64_t number;

    while (port->ops->next(port->self, &number, &answer)) {
        take_answer(m, number, &answer, now_ms, ends_ms);
        free(answer.next);
    }
}

/* --- turns ------------------------------------------------------------------------------------ */

static bool may_look(const struct wal_watch *w)
{
    return wal_mirrors_is_named(w) && !w->mirror.turn.asked;
}

static bool may_look_at_source(const struct wal_watch *w)
{
    return wal_mirrors_is_named(w) && w->resource.spec.source_brokers &&
           w->mirror.topic[0] != '\0' && !w->mirror.source.asked;
}

static bool names_maker(const struct wal_mirrors *m)
{
    for (size_t i = 0; i < wal_looks_count(m->ports.looks); i++)
        if (wal_looks_at(m->ports.looks, i)->resource.spec.mirror_maker)
            return true;
    return false;
}

void wal_mirrors_check(struct wal_mirrors *m)
{
    if (!m->ports.may_act(m->ports.self))
        wal_makers_cancel(m->makers);
}

static void look_at_offsets(const struct wal_mirrors *m, struct wal_watch *w, int64_t now_ms)
{
    const enum err_code rc = wal_offsets_ask(m->ports.looks, &m->ports.log_observer, w, now_ms);

    w->mirror.offsets.due_ms = now_ms + retry_ms(m, rc);
}

void wal_mirrors_step(struct wal_mirrors *m, int64_t now_ms, int64_t ends_ms)
{
    take_answers(m, now_ms, ends_ms);
    wal_makers_follow(m->makers, names_maker(m));
    wal_makers_step(m->makers, now_ms);
    for (size_t i = 0; !is_over(now_ms, ends_ms) && i < wal_looks_count(m->ports.looks); i++) {
        struct wal_watch *w = wal_looks_at(m->ports.looks, i);

        wal_mirrors_follow(m, w, now_ms);
        if (may_look(w) && now_ms >= w->mirror.turn.due_ms)
            look(m, w, now_ms, ends_ms);
        if (wal_offsets_may_ask(w) && now_ms >= w->mirror.offsets.due_ms)
            look_at_offsets(m, w, now_ms);
        if (may_look_at_source(w) && now_ms >= w->mirror.source.due_ms)
            look_at_source(m, w, now_ms);
    }
}

int64_t wal_mirrors_due_ms(const struct wal_mirrors *m, int64_t now_ms, int64_t ends_ms)
{
    int64_t due_ms = wal_makers_due_ms(m->makers);

    for (size_t i = 0; !is_over(now_ms, ends_ms) && i < wal_looks_count(m->ports.looks); i++) {
        const struct wal_watch *w = wal_looks_at(m->ports.looks, i);

        if (may_look(w))
            due_ms = int64_min(due_ms, w->mirror.turn.due_ms);
        if (wal_offsets_may_ask(w))
            due_ms = int64_min(due_ms, w->mirror.offsets.due_ms);
        if (may_look_at_source(w))
            due_ms = int64_min(due_ms, w->mirror.source.due_ms);
    }
    return due_ms;
}
