/*
 * What a RedisWal asks for, checked: the fields of wal_spec_table.h, and what each may hold.
 *
 * The applier's options come from its own table, which this layer does not see: whoever decodes or
 * describes a RedisWal hands them in.
 */
#ifndef REDWAL_CORE_WAL_SPEC_H
#define REDWAL_CORE_WAL_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "core/wal_spec_table.h"

enum {
    WAL_SETTINGS_MAX = 64, /* options of the applier that a RedisWal sets */
    WAL_ADDRESSES_MAX = 32,
    WAL_KEY_MAX = 63,        /* of spec.options, in camelCase */
    WAL_JSON_MAX = 64 * 1024 /* of one field that is handed on as it is */
};

/* What a value is, and how the struct of its kind of objects keeps it. Texts are NULL when they are
 * absent and have no default. */
enum wal_type {
    WAL_NONE,        /* nothing that a RedisWal may hold: a file, a port of the pod */
    WAL_TEXT,        /* const char *: printable ASCII */
    WAL_WORD,        /* the same, without blanks */
    WAL_NAME,        /* const char *: letters, digits, '.', '_', '-' */
    WAL_OBJECT_NAME, /* const char *: the name of a Kubernetes object */
    WAL_URL,         /* const char *: http or https */
    WAL_ADDRESS,     /* const char *: host:port */
    WAL_ADDRESSES,   /* const char *: a list in the object, here host:port,host:port,... */
    WAL_BOOL,        /* bool */
    WAL_INT,         /* int64_t */
    WAL_DURATION,    /* int64_t, milliseconds */
    WAL_SIZE,        /* int64_t, bytes */
    WAL_TIME,        /* int64_t, milliseconds since 1970-01-01; 0 when absent */
    WAL_CHOICE,      /* int: index into `allowed` */
    WAL_CHOICES,     /* unsigned: a bit for each index into `allowed` that is in the list */
    WAL_SECRET,      /* struct wal_secret */
    WAL_CERTIFICATE, /* struct wal_certificate */
    WAL_MAP,         /* struct str: JSON, texts by name; empty when absent */
    WAL_OBJECT,      /* struct str: JSON, any object */
    WAL_LIST,        /* struct str: JSON, any objects */
    WAL_POSITIONS,   /* struct restore_positions: a list of partitions and offsets */
    WAL_PARTITIONS,  /* struct restore_partitions: a list of them */
    WAL_TYPE_COUNT
};

/* Keys of a Secret of type kubernetes.io/tls. */
#define WAL_CERTIFICATE_KEY "tls.crt"
#define WAL_PRIVATE_KEY_KEY "tls.key"

/* A key of a Secret; name NULL: none is given. */
struct wal_secret {
    const char *name, *key;
};

/* A certificate with its private key, in one Secret. */
struct wal_certificate {
    const char *name, *certificate, *key;
};

enum wal_need {
    WAL_OPTIONAL,
    WAL_REQUIRED,
    WAL_FILLED,  /* an object: absent is the same as empty */
    WAL_FIXED,   /* may not change once the object exists */
    WAL_GIVEN,   /* required, and may not change */
    WAL_LATCHED, /* a bool that stays true once it is */
};

struct wal_value {
    enum wal_type type;
    const char *fallback; /* as a user would write it; NULL: none */
    int64_t min, max;     /* characters, elements or the number itself */
    const char *const *allowed;
    const char *help;
};

/* An option of redis-applier by its name on the command line. WAL_NONE: one that a file may not
 * hold, or that is about the pod itself. */
struct wal_option {
    const char *name;
    bool live; /* a new value takes effect while the applier runs */
    struct wal_value value;
};

/* One option may not be more than another. */
struct wal_order {
    const char *lesser, *greater;
};

struct wal_options {
    const struct wal_option *at;
    size_t n;
    const struct wal_order *orders;
    size_t n_orders;
};

/* An option that spec.options sets; `value` as the applier's file has it. */
struct wal_setting {
    const struct wal_option *option;
    const char *value;
};

#define WAL_MEMBER_TEXT(field)        const char *field;
#define WAL_MEMBER_WORD(field)        const char *field;
#define WAL_MEMBER_NAME(field)        const char *field;
#define WAL_MEMBER_OBJECT_NAME(field) const char *field;
#define WAL_MEMBER_URL(field)         const char *field;
#define WAL_MEMBER_ADDRESS(field)     const char *field;
#define WAL_MEMBER_ADDRESSES(field)   const char *field;
#define WAL_MEMBER_BOOL(field)        bool field;
#define WAL_MEMBER_INT(field)         int64_t field;
#define WAL_MEMBER_DURATION(field)    int64_t field;
#define WAL_MEMBER_CHOICE(field)      int field;
#define WAL_MEMBER_SECRET(field)      struct wal_secret field;
#define WAL_MEMBER_CERTIFICATE(field) struct wal_certificate field;
#define WAL_MEMBER_MAP(field)         struct str field;
#define WAL_MEMBER_OBJECT(field)      struct str field;
#define WAL_MEMBER_LIST(field)        struct str field;
#define WAL_MEMBER(type, field, ...)  WAL_MEMBER_##type(field)

/* Owns nothing; see codec/wal_resource.h. */
struct wal_spec {
    WAL_OWN_FIELDS(WAL_MEMBER)
    WAL_OPTION_FIELDS(WAL_MEMBER)
    struct wal_setting settings[WAL_SETTINGS_MAX];
    size_t n_settings;
};

struct wal_field {
    const char *path; /* below spec, with dots */
    enum wal_need need;
    size_t at;              /* offsetof its member */
    const char *option;     /* of the applier, which says what `value` does not; or NULL */
    struct wal_value value; /* `type` is how the member is kept */
};

extern const struct wal_field wal_fields[];
extern const size_t wal_n_fields;

/* What the field may hold; with the option's help and bounds where it is one. */
struct wal_value wal_field_value(const struct wal_field *field, struct wal_options options);

struct wal_object {
    const char *path; /* below spec */
    enum wal_need need;
    const char *help;
};

extern const struct wal_object wal_objects[];
extern const size_t wal_n_objects;

const struct wal_option *wal_option_find(struct wal_options options, const char *name);
/* Whether spec.options may set it. */
bool wal_option_is_open(const struct wal_option *option);
/* "onReject" for "on-reject". */
void wal_option_key(const struct wal_option *option, char ret[WAL_KEY_MAX + 1]);
/* The setting of that option, or NULL when the object leaves it to the applier. */
const char *wal_setting_of(const struct wal_spec *spec, const char *name);

/* The option as a number: what spec.options says, or else its default. */
int64_t wal_setting_number(const struct wal_spec *spec, struct wal_options options,
                           const char *name);

/* The share of minutes that spec.slo.objective lets be bad. */
double wal_spec_budget(const struct wal_spec *spec);
/* How to talk to the brokers that keep what Connect has stored; "same": as to those here. */
const char *wal_spec_offsets_security(const struct wal_spec *spec);

/* The Sentinels of spec.redis.failover call the primary what that is called; another
 * spec.redis.masterName than the one by default still counts. */
void wal_spec_name_master(struct wal_spec *spec, struct wal_options options);

/* Where the Sentinels of spec.redis.failover in that namespace are asked for. False: no room. */
NODISCARD bool wal_failover_sentinels(const struct wal_spec *spec, const char *scope,
                                      struct buf *out);

/* Reads a number of that type; false: it is none, or out of bounds. */
bool wal_number_parse(const struct wal_value *value, struct str text, int64_t *ret_number);
/* Whether a text is one of that type, its length aside; and the same as a regular expression, NULL
 * where every text is. */
bool wal_text_is(enum wal_type type, struct str text);
const char *wal_type_pattern(enum wal_type type);
/* "1 to 63 letters, digits, '.', '_' and '-'" */
void wal_value_print_allowed(const struct wal_value *value, struct buf *out);

#define WAL_RULE_ENUM(name, path, expression, message) WAL_RULE_##name,
enum wal_rule { WAL_RULES(WAL_RULE_ENUM) WAL_RULE_COUNT };
#undef WAL_RULE_ENUM

struct wal_rule_text {
    const char *path; /* of the object, below spec; empty: spec itself */
    const char *expression, *message;
};

extern const struct wal_rule_text wal_rules[WAL_RULE_COUNT];
bool wal_rule_holds(enum wal_rule rule, const struct wal_spec *spec);

/* What the objects of one kind may say, for whoever decodes or describes them. */
struct spec_table {
    const struct wal_field *fields;
    const struct wal_object *objects;
    const struct wal_rule_text *rules;
    size_t n_fields, n_objects, n_rules;
    bool (*holds)(size_t rule, const void *spec); /* of the struct that the fields are members of */
};

extern const struct spec_table wal_spec_table;

#endif
