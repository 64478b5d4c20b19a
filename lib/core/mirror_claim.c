#include "core/mirror_claim.h"

#include "core/broker_list.h"
#include "core/connect_url.h"

static bool is_known_same(struct str a, struct str b)
{
    return a.n > 0 && str_eq(a, b);
}

/* Brokers may have several addresses, so that a log is known by its identity where both are. */
static bool have_same_log(const struct mirror_claim *a, const struct mirror_claim *b)
{
    const struct broker_list at_a = { a->brokers, a->scope }, at_b = { b->brokers, b->scope };

    if (a->log.n > 0 && b->log.n > 0)
        return str_eq(a->log, b->log);
    return str_eq(a->topic, b->topic) && broker_lists_meet(&at_a, &at_b);
}

/* Mirrors of the same aliases have connectors of the same name. */
static bool have_other_maker(const struct mirror_claim *a, const struct mirror_claim *b)
{
    return a->maker.n > 0 && b->maker.n > 0 &&
           (!str_eq(a->maker, b->maker) || !str_eq(a->scope, b->scope));
}

/* A Connect may have several addresses, too: connectors of one name may be one. */
static bool have_other_connector(const struct mirror_claim *a, const struct mirror_claim *b)
{
    return a->connector.n > 0 && b->connector.n > 0 &&
           (!str_eq(a->connector, b->connector) || have_other_maker(a, b));
}

static bool have_same_connect(const struct mirror_claim *a, const struct mirror_claim *b)
{
    return a->url.n > 0 && connect_url_is_same(a->url, b->url);
}

static bool have_same_mirror(const struct mirror_claim *a, const struct mirror_claim *b)
{
    return is_known_same(a->connector, b->connector) &&
           (have_same_connect(a, b) ||
            (is_known_same(a->maker, b->maker) && str_eq(a->scope, b->scope)));
}

enum mirror_clash mirror_claims_clash(const struct mirror_claim *a, const struct mirror_claim *b)
{
    const bool stops = a->wish == MIRROR_WISH_STOPPED || b->wish == MIRROR_WISH_STOPPED;
    const bool runs = a->wish == MIRROR_WISH_RUNNING || b->wish == MIRROR_WISH_RUNNING;

    if (!stops && have_other_connector(a, b) && have_same_log(a, b))
        return MIRROR_CLASH_WRITERS;
    return stops && runs && have_same_mirror(a, b) ? MIRROR_CLASH_WISHES : MIRROR_CLASH_NONE;
}
