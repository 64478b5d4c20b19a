/*
 * What the controller knows of a restore, for tables of what follows from it: a row changes what a
 * test begins with, and names a fact.
 */
#ifndef REDWAL_TESTS_RESTORE_SCENE_H
#define REDWAL_TESTS_RESTORE_SCENE_H

#include "core/restore_facts.h"
#include "looks.h"

enum { RESTORE_SCENE_PARTITIONS = 2 };

struct scene {
    struct observed observed;
    struct restore_partition partitions[RESTORE_SCENE_PARTITIONS];
    struct restore_plan plan;
    struct restore_known known;
};

typedef void scene_change(struct scene *s);

struct scene_row {
    scene_change *change;
    enum restore_fact fact;
    enum truth value;
};
#define SCENE_IS(fact, value) RESTORE_FACT_##fact, TRUTH_##value

/* Fails with the row that does not hold. `begin` makes what each row changes. */
void scene_check(scene_change *begin, const struct scene_row *rows, size_t n);

/* Changes that more than one table has. */
void scene_nothing(struct scene *s);
void scene_other_wal(struct scene *s);
void scene_foreign_keys(struct scene *s);
void scene_blank(struct scene *s);
void scene_redis_fails(struct scene *s);
void scene_nothing_observed(struct scene *s);

#endif
