"""What is measured of the npm package, against node:dgram on the same Node, and what is to be reached."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jobs import LIMIT, OURS, Form, Goal, Job, Solo, median_of, sized, times
from measure import Command

NODE = "node:dgram"
BUN = "bun"
BUN_SOCKET = "Bun's udpSocket"

HERE = Path(__file__).resolve().parent
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Runtimes:
    """Paths of programs: the Node that runs both modules, a Bun where there is one, the bare flood; and how much."""

    node: str
    bun: str | None
    flood: str
    messages: int  # in the job heap


def run(node: str, module: str, role: str) -> Command:
    return (node, "--expose-gc", str(HERE / "program.js"), role, f"--module={module}")


class Sides:
    """The programs of a job by their roles, on our module and on Node's."""

    def __init__(self, runtimes: Runtimes):
        self.runtimes = runtimes

    def ours(self, role: str) -> Command:
        return run(self.runtimes.node, str(HERE.parent), role)

    def nodes(self, role: str) -> Command:
        return run(self.runtimes.node, NODE, role)

    def bun(self, role: str) -> Command:
        return (str(self.runtimes.bun), str(HERE / "bun.js"), role)


def faster(bound: float) -> tuple[Goal, ...]:
    return (Goal("peer", NODE, times(NODE), bound),)


def receiving(sides: Sides, name: str, title: str, role: str, sender: Command, goal: float) -> Job:
    forms = {
        OURS: [Form(role, sender, sides.ours(role))],
        NODE: [Form("receive", sender, sides.nodes("receive"))],
    }
    return Job(name, title, 64, "receiver", sized(forms, 64), faster(goal))


def sending(sides: Sides, name: str, title: str, role: str, goal: float) -> Job:
    sink = ("bare", "receive-gro")
    forms = {
        OURS: [Form(role, sides.ours(role), sink)],
        NODE: [Form("burst", sides.nodes("burst"), sink)],
    }
    return Job(name, title, 64, "receiver", sized(forms, 64), faster(goal))


def both(sides: Sides) -> Job:
    forms = {
        OURS: [Form("send, message", sides.ours("burst"), sides.ours("receive"))],
        NODE: [Form("send, message", sides.nodes("burst"), sides.nodes("receive"))],
    }
    goals = faster(8)
    if sides.runtimes.bun:
        forms[BUN] = [Form("udpSocket", sides.bun("burst"), sides.bun("receive"))]
        goals += (Goal("bun", BUN, times(BUN), 5),)
    return Job("both", "both sides, unchanged code", 64, "receiver", sized(forms, 64), goals)


def reply(sides: Sides, outstanding: int, goal: float) -> Job:
    client = ("bare", "request", f"--outstanding={outstanding}", "--length=64")
    forms = {
        OURS: [Form("message, send", client, sides.ours("reply"))],
        NODE: [Form("message, send", client, sides.nodes("reply"))],
    }
    return Job(f"reply-{outstanding}", f"request and reply, {outstanding} outstanding", 64, "sender",
               forms, faster(goal))


def heap(sides: Sides) -> Solo:
    goal = Goal("heap", "", lambda rounds: median_of(rounds, OURS), MEBIBYTE, at_least=False)
    return Solo("heap", "growth over 10 million messages", 64, "bytes",
                (*sides.ours("heap"), f"--flood={sides.runtimes.flood}",
                 f"--messages={sides.runtimes.messages}"),
                lambda said: said["growth_bytes"], None, (goal,))


def all_jobs(runtimes: Runtimes) -> list[Job | Solo]:
    sides = Sides(runtimes)
    flood, plain = ("bare", "flood"), ("bare", "send-mmsg")
    return [
        receiving(sides, "message-flood", "message, flood of 64 B, GSO sender", "receive", flood, 6),
        receiving(sides, "messages-flood", "messages, the same flood", "receive-batch", flood, 14),
        receiving(sides, "message-plain", "message, 64 B from a sender without GSO", "receive", plain, 2),
        sending(sides, "send", "send() in bursts to one peer, 64 B", "burst", 10),
        sending(sides, "send-many", "sendMany() of the same", "burst-many", 20),
        both(sides),
        reply(sides, 64, 2),
        reply(sides, 1, 1),
        heap(sides),
    ]
