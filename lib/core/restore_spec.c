#include "core/restore_spec.h"

#include "base/check.h"

/* clang-format off */
#define FIELD_ROW(type, field, path, need, fallback, min, max, allowed, help) \
    { path, WAL_##need, offsetof(struct restore_spec, field), NULL, \
      { WAL_##type, fallback, min, max, allowed, help } },
static const struct wal_field fields[] = { RESTORE_FIELDS(FIELD_ROW) };
#undef FIELD_ROW

#define OBJECT_ROW(path, need, help) { path, WAL_##need, help },
static const struct wal_object objects[] = { RESTORE_OBJECTS(OBJECT_ROW) };
#undef OBJECT_ROW

#define RULE_ROW(name, path, expression, message) \
    [RESTORE_RULE_##name] = { path, expression, message },
static const struct wal_rule_text rules[RESTORE_RULE_COUNT] = { RESTORE_RULES(RULE_ROW) };
#undef RULE_ROW
/* clang-format on */

bool restore_partitions_have(const struct restore_partitions *p, int32_t partition)
{
    for (int32_t i = 0; i < p->n; i++)
        if (p->at[i] == partition)
            return true;
    return false;
}

bool restore_spec_is_scoped(const struct restore_spec *spec)
{
    return spec->keys || spec->partitions.n > 0;
}

/* As it is where nothing was said of it. */
static bool is_verified_as_ever(const struct restore_spec *s)
{
    int64_t sample;

    return s->verify == RESTORE_VERIFY_SAMPLE &&
           str_to_int64(STR_LITERAL(RESTORE_SAMPLE), &sample) && s->sample == sample;
}

bool restore_spec_reverts(const struct restore_spec *spec)
{
    return restore_spec_is_scoped(spec) && (spec->time_ms != 0 || spec->positions.n > 0);
}

bool restore_rule_holds(enum restore_rule rule, const struct restore_spec *s)
{
    switch (rule) {
    case RESTORE_RULE_ONE_TARGET:
        return s->time_ms == 0 || s->positions.n == 0;
    case RESTORE_RULE_SKIP:
        return s->after != RESTORE_AFTER_SKIP || s->time_ms != 0 || s->positions.n > 0;
    case RESTORE_RULE_UNKNOWN_DATA:
        return !restore_accepts(s, RESTORE_ACCEPT_UNKNOWN_DATA) || s->wipe == RESTORE_WIPE_VOLUMES;
    case RESTORE_RULE_SCOPE_AFTER:
        return !restore_spec_is_scoped(s) || s->after == RESTORE_AFTER_HOLD;
    case RESTORE_RULE_SCOPE_RATE:
        return !restore_spec_is_scoped(s) || s->rate == 0;
    case RESTORE_RULE_SCOPE_VERIFY:
        return !restore_spec_is_scoped(s) || is_verified_as_ever(s);
    case RESTORE_RULE_SCOPE_WIPE:
        return !restore_spec_is_scoped(s) || s->wipe == RESTORE_WIPE_FLUSH;
    case RESTORE_RULE_COUNT:
        break;
    }
    UNREACHABLE("no such rule");
}

static bool holds(size_t rule, const void *spec)
{
    return restore_rule_holds((enum restore_rule)rule, spec);
}

const struct spec_table restore_spec_table = {
    .fields = fields,
    .objects = objects,
    .rules = rules,
    .n_fields = ARRAY_SIZE(fields),
    .n_objects = ARRAY_SIZE(objects),
    .n_rules = ARRAY_SIZE(rules),
    .holds = holds,
};

bool restore_accepts(const struct restore_spec *spec, enum restore_accept what)
{
    return (spec->accept & 1U << what) != 0;
}

struct restore_target restore_spec_target(const struct restore_spec *spec)
{
    return (struct restore_target){
        .to = spec->time_ms != 0      ? RESTORE_TO_TIME
              : spec->positions.n > 0 ? RESTORE_TO_POSITION
                                      : RESTORE_TO_LATEST,
        .time_ms = spec->time_ms,
        .positions = spec->positions.at,
        .n_positions = spec->positions.n,
    };
}
