"""Running programs of the benchmark: one alone, or a pair that sends and receives."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

# A program and its role: ("bare", "send-gso"). One with a "/" is a file, whose role follows somewhere.
Command = tuple[str, ...]

# JavaScript is slow until it is compiled, which takes so many times the usual warm-up.
NODE_WARM_UPS = 5


class Failure(Exception):
    """A program failed, or did not answer in time."""


@dataclass(frozen=True)
class Setting:
    build: Path
    window_ms: int
    warm_up_ms: int
    sockets: int
    timeout_s: float  # beyond its window, for a program to answer
    cores: tuple[int, ...]  # empty: any; else the sender's and the receiver's


@dataclass
class Sample:
    """One measurement of a contender."""

    value: float  # datagrams per second, as a rule
    loss: float = 0.0  # share of the datagrams that never came
    disordered: int = 0
    cpu_ns: dict[str, float] = field(default_factory=dict)  # per datagram, by side
    more: dict[str, Any] = field(default_factory=dict)  # what the programs said


def command_line(command: Command, setting: Setting) -> list[str]:
    program, *rest = command
    rest += [f"--window-ms={setting.window_ms}", f"--warm-up-ms={setting.warm_up_ms}"]
    if program == "node":
        return ["node", str(Path(__file__).parent / "node.js"), *rest]
    if "/" in program:
        return [program, *rest]
    return [str(setting.build / "bench" / f"bench-{program}"), *rest]


class Child:
    """A program that is running. Its lines are JSON."""

    def __init__(self, command: Command, setting: Setting, core: int | None):
        self.name = " ".join(command[:2])
        line = command_line(command, setting)
        own_s = (setting.warm_up_ms + setting.window_ms) / 1000
        self.deadline = time.monotonic() + setting.timeout_s + own_s
        self.unread = b""
        self.complaints = tempfile.TemporaryFile()
        # One way for all programs; the children are started from a single thread.
        pin = None if core is None else lambda: os.sched_setaffinity(0, {core})
        try:
            self.process = subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self.complaints,
                preexec_fn=pin,
            )
        except OSError as error:
            raise Failure(f"{self.name}: {error}") from error

    def failure(self, what: str) -> Failure:
        self.complaints.seek(0)
        said = self.complaints.read().decode(errors="replace").strip()
        return Failure(f"{self.name}: {what}" + (f": {said}" if said else ""))

    def line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        output = self.process.stdout.fileno()
        while b"\n" not in self.unread:
            left = self.deadline - time.monotonic()
            if left <= 0 or not select.select([output], [], [], left)[0]:
                raise self.failure("no answer in time")
            some = os.read(output, 65536)
            if not some:
                raise self.failure(f"ended with status {self.process.wait()}")
            self.unread += some
        text, self.unread = self.unread.split(b"\n", 1)
        try:
            return json.loads(text)
        except ValueError as error:
            raise self.failure(f"said {text!r}") from error

    def end(self) -> None:
        """Most programs work until they are ended."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.complaints.close()


def is_javascript(command: Command) -> bool:
    return command[0] == "node" or "/" in command[0]


def core_of(setting: Setting, side: int) -> int | None:
    return setting.cores[side] if len(setting.cores) > 1 else None


def rate(result: dict[str, Any]) -> float:
    if not result["datagrams"] or not result["ns"]:
        raise Failure(f"{result['role']}: no datagrams within the window")
    return result["datagrams"] / result["ns"] * 1e9


def sample_of(measured: str, results: dict[str, dict[str, Any]]) -> Sample:
    rates = {side: rate(result) for side, result in results.items()}
    lost = sum(result["lost"] for result in results.values())  # a client knows of a server's
    arrived = results["receiver"]["datagrams"]
    for side, result in results.items():
        if result["wrong"]:
            raise Failure(f"{result['role']}: {result['wrong']} datagrams of another length")
    return Sample(
        value=rates[measured],
        loss=lost / (lost + arrived),
        disordered=sum(result["disordered"] for result in results.values()),
        cpu_ns={side: result["cpu_ns"] / result["datagrams"] for side, result in results.items()},
        more=results,
    )


def measure_pair(sender: Command, receiver: Command, measured: str, setting: Setting) -> Sample:
    """The receiver listens first. Both print their result when their window is over, and go on
    until they are ended, so that neither is alone within its window."""
    if is_javascript(sender) or is_javascript(receiver):
        setting = replace(setting, warm_up_ms=setting.warm_up_ms * NODE_WARM_UPS)
    children: list[Child] = []
    try:
        children.append(Child(receiver, setting, core_of(setting, 1)))
        port = children[0].line()["port"]
        children.append(Child((*sender, f"--port={port}"), setting, core_of(setting, 0)))
        results = {"sender": children[1].line(), "receiver": children[0].line()}
        return sample_of(measured, results)
    finally:
        for child in children:
            child.end()


def measure_alone(command: Command, setting: Setting) -> dict[str, Any]:
    child = Child((*command, f"--sockets={setting.sockets}"), setting, core_of(setting, 0))
    try:
        return child.line()
    finally:
        child.end()


def usable_cores() -> tuple[int, ...]:
    return tuple(sorted(os.sched_getaffinity(0)))[:2]


@dataclass(frozen=True)
class Times:
    """Seconds that all cores together have spent so far, and on what."""

    all: float
    busy: float
    stolen: float  # by the host of a virtual machine, for others
    ours: float  # by programs of the benchmark that have ended, and by the runner

    @classmethod
    def now(cls) -> Times:
        with open("/proc/stat") as file:
            ticks = [int(word) / os.sysconf("SC_CLK_TCK") for word in file.readline().split()[1:9]]
        user, nice, system, idle, waiting, interrupts, soft_interrupts, stolen = ticks
        used = os.times()
        ours = used.user + used.system + used.children_user + used.children_system
        busy = user + nice + system + interrupts + soft_interrupts
        return cls(busy + idle + waiting + stolen, busy, stolen, ours)

    def disturbance_since(self, start: Times) -> float:
        """The share of the cores' time that went to others, in this machine or beside it."""
        others = self.busy - start.busy - (self.ours - start.ours) + self.stolen - start.stolen
        return max(others, 0) / max(self.all - start.all, 0.01)
