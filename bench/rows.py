"""Measuring a job until it is known well enough, and what comes of it: one row."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jobs import LIBUV, LIMIT, OURS, Form, Goal, Job, Round, Solo
from measure import Failure, Sample, Setting, measure_alone, measure_pair
from stats import half_width, interval

# An interval over fewer rounds is narrower than it should be.
ROUNDS_LEAST = 10
# Contenders without a goal are for the eye.
ROUNDS_FOR_THE_EYE = 5
# The interval of a ratio is narrow enough.
NARROW = 0.02
RESAMPLES_ON_THE_WAY = 400

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Effort:
    pairs: int  # rounds at most
    pilot: int  # measurements of each form, where there are several


class Measured:
    """The rounds of a job, and who had to be left out of them."""

    def __init__(self) -> None:
        self.rounds: list[Round] = []
        self.eyed: dict[str, list[Sample]] = {}  # of contenders without a goal
        self.errors: dict[str, str] = {}
        self.forms: dict[str, str] = {}

    def checks(self, goals: tuple[Goal, ...]) -> list[Goal]:
        """The goals that can be judged."""
        if not self.rounds or OURS not in self.rounds[0]:
            return []
        return [goal for goal in goals if not goal.against or goal.against in self.rounds[0]]

    def narrow(self, goals: tuple[Goal, ...]) -> bool:
        return all(
            half_width(interval(self.rounds, goal.statistic, RESAMPLES_ON_THE_WAY),
                       goal.statistic(self.rounds)) <= NARROW
            for goal in self.checks(goals)
        )

    def samples(self, contender: str) -> list[Sample]:
        if self.rounds and contender in self.rounds[0]:
            return [one[contender] for one in self.rounds]
        return self.eyed.get(contender, [])

    def drop(self, contender: str, why: Failure) -> None:
        self.errors[contender] = str(why)
        for one in self.rounds:
            one.pop(contender, None)


# ---- pairs of programs ----


def measure_form(job: Job, form: Form, setting: Setting) -> Sample:
    return measure_pair(form.sender, form.receiver, job.measured, setting)


def best_form(job: Job, name: str, setting: Setting, effort: Effort, tell: Tell) -> Form:
    """The strongest of several forms, by a few measurements of each."""
    forms = job.forms[name]
    if len(forms) == 1:
        return forms[0]
    medians = []
    for form in forms:
        tell(f"{job.name}: which form of {name}: {form.name}")
        samples = [measure_form(job, form, setting) for _ in range(effort.pilot)]
        medians.append(statistics.median(sample.value for sample in samples))
    return forms[medians.index(max(medians))]


def choose_forms(job: Job, contenders: list[str], measured: Measured, setting: Setting,
                 effort: Effort, tell: Tell) -> dict[str, Form]:
    chosen = {}
    for name in contenders:
        try:
            chosen[name] = best_form(job, name, setting, effort, tell)
            measured.forms[name] = chosen[name].name
        except Failure as failure:
            measured.drop(name, failure)
    return chosen


def progress(measured: Measured, goals: tuple[Goal, ...], effort: Effort) -> str:
    words = [f"pair {len(measured.rounds)}/{effort.pairs}"]
    for goal in measured.checks(goals):
        words.append(f"{goal.name} {goal.statistic(measured.rounds):.3g}")
    return ", ".join(words)


def measure_round(job: Job, forms: dict[str, Form], measured: Measured, setting: Setting) -> None:
    """One measurement of each, every other round in the opposite order. Who fails is left out from
    then on."""
    one: Round = {}
    order = list(forms)
    if len(measured.rounds) % 2:
        order.reverse()
    for name in order:
        try:
            one[name] = measure_form(job, forms[name], setting)
        except Failure as failure:
            measured.drop(name, failure)
    for name in measured.errors:
        forms.pop(name, None)
        one.pop(name, None)
    if one:
        measured.rounds.append(one)


def measure_for_the_eye(job: Job, name: str, form: Form, measured: Measured, setting: Setting,
                        effort: Effort) -> None:
    try:
        measured.eyed[name] = [
            measure_form(job, form, setting)
            for _ in range(min(ROUNDS_FOR_THE_EYE, effort.pairs))
        ]
    except Failure as failure:
        measured.drop(name, failure)


def measure_job(job: Job, contenders: list[str], setting: Setting, effort: Effort,
                tell: Tell) -> Measured:
    measured = Measured()
    names = [name for name in job.forms if name.split()[0] in contenders]
    forms = choose_forms(job, names, measured, setting, effort, tell)
    wanted = {OURS, *(goal.against for goal in job.goals)}
    for name in [name for name in forms if name not in wanted]:
        tell(f"{job.name}: {name}")
        measure_for_the_eye(job, name, forms.pop(name), measured, setting, effort)
    while OURS in forms and len(measured.rounds) < effort.pairs:
        measure_round(job, forms, measured, setting)
        tell(f"{job.name}: {progress(measured, job.goals, effort)}")
        if len(measured.rounds) >= ROUNDS_LEAST and measured.narrow(job.goals):
            break
    return measured


# ---- programs that measure by themselves ----


def measure_solo(job: Solo, setting: Setting, effort: Effort, tell: Tell) -> Measured:
    measured = Measured()
    arguments = (f"--length={job.length}",) if job.length else ()
    while len(measured.rounds) < effort.pairs:
        try:
            said = measure_alone((*job.command, *arguments), setting)
            other = measure_alone((*job.beside, *arguments), setting) if job.beside else said
        except Failure as failure:
            measured.drop(OURS, failure)
            measured.rounds.clear()
            break
        one = {OURS: Sample(job.value(said), more=said)}
        if job.limit:
            one[LIMIT] = Sample(job.limit(other), more=other)
        measured.rounds.append(one)
        tell(f"{job.name}: {progress(measured, job.goals, effort)}")
        if len(measured.rounds) >= ROUNDS_LEAST and measured.narrow(job.goals):
            break
    return measured


# ---- the row ----


def median_value(measured: Measured, contender: str) -> float | None:
    samples = measured.samples(contender)
    return statistics.median(sample.value for sample in samples) if samples else None


def median_sides(measured: Measured, contender: str) -> dict[str, float]:
    samples = measured.samples(contender)
    return {
        side: round(statistics.median(sample.cpu_ns[side] for sample in samples), 1)
        for side in (samples[0].cpu_ns if samples else {})
    }


def latencies(measured: Measured, contender: str) -> dict[str, float]:
    samples = measured.samples(contender)
    if not samples or "p99_ns" not in samples[0].more.get("sender", {}):
        return {}
    return {
        name: statistics.median(sample.more["sender"][name] for sample in samples)
        for name in ("p50_ns", "p99_ns")
    }


def judge(measured: Measured, goals: tuple[Goal, ...]) -> dict[str, Any]:
    """Value, interval, bound and verdict of each goal; a goal that could not be judged is not
    met and says null."""
    judged = measured.checks(goals)
    intervals = {goal.name: interval(measured.rounds, goal.statistic) for goal in judged}
    return {
        "ratio": {goal.name: goal.statistic(measured.rounds) for goal in judged},
        "interval": {name: list(bounds) for name, bounds in intervals.items()},
        "goal": {goal.name: goal.bound for goal in goals},
        "at_least": {goal.name: goal.at_least for goal in goals},
        "met_each": {
            goal.name: goal.met(intervals[goal.name]) if goal.name in intervals else None
            for goal in goals
        },
    }


def ratio(measured: Measured, contender: str) -> float | None:
    ours, other = median_value(measured, OURS), median_value(measured, contender)
    return ours / other if ours is not None and other else None


def costs_of(measured: Measured, contender: str) -> dict[str, Any]:
    """What a program that measures by itself said, median by median."""
    said = [one[contender].more for one in measured.rounds if contender in one]
    costs = said[0].get("costs", {}) if said else {}
    return {size: statistics.median(one["costs"][size] for one in said) for size in costs}


def row_of(job: Job | Solo, measured: Measured) -> dict[str, Any]:
    names = list(job.forms) if isinstance(job, Job) else [OURS, LIMIT]
    seen = [name for name in names if measured.samples(name)]
    judged = judge(measured, job.goals)
    return {
        "job": job.name,
        "title": job.title,
        "length": job.length,
        "unit": job.unit if isinstance(job, Solo) else "datagrams/s",
        "ours": median_value(measured, OURS),
        "limit": median_value(measured, LIMIT),
        "peers": {
            name: median_value(measured, name) for name in seen if name not in (OURS, LIMIT)
        },
        "ratio_limit": ratio(measured, LIMIT),
        "ratio_peer": ratio(measured, LIBUV),
        **judged,
        "met": all(judged["met_each"].values()) if judged["met_each"] else None,
        "pairs": len(measured.rounds),
        "forms": measured.forms,
        "loss": {
            name: statistics.median(sample.loss for sample in measured.samples(name))
            for name in seen
        },
        "cpu_ns": {name: median_sides(measured, name) for name in seen},
        "latency": {name: latencies(measured, name) for name in seen},
        "disordered": {
            name: sum(sample.disordered for sample in measured.samples(name)) for name in seen
        },
        "costs": costs_of(measured, OURS),
        "costs_limit": costs_of(measured, LIMIT),
        "errors": measured.errors,
    }
