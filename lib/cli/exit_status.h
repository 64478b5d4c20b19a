/*
 * How a verb ended: a contract with scripts. One table makes code and documents.
 */
#ifndef REDWAL_CLI_EXIT_STATUS_H
#define REDWAL_CLI_EXIT_STATUS_H

/* X(name, number, meaning) */
#define EXIT_STATUSES(X)                                                                           \
    X(DONE, 0, "done; what was compared agrees")                                                   \
    X(FAILED, 1, "failed: a peer could not be reached or refused; standard error says why")        \
    X(USAGE, 2, "command line, environment, file or input cannot be used; nothing was done")       \
    X(DIFFERENT, 3, "done, and the answer is no: a difference, something held, a problem found")   \
    X(TIMEOUT, 4, "time ran out; what was asked may still happen")                                 \
    X(INCOMPLETE, 5, "some of it was done, the rest was not; the output says which")

#define EXIT_ENUM(name, number, meaning) EXIT_##name = (number),
enum exit_status { EXIT_STATUSES(EXIT_ENUM) };
#undef EXIT_ENUM

#endif
