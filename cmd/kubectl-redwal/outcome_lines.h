/*
 * What may become of a key, for the help of `repair` and of `revert`: a line for each outcome that
 * the verb has.
 */
#ifndef KUBECTL_REDWAL_OUTCOME_LINES_H
#define KUBECTL_REDWAL_OUTCOME_LINES_H

#include "core/repair.h"

#define REPAIR_OUTCOME_LINES REPAIR_OUTCOMES(OUTCOME_LINE_OF_REPAIR)
#define REVERT_OUTCOME_LINES REPAIR_OUTCOMES(OUTCOME_LINE_OF_REVERT)

#define OUTCOME_LINE_OF_REPAIR(verbs, name, code, repaired, reverted)                              \
    OUTCOME_LINE_REPAIR_##verbs(code, repaired)
#define OUTCOME_LINE_OF_REVERT(verbs, name, code, repaired, reverted)                              \
    OUTCOME_LINE_REVERT_##verbs(code, reverted)

#define OUTCOME_LINE_REPAIR_EITHER  OUTCOME_LINE
#define OUTCOME_LINE_REPAIR_REPAIR  OUTCOME_LINE
#define OUTCOME_LINE_REPAIR_REVERT  NO_OUTCOME_LINE
#define OUTCOME_LINE_REVERT_EITHER  OUTCOME_LINE
#define OUTCOME_LINE_REVERT_REVERT  OUTCOME_LINE
#define OUTCOME_LINE_REVERT_REPAIR  NO_OUTCOME_LINE
#define OUTCOME_LINE(code, what)    "  " code ": " what "\n"
#define NO_OUTCOME_LINE(code, what) ""

#endif
