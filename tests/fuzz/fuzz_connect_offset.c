/* The records of Connect's topic of offsets: whatever somebody writes there, none tells a partition
 * or an offset that no log has. The input is a key and a value, with a line break between them. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "codec/connect_offset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *end = size > 0 ? memchr(text, '\n', size) : NULL;
    const size_t n = end ? (size_t)(end - text) : size;
    const struct record record = { .has_key = true,
                                   .key = { text, n },
                                   .has_value = end != NULL,
                                   .value = { end ? end + 1 : NULL, end ? size - n - 1 : 0 } };
    const struct mirror_offsets_source *source;
    struct mirror_offsets offsets;
    struct mirror_offset o;
    struct err err;

    if (connect_offset_read(&record, &o, &err) != ERR_OK)
        return 0;
    PRE(o.partition >= 0 && o.partition < LOOK_PARTITIONS_MAX);
    PRE(o.next == LOOK_UNKNOWN || (o.next > 0 && record.has_value));
    PRE(o.connector[0] != '\0' && o.cluster[0] != '\0' && o.topic[0] != '\0');
    if (mirror_offsets_init(&offsets, o.connector, o.topic, &err) != ERR_OK)
        UNREACHABLE("the names fit");
    mirror_offsets_learn(&offsets, &o);
    if (mirror_offsets_source(&offsets, &source, &err) != ERR_OK)
        UNREACHABLE("there is one source");
    PRE((source != NULL) == (o.next != LOOK_UNKNOWN));
    mirror_offsets_release(&offsets);
    return 0;
}
