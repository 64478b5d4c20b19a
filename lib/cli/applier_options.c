#include "cli/applier_options.h"

#include "base/check.h"
#include "cli/applier_table.h"

/* What a file of options may hold; the rest is about files, the command line and the pod. */
#define IN_ANYWHERE(type) TYPE_##type
#define IN_LIVE(type)     TYPE_##type
#define IN_CALL(type)     WAL_NONE
#define IN_ACTION(type)   WAL_NONE

#define IS_LIVE_ANYWHERE  false
#define IS_LIVE_LIVE      true
#define IS_LIVE_CALL      false
#define IS_LIVE_ACTION    false

#define TYPE_TEXT         WAL_TEXT
#define TYPE_NAME         WAL_NAME
#define TYPE_FILE         WAL_NONE
#define TYPE_SECRET       WAL_NONE
#define TYPE_ADDRESS      WAL_ADDRESS
#define TYPE_ADDRESSES    WAL_ADDRESSES
#define TYPE_LISTEN       WAL_NONE
#define TYPE_BOOL         WAL_BOOL
#define TYPE_INT          WAL_INT
#define TYPE_DURATION     WAL_DURATION
#define TYPE_SIZE         WAL_SIZE
#define TYPE_CHOICE       WAL_CHOICE

/* clang-format off */
#define ROW(type, scope, field, name, argument, fallback, min, max, allowed, group, help) \
    { name, IS_LIVE_##scope, { IN_##scope(type), fallback, min, max, allowed, help } },
/* clang-format on */

static const struct wal_option options[] = { OPTIONS(ROW, ROW, ROW, ROW) };

#define ORDER(lesser, name, greater, bound) { name, bound },
static const struct wal_order orders[] = { OPTIONS_IN_ORDER(ORDER) };
#undef ORDER

struct wal_options applier_options(void)
{
    return (struct wal_options){ options, ARRAY_SIZE(options), orders, ARRAY_SIZE(orders) };
}
