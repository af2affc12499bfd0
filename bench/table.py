"""The terminal: a table that grows row by row, and under it a line that says what is going on."""

from __future__ import annotations

import shutil
import sys
from typing import Any

COLUMNS = (("job", 18), ("ours", 9), ("bare", 9), ("libuv", 9), ("node", 9),
           ("of bare", 8), ("95%", 13), ("goal", 7), ("x libuv", 8), ("95%", 13), ("goal", 7),
           ("loss", 6), ("CPU ns out+in", 13), ("met", 4))

GOALS_IN_COLUMNS = ("limit", "peer")


def short(value: float | None, unit: str = "datagrams/s") -> str:
    if value is None:
        return "-"
    if unit != "datagrams/s":
        return f"{value:.0f}"
    if value >= 1e6:
        return f"{value / 1e6:.3g}M/s"
    return f"{value / 1e3:.3g}k/s"


def ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def bounds(row: dict[str, Any], goal: str) -> str:
    both = row["interval"].get(goal)
    return f"{both[0]:.3g}-{both[1]:.3g}" if both else "-"


def bound(row: dict[str, Any], goal: str) -> str:
    if goal not in row["goal"]:
        return "-"
    return (">= " if row["at_least"][goal] else "<= ") + f"{row['goal'][goal]:g}"


def met(verdict: bool | None) -> str:
    return {True: "yes", False: "no", None: "-"}[verdict]


def cells(row: dict[str, Any]) -> list[str]:
    cpu = row["cpu_ns"].get("ours", {})
    both = "+".join(f"{cpu[side]:.0f}" for side in ("sender", "receiver") if side in cpu)
    loss = row["loss"].get("ours") if cpu else None
    return [
        row["job"],
        short(row["ours"], row["unit"]),
        short(row["limit"], row["unit"]),
        short(row["peers"].get("libuv"), row["unit"]),
        short(row["peers"].get("node"), row["unit"]),
        ratio(row["ratio_limit"]), bounds(row, "limit"), bound(row, "limit"),
        ratio(row["ratio_peer"]), bounds(row, "peer"), bound(row, "peer"),
        "-" if loss is None else f"{loss:.1%}",
        both or "-",
        met(row["met"]),
    ]


def notes(row: dict[str, Any]) -> list[str]:
    """What has no column of its own."""
    lines = []
    for goal in row["goal"]:
        if goal not in GOALS_IN_COLUMNS:
            value = ratio(row["ratio"].get(goal))
            lines.append(f"{goal} {value} ({bounds(row, goal)}), goal {bound(row, goal)}: "
                         f"{met(row['met_each'][goal])}")
    for name, latency in row["latency"].items():
        if latency:
            lines.append(f"{name}: p50 {latency['p50_ns'] / 1e3:.1f} us, "
                         f"p99 {latency['p99_ns'] / 1e3:.1f} us")
    if row["details"] and "costs" in row["details"]:
        costs = ", ".join(f"{size}: {cost:.0f}" for size, cost in row["details"]["costs"].items())
        lines.append(f"ns CPU of each, last round: {costs}")
    forms = {name: form for name, form in row["forms"].items() if name in ("ours", "libuv")}
    if forms:
        lines.append("by " + "; ".join(f"{name}: {form}" for name, form in forms.items()))
    return lines + [f"{name} failed: {error}" for name, error in row["errors"].items()]


class Terminal:
    def __init__(self) -> None:
        self.live = sys.stdout.isatty()

    def tell(self, text: str) -> None:
        """What is going on, on one line that is written over; nowhere but on a terminal."""
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{text[:width]}", end="", flush=True)

    def say(self, text: str) -> None:
        print(f"\r\x1b[K{text}" if self.live else text, flush=True)

    def line(self, texts: list[str]) -> None:
        first, *rest = (
            text.ljust(width) if place == 0 else text.rjust(width)
            for place, (text, (_, width)) in enumerate(zip(texts, COLUMNS))
        )
        self.say("  ".join([first, *rest]).rstrip())

    def head(self) -> None:
        self.line([title for title, _ in COLUMNS])

    def row(self, row: dict[str, Any]) -> None:
        self.line(cells(row))
        for note in notes(row):
            self.say(f"    {note}")
