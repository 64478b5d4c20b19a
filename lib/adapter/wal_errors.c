#include "adapter/wal_errors.h"

bool wal_error_is_out_of_log(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
           code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID;
}

bool wal_error_is_of_the_group(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_INVALID_GROUP_ID ||
           code == RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL ||
           code == RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED;
}
