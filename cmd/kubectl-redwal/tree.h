/*
 * The verbs of kubectl-redwal. Each stands in its own file, verb_<name>.c.
 */
#ifndef KUBECTL_REDWAL_TREE_H
#define KUBECTL_REDWAL_TREE_H

#include "cli/verb.h"

extern const struct verb verb_bench;
extern const struct verb verb_context;
extern const struct verb verb_dlq;
extern const struct verb verb_doctor;
extern const struct verb verb_events;
extern const struct verb verb_explain;
extern const struct verb verb_history;
extern const struct verb verb_lag;
extern const struct verb verb_logs;
extern const struct verb verb_mirror;
extern const struct verb verb_options;
extern const struct verb verb_pause;
extern const struct verb verb_position;
extern const struct verb verb_put;
extern const struct verb verb_repair;
extern const struct verb verb_restore;
extern const struct verb verb_resume;
extern const struct verb verb_revert;
extern const struct verb verb_scale;
extern const struct verb verb_status;
extern const struct verb verb_support_bundle;
extern const struct verb verb_tail;
extern const struct verb verb_verify;
extern const struct verb verb_wait;

extern const struct verb_tree tree;

#endif
