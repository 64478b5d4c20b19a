/*
 * What `doctor` found, a row a check.
 */
#ifndef KUBECTL_REDWAL_DOCTOR_ROWS_H
#define KUBECTL_REDWAL_DOCTOR_ROWS_H

#include "call.h"
#include "core/cluster_diagnosis.h"
#include "core/wal_status.h"

enum { DOCTOR_ROWS_MAX = DIAGNOSIS_COUNT + CLUSTER_DIAGNOSIS_COUNT + WAL_CONDITION_COUNT };

struct doctor_row {
    enum health_verdict verdict;
    const char *check, *expected, *remedy; /* static */
    char found[WAL_MESSAGE_MAX + WAL_REASON_TEXT_MAX + 3];
};

struct doctor_rows {
    struct doctor_row at[DOCTOR_ROWS_MAX];
    size_t n;
};

void doctor_rows_add_checks(struct doctor_rows *rows, const struct diagnosis_facts *facts);
void doctor_rows_add_cluster(struct doctor_rows *rows, const struct cluster_facts *facts);
/* A condition that a status tells. */
void doctor_rows_add_condition(struct doctor_rows *rows, enum wal_condition_type type,
                               struct str status, struct str reason, struct str message);

/* Prints them; what is said to a script. */
enum exit_status doctor_rows_report(const struct doctor_rows *rows, const struct invocation *in);

#endif
