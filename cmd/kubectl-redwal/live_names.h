/*
 * Names that a shell cannot know: contexts, and what a cluster has.
 */
#ifndef KUBECTL_REDWAL_LIVE_NAMES_H
#define KUBECTL_REDWAL_LIVE_NAMES_H

#include "cli/verb_complete.h"

completion_names_fn live_names_complete;

#endif
