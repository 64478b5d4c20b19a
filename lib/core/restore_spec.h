/*
 * What a RedisRestore asks for, checked: the fields of restore_spec_table.h.
 */
#ifndef REDWAL_CORE_RESTORE_SPEC_H
#define REDWAL_CORE_RESTORE_SPEC_H

#include "core/restore.h"
#include "core/restore_spec_table.h"
#include "core/wal_spec.h"

struct restore_positions {
    const struct restore_position *at; /* each partition once */
    int32_t n;
};

struct restore_partitions {
    const int32_t *at; /* each once */
    int32_t n;
};

#define WAL_MEMBER_TIME(field)       int64_t field;
#define WAL_MEMBER_CHOICES(field)    unsigned field;
#define WAL_MEMBER_POSITIONS(field)  struct restore_positions field;
#define WAL_MEMBER_PARTITIONS(field) struct restore_partitions field;

/* Owns nothing; see codec/restore_resource.h. */
struct restore_spec {
    RESTORE_FIELDS(WAL_MEMBER)
};

extern const struct spec_table restore_spec_table;

#define RESTORE_RULE_ENUM(name, ...) RESTORE_RULE_##name,
enum restore_rule { RESTORE_RULES(RESTORE_RULE_ENUM) RESTORE_RULE_COUNT };
#undef RESTORE_RULE_ENUM

bool restore_rule_holds(enum restore_rule rule, const struct restore_spec *spec);

bool restore_partitions_have(const struct restore_partitions *p, int32_t partition);
/* Not all of Redis, but some keys, which are written where they differ. */
bool restore_spec_is_scoped(const struct restore_spec *spec);
/* Of these what they were, which the log is told. */
bool restore_spec_reverts(const struct restore_spec *spec);
bool restore_accepts(const struct restore_spec *spec, enum restore_accept what);
/* Borrows the positions of `spec`. */
struct restore_target restore_spec_target(const struct restore_spec *spec);

#endif
