/*
 * The verbs below `restore`.
 */
#ifndef KUBECTL_REDWAL_VERB_RESTORE_H
#define KUBECTL_REDWAL_VERB_RESTORE_H

#include "cli/verb.h"

extern const struct verb verb_restore_list;
extern const struct verb verb_restore_status;
extern const struct verb verb_restore_cancel;
extern const struct verb verb_restore_release;

#endif
