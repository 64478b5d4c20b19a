#include "receipt.h"

#include <errno.h>
#include <string.h>

#include "runtime/clock.h"

enum { RECEIPT_TIME, RECEIPT_KEY, RECEIPT_KIND, RECEIPT_OUTCOME, RECEIPT_DETAIL, N_RECEIPT };

/* clang-format off */
static const struct column receipt_columns[N_RECEIPT] = {
    [RECEIPT_TIME]    = { "time",    "TIME",    COLUMN_TIME,  false, 0, 0 },
    [RECEIPT_KEY]     = { "key",     "KEY",     COLUMN_BYTES, false, 0, 0 },
    [RECEIPT_KIND]    = { "kind",    "KIND",    COLUMN_TEXT,  false, 0, 0 },
    [RECEIPT_OUTCOME] = { "outcome", "OUTCOME", COLUMN_TEXT,  false, 0, 0 },
    [RECEIPT_DETAIL]  = { "detail",  "DETAIL",  COLUMN_TEXT,  false, 0, 0 },
};
/* clang-format on */

void receipt_release(struct receipt *r)
{
    printer_release(&r->printer);
    if (r->file)
        fclose(r->file);
}

static void note(void *self, const struct listed *listed)
{
    struct receipt *r = self;
    const struct cell cells[N_RECEIPT] = {
        [RECEIPT_TIME] = CELL_NUMBER(clock_wall_ms()),
        [RECEIPT_KEY] = CELL_STR(((struct str){ listed->key, listed->n_key })),
        [RECEIPT_KIND] = CELL_TEXT(finding_code(listed->finding.kind)),
        [RECEIPT_OUTCOME] = CELL_TEXT(repair_code(listed->outcome)),
        [RECEIPT_DETAIL] = CELL_TEXT(listed->finding.detail),
    };

    if (!printer_row(&r->printer, cells))
        r->failed = true;
}

/* One that is there already tells of other writes. */
enum err_code receipt_open(struct receipt *r, const char *path, struct comparison *c,
                           struct err *err)
{
    static const struct print_options json = { .format = PRINT_JSON };

    if (!path)
        return ERR_OK;
    c->told = note;
    c->told_self = r;
    r->file = fopen(path, "wx");
    if (!r->file)
        return err_set(err, ERR_INVALID, "--receipt: %s: %s", path, strerror(errno));
    printer_init(&r->printer, &json, terminal_of(r->file, NULL, NULL));
    printer_stream(&r->printer, receipt_columns, N_RECEIPT);
    return ERR_OK;
}

enum exit_status receipt_report(const struct receipt *r, struct invocation *in,
                                const struct comparison *c, enum err_code rc, struct err *err)
{
    CLEANUP(printer_release) struct printer p = { 0 };
    enum exit_status status;

    call_print(in, &p);
    status = comparison_print(c, &p, comparison_verdict(c), rc == ERR_OK ? "" : err->msg);
    if (rc != ERR_OK)
        status = call_failed(in, err);
    else if (r->failed)
        call_complain(in, "the receipt could not be written; it is not whole");
    return call_end(&p, r->failed && rc == ERR_OK ? EXIT_INCOMPLETE : status);
}
