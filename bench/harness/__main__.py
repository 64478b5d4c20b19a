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

import latency
import memory
import report
import stages
from contestants import CONTESTANTS, LIMIT, WORKLOADS
from results import Results
from stage import Stage

from lab.wait import Timeout

FULL = {"records": 1_000_000, "rounds": 5, "latency_records": 20_000}
QUICK = {"records": 200_000, "rounds": 3, "latency_records": 5_000}


def parse():
    sizes = QUICK if os.environ.get("BENCH_QUICK", "0") not in ("", "0") else FULL
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    parser.add_argument("--records", type=int, default=sizes["records"], metavar="N",
                        help="in the log, per workload (%(default)s)")
    parser.add_argument("--rounds", type=int, default=sizes["rounds"], metavar="N",
                        help="of every contestant (%(default)s)")
    parser.add_argument("--latency-records", type=int, default=sizes["latency_records"],
                        metavar="N", help="at 1000 a second, per round (%(default)s)")
    parser.add_argument("--only", metavar="NAME", action="append",
                        choices=[*CONTESTANTS, "latency", "memory", "stages"],
                        help="leave the others out; may be given again")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR", help="for results and drawings")
    parser.add_argument("--root", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.records < 1000 or options.rounds < 1 or options.latency_records < 100:
        parser.error("needs at least 1000 records, 1 round and 100 latency records")
    options.out = options.out or options.root / "dist/bench"
    return options


def chosen(options, name):
    return not options.only or name in options.only or name == LIMIT


def measure(stage, options, results):
    """Contestants take turns within a round, so that what the machine does meanwhile hits all."""
    stage.fill(WORKLOADS, options.records)
    for number in range(1, options.rounds + 1):
        for name, contestant in CONTESTANTS.items():
            if not chosen(options, name):
                continue
            report.progress(f"round {number} of {options.rounds}: {contestant.title}")
            results.add(name, contestant.run(stage, options.records))
        if chosen(options, "latency"):
            report.progress(f"round {number} of {options.rounds}: latency")
            results.add_latency(latency.run(stage, options.latency_records))
    if chosen(options, "memory"):
        report.progress("memory")
        results.memory = memory.run(stage)
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
