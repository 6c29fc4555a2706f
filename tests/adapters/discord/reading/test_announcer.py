"""When a name is said."""

from __future__ import annotations

import pytest

from bot.adapters.discord.reading.announcer import Announcer
from bot.adapters.memory import Memory
from tests.doubles.store import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def announcer(clock: Clock) -> Announcer:
    return Announcer(clock)


def test_a_new_speaker_is_announced(announcer: Announcer) -> None:
    """And another after them, and they again."""
    for speaker in (1, 2, 1):
        assert announcer.due(5, speaker)
        announcer.announced(5, speaker)


def test_the_same_speaker_is_announced_once_a_minute(announcer: Announcer, clock: Clock) -> None:
    """Who goes on speaking is known."""
    announcer.announced(5, 1)
    clock.advance(59)
    assert not announcer.due(5, 1)
    clock.advance(1)
    assert announcer.due(5, 1)


def test_servers_are_told_apart(announcer: Announcer) -> None:
    """Who was announced in one was not in another."""
    announcer.announced(5, 1)
    assert announcer.due(6, 1)


def test_what_was_not_heard_is_announced_again(announcer: Announcer) -> None:
    """If nobody else was announced since."""
    announcer.announced(5, 1)
    announcer.unheard(5, 2)
    assert not announcer.due(5, 1)
    announcer.unheard(5, 1)
    assert announcer.due(5, 1)
    announcer.unheard(5, 1)


def test_a_memory_forgets_what_was_not_asked_for() -> None:
    """It is bounded."""
    memory: Memory[int, str] = Memory(2)
    memory.put(1, "one")
    memory.put(2, "two")
    assert memory.get(1) == "one"
    memory.put(3, "three")
    assert (memory.get(1), memory.get(2), memory.get(3)) == ("one", None, "three")
    memory.drop(1)
    memory.drop(1)
    assert (len(memory), list(memory)) == (1, ["three"])
