"""What the API server has seen of the controller's pods: never does one act that has not the lease."""

import json

ANSWERED = range(200, 300)


def _entries(path):
    """An entry that is being written is not whole yet."""
    for line in path.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)


def _pod(entry):
    return entry["user"]["extra"]["authentication.kubernetes.io/pod-name"][0]


def turns(directory):
    """The pods that had the lease, in order; "" between them where one gave it away."""
    leases, acts = [], []
    for entry in _entries(directory / "audit.log"):
        if entry["objectRef"]["resource"] != "leases":
            acts.append((entry["requestReceivedTimestamp"], _pod(entry), entry["requestURI"]))
        elif entry["responseStatus"]["code"] in ANSWERED:
            holder = entry["requestObject"]["spec"]["holderIdentity"]
            leases.append((entry["stageTimestamp"], _pod(entry) if holder else ""))
    leases.sort()
    assert acts, "the controller does something"
    for at, pod, what in acts:
        holder = [holder for answered, holder in leases if answered <= at][-1:]
        assert holder == [pod], f"at {at} {pod} wrote {what}, and {holder} had the lease"
    return [holder for (_, holder), (_, before) in zip(leases, [("", ""), *leases])
            if holder != before]
