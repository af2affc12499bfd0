"""The terminal: a table that grows row by row, under it a line that says what is going on, and in
the end the details of each contender."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

GOALS = (("job", 17), ("ours", 9), ("bare", 9), ("libuv", 9), ("of bare", 15), ("goal", 7),
         ("x libuv", 14), ("goal", 7), ("reached", 7))
DETAILS = (("job", 17), ("who", 14), ("figure", 9), ("CPU ns out", 10), ("in", 7), ("loss", 6),
           ("p50 us", 7), ("p99 us", 7), ("how", 38))

# Goals of a row that have no column, with the words for them.
OTHERS = {
    "p99": "libuv's p99 over ours",
    "bytes": "bytes",
    "cpu": "CPU time for a datagram with it over without",
    "heap": "bytes of heap, after gc",
    "bun": "times Bun's udpSocket",
    "growth": "highest cost over the lowest of fewer",
}


def short(value: float | None, unit: str = "datagrams/s") -> str:
    if value is None:
        return "-"
    if unit != "datagrams/s":
        return f"{value:.0f} {unit.split()[0]}"
    return f"{value / 1e6:.3g} M/s" if value >= 1e6 else f"{value / 1e3:.3g} k/s"


def spread(row: dict[str, Any], goal: str) -> str:
    """The statistic of a goal and half of its interval. The JSON has both ends."""
    if goal not in row["interval"]:
        return "-"
    low, high = row["interval"][goal]
    return f"{row['ratio'][goal]:.3g} ±{(high - low) / 2:.2g}"


def bound(row: dict[str, Any], goal: str) -> str:
    if goal not in row["goal"]:
        return "-"
    return ("≥ " if row["at_least"][goal] else "≤ ") + f"{row['goal'][goal]:g}"


def verdict(met: bool | None) -> str:
    return {True: "yes", False: "no", None: "?"}[met]


def ratio_of(row: dict[str, Any], goal: str, ratio: str) -> str:
    if goal in row["goal"]:
        return spread(row, goal)
    return "-" if row[ratio] is None else f"{row[ratio]:.3g}"


def cells(row: dict[str, Any]) -> list[str]:
    unit = row["unit"]
    return [
        row["job"], short(row["ours"], unit), short(row["limit"], unit),
        short(row["peers"].get("libuv"), unit),
        ratio_of(row, "limit", "ratio_limit"), bound(row, "limit"),
        ratio_of(row, "peer", "ratio_peer"), bound(row, "peer"),
        verdict(row["met"]),
    ]


def notes(row: dict[str, Any]) -> Iterator[str]:
    """What has no column of its own."""
    if row["unit"] != "datagrams/s":
        yield row["title"]
    for goal, words in OTHERS.items():
        if goal in row["goal"]:
            yield (f"{words}: {spread(row, goal)}, goal {bound(row, goal)}: "
                   f"{verdict(row['met_each'][goal])}")
    for size, cost in row["costs"].items():
        beside = row["costs_limit"].get(size)
        yield (f"{int(size):7,}: {cost:.0f} ns CPU" +
               (f", bare {beside:.0f}" if beside is not None else ""))
    for name, count in row["disordered"].items():
        if count:
            yield f"{name}: {count} datagrams came after a later one"
    for name, error in row["errors"].items():
        yield f"{name} failed: {error}"


Columns = Sequence[tuple[str, int]]


def details(row: dict[str, Any]) -> Iterator[list[str]]:
    """A line for each contender of a pair of programs."""
    values = {"ours": row["ours"], "limit": row["limit"], **row["peers"]}
    for name, cpu in row["cpu_ns"].items():
        if not cpu:
            continue
        latency = row["latency"].get(name, {})
        yield [
            row["job"], "bare" if name == "limit" else name, short(values[name]),
            f"{cpu['sender']:.0f}", f"{cpu['receiver']:.0f}", f"{row['loss'][name]:.1%}",
            *(f"{latency[key] / 1e3:.1f}" if latency else "-" for key in ("p50_ns", "p99_ns")),
            row["forms"][name],
        ]


def aligned(texts: Sequence[str], columns: Columns) -> str:
    """Words to the left, figures to the right."""
    words = ("job", "who", "how")
    return "  ".join(
        text.ljust(width) if title in words else text.rjust(width)
        for text, (title, width) in zip(texts, columns)
    ).rstrip()


def heading(columns: Columns) -> str:
    return aligned([title for title, _ in columns], columns)


class Terminal:
    """`cells` gives what stands in the columns of a row."""

    def __init__(self, columns: Columns = GOALS,
                 cells: Callable[[dict[str, Any]], list[str]] = cells) -> None:
        self.columns = columns
        self.cells = cells
        self.live = sys.stdout.isatty()
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal without "±" gets a "?"

    def tell(self, text: str) -> None:
        """What is going on, on one line that is written over; nowhere but on a terminal."""
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{text[:width]}", end="", flush=True)

    def say(self, text: str) -> None:
        print(f"\r\x1b[K{text}" if self.live else text, flush=True)

    def head(self) -> None:
        self.say(heading(self.columns))

    def row(self, row: dict[str, Any]) -> None:
        self.say(aligned(self.cells(row), self.columns))
        for note in notes(row):
            self.say(f"    {note}")

    def details(self, rows: list[dict[str, Any]]) -> None:
        lines = [line for row in rows for line in details(row)]
        if lines:
            self.say("\n" + heading(DETAILS))
        for line in lines:
            self.say(aligned(line, DETAILS))
