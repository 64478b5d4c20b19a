/*
 * This process as the operating system sees it: what it uses, and what it must not leave behind.
 */
#ifndef REDWAL_RUNTIME_PROCESS_H
#define REDWAL_RUNTIME_PROCESS_H

/* What could not be read is 0. */
struct process_stats {
    double cpu_seconds;
    double resident_bytes;
    double virtual_bytes;
    double open_fds;
    double max_fds;
    double start_seconds; /* since 1970-01-01 UTC */
};

void process_read_stats(struct process_stats *ret_stats);

/* No core dump, and no other process of this user may read our memory: it holds secrets. */
void process_protect_memory(void);

/* Readable when the program is to end, and when it is to read its options again: signalfd(2)s, that
 * do not block. */
struct process_signals {
    int stop, reload;
};

/* Before there are threads. Close both. */
void process_take_signals(struct process_signals *ret);

#endif
