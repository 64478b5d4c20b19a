#include "wiring/offset_readers.h"

#include "adapter/log_look_rdkafka.h"
#include "runtime/clock.h"
#include "wiring/offset_reader.h"

_Static_assert(OFFSET_READER_AHEAD_BYTES + OFFSET_READER_FETCH_BYTES <= OFFSET_LOOKS_READER_BYTES,
               "a reader keeps to its share");

static enum err_code open_reader(const void *context, const struct log_place *question,
                                 void **ret_reader, struct err *err)
{
    const struct offset_reader_settings settings = {
        .access = log_place_access(context),
        .topic = question->topic,
        .group = question->group,
        .connector = question->connector,
        .mirrored = question->mirrored,
    };
    struct offset_reader *reader;
    const enum err_code rc = offset_reader_new(&settings, &reader, err);

    if (rc == ERR_OK)
        *ret_reader = reader;
    return rc;
}

static void look(void *reader, struct log_look *ret)
{
    offset_reader_look(reader, ret);
}

static void close_reader(void *reader)
{
    offset_reader_free(reader);
}

struct offset_looks_source offset_readers_source(const struct log_place *place)
{
    return (struct offset_looks_source){ .open = open_reader,
                                         .look = look,
                                         .close = close_reader,
                                         .context = place,
                                         .monotonic_ms = clock_monotonic_ms,
                                         .wait_ms = OFFSET_LOOKS_WAIT_MS };
}
