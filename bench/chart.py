"""A chart of the rows: SVG, by hand, because a few rectangles need no library."""

from __future__ import annotations

import math
from typing import Any
from xml.sax.saxutils import escape

WIDTH = 860
LEFT = 24  # of the bars
NAME = 92  # of the contender's name
RIGHT = 110  # for the figure behind the longest bar
BAR = 16
GAP = 4
TITLE = 30
TOP = 64

STYLE = """
  svg { background: #ffffff; font: 13px system-ui, sans-serif; }
  text { fill: #24292f; } .quiet { fill: #6e7781; }
  .grid { stroke: #d0d7de; stroke-width: 1; }
  .ours { fill: #0969da; } .limit { fill: #8c959f; } .peer { fill: #d4a72c; }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117; }
    text { fill: #e6edf3; } .quiet { fill: #8b949e; }
    .grid { stroke: #30363d; }
    .ours { fill: #4493f8; } .limit { fill: #6e7681; } .peer { fill: #bb8009; }
  }
"""

Bar = tuple[str, str, float]  # class, name, value


def bars_of(row: dict[str, Any]) -> list[Bar]:
    bars = [("limit", "bare kernel", row["limit"]), ("ours", "libdgram", row["ours"])]
    peers = sorted(row["peers"].items(), key=lambda peer: -(peer[1] or 0))
    bars += [("peer", name, value) for name, value in peers]
    return [bar for bar in bars if bar[2]]


def figure(value: float) -> str:
    return f"{value / 1e6:.3g} M/s" if value >= 1e6 else f"{value / 1e3:.3g} k/s"


class Scale:
    """Logarithmic, from the power of ten below the smallest value to the one above the largest."""

    def __init__(self, values: list[float]):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.left = LEFT + NAME
        self.width = WIDTH - self.left - RIGHT

    def length(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return max(share * self.width, 1)

    def marks(self) -> list[tuple[float, str]]:
        powers = range(self.low, self.high + 1)
        return [(self.left + self.length(10.0**power), power_text(power)) for power in powers]


def power_text(power: int) -> str:
    return f"{10**power // 1000:,}k" if power < 6 else f"{10**power // 1000000:,}M"


def grid(scale: Scale, bottom: int) -> list[str]:
    lines = []
    for x, text in scale.marks():
        lines.append(f'<line class="grid" x1="{x:.0f}" y1="{TOP - 8}" x2="{x:.0f}" y2="{bottom}"/>')
        lines.append(f'<text class="quiet" x="{x:.0f}" y="{TOP - 14}" text-anchor="middle">'
                     f"{text}</text>")
    return lines


def draw_bar(bar: Bar, scale: Scale, y: int) -> list[str]:
    kind, name, value = bar
    length = scale.length(value)
    return [
        f'<text class="quiet" x="{scale.left - 8}" y="{y + 12}" text-anchor="end">'
        f"{escape(name)}</text>",
        f'<rect class="{kind}" x="{scale.left}" y="{y}" width="{length:.1f}" height="{BAR}" '
        'rx="2"/>',
        f'<text x="{scale.left + length + 6:.1f}" y="{y + 12}">{figure(value)}</text>',
    ]


def chart(rows: list[dict[str, Any]]) -> str:
    """Datagrams per second of all jobs that have them."""
    drawn = [row for row in rows if row["unit"] == "datagrams/s" and bars_of(row)]
    values = [bar[2] for row in drawn for bar in bars_of(row)] or [1e3, 1e6]
    scale = Scale(values)
    body: list[str] = []
    y = TOP
    for row in drawn:
        y += TITLE - 8
        body.append(f'<text x="{LEFT}" y="{y}" font-weight="600">{escape(row["title"])}</text>')
        y += 8
        for bar in bars_of(row):
            body += draw_bar(bar, scale, y)
            y += BAR + GAP
    height = y + 16
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img">')
    title = "Datagrams per second, over loopback"
    return "\n".join([
        head, f"<title>{title}</title>", f"<style>{STYLE}</style>",
        f'<text x="{LEFT}" y="26" font-weight="600" font-size="16">{title}</text>',
        f'<text class="quiet" x="{WIDTH - LEFT}" y="26" text-anchor="end">logarithmic: each line '
        "is ten times the one before</text>",
        *grid(scale, y), *body, "</svg>",
    ]) + "\n"
