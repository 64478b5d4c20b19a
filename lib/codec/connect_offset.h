/*
 * A record of the topic in which Kafka Connect stores how far source connectors have come: its key
 * is
 * ["connector", {the source's partition}], its value what is stored of that, or nothing.
 */
#ifndef REDWAL_CODEC_CONNECT_OFFSET_H
#define REDWAL_CODEC_CONNECT_OFFSET_H

#include "base/err.h"
#include "core/mirror_offsets.h"
#include "core/record.h"

enum { CONNECT_OFFSET_MAX_BYTES = 16 * 1024 /* of a key or value that is read */ };

/* ERR_UNSUPPORTED: it is stored by another kind of connector, or of a partition that no log has;
 * ERR_CORRUPT: Connect would never write such a key. A value that makes no sense tells no offset.
 */
NODISCARD enum err_code connect_offset_read(const struct record *record, struct mirror_offset *ret,
                                            struct err *err);

#endif
