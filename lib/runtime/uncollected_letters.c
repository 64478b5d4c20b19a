#include "runtime/uncollected_letters.h"

#include <sys/eventfd.h>
#include <unistd.h>

void uncollected_letters_init(struct uncollected_letters *u)
{
    *u = (struct uncollected_letters){ .descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
    PRE(u->descriptor >= 0);
    fifo_init(&u->receipts, sizeof(struct dead_letter_receipt));
}

void uncollected_letters_release(struct uncollected_letters *u)
{
    close(u->descriptor);
    fifo_release(&u->receipts);
}

static int descriptor(void *self)
{
    const struct uncollected_letters *u = self;

    return u->descriptor;
}

static enum err_code store(void *self, const struct wal_record *record, const struct reject *reject,
                           struct err *err)
{
    struct uncollected_letters *u = self;
    const struct dead_letter_receipt receipt = { .partition = record->record.partition,
                                                 .offset = record->record.offset,
                                                 .stored = true };
    const uint64_t one = 1;
    ssize_t n;

    (void)err;
    u->n[reject->reason]++;
    fifo_add(&u->receipts, &receipt);
    n = write(u->descriptor, &one, sizeof(one));
    (void)n; /* an eventfd only refuses when it is full, and then it is readable */
    return ERR_OK;
}

static bool next_receipt(void *self, struct dead_letter_receipt *ret_receipt)
{
    struct uncollected_letters *u = self;
    uint64_t count;

    if (u->receipts.n == 0) {
        const ssize_t n = read(u->descriptor, &count, sizeof(count));

        (void)n; /* nothing to read is fine */
    }
    return fifo_take(&u->receipts, ret_receipt);
}

struct dead_letters uncollected_letters_port(struct uncollected_letters *u)
{
    static const struct dead_letters_ops ops = {
        .descriptor = descriptor,
        .store = store,
        .next_receipt = next_receipt,
    };

    return (struct dead_letters){ &ops, u };
}
