"""One run: fill the log, let every contestant do the same work in each round, print and draw."""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import comparing
import everything
import latency
import memory
import report
import stages
from contestants import CONTESTANTS, LOGS, compare
from results import Results
from stage import Bystanders, Stage

from lab.wait import Timeout

FULL = {"records": 1_000_000, "rounds": 5, "latency_records": 20_000}
QUICK = {"records": 200_000, "rounds": 3, "latency_records": 5_000}
QUIET_CPUS = 0.1  # a measurement is tried again when other programs took more


def parse():
    sizes = QUICK if os.environ.get("BENCH_QUICK", "0") not in ("", "0") else FULL
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    parser.add_argument("--records", type=int, default=sizes["records"], metavar="N",
                        help="in the log, per workload (%(default)s)")
    parser.add_argument("--rounds", type=int, default=sizes["rounds"], metavar="N",
                        help="of every contestant (%(default)s)")
    parser.add_argument("--latency-records", type=int, default=sizes["latency_records"],
                        metavar="N", help="at 1000 a second, per round (%(default)s)")
    parser.add_argument("--tries", type=int, default=3, metavar="N",
                        help="of a measurement, while other programs disturb it (%(default)s)")
    parser.add_argument("--only", metavar="NAME", action="append",
                        choices=[*CONTESTANTS, "latency", "memory", "everything", "comparing", "stages"],
                        help="leave the others out; may be given again")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR", help="for results and drawings")
    parser.add_argument("--root", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.records < 1000 or options.latency_records < 100 or \
            min(options.rounds, options.tries) < 1:
        parser.error("needs at least 1000 records, 100 latency records, 1 round and 1 try")
    options.out = options.out or options.root / "dist/bench"
    return options


def chosen(options, name):
    return not options.only or name in options.only


def undisturbed(stage, tries_max, measure_once):
    """(result, CPUs that other programs took): of the first quiet try, else of the quietest."""
    tries = []
    for _ in range(tries_max):
        bystanders = Bystanders(stage)
        result = measure_once()
        tries.append((bystanders.taken(), result))
        if tries[-1][0] <= QUIET_CPUS:
            break
    others, result = min(tries, key=lambda t: t[0])
    return result, others


def one_round(stage, options, results, announce):
    for name, contestant in CONTESTANTS.items():
        if chosen(options, name):
            announce(contestant.title)
            sample, sample_others = undisturbed(
                stage, options.tries, lambda name=name: compare(stage, name, options.records))
            sample.others_cpus = sample_others
            results.add(name, sample)
    if chosen(options, "latency"):
        announce("latency")
        results.add_latency(*undisturbed(
            stage, options.tries, lambda: latency.run(stage, options.latency_records)))


def measure(stage, options, results):
    """Contestants take turns within a round, each right after the limit, so that drift hits all."""
    for topic in dict.fromkeys(c.topic for name, c in CONTESTANTS.items() if chosen(options, name)):
        if topic:
            report.progress(f"writing {topic}")
            stage.topic(topic, retention_ms=-1)
            stage.fill(topic, options.records, LOGS[topic])
    for number in range(1, options.rounds + 1):
        one_round(stage, options, results,
                  lambda what: report.progress(f"round {number} of {options.rounds}: {what}"))
    if chosen(options, "memory"):
        report.progress("memory")
        results.memory = memory.run(stage)
    if chosen(options, "everything"):
        report.progress("memory with everything on")
        results.everything = everything.run(stage)
    if chosen(options, "comparing"):
        report.progress("comparing")
        wal = comparing.prepare(stage, options.records)
        results.comparing, results.comparing_others = undisturbed(
            stage, options.tries, lambda: comparing.run(stage, wal))
    if chosen(options, "stages"):
        report.progress("cost per stage")
        results.stages = stages.run(stage)


def main():
    options = parse()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    results = Results(options.root, options.records, options.rounds)
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(tempfile.mkdtemp(prefix="redwal-bench-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        try:
            measure(Stage(stack, directory), options, results)
        except (Timeout, RuntimeError, subprocess.SubprocessError) as error:
            report.progress("")
            print(f"bench: {error}", file=sys.stderr)
            return 1
    report.progress("")
    report.write(results, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
