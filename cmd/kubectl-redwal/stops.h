/*
 * SIGINT and SIGTERM as something to look at, for a verb that has to finish what it began.
 */
#ifndef KUBECTL_REDWAL_STOPS_H
#define KUBECTL_REDWAL_STOPS_H

#include <signal.h>

struct stops {
    sigset_t signals;
    int descriptor; /* readable once one came */
};

void stops_catch(struct stops *s);
/* From here on a signal ends the program again; those that came do not. */
void stops_release(struct stops *s);

#endif
