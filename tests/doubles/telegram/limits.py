"""How often a bot may write: once a second into a chat, 20 a minute into a group, 30 a second in all (Bot FAQ)."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.clock import Clock
from tests.doubles.telegram.refusal import too_many

WRITES = frozenset({"sendmessage", "sendvoice", "sendaudio", "senddocument"})


@dataclass(slots=True, eq=False)
class Limits:
    """Off until ``on``: then what comes too often is answered with 429 and counted in ``floods``."""

    clock: Clock
    on: bool = False
    each: float = 1.0
    """Messages a second into one chat, in the long run;"""
    burst: int = 3
    """so many may come at once, for Telegram lets short bursts pass."""
    group: int = 20
    """Messages a minute into one group or channel."""
    everywhere: int = 30
    """Messages a second in all."""
    floods: int = 0
    _sent: defaultdict[object, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def check(self, call: Call) -> None:
        """Lets the call pass and counts it, or refuses it."""
        if not self.on or call.method.lower() not in WRITES:
            return
        chat, now = call.params.get("chat_id"), self.clock.now()
        wait = max(wait_for(self._sent[key], most, span, now) for key, most, span in self._rules(chat))
        if wait > 0:
            self.floods += 1
            raise too_many(max(1, math.ceil(wait)))
        for key, _, _ in self._rules(chat):
            self._sent[key].append(now)

    def _rules(self, chat: object) -> list[tuple[object, int, float]]:
        """What counts together, how many of it, and in how many seconds."""
        rules: list[tuple[object, int, float]] = [
            ("all", self.everywhere, 1.0),
            (chat, self.burst, self.burst / self.each),
        ]
        if isinstance(chat, str) or (isinstance(chat, int) and chat < 0):
            rules.append((("group", chat), self.group, 60.0))
        return rules


def wait_for(sent: deque[float], most: int, span: float, now: float) -> float:
    """Seconds until one more may be sent."""
    while sent and sent[0] <= now - span:
        sent.popleft()
    return 0.0 if len(sent) < most else sent[0] + span - now
