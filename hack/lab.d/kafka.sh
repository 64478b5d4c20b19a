#!/usr/bin/env bash
# The Kafka of LAB=full, and on request a second one and a Connect that mirrors between them; sourced
# by hack/lab. A broker's listener for pods is on the machine's end of the node's link.
#
# shellcheck disable=SC2154 # dir, here and machine are hack/lab's

readonly LOG_USER=lab # by SCRAM-SHA-512

# value PART NAME: from what made the part.
value() {
    (
        # shellcheck source=/dev/null
        . "$dir/$1.env"
        echo "${!2}"
    )
}

# prepare PART MODULE ARGUMENTS...: a program of Kafka's that a Python module describes.
prepare() {
    local name=$1
    shift
    PYTHONPATH=$here/../tests/integration python3 -m "$@" --directory "$dir/$name" \
        >"$dir/$name.env" || die "$name could not be prepared: see above"
    echo "exec $(value "$name" command)" >"$dir/$name.command"
}

# prepare_kafka kafka|kafka2
prepare_kafka() {
    (umask 077 && openssl rand -hex 16 >"$dir/$1.password")
    prepare "$1" lab.kafka --prepare --secure-host "$machine" --user $LOG_USER \
        --password-file "$dir/$1.password"
}

kafka_listens() {
    local address
    address=$(value "$1" secure)
    (: <"/dev/tcp/${address%:*}/${address#*:}")
}

# What a pod needs to reach it.
publish_kafka() {
    kubectl create secret generic "lab-$1" --from-literal username=$LOG_USER \
        --from-file "password=$dir/$1.password" --from-file ca.crt="$(value "$1" ca)" \
        --from-literal brokers="$(value "$1" secure)" >/dev/null
}

provision_kafka() {
    PYTHONPATH=$here/../tests/integration "$("$here/../tests/integration/venv")" \
        "$here/lab.d/provision.py" "$(value kafka plain)" $LOG_USER
}

start_kafka2() {
    [ -e "$dir/kafka2.command" ] || prepare_kafka kafka2
    start kafka2
    await "the second Kafka serves" kafka2 kafka_listens kafka2
    kubectl get secret lab-kafka2 >/dev/null 2>&1 || publish_kafka kafka2
}

# What it answers stands in the log of Connect.
put_mirror() {
    sed "s|@KAFKA@|$(value kafka plain)|; s|@KAFKA2@|$(value kafka2 plain)|" \
        "$here/lab.d/mirror.json" |
        curl -sS --fail-with-body --noproxy '*' -X PUT -H 'Content-Type: application/json' \
            --data-binary @- "$(value connect url)/connectors/mirror/config" >>"$dir/connect.log"
}

start_connect() {
    pid_of kafka2 >/dev/null || start_kafka2
    [ -e "$dir/connect.command" ] || prepare connect lab.connect \
        --brokers "$(value kafka2 plain)" --address "$machine:$(free_ports 1)"
    start connect
    await "Connect mirrors" connect put_mirror
}
