#!/usr/bin/env bash
# LAB=full: what hack/lab, which sources this, adds to the API server so that pods run.
#
# The node lives in PID, mount and network namespaces of its own, held by hack/lab.d/init. One veth
# pair, redwal<N>, joins it to the machine, and there is no other way out of it:
#
#   machine  198.18.<2N>.1 --- 198.18.<2N>.2  node --- 198.18.<2N+1>.0/24  pods
#                                                      198.19.<N>.0/24     Services
#
# The API server and Kafka are processes of the machine, on its end of the pair. What can be undone
# by ending one process is in there; cgroups are the rest.

# shellcheck disable=SC2154 # dir, here and programs are hack/lab's

readonly NODE=lab
readonly LABS_MAX=32
readonly CNI=/usr/lib/cni
readonly LAB_IMAGES="pause redis coredns redisoperator"
readonly OUR_IMAGES="redis-applier kubectl-redwal redwal-controller"

# --- what the machine must have -----------------------------------------------------------------

try_namespaces() {
    unshare --net --mount --pid --fork --mount-proc bash -euc '
        ip link add veth-a type veth peer name veth-b
        ip link add bridge-a type bridge
        iptables -t nat -A POSTROUTING -m comment --comment lab -j MASQUERADE
        test -e /proc/sys/net/bridge/bridge-nf-call-iptables
        mount -t tmpfs tmpfs /run
        mkdir /run/lower /run/upper /run/work /run/merged
        mount -t overlay overlay -o lowerdir=/run/lower,upperdir=/run/upper,workdir=/run/work /run/merged
    ' 2>&1
}

# Prints what is missing, nothing when the node can run here.
missing_for_node() {
    local tool missing=() said

    [ "$(id -u)" = 0 ] || missing+=("root")
    for tool in containerd ctr runc iptables ipset conntrack ip nsenter unshare gcc java mvn redis-server cmake; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    [ -x $CNI/bridge ] || missing+=("$CNI/bridge")
    [ -e /dev/kmsg ] || missing+=("/dev/kmsg")
    [ -d /sys/fs/cgroup ] || missing+=("cgroups")
    if [ ${#missing[@]} = 0 ]; then
        said=$(try_namespaces) || missing+=("namespaces with veth, bridge, iptables and overlay: ${said##*$'\n'}")
    fi
    (IFS=,; echo "${missing[*]}")
}

# --- its namespaces, network and cgroups --------------------------------------------------------

# The pid, as the machine counts, of the first process in there.
init() { child_of "$(pid_of node)"; }

in_node() { nsenter --target "$(init)" --net --mount --pid -- "$@"; }

start_namespaces() {
    mkdir -p "$dir/log"
    part node unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private \
        "$here/lab.d/init" "$dir/"
    start node
    await "the node's namespaces" node test -e "$dir/init"
}

# The name of the pair is what keeps two labs apart: making it succeeds for one of them.
make_link() {
    for ((number = 0; number < LABS_MAX; number++)); do
        ! ip link add "redwal$number" type veth peer name machine netns "$(init)" 2>/dev/null || return 0
    done
    die "no network for the node: $LABS_MAX labs run, or interfaces named redwal<N> are left"
}

set_addresses() {
    machine=198.18.$((2 * number)).1 node=198.18.$((2 * number)).2
    pods=198.18.$((2 * number + 1)).0/24 services=198.19.$number services_bits=24
}

make_network() {
    make_link
    echo "$number" >number
    set_addresses
    ip address add "$machine/30" dev "redwal$number"
    ip link set "redwal$number" up
    in_node ip address add "$node/30" dev machine
    in_node ip link set machine up
    ip route add "$pods" via "$node"
    ip route add "$services.0/$services_bits" via "$node"
    # A Service that nobody serves is refused here, instead of looking for a way out.
    in_node ip route add local "$services.0/$services_bits" dev lo src "$node"
    in_node sysctl -q net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
}

# Of the one hierarchy of cgroup v2, or of each of v1's.
hierarchies() {
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        echo /sys/fs/cgroup
    else
        find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d
    fi
}

make_cgroups() {
    local hierarchy
    for hierarchy in $(hierarchies); do
        mkdir -p "$hierarchy/redwal-lab-$number"
    done
}

# Directories of cgroups are removed one by one, those inside first, once their processes are gone.
remove_cgroups() {
    local deadline=$((SECONDS + 10)) left
    while :; do
        left=$(find /sys/fs/cgroup -mindepth 1 -depth -type d -path "*/redwal-lab-$1*" 2>/dev/null)
        [ -n "$left" ] || return 0
        [ $SECONDS -lt $deadline ] || die "cgroups do not go: $left"
        xargs -r rmdir 2>/dev/null <<<"$left" || sleep 0.1
    done
}

# --- its programs -------------------------------------------------------------------------------

# node_part NAME PROGRAM ARGUMENTS...: as `part`, inside.
node_part() {
    local name=$1
    shift
    part "$name" nsenter --target "$(init)" --net --mount --pid -- "$@"
}

# fill NAME: the template hack/lab.d/NAME with what is this lab's own.
fill() {
    sed -e "s|@DIR@|$dir|g; s|@CNI@|$CNI|g; s|@NUMBER@|$number|g" \
        -e "s|@NODE@|$node|g; s|@PODS@|$pods|g; s|@SERVICES@|$services|g" "$here/lab.d/$1"
}

write_node_parts() {
    mkdir -p cni
    fill cni.conflist >"$dir/cni/lab.conflist"
    fill containerd.toml >"$dir/containerd.toml"
    fill kubelet.yaml >"$dir/kubelet.yaml"
    touch resolv.conf # of nobody: names outside the cluster do not exist
    node_part containerd containerd --config "$dir/containerd.toml"
    node_part kubelet "$programs/kubelet" --config "$dir/kubelet.yaml" \
        --kubeconfig "$dir/kubelet.kubeconfig" --root-dir "$dir/kubelet" \
        --cert-dir "$dir/kubelet-certs" --hostname-override $NODE --node-ip "$node"
    node_part kube-proxy "$programs/kube-proxy" --kubeconfig "$dir/kube-proxy.kubeconfig" \
        --hostname-override $NODE --proxy-mode iptables --cluster-cidr "$pods" --oom-score-adj 0 \
        --conntrack-max-per-core 0 --conntrack-tcp-timeout-established 0 \
        --conntrack-tcp-timeout-close-wait 0
    # Of all that it can be, what enforces NetworkPolicies.
    node_part kube-router "$programs/kube-router" --kubeconfig "$dir/kube-router.kubeconfig" \
        --run-firewall --run-router=false --run-service-proxy=false --hostname-override $NODE \
        --service-cluster-ip-range "$services.0/$services_bits" --health-port 0 --metrics-port 0
    part kube-scheduler "$programs/kube-scheduler" --kubeconfig "$dir/scheduler.kubeconfig" \
        --bind-address 127.0.0.1 --secure-port "$(free_ports 1)" --cert-dir "$dir/scheduler" \
        --leader-elect=false
}

# --- what runs in it ----------------------------------------------------------------------------

import_images() {
    local name images
    images=$("$here/build-lab-images" "$programs")
    for name in $LAB_IMAGES; do
        in_node ctr -n k8s.io images import --base-name "localhost/$name" "$images/$name.oci.tar"
    done
    for name in $OUR_IMAGES; do
        in_node ctr -n k8s.io images import --base-name "localhost/$name" \
            "$here/../dist/$name.oci.tar"
    done
}

apply_system() {
    fill system.yaml | kubectl apply -f - >/dev/null
    kubectl apply --server-side -f "$programs/redisfailovers.yaml" -f "$("$here/build-strimzi")" \
        >/dev/null
}

start_node() {
    start containerd
    await "containerd serves" containerd in_node ctr version
    import_images >images.log 2>&1 || die "images could not be imported: see $dir/images.log"
    start kubelet
    start kube-proxy
    start kube-scheduler
    apply_system
    start kube-router
    await "the node is ready" kubelet kubectl wait --for condition=Ready "node/$NODE" --timeout 1s
    await "names resolve in the cluster" kubelet \
        kubectl -n kube-system rollout status deployment/coredns --timeout 1s
    await "NetworkPolicies are enforced" kube-router in_node iptables -S KUBE-ROUTER-FORWARD
    await "the Redis operator runs" kubelet \
        kubectl -n redis-operator rollout status deployment/redisoperator --timeout 1s
    await "what operators own is served" kube-apiserver \
        kubectl get redisfailovers,kafkamirrormaker2s
    await "Kafka serves" kafka kafka_listens kafka
    publish_kafka kafka
    provision_kafka || die "Kafka did not get its topics: see above"
}

# Everything in its namespaces dies with the first process of them.
remove_node() {
    local number
    if pid_of node >/dev/null; then
        kill -9 "$(init)" 2>/dev/null || true
        stop node 0
    fi
    number=$(cat "$dir/number" 2>/dev/null) || return 0
    ip link delete "redwal$number" 2>/dev/null || true # else the kernel does, a moment later
    remove_cgroups "$number"
}
