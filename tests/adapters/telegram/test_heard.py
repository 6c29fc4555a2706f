"""What was heard where."""

from __future__ import annotations

from typing import Any

from bot.adapters.telegram.heard import Heard
from bot.adapters.telegram.place import Place
from tests.adapters.telegram.held import Held, held


def heard(memory: Heard, *messages: int, key: str | None = "abc", chat: int = -1, **facts: Any) -> Held:
    """A parcel that has arrived as these messages, and is remembered."""
    parcel = held(chat, key=key, **{"id": f"r{chat}-{messages}", **facts})
    memory.add(parcel, parcel.end(*messages))
    return parcel


def test_a_note_is_known_by_each_of_its_messages() -> None:
    """And by the message that it answers."""
    memory = Heard()
    heard(memory, 8, 9, reply_to=7)
    assert [memory.message(-1, message) for message in (7, 8, 9, 10)] == ["abc", "abc", "abc", None]
    assert memory.message(-2, 8) is None


def test_each_topic_has_its_last() -> None:
    """What was heard elsewhere in the forum was not heard here."""
    memory = Heard()
    heard(memory, 8, key="one")
    heard(memory, 9, key="two", thread=5)
    heard(memory, 10, key="three", thread=5)
    assert memory.here(Place(-1)) == "one"
    assert memory.here(Place(-1, 5)) == "three"
    assert memory.here(Place(-1, 6)) is None


def test_what_did_not_arrive_was_not_heard() -> None:
    """Nor what has no key, for it cannot be heard again."""
    memory = Heard()
    failed = held(-1, key="abc")
    memory.add(failed, failed.end(why="No."))
    heard(memory, 8, key=None)
    assert memory.here(Place(-1)) is None
    assert memory.message(-1, 8) is None


def test_what_is_taken_back_is_not_heard_again() -> None:
    """Its messages are handed out, to be deleted; what came after it stays the last."""
    memory = Heard()
    first = heard(memory, 8, 9, key="one")
    heard(memory, 10, key="two")
    assert memory.take(Place(-1), first.request.id) == (8, 9)
    assert memory.message(-1, 8) is None
    assert memory.here(Place(-1)) == "two"
    second = heard(memory, 11, key="three")
    assert memory.take(Place(-1), second.request.id) == (11,)
    assert memory.here(Place(-1)) is None
    assert memory.take(Place(-1), second.request.id) == ()


def test_what_was_taken_back_before_it_arrived_is_not_remembered() -> None:
    """It will be gone in a moment."""
    memory = Heard()
    parcel = held(-1, key="abc", id="late")
    assert memory.take(Place(-1), "late") == ()
    memory.add(parcel, parcel.end(8))
    assert memory.here(Place(-1)) is None
    assert memory.message(-1, 8) is None


def test_parts_that_arrived_before_it_failed_can_be_taken_back() -> None:
    """Though it was never whole."""
    memory = Heard()
    parcel = held(-1, id="broken")
    parcel.notes = [8]
    memory.add(parcel, parcel.end(why="The engine fell silent."))
    assert memory.take(Place(-1), "broken") == (8,)
