#include "codec/wal_applier_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RATE_LIMIT "rate-limit"
#define ON_BLANK   "on-blank"

/* clang-format off */

/* X(field, option, file) */
#define SECRET_FILES(X) \
    X(redis_password,    "redis-password-file",           "redis-password") \
    X(redis_ca,          "redis-ca",                      "redis-ca.crt") \
    X(sentinel_password, "sentinel-password-file",        "sentinel-password") \
    X(kafka_password,    "kafka-password-file",           "kafka-password") \
    X(kafka_ca,          "kafka-ca",                      "kafka-ca.crt") \
    X(registry_password, "schema-registry-password-file", "schema-registry-password") \
    X(registry_ca,       "schema-registry-ca",            "schema-registry-ca.crt")

/* X(field, option and file of the certificate, option and file of its key) */
#define CERTIFICATE_FILES(X) \
    X(redis_certificate,    "redis-cert",           "redis.crt",           "redis-key",           "redis.key") \
    X(kafka_certificate,    "kafka-cert",           "kafka.crt",           "kafka-key",           "kafka.key") \
    X(registry_certificate, "schema-registry-cert", "schema-registry.crt", "schema-registry-key", "schema-registry.key")

/* clang-format on */

static struct wal_secret redis_password(const struct wal_spec *s,
                                        const struct wal_surroundings *around)
{
    if (!s->redis_password.name && s->failover && around->failover_secret)
        return (struct wal_secret){ around->failover_secret, "password" };
    return s->redis_password;
}

size_t wal_secret_files(const struct wal_spec *spec, const struct wal_surroundings *around,
                        struct wal_secret_file ret[WAL_SECRET_FILES_MAX])
{
    struct wal_spec s = *spec;
    size_t n = 0;

    s.redis_password = redis_password(spec, around);
#define FILE_OF(option, file, secret, key)                                                         \
    ((struct wal_secret_file){ option, file, WAL_SECRETS_DIR "/" file, secret, key })
#define TAKE(field, option, file)                                                                  \
    if (s.field.name)                                                                              \
        ret[n++] = FILE_OF(option, file, s.field.name, s.field.key);
#define TAKE_BOTH(field, option, file, key_option, key_file)                                       \
    if (s.field.name) {                                                                            \
        ret[n++] = FILE_OF(option, file, s.field.name, s.field.certificate);                       \
        ret[n++] = FILE_OF(key_option, key_file, s.field.name, s.field.key);                       \
    }
    SECRET_FILES(TAKE)
    CERTIFICATE_FILES(TAKE_BOTH)
#undef FILE_OF
#undef TAKE
#undef TAKE_BOTH
    return n;
}

/* --- the file --------------------------------------------------------------------------------- */

/* The file being written. */
struct file {
    struct buf *out;
    struct wal_options options;
    bool live;
    bool fits;
};

/* Texts of a RedisWal are printable ASCII. */
static void put(struct file *f, const char *option, const char *value)
{
    const struct wal_option *o = wal_option_find(f->options, option);

    INVARIANT(o);
    if (!value || (o->live && !f->live))
        return;
    f->fits = f->fits && buf_appendf(f->out, "%s: \"", option);
    for (const char *c = value; *c; c++)
        f->fits = f->fits && buf_appendf(f->out, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
    f->fits = f->fits && buf_append_text(f->out, "\"\n");
}

/* Options that the applier refuses, or that mean nothing, where what they belong to is absent. */
static bool is_moot(const struct wal_spec *s, const char *option)
{
    if (strcmp(option, "master-name") == 0)
        return s->redis;
    if (strcmp(option, "kafka-sasl-mechanism") == 0)
        return !s->kafka_user;
    return false;
}

static void put_field(struct file *f, const struct wal_spec *s, const struct wal_field *field,
                      bool holds_blank)
{
    const void *member = (const char *)s + field->at;

    if (is_moot(s, field->option))
        return;
    if (holds_blank && strcmp(field->option, ON_BLANK) == 0)
        put(f, ON_BLANK, "hold");
    else if (field->value.type == WAL_BOOL)
        put(f, field->option, *(const bool *)member ? "true" : "false");
    else
        put(f, field->option, *(const char *const *)member);
}

static void put_redis(struct file *f, const struct wal_resource *wal)
{
    static const char *const tls[] = { [WAL_SENTINEL_TLS_SAME] = "same",
                                       [WAL_SENTINEL_TLS_ENABLED] = "on",
                                       [WAL_SENTINEL_TLS_DISABLED] = "off" };
    const struct wal_spec *s = &wal->spec;
    CLEANUP(buf_release) struct buf sentinels = { 0 };

    if (s->redis)
        return;
    put(f, "sentinel-tls", tls[s->sentinel_tls]);
    if (!s->failover)
        return;
    buf_init(&sentinels, WAL_JSON_MAX);
    f->fits = f->fits && wal_failover_sentinels(s, wal->scope, &sentinels) &&
              buf_append(&sentinels, "", 1);
    if (f->fits)
        put(f, "sentinel", sentinels.p);
}

static void put_settings(struct file *f, const struct wal_spec *s, int64_t rate_limit)
{
    char text[24];

    for (size_t i = 0; i < s->n_settings; i++)
        if (rate_limit == 0 || strcmp(s->settings[i].option->name, RATE_LIMIT) != 0)
            put(f, s->settings[i].option->name, s->settings[i].value);
    if (rate_limit == 0)
        return;
    snprintf(text, sizeof(text), "%" PRId64, rate_limit);
    put(f, RATE_LIMIT, text);
}

bool wal_applier_file(const struct wal_resource *wal, struct wal_options options,
                      const struct wal_surroundings *around, bool live, struct buf *out)
{
    struct file f = { out, options, live, true };
    struct wal_secret_file files[WAL_SECRET_FILES_MAX];
    const size_t n = wal_secret_files(&wal->spec, around, files);

    put(&f, "wal", wal->spec.wal);
    for (size_t i = 0; i < wal_n_fields; i++)
        if (wal_fields[i].option)
            put_field(&f, &wal->spec, &wal_fields[i], around->holds_blank);
    put_redis(&f, wal);
    put(&f, "schema-registry", wal->spec.registry);
    for (size_t i = 0; i < n; i++)
        put(&f, files[i].option, files[i].path);
    if (wal->spec.scripts)
        put(&f, "scripts", WAL_SCRIPTS_DIR);
    put(&f, "http", WAL_HTTP_ADDRESS);
    put(&f, "log-format", "json");
    put_settings(&f, &wal->spec, around->rate_limit);
    return f.fits;
}
