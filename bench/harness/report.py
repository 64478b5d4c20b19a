"""Tables on the terminal and in report.txt, results.json, and the drawings by gnuplot."""

import json
import pathlib
import subprocess
import sys

from comparing import COMPARED
from contestants import CONTESTANTS, LIMIT
from results import LATENCIES, SHARES

WIDTH = 78
MIB = 1024 * 1024
TARGETS = [
    # what, how it is found in the results, at least or at most
    ("set64, share of the limit", lambda r: r.ratio("applier-set64"), ">=", 0.60),
    ("set64 as Protobuf, share of the limit",
     lambda r: r.ratio("applier-protobuf"), ">=", 0.70),
    ("mix, share of the limit", lambda r: r.ratio("applier-mix"), ">=", 0.50),
    ("a replay in log time, share of the plain rate",
     lambda r: r.share_of("applier-replay", "applier-ending"), ">=", 0.50),
    ("what comparing ids takes of the rate, set64",
     lambda r: 1 - r.share_of("applier-set64", "applier-no-ids"), "<=", 0.20),
    ("CPU-seconds a million, set64",
     lambda r: r.median("applier-set64", "cpu_per_million"), "<=", 1.3),
    ("peak memory, any backlog and everything on, MB",
     lambda r: r.peak_mib() * MIB / 1e6, "<=", 64),
    ("visible after acknowledged, p50, ms",
     lambda r: r.latency(LATENCIES[2], "p50") / 1000, "<=", 0.5),
    ("visible after acknowledged, p99, ms",
     lambda r: r.latency(LATENCIES[2], "p99") / 1000, "<=", 2.0),
    ("verify, keys compared a second",
     lambda r: r.comparing[COMPARED], ">=", 150_000),
    ("image, MB", lambda r: r.machine["image_mb"], "<=", 12),
]


def progress(text):
    """One line that is written over, on a terminal; nothing elsewhere."""
    if sys.stderr.isatty():
        print(f"\r{text:<{WIDTH}}", end="" if text else "\r", file=sys.stderr, flush=True)


def write(results, out):
    text = "\n".join(part for part in (head(results), throughput(results), latencies(results),
                                       memory(results), comparisons(results), costs(results), targets(results)) if part)
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.txt").write_text(text)
    (out / "results.json").write_text(json.dumps(results.as_json(), indent=1) + "\n")
    draw(results, out)
    print(text, end="")
    print(f"Drawings and figures are in {out}")


def head(results):
    m, (usual, worst) = results.machine, results.others_cpus()
    return (f"{m['cpus']} CPUs ({m['cpu']}), {m['at']}, revision {m['revision']}\n"
            f"{results.records} records, 12 partitions; medians of {results.rounds} rounds\n"
            f"Other programs took {usual:.2f} CPUs meanwhile, {worst:.2f} at worst\n")


def figure(value, form):
    return format(value, form) if value is not None else "-"


def throughput(results):
    lines = [f"{'Throughput':<46}{'ops/s':>9}{'share':>7}{'CPU-s':>7}{'Redis':>7}{'MiB':>6}"]
    for name in CONTESTANTS:
        if name in results.samples:
            lines.append(f"{CONTESTANTS[name].title:<46.46}"
                         f"{figure(results.median(name, 'rate'), '9.0f')}"
                         f"{figure(results.ratio(name), '7.2f')}"
                         f"{figure(results.median(name, 'cpu_per_million'), '7.2f'):>7}"
                         f"{figure(results.median(name, 'redis_cpu_per_million'), '7.2f'):>7}"
                         f"{figure(results.median(name, 'peak_mib'), '6.0f'):>6}")
    return "\n".join(lines) + "\nCPU-s: seconds of the contestant, Redis: of redis-server, " \
                              "a million operations\n"


def latencies(results):
    if not results.latency_rounds:
        return ""
    lines = [f"{'Latency at 1000 records/s, ms':<46}" + "".join(f"{s:>9}" for s in SHARES)]
    for what in LATENCIES:
        lines.append(f"{what:<46}" + "".join(
            f"{results.latency(what, share) / 1000:9.2f}" for share in SHARES))
    return "\n".join(lines) + "\n"


def memory(results):
    if not results.memory and not results.everything:
        return ""
    lines = [f"{'Peak memory with a backlog, by size of the value':<50}{'MiB':>12}"]
    lines += [f"{size:>9} bytes{peak:47.0f}" for size, peak in results.memory.items()]
    lines += [f"    {what:<46}{peak:12.0f}" for what, peak in results.everything.items()]
    return "\n".join(lines) + "\n"


def comparisons(results):
    if not results.comparing:
        return ""
    lines = [f"{'kubectl-redwal, set64':<50}{'a second':>12}"]
    lines += [f"{what:<50}{rate:12.0f}" for what, rate in results.comparing.items()]
    return "\n".join(lines) + "\n"


def costs(results):
    """Steps from the library's own functions in a loop; the rest from whole programs."""
    if not results.stages:
        return ""
    lines = [f"{'Cost of one record, ns of processor':<46}{'set64':>9}{'mix':>9}"]
    for name, find in results.costs().items():
        lines.append(f"{name:<46}" + "".join(f"{figure(find(w), '9.0f'):>9}"
                                             for w in ("set64", "mix")))
    return "\n".join(lines) + "\n"


def targets(results):
    lines = [f"{'Targets':<46}{'found':>9}{'wanted':>9}"]
    for what, find, relation, bound in TARGETS:
        try:
            found = find(results)
        except (KeyError, IndexError, ValueError):
            found = None  # left out of this run
        met = found is not None and (found >= bound if relation == ">=" else found <= bound)
        verdict = "not measured" if found is None else "met" if met else "MISSED"
        lines.append(f"{what:<46}{figure(found, '9.2f'):>9}{relation:>4}{bound:5g}  {verdict}")
    return "\n".join(lines) + "\n"


def draw(results, out):
    (out / "throughput.dat").write_text("".join(
        f"\"{CONTESTANTS[n].title}\" {results.ratio(n):.4f} {results.median(n, 'rate'):.0f}\n"
        for n in reversed(CONTESTANTS) if n in results.samples and n != LIMIT))
    (out / "latency.dat").write_text("".join(
        " ".join(f"{v:.3f}" for v in row) + "\n" for row in results.latency_curve))
    costs_of_set64 = {name: find("set64") for name, find in results.costs().items()}
    (out / "costs.dat").write_text("".join(
        f"\"{name}\" {ns:.1f}\n" for name, ns in reversed(costs_of_set64.items())
        if ns is not None))
    script = pathlib.Path(__file__).with_name("draw.gp")
    for terminal, ending in (("pngcairo", "png"), ("svg", "svg")):
        subprocess.run(["gnuplot", "-e", f"kind='{terminal}'; ending='{ending}'; out='{out}'",
                        str(script)], check=True, timeout=60)
