/* Where the log, the Redis and the Connect of a WAL are, and the Secrets that open them. */
#include <stdio.h>

#include "runtime/wal_looks_state.h"

enum { SENTINELS_MAX = 4096 };

/* What somebody needs, being gathered. */
struct gathering {
    struct wal_looks *looks;
    const struct wal_watch *watch;
    int64_t now_ms;
    bool waits;
    char missing[LOOK_WHY_MAX + 1]; /* "": nothing */
};

/* NULL: none is given, or it is not there yet. */
static const char *secret(struct gathering *g, const char *name, const char *key)
{
    const char *text;

    if (!name)
        return NULL;
    switch (kube_secrets_find(g->looks->ports.secrets, str_from(g->watch->resource.scope), name,
                              key, g->now_ms, &text)) {
    case KUBE_SECRET_THERE:
        return text;
    case KUBE_SECRET_ASKED:
        g->waits = true;
        return NULL;
    case KUBE_SECRET_MISSING:
        snprintf(g->missing, sizeof(g->missing), "%.*s", (int)sizeof(g->missing) - 1, text);
        return NULL;
    }
    UNREACHABLE("a state that does not exist");
}

static struct look_login login_of(struct gathering *g, const char *user, struct wal_secret password,
                                  struct wal_secret ca, const struct wal_certificate *certificate)
{
    return (struct look_login){
        .user = user,
        .password = secret(g, password.name, password.key),
        .ca = secret(g, ca.name, ca.key),
        .cert = secret(g, certificate->name, certificate->certificate),
        .key = secret(g, certificate->name, certificate->key),
    };
}

static bool sentinels_use_tls(const struct wal_spec *s)
{
    return s->sentinel_tls == WAL_SENTINEL_TLS_ENABLED ||
           (s->sentinel_tls == WAL_SENTINEL_TLS_SAME && s->redis_tls);
}

static enum err_code found(const struct gathering *g, struct err *err)
{
    if (g->missing[0] != '\0')
        return err_set(err, ERR_NOT_FOUND, "%s", g->missing);
    return g->waits ? err_set(err, ERR_TIMEOUT, "a Secret is being read") : ERR_OK;
}

enum err_code wal_looks_place(struct wal_looks *l, const struct wal_watch *w, int64_t now_ms,
                              struct log_place *ret, struct err *err)
{
    struct gathering g = { l, w, now_ms, false, "" };
    const struct wal_spec *s = &w->resource.spec;

    *ret = (struct log_place){
        .brokers = s->brokers,
        .security = s->security,
        .sasl_mechanism = s->mechanism,
        .login = login_of(&g, s->kafka_user, s->kafka_password, s->kafka_ca, &s->kafka_certificate),
        .topic = s->topic,
        .group = s->group,
    };
    return found(&g, err);
}

/* With the user and the certificates of the brokers here, or with its own and none of theirs. */
enum err_code wal_looks_offsets_place(struct wal_looks *l, const struct wal_watch *w,
                                      int64_t now_ms, struct log_place *ret, struct err *err)
{
    static const char *const mechanisms[] = { WAL_SASL_CHOICES };
    struct gathering g = { l, w, now_ms, false, "" };
    const struct wal_spec *s = &w->resource.spec;

    if (s->offsets_security == WAL_OFFSETS_SECURITY_SAME) {
        const enum err_code rc = wal_looks_place(l, w, now_ms, ret, err);

        ret->brokers = s->offsets_brokers ? s->offsets_brokers : s->brokers;
        ret->topic = s->offsets_topic;
        return rc;
    }
    *ret = (struct log_place){
        .brokers = s->offsets_brokers,
        .security = wal_spec_offsets_security(s),
        .sasl_mechanism = mechanisms[s->offsets_mechanism],
        .login = login_of(&g, s->offsets_user, s->offsets_password, s->offsets_ca,
                          &s->offsets_certificate),
        .topic = s->offsets_topic,
        .group = s->group,
    };
    return found(&g, err);
}

static const char *sentinels_of(const struct wal_watch *w, struct buf *text)
{
    const struct wal_spec *s = &w->resource.spec;

    buf_init(text, SENTINELS_MAX);
    if (s->failover && wal_failover_sentinels(s, w->resource.scope, text) &&
        buf_append(text, "", 1))
        return text->p;
    return s->sentinels;
}

enum err_code wal_looks_redis_place(struct wal_looks *l, const struct wal_watch *w, int64_t now_ms,
                                    struct buf *sentinels, struct redis_place *ret, struct err *err)
{
    struct gathering g = { l, w, now_ms, false, "" };
    const struct wal_spec *s = &w->resource.spec;
    const struct wal_secret own = { w->failover_secret[0] != '\0' ? w->failover_secret : NULL,
                                    "password" };

    *ret = (struct redis_place){
        .redis = s->redis,
        .master_name = s->master_name,
        .wal = s->wal,
        .n_partitions = w->facts.n > w->n_planned ? w->facts.n : w->n_planned,
        .sentinels = sentinels_of(w, sentinels),
    };
    ret->login = login_of(&g, s->redis_user, s->redis_password.name ? s->redis_password : own,
                          s->redis_ca, &s->redis_certificate);
    ret->login.tls = s->redis_tls;
    ret->sentinel_login =
        login_of(&g, s->sentinel_user, s->sentinel_password, s->redis_ca, &s->redis_certificate);
    ret->sentinel_login.tls = sentinels_use_tls(s);
    return found(&g, err);
}

enum err_code wal_looks_connect_place(struct wal_looks *l, const struct wal_watch *w,
                                      int64_t now_ms, struct mirror_place *ret, struct err *err)
{
    struct gathering g = { l, w, now_ms, false, "" };
    const struct wal_spec *s = &w->resource.spec;

    *ret = (struct mirror_place){
        .url = s->connect_url,
        .login = login_of(&g, s->connect_user, s->connect_password, s->connect_ca,
                          &s->connect_certificate),
    };
    return found(&g, err);
}
