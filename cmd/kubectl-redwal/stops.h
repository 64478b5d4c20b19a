/*
 * SIGINT and SIGTERM as something to look at, for a verb that has to finish what it began.
 */
#ifndef KUBECTL_REDWAL_STOPS_H
#define KUBECTL_REDWAL_STOPS_H

#include <signal.h>
#include <stdbool.h>

struct stops {
    sigset_t signals;
    int descriptor; /* readable once one came; STOPS_NONE: they are not caught */
};

enum { STOPS_NONE = -1 };

/* Until they are caught the first of them ends the program, also where that is the first process of
 * a container, which the kernel spares what it does not expect. */
void stops_expect(struct stops *s);
void stops_catch(struct stops *s);
bool stops_have_come(const struct stops *s);
/* From here on a signal ends the program again; those that came do not. */
void stops_release(struct stops *s);

#endif
