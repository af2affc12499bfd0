"""What is measured, against whom, and what is to be reached."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from measure import Command, Sample

OURS = "ours"
OURS_PLAIN = "ours without"
LIMIT = "limit"
LIBUV = "libuv"
NODE = "node"
GO = "go"
ASIO = "asio"

# The samples of one round, by contender.
Round = dict[str, Sample]
Statistic = Callable[[Sequence[Round]], float]


@dataclass(frozen=True)
class Form:
    """One way to do a job with a library."""

    name: str
    sender: Command
    receiver: Command


@dataclass(frozen=True)
class Goal:
    """A statistic over rounds, and the bound it is to reach, from below or from above."""

    name: str
    against: str  # the contender; empty: none
    statistic: Statistic
    bound: float
    at_least: bool = True

    def met(self, interval: tuple[float, float]) -> bool:
        return interval[1] >= self.bound if self.at_least else interval[0] <= self.bound


@dataclass(frozen=True)
class Job:
    """A pair of programs. `forms` holds what each contender has for it, the best one counts."""

    name: str
    title: str
    length: int
    measured: str  # whose datagrams count: sender or receiver
    forms: dict[str, list[Form]]
    goals: tuple[Goal, ...] = ()


@dataclass(frozen=True)
class Solo:
    """A program that measures by itself. `value` takes what the row calls ours, `limit` what it is
    compared with, out of what the program says, or `beside`, another one that does the same."""

    name: str
    title: str
    length: int
    unit: str
    command: Command
    value: Callable[[dict[str, Any]], float]
    limit: Callable[[dict[str, Any]], float] | None
    goals: tuple[Goal, ...] = field(default=())
    beside: Command | None = None


# ---- statistics ----


def times(against: str) -> Statistic:
    def statistic(rounds: Sequence[Round]) -> float:
        return median_of(rounds, OURS) / median_of(rounds, against)

    return statistic


def median_of(rounds: Sequence[Round], contender: str) -> float:
    return statistics.median(one[contender].value for one in rounds)


def p99(rounds: Sequence[Round], contender: str) -> float:
    return statistics.median(one[contender].more["sender"]["p99_ns"] for one in rounds)


def p99_times(rounds: Sequence[Round]) -> float:
    """How many times libuv's p99 is ours: more is better, as with every ratio here."""
    return p99(rounds, LIBUV) / p99(rounds, OURS)


def cpu_times(rounds: Sequence[Round]) -> float:
    """The receiver's CPU time for a datagram over that of ours without what the job is about."""
    cost, plain = (statistics.median(one[name].cpu_ns["receiver"] for one in rounds)
                   for name in (OURS, OURS_PLAIN))
    return cost / plain


def growth(rounds: Sequence[Round]) -> float:
    """The highest cost over the lowest among the smaller sizes."""
    sizes = sorted(rounds[0][OURS].more["costs"], key=int)
    costs = [statistics.median(one[OURS].more["costs"][size] for one in rounds) for size in sizes]
    return max(high / min(costs[:place]) for place, high in enumerate(costs) if place > 0)


def most_cost(said: dict[str, Any]) -> float:
    return said["costs"][max(said["costs"], key=int)]


def of_limit(bound: float) -> Goal:
    return Goal("limit", LIMIT, times(LIMIT), bound)


def of_libuv(bound: float) -> Goal:
    return Goal("peer", LIBUV, times(LIBUV), bound)


# ---- the jobs ----


def with_arguments(form: Form, *arguments: str) -> Form:
    return Form(form.name, (*form.sender, *arguments), (*form.receiver, *arguments))


def sized(forms: dict[str, list[Form]], length: int, *more: str) -> dict[str, list[Form]]:
    return {
        name: [with_arguments(form, f"--length={length}", *more) for form in some]
        for name, some in forms.items()
    }




def bare_gso(groups: int, slots: int) -> Form:
    return Form(f"GSO, groups a call: {groups}; GRO, slots: {slots}",
                ("bare", "send-gso", f"--groups={groups}"),
                ("bare", "receive-gro", f"--slots={slots}"))


# Which is best depends on the length, and on the caches.
BULK_LIMIT = [bare_gso(4, 4), bare_gso(2, 1), bare_gso(1, 1)]
# Fewer under way stay in the caches, more cost fewer calls.
BULK_IN_FLIGHT = [1024, 512, 424, 212, 106]
BULK_LIBUV = [
    Form("try_send, RECVMMSG", ("uv", "send-try"), ("uv", "receive-mmsg")),
    Form("send, RECVMMSG", ("uv", "send-queued"), ("uv", "receive-mmsg")),
    Form("send, default", ("uv", "send-queued"), ("uv", "receive")),
]
BULK_OTHERS = {
    NODE: [Form("send, message", ("node", "send"), ("node", "receive"))],
    GO: [Form("WriteTo, ReadFrom", ("go", "send"), ("go", "receive"))],
    ASIO: [Form("send_to, receive_from", ("asio", "send"), ("asio", "receive"))],
}


def bulk(name: str, length: int, goal: float, goal_libuv: float) -> Job:
    sender, receiver, title = {
        "batch": ("send-many", "receive-batch", "send_many to on_batch"),
        "message": ("send-to", "receive-message", "send_to with a callback to on_message"),
    }[name]
    ours = [Form(f"{title}, {under_way} under way",
                 ("ours", sender, f"--in-flight={under_way}"), ("ours", receiver))
            for under_way in BULK_IN_FLIGHT]
    forms = {OURS: ours, LIMIT: BULK_LIMIT, LIBUV: BULK_LIBUV, **BULK_OTHERS}
    return Job(
        f"bulk-{name}-{length}",
        f"bulk to one peer, {length} B, {title}",
        length,
        "receiver",
        sized(forms, length),
        (of_limit(goal), of_libuv(goal_libuv)),
    )


def receivers(name: str, title: str, sender: Command, limit: list[Command], goals: tuple[Goal, ...],
              libuv: Sequence[str]) -> Job:
    names = {"receive": "default", "receive-mmsg": "RECVMMSG"}
    forms = {
        OURS: [Form("on_batch", sender, ("ours", "receive-batch")),
               Form("on_message", sender, ("ours", "receive-message"))],
        LIMIT: [Form(" ".join(form), sender, ("bare", *form)) for form in limit],
        LIBUV: [Form(names[role], sender, ("uv", role)) for role in libuv],
        NODE: [Form("message", sender, ("node", "receive"))],
        GO: [Form("ReadFrom", sender, ("go", "receive"))],
        ASIO: [Form("receive_from", sender, ("asio", "receive"))],
    }
    return Job(name, title, 64, "receiver", sized(forms, 64), goals)


def info() -> Job:
    sender = ("bare", "flood")
    forms = {
        OURS: [Form("on_batch, all kinds of info", sender, ("ours", "receive-info"))],
        OURS_PLAIN: [Form("on_batch", sender, ("ours", "receive-batch"))],
    }
    return Job("flood-64-info", "the same flood with every kind of info, to without", 64, "receiver",
               sized(forms, 64), (Goal("cpu", OURS_PLAIN, cpu_times, 1.15, at_least=False),))


def fan_out() -> Job:
    sink = ("bare", "receive-mmsg")
    forms = {
        OURS: [Form("send_many", ("ours", "fan-out"), sink)],
        LIMIT: [Form("sendmmsg", ("bare", "fan-out"), sink)],
        # The goal names uv_udp_send; try_send is slower anyway.
        LIBUV: [Form("send", ("uv", "fan-out-queued"), sink)],
        "libuv try_send": [Form("try_send", ("uv", "fan-out-try"), sink)],
        NODE: [Form("send", ("node", "fan-out"), sink)],
        GO: [Form("WriteTo", ("go", "fan-out"), sink)],
        ASIO: [Form("send_to", ("asio", "fan-out"), sink)],
    }
    return Job("fan-out-64", "64 B to 1000 destinations from one socket", 64, "sender",
               sized(forms, 64, "--destinations=1000"), (of_limit(0.95), of_libuv(1.15)))


def reply(outstanding: int, limit: str, goals: tuple[Goal, ...]) -> Job:
    request = ("bare", "request")
    libuv = {"reply-try": "default, try_send", "reply-try-mmsg": "RECVMMSG, try_send",
             "reply-queued": "default, send", "reply-queued-mmsg": "RECVMMSG, send"}
    forms = {
        OURS: [Form("on_batch, send_many", request, ("ours", "reply-batch")),
               Form("on_message, send_to", request, ("ours", "reply-message"))],
        LIMIT: [Form(limit, request, ("bare", limit))],
        LIBUV: [Form(name, request, ("uv", role)) for role, name in libuv.items()],
        NODE: [Form("message, send", request, ("node", "reply"))],
        GO: [Form("ReadFrom, WriteTo", request, ("go", "reply"))],
        ASIO: [Form("receive_from, send_to", request, ("asio", "reply"))],
    }
    ready = {
        name: [Form(form.name, (*form.sender, f"--outstanding={outstanding}", "--length=64"),
                    (*form.receiver, "--length=64")) for form in some]
        for name, some in forms.items()
    }
    return Job(f"reply-{outstanding}", f"request and reply, 64 B, {outstanding} outstanding", 64,
               "sender", ready, goals)


def solos() -> list[Solo]:
    return [
        Solo("idle-memory", "user memory of an idle socket, all included", 0, "bytes",
             ("ours", "idle"), lambda said: said["all_bytes"], None,
             (Goal("bytes", "", lambda rounds: median_of(rounds, OURS), 512, at_least=False),)),
        Solo("idle-active", "one active socket among 10,000 idle ones, to alone", 64, "ns CPU",
             ("ours", "idle"), lambda said: said["among_ns"], lambda said: said["alone_ns"],
             (Goal("limit", LIMIT, times(LIMIT), 1.2, at_least=False),)),
        Solo("growth-sockets", "10,000 sockets in turn, to 1", 64, "ns CPU",
             ("ours", "growth-sockets"), most_cost, most_cost,
             (Goal("growth", "", growth, 1.2, at_least=False),),
             beside=("bare", "growth-sockets")),
        Solo("growth-queue", "100,000 sends queued, to 1", 64, "ns CPU",
             ("ours", "growth-queue"), most_cost, None,
             (Goal("growth", "", growth, 1.2, at_least=False),)),
    ]


def all_jobs() -> list[Job | Solo]:
    return [
        bulk("batch", 64, 0.9, 20),
        bulk("message", 64, 0.75, 17),
        bulk("batch", 1200, 0.9, 10),
        bulk("message", 1200, 0.85, 10),
        receivers("flood-64", "receive under a flood of 64 B, GSO sender",
                  ("bare", "flood"), [("receive-gro", "--slots=4"), ("receive-gro", "--slots=1")],
                  (of_limit(0.8), of_libuv(7)), ["receive-mmsg"]),
        info(),
        receivers("plain-64", "receive 64 B from a sender without GSO",
                  ("bare", "send-mmsg"), [("receive-mmsg",)],
                  (of_limit(0.97), of_libuv(1)), ["receive-mmsg", "receive"]),
        fan_out(),
        reply(64, "reply-mmsg", (of_limit(0.95), of_libuv(1.2))),
        reply(1, "reply-msg", (of_limit(0.97), Goal("p99", LIBUV, p99_times, 1))),
        *solos(),
    ]
