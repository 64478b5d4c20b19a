#include "core/wal_spec.h"

#include <inttypes.h>
#include <string.h>

#include "base/address.h"
#include "base/check.h"
#include "base/quantity.h"

#define PORT_PATTERN                                                                               \
    "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"

enum { HOST_MAX = 253 };

/* clang-format off */
#define OWN_ROW(type, field, path, need, fallback, min, max, allowed, help) \
    { path, WAL_##need, offsetof(struct wal_spec, field), NULL, \
      { WAL_##type, fallback, min, max, allowed, help } },
#define OPTION_ROW(type, field, path, need, option) \
    { path, WAL_##need, offsetof(struct wal_spec, field), option, \
      { WAL_##type, NULL, 0, 0, NULL, NULL } },
const struct wal_field wal_fields[] = { WAL_OWN_FIELDS(OWN_ROW) WAL_OPTION_FIELDS(OPTION_ROW) };
const size_t wal_n_fields = ARRAY_SIZE(wal_fields);
#undef OWN_ROW
#undef OPTION_ROW

#define OBJECT_ROW(path, need, help) { path, WAL_##need, help },
const struct wal_object wal_objects[] = { WAL_OBJECTS(OBJECT_ROW) };
const size_t wal_n_objects = ARRAY_SIZE(wal_objects);
#undef OBJECT_ROW

#define RULE_ROW(name, path, expression, message) \
    [WAL_RULE_##name] = { path, expression, message },
const struct wal_rule_text wal_rules[WAL_RULE_COUNT] = { WAL_RULES(RULE_ROW) };
#undef RULE_ROW
/* clang-format on */

static const char *const closed[] = { WAL_CLOSED_OPTIONS };

struct wal_value wal_field_value(const struct wal_field *field, struct wal_options options)
{
    const struct wal_option *option;

    if (!field->option)
        return field->value;
    option = wal_option_find(options, field->option);
    PRE(option);
    return option->value;
}

const struct wal_option *wal_option_find(struct wal_options options, const char *name)
{
    for (size_t i = 0; i < options.n; i++)
        if (strcmp(options.at[i].name, name) == 0)
            return &options.at[i];
    return NULL;
}

bool wal_option_is_open(const struct wal_option *option)
{
    if (option->value.type == WAL_NONE || option->value.type == WAL_ADDRESS ||
        option->value.type == WAL_ADDRESSES)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
        if (strcmp(option->name, closed[i]) == 0)
            return false;
    for (size_t i = 0; i < wal_n_fields; i++)
        if (wal_fields[i].option && strcmp(option->name, wal_fields[i].option) == 0)
            return false;
    return true;
}

void wal_option_key(const struct wal_option *option, char ret[WAL_KEY_MAX + 1])
{
    size_t n = 0;
    bool upper = false;

    PRE(strlen(option->name) <= WAL_KEY_MAX);
    for (const char *c = option->name; *c; c++) {
        if (*c != '-')
            ret[n++] = (char)(upper && *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
        upper = *c == '-';
    }
    ret[n] = '\0';
}

const char *wal_setting_of(const struct wal_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->n_settings; i++)
        if (strcmp(spec->settings[i].option->name, name) == 0)
            return spec->settings[i].value;
    return NULL;
}

bool wal_number_parse(const struct wal_value *value, struct str text, int64_t *ret)
{
    const struct quantity_unit *units = value->type == WAL_DURATION ? quantity_durations
                                        : value->type == WAL_SIZE   ? quantity_sizes
                                                                    : quantity_counts;

    return quantity_parse(text, units, value->min, value->max, ret);
}

int64_t wal_setting_number(const struct wal_spec *spec, struct wal_options options,
                           const char *name)
{
    const struct wal_option *option = wal_option_find(options, name);
    const char *text = wal_setting_of(spec, name);
    int64_t number;

    PRE(option && (text || option->value.fallback));
    if (!wal_number_parse(&option->value, str_from(text ? text : option->value.fallback), &number))
        UNREACHABLE("the decoder and the option's table let numbers pass alone");
    return number;
}

double wal_spec_budget(const struct wal_spec *spec)
{
#define BUDGET(percent, budget) budget,
    static const double budgets[] = { WAL_OBJECTIVES(BUDGET) };
#undef BUDGET

    return budgets[spec->objective];
}

void wal_spec_name_master(struct wal_spec *spec, struct wal_options options)
{
    const struct wal_option *option = wal_option_find(options, "master-name");

    PRE(spec->failover && option);
    if (!spec->master_name || strcmp(spec->master_name, option->value.fallback) == 0)
        spec->master_name = spec->failover;
}

bool wal_failover_sentinels(const struct wal_spec *spec, const char *scope, struct buf *out)
{
    return buf_appendf(out, "rfs-%s.%s.svc:%" PRId64, spec->failover, scope, spec->sentinel_port);
}

/* --- texts ------------------------------------------------------------------------------------ */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_character(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '.' || c == '_' || c == '-';
}

static bool all_between(struct str text, char low, char high)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < low || text.p[i] > high)
            return false;
    return text.n > 0;
}

static bool is_name(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!is_name_character(text.p[i]))
            return false;
    return text.n > 0;
}

static bool is_object_name(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        const bool inside = i > 0 && i + 1 < text.n;

        if (!is_lower(text.p[i]) && !is_digit(text.p[i]) &&
            !(inside && (text.p[i] == '-' || text.p[i] == '.')))
            return false;
    }
    return text.n > 0;
}

static bool is_address(struct str text)
{
    struct address a;
    bool bracketed;

    if (!address_parse(text, &a) || a.port == 0 || a.host.n == 0 || a.host.n > HOST_MAX)
        return false;
    bracketed = text.p[0] == '[';
    for (size_t i = 0; i < a.host.n; i++)
        if (bracketed ? !strchr("0123456789abcdefABCDEF:.", a.host.p[i])
                      : !is_name_character(a.host.p[i]))
            return false;
    return true;
}

static bool is_url(struct str text)
{
    const struct str http = STR_LITERAL("http://"), https = STR_LITERAL("https://");
    const size_t scheme = str_starts_with(text, http)    ? http.n
                          : str_starts_with(text, https) ? https.n
                                                         : text.n;

    return all_between((struct str){ text.p + scheme, text.n - scheme }, '!', '~');
}

bool wal_text_is(enum wal_type type, struct str text)
{
    switch (type) {
    case WAL_TEXT:
        return all_between(text, ' ', '~');
    case WAL_WORD:
        return all_between(text, '!', '~');
    case WAL_NAME:
        return is_name(text);
    case WAL_OBJECT_NAME:
        return is_object_name(text);
    case WAL_URL:
        return is_url(text);
    case WAL_ADDRESS:
    case WAL_ADDRESSES:
        return is_address(text);
    case WAL_NONE:
    case WAL_BOOL:
    case WAL_INT:
    case WAL_DURATION:
    case WAL_SIZE:
    case WAL_TIME:
    case WAL_CHOICE:
    case WAL_CHOICES:
    case WAL_SECRET:
    case WAL_CERTIFICATE:
    case WAL_MAP:
    case WAL_OBJECT:
    case WAL_LIST:
    case WAL_POSITIONS:
    case WAL_PARTITIONS:
    case WAL_TYPE_COUNT:
        break;
    }
    UNREACHABLE("not a text");
}

const char *wal_type_pattern(enum wal_type type)
{
    static const char *const patterns[WAL_TYPE_COUNT] = {
        [WAL_TEXT] = "^[ -~]+$",
        [WAL_WORD] = "^[!-~]+$",
        [WAL_NAME] = "^[A-Za-z0-9._-]+$",
        [WAL_OBJECT_NAME] = "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
        [WAL_URL] = "^https?://[!-~]+$",
        [WAL_ADDRESS] = "^(\\[[0-9a-fA-F:.]{1,253}\\]|[A-Za-z0-9._-]{1,253}):" PORT_PATTERN "$",
        [WAL_ADDRESSES] = "^(\\[[0-9a-fA-F:.]{1,253}\\]|[A-Za-z0-9._-]{1,253}):" PORT_PATTERN "$",
        [WAL_DURATION] = "^(0|[1-9][0-9]{0,9})(ms|s|m|h)$",
        [WAL_SIZE] = "^(0|[1-9][0-9]{0,9})(B|KiB|MiB|GiB)$",
        [WAL_TIME] = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,3})?Z$",
    };

    return patterns[type];
}

/* --- what is allowed, in words ---------------------------------------------------------------- */

static void print_text(const struct wal_value *v, const char *what, struct buf *out)
{
    buf_print(out, "%" PRId64 " to %" PRId64 " %s", v->min, v->max, what);
}

static void print_number(const struct wal_value *v, const char *what,
                         const struct quantity_unit *units, struct buf *out)
{
    buf_print(out, "%s, ", what);
    quantity_print(v->min, units, out);
    buf_print(out, " to ");
    quantity_print(v->max, units, out);
}

static void print_choices(const struct wal_value *v, struct buf *out)
{
    for (size_t i = 0; v->allowed[i]; i++)
        buf_print(out, "%s%s", i > 0 ? ", " : "", v->allowed[i]);
}

static void print_structure(const struct wal_value *v, struct buf *out)
{
    if (v->type == WAL_SECRET)
        buf_print(out, "`name` of a Secret and its `key` (default %s)", v->fallback);
    else if (v->type == WAL_CERTIFICATE)
        buf_print(out, "`name` of a Secret, its keys `certificate` (default " WAL_CERTIFICATE_KEY
                       ") and `key` (default " WAL_PRIVATE_KEY_KEY ")");
    else if (v->type == WAL_MAP)
        buf_print(out, "up to %" PRId64 " texts by name", v->max);
    else if (v->type == WAL_POSITIONS)
        buf_print(out,
                  "a list of 1 to %" PRId64
                  " positions, each with a `partition` and an `offset`, and each partition "
                  "once",
                  v->max);
    else if (v->type == WAL_PARTITIONS)
        buf_print(out, "a list of 1 to %" PRId64 " partitions, 0 to %" PRId64 ", each once", v->max,
                  v->max - 1);
    else if (v->type == WAL_OBJECT)
        buf_print(out, "an object of up to %" PRId64 " fields", v->max);
    else
        buf_print(out, "a list of up to %" PRId64 " objects", v->max);
}

void wal_value_print_allowed(const struct wal_value *v, struct buf *out)
{
    switch (v->type) {
    case WAL_TEXT:
        print_text(v, "printable ASCII characters", out);
        return;
    case WAL_WORD:
        print_text(v, "printable ASCII characters, no blanks", out);
        return;
    case WAL_NAME:
        print_text(v, "letters, digits, '.', '_' and '-'", out);
        return;
    case WAL_OBJECT_NAME:
        print_text(v, "characters that are the name of an object", out);
        return;
    case WAL_URL:
        print_text(v, "characters that are the URL of http or https", out);
        return;
    case WAL_ADDRESS:
        buf_print(out, "host:port, such as redis:6379 or [::1]:6379");
        return;
    case WAL_ADDRESSES:
        buf_print(out, "a list of 1 to %d times host:port", WAL_ADDRESSES_MAX);
        return;
    case WAL_BOOL:
        buf_print(out, "true or false");
        return;
    case WAL_INT:
        print_number(v, "a whole number", quantity_counts, out);
        return;
    case WAL_DURATION:
        print_number(v, "a duration (ms, s, m, h)", quantity_durations, out);
        return;
    case WAL_SIZE:
        print_number(v, "a size (B, KiB, MiB, GiB)", quantity_sizes, out);
        return;
    case WAL_TIME:
        buf_print(out, "a time after 1970 in UTC, such as 2026-11-25T09:46:47.123Z");
        return;
    case WAL_CHOICES:
        buf_print(out, "a list of: ");
        print_choices(v, out);
        return;
    case WAL_CHOICE:
        print_choices(v, out);
        return;
    case WAL_SECRET:
    case WAL_CERTIFICATE:
    case WAL_MAP:
    case WAL_OBJECT:
    case WAL_LIST:
    case WAL_POSITIONS:
    case WAL_PARTITIONS:
        print_structure(v, out);
        return;
    case WAL_NONE:
    case WAL_TYPE_COUNT:
        break;
    }
    UNREACHABLE("nothing is allowed");
}

/* --- rules ------------------------------------------------------------------------------------ */

static bool has_sasl(const char *security)
{
    return strncmp(security, "SASL_", strlen("SASL_")) == 0;
}

static bool has_tls(const char *security)
{
    const size_t n = strlen(security);

    return n >= 3 && strcmp(security + n - 3, "SSL") == 0;
}

const char *wal_spec_offsets_security(const struct wal_spec *s)
{
    static const char *const words[] = { WAL_OFFSETS_SECURITY_CHOICES };

    return words[s->offsets_security];
}

static bool is_https(const char *url)
{
    return str_starts_with(str_from(url), STR_LITERAL("https://"));
}

static bool format_is_typed(const struct wal_spec *s)
{
    const char *format = wal_setting_of(s, "format");

    return format && (strcmp(format, "protobuf") == 0 || strcmp(format, "avro") == 0);
}

bool wal_rule_holds(enum wal_rule rule, const struct wal_spec *s)
{
    switch (rule) {
    case WAL_RULE_ONE_REDIS:
        return !!s->failover + !!s->sentinels + !!s->redis == 1;
    case WAL_RULE_REDIS_USER:
        return !s->redis_user || s->redis_password.name;
    case WAL_RULE_REDIS_TLS:
        return s->redis_tls || s->sentinel_tls == WAL_SENTINEL_TLS_ENABLED ||
               !(s->redis_ca.name || s->redis_certificate.name);
    case WAL_RULE_SENTINELS:
        return !s->redis || !(s->sentinel_user || s->sentinel_password.name);
    case WAL_RULE_SENTINEL_USER:
        return !s->sentinel_user || s->sentinel_password.name;
    case WAL_RULE_KAFKA_SASL:
        return has_sasl(s->security) == !!s->kafka_user;
    case WAL_RULE_KAFKA_TLS:
        return has_tls(s->security) || !(s->kafka_ca.name || s->kafka_certificate.name);
    case WAL_RULE_TOPICS:
        return strcmp(s->topic, s->dlq_topic) != 0;
    case WAL_RULE_REGISTRY_URL:
        return !s->registry || !strchr(s->registry, '@');
    case WAL_RULE_REGISTRY_USER:
        return !s->registry_user == !s->registry_password.name;
    case WAL_RULE_REGISTRY_TLS:
        return !s->registry || is_https(s->registry) ||
               !(s->registry_ca.name || s->registry_certificate.name);
    case WAL_RULE_MIRROR_NAMED:
        return s->connect_url || s->mirror_maker || s->mirror_wish == 0;
    case WAL_RULE_MIRROR_ONCE:
        return s->mirror_connector ? !s->mirror_maker : !s->connect_url || s->mirror_maker;
    case WAL_RULE_MIRROR_ASKED:
        return !s->mirror_connector || s->connect_url || s->offsets_topic;
    case WAL_RULE_MIRROR_OFFSETS:
        return !s->offsets_topic || s->mirror_connector || s->mirror_maker;
    case WAL_RULE_MIRROR_OFFSETS_KAFKA:
        return !s->offsets_brokers || s->offsets_topic;
    case WAL_RULE_OFFSETS_SASL:
        return has_sasl(wal_spec_offsets_security(s)) == !!s->offsets_user;
    case WAL_RULE_OFFSETS_TLS:
        return has_tls(wal_spec_offsets_security(s)) ||
               !(s->offsets_ca.name || s->offsets_certificate.name);
    case WAL_RULE_CONNECT_URL:
        return !s->connect_url || !strchr(s->connect_url, '@');
    case WAL_RULE_CONNECT_USER:
        return !s->connect_user == !s->connect_password.name;
    case WAL_RULE_CONNECT_TLS:
        return !s->connect_url || is_https(s->connect_url) ||
               !(s->connect_ca.name || s->connect_certificate.name);
    case WAL_RULE_TYPED_FORMAT:
        return s->registry || !format_is_typed(s);
    case WAL_RULE_COUNT:
        break;
    }
    UNREACHABLE("no such rule");
}

static bool holds(size_t rule, const void *spec)
{
    return wal_rule_holds((enum wal_rule)rule, spec);
}

const struct spec_table wal_spec_table = {
    wal_fields,
    wal_objects,
    wal_rules,
    ARRAY_SIZE(wal_fields),
    ARRAY_SIZE(wal_objects),
    ARRAY_SIZE(wal_rules),
    holds,
};
