#include "core/restore_open.h"

/* o->n: it is not there. */
static int find(const struct restore_open *o, uint64_t wal)
{
    int i = 0;

    while (i < o->n && o->wals[i] != wal)
        i++;
    return i;
}

enum err_code restore_open_check(const struct restore_open *o, uint64_t wal, struct err *err)
{
    if (find(o, wal) < o->n)
        return err_set(err, ERR_LIMIT, "another order of a restore of this WAL is under way");
    if (o->n == RESTORE_OPEN_MAX)
        return err_set(err, ERR_LIMIT, "%d orders of restores are under way", RESTORE_OPEN_MAX);
    return ERR_OK;
}

void restore_open_add(struct restore_open *o, uint64_t wal)
{
    PRE(o->n < RESTORE_OPEN_MAX);
    o->wals[o->n++] = wal;
}

void restore_open_drop(struct restore_open *o, uint64_t wal)
{
    const int i = find(o, wal);

    PRE(i < o->n);
    o->wals[i] = o->wals[--o->n];
}
