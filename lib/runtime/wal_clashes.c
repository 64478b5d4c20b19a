#include "runtime/wal_clashes.h"

#include "runtime/wal_mirrors.h"

static struct str text(const char *s)
{
    return str_from(s ? s : "");
}

static struct mirror_claim claim_of(const struct wal_watch *w)
{
    const struct wal_spec *s = &w->resource.spec;

    return (struct mirror_claim){
        .log = str_from(w->facts.log.log),
        .brokers = text(s->brokers),
        .topic = text(s->topic),
        .connector = str_from(w->mirror.connector),
        .url = text(s->connect_url),
        .scope = text(w->resource.scope),
        .maker = text(s->mirror_maker),
        .wish = wal_mirrors_wish(w),
    };
}

static enum mirror_clash compare(const struct mirror_claim *own, const struct wal_watch *other)
{
    const struct mirror_claim its = claim_of(other);

    return mirror_claims_clash(own, &its);
}

enum mirror_clash wal_clashes_find(const struct wal_looks *looks, const struct wal_watch *w,
                                   const struct wal_watch **ret_other)
{
    const struct mirror_claim own = claim_of(w);

    for (size_t i = 0; wal_mirrors_is_named(w) && i < wal_looks_count(looks); i++) {
        const struct wal_watch *other = wal_looks_at(looks, i);
        const enum mirror_clash clash =
            other == w || !wal_mirrors_is_named(other) ? MIRROR_CLASH_NONE : compare(&own, other);

        if (clash == MIRROR_CLASH_NONE)
            continue;
        *ret_other = other;
        return clash;
    }
    return MIRROR_CLASH_NONE;
}
