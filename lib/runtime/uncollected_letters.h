/*
 * A dead-letter topic that keeps nothing: for folding a log whose rejected records are kept
 * already. It counts them by reason.
 */
#ifndef REDWAL_RUNTIME_UNCOLLECTED_LETTERS_H
#define REDWAL_RUNTIME_UNCOLLECTED_LETTERS_H

#include "base/fifo.h"
#include "port/dead_letters.h"

struct uncollected_letters {
    int descriptor; /* eventfd */
    struct fifo receipts;
    uint64_t n[REJECT_REASON_COUNT];
};

void uncollected_letters_init(struct uncollected_letters *u);
void uncollected_letters_release(struct uncollected_letters *u);

struct dead_letters uncollected_letters_port(struct uncollected_letters *u);

#endif
