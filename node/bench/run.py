#!/usr/bin/env python3
"""Measures the npm package against node:dgram, on the same Node, in interleaved pairs.

It runs what stands in bench/ of the repository, on the jobs of node_jobs.py. A benchmark is no test:
slow is no failure. The exit status is 1 where a program failed."""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))

from chart import chart  # noqa: E402
from jobs import OURS, Job, Solo  # noqa: E402
from measure import Setting, Times, usable_cores  # noqa: E402
from node_jobs import BUN, BUN_SOCKET, NODE, Runtimes, all_jobs  # noqa: E402
from rows import Effort, measure_job, measure_solo, row_of  # noqa: E402
from table import Terminal, bound, short, spread, verdict  # noqa: E402

COLUMNS = (("job", 15), ("libdgram", 10), ("node:dgram", 10), ("times", 14), ("goal", 7),
           ("reached", 7))

# A program that measures by itself takes its time, and says nearly the same each time.
SOLO_ROUNDS = 3


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="the build directory")
    parser.add_argument("--node", action="append", metavar="PATH",
                        help="a Node to measure on; may be given again (the one in PATH)")
    parser.add_argument("--bun", default=shutil.which("bun"), metavar="PATH", help="a Bun to compare")
    parser.add_argument("--list", action="store_true", help="print the jobs, and end")
    parser.add_argument("--job", action="append", metavar="NAME",
                        help="only this one, or those that begin so; may be given again")
    parser.add_argument("--quick", action="store_true",
                        help="a first impression: 5 pairs, windows of 100 ms")
    parser.add_argument("--pairs", type=int, help="rounds at most (30)")
    parser.add_argument("--window-ms", type=int, help="of one measurement (300)")
    parser.add_argument("--messages", type=int, default=10_000_000, help="in the job heap")
    parser.add_argument("--timeout-s", type=int, default=30,
                        help="beyond its window, for a program to answer")
    parser.add_argument("--json", type=Path, help="write the rows here")
    parser.add_argument("--chart", type=Path, help="write a chart here, SVG")
    return parser.parse_args()


def version_of(node: str) -> str:
    return subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def cells(row: dict[str, Any]) -> list[str]:
    unit = row["unit"]
    return [row["job"], short(row["ours"], unit), short(row["peers"].get(NODE), unit),
            spread(row, "peer"), bound(row, "peer"), verdict(row["met"])]


def measure(job: Job | Solo, setting: Setting, effort: Effort, terminal: Terminal) -> dict[str, Any]:
    start = Times.now()
    if isinstance(job, Job):
        measured = measure_job(job, [OURS, NODE, BUN], setting, effort, terminal.tell)
    else:
        few = Effort(min(effort.pairs, SOLO_ROUNDS), 1)
        measured = measure_solo(job, setting, few, terminal.tell)
    return {**row_of(job, measured), "disturbance": Times.now().disturbance_since(start)}


def chosen(jobs: list[Job | Solo], names: list[str] | None) -> list[Job | Solo]:
    return [job for job in jobs if not names or job.name.startswith(tuple(names))]


def measure_all(arguments: argparse.Namespace, terminal: Terminal, rows: list[dict[str, Any]]) -> None:
    """Appends a row for each Node and job, so that those which are done survive an interruption."""
    window_ms = arguments.window_ms or (100 if arguments.quick else 300)
    setting = Setting(arguments.build, window_ms, 100, 0, arguments.timeout_s, usable_cores())
    effort = Effort(arguments.pairs or (5 if arguments.quick else 30), 1)
    flood = str(arguments.build / "bench" / "bench-bare")
    for node in arguments.node or [shutil.which("node") or "node"]:
        version = version_of(node)
        terminal.say(f"\nNode {version}, Linux {platform.release()}; windows of {window_ms} ms, "
                     f"{effort.pairs} pairs at most, until an interval is within 2%")
        terminal.head()
        for job in chosen(all_jobs(Runtimes(node, arguments.bun, flood, arguments.messages)), arguments.job):
            rows.append({**measure(job, setting, effort, terminal), "node": version})
            terminal.row(rows[-1])


def drawn(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As the chart has it: titles say on which Node where there are several."""
    several = len({row["node"] for row in rows}) > 1
    names = {BUN: BUN_SOCKET}
    return [{**row,
             "title": f"{row['title']}, Node {row['node']}" if several else row["title"],
             "peers": {names.get(name, name): value for name, value in row["peers"].items()}}
            for row in rows]


def conclude(terminal: Terminal, rows: list[dict[str, Any]]) -> None:
    terminal.details(rows)
    judged = [row["met"] for row in rows if row["met"] is not None]
    disturbance = max(row["disturbance"] for row in rows)
    terminal.say(f"\n{sum(judged)} of {len(judged)} rows reach their goals; others took up to "
                 f"{disturbance:.0%} of the cores' time")


def main() -> int:
    arguments = read_arguments()
    if arguments.list:
        for job in all_jobs(Runtimes("node", arguments.bun, "", 0)):
            print(f"{job.name:15}  {job.title}")
        return 0
    terminal = Terminal(COLUMNS, cells)
    rows: list[dict[str, Any]] = []
    try:
        measure_all(arguments, terminal, rows)
    except KeyboardInterrupt:
        terminal.say("interrupted")
    if not rows:
        return 1
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    if arguments.chart:
        arguments.chart.write_text(chart(drawn(rows)))
    conclude(terminal, rows)
    return 1 if any(row["errors"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
