#!/usr/bin/env python3
"""Measures this library, programs without a library, and its peers, in interleaved pairs.

A benchmark is no test: slow is no failure. The exit status is 1 where a program failed."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

from chart import chart
from jobs import ASIO, GO, LIBUV, LIMIT, NODE, OURS, Job, Solo, all_jobs
from measure import Setting, Times, usable_cores
from rows import ROUNDS_LEAST, Effort, measure_job, measure_solo, row_of
from table import Terminal

# The share of the cores' time for others that is worth a word.
DISTURBED = 0.05

ROOT = Path(__file__).resolve().parent.parent


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def two_cores(text: str) -> tuple[int, ...]:
    cores = tuple(int(word) for word in text.split(","))
    if len(cores) != 2 or not set(cores) <= os.sched_getaffinity(0):
        raise argparse.ArgumentTypeError("must be two cores that this process may use, as in 0,2")
    return cores


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="the build directory")
    parser.add_argument("--list", action="store_true", help="print the jobs, and end")
    parser.add_argument("--job", action="append", metavar="NAME",
                        help="only this one, or those that begin so; may be given again")
    parser.add_argument("--quick", action="store_true",
                        help="a first impression: 5 pairs, windows of 100 ms")
    parser.add_argument("--pairs", type=positive, help="rounds at most (60)")
    parser.add_argument("--window-ms", type=positive, help="of one measurement (300)")
    parser.add_argument("--sockets", type=positive, default=10000, help="in the jobs of many")
    parser.add_argument("--cores", type=two_cores, default=usable_cores(), metavar="A,B",
                        help="of the sender and the receiver (the first two; choose two that do "
                        "not share a physical one)")
    parser.add_argument("--timeout-s", type=positive, default=15,
                        help="beyond its window, for a program to answer")
    parser.add_argument("--json", type=Path, help="write the rows here")
    parser.add_argument("--chart", type=Path, help="write a chart here, SVG")
    return parser.parse_args()


def chosen(names: list[str] | None) -> list[Job | Solo]:
    jobs = all_jobs()
    if not names:
        return jobs
    for name in names:
        if not any(job.name.startswith(name) for job in jobs):
            sys.exit(f"there is no job {name}; --list has them")
    return [job for job in jobs if job.name.startswith(tuple(names))]


def setting_of(arguments: argparse.Namespace) -> tuple[Setting, Effort]:
    window_ms = arguments.window_ms or (100 if arguments.quick else 300)
    pairs = arguments.pairs or (5 if arguments.quick else 60)
    setting = Setting(arguments.build, window_ms, min(100, window_ms), arguments.sockets,
                      arguments.timeout_s, arguments.cores)
    return setting, Effort(pairs, pilot=1 if arguments.quick else 3)


def contenders(build: Path) -> list[str]:
    names = [OURS, LIMIT, LIBUV]
    if shutil.which("node"):
        names.append(NODE)
    return names + [name for name in (GO, ASIO) if (build / "bench" / f"bench-{name}").exists()]


def introduce(terminal: Terminal, setting: Setting, effort: Effort) -> None:
    cores = os.cpu_count() or 1
    terminal.say(f"Linux {platform.release()}, {cores} cores; windows of {setting.window_ms} ms, "
                 f"{effort.pairs} pairs at most, until an interval is within 2%")
    if effort.pairs < ROUNDS_LEAST:
        terminal.say(f"Fewer than {ROUNDS_LEAST} pairs: intervals, and what they reach, are a "
                     "first impression.")
    if len(setting.cores) < 2:
        terminal.say("One core for sender and receiver: these figures mean little.")
    else:
        terminal.say(f"The sender on core {setting.cores[0]}, the receiver on {setting.cores[1]}. "
                     "Ratios are of medians; of several forms the best one counts.")


def measure_all(jobs: list[Job | Solo], terminal: Terminal, setting: Setting, effort: Effort,
                rows: list[dict[str, Any]]) -> None:
    """Appends a row for each job, so that those which are done survive an interruption."""
    names = contenders(setting.build)
    absent = [name for name in (NODE, GO, ASIO) if name not in names]
    if absent:
        terminal.say(f"Not installed, so without figures: {', '.join(absent)}")
    terminal.head()
    for job in jobs:
        start = Times.now()
        if isinstance(job, Job):
            measured = measure_job(job, names, setting, effort, terminal.tell)
        else:
            measured = measure_solo(job, setting, effort, terminal.tell)
        rows.append({**row_of(job, measured), "disturbance": Times.now().disturbance_since(start)})
        terminal.row(rows[-1])


def conclude(terminal: Terminal, rows: list[dict[str, Any]]) -> None:
    terminal.details(rows)
    judged = [row["met"] for row in rows if row["met"] is not None]
    terminal.say(f"\n{sum(judged)} of {len(judged)} rows reach their goals")
    disturbance = max(row["disturbance"] for row in rows)
    if disturbance > DISTURBED:
        terminal.say(f"Others took up to {disturbance:.0%} of the cores' time, in this machine or "
                     "(of a virtual one) beside it: these figures are blurred.")


def main() -> int:
    arguments = read_arguments()
    jobs = chosen(arguments.job)
    if arguments.list:
        print("\n".join(f"{job.name:18}  {job.title}" for job in jobs))
        return 0
    setting, effort = setting_of(arguments)
    if not (setting.build / "bench" / "bench-ours").exists():
        sys.exit(f"{setting.build} has no programs; `make bench` builds them")
    terminal = Terminal()
    introduce(terminal, setting, effort)
    rows: list[dict[str, Any]] = []
    try:
        measure_all(jobs, terminal, setting, effort, rows)
    except KeyboardInterrupt:
        terminal.say("interrupted")
    if not rows:
        return 1
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    if arguments.chart:
        arguments.chart.parent.mkdir(parents=True, exist_ok=True)
        arguments.chart.write_text(chart(rows))
    conclude(terminal, rows)
    return 1 if any(row["errors"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
