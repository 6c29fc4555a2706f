"""What the audio cache holds in memory."""

from __future__ import annotations

from dataclasses import replace

from bot.speech import Codec
from bot.store.memory import Keys, Memory, Uses
from tests.doubles.store import clip


class TestMemory:
    """The clips used last."""

    def test_a_clip_is_there_while_it_is_young_enough(self) -> None:
        """Being used makes it young."""
        memory = Memory(10_000)
        memory.put("a", clip(), 100.0)
        assert memory.get("a", 100.0) == clip()
        assert memory.get("a", 101.0) is None
        memory.use("a", 200.0)
        assert memory.get("a", 200.0) == clip()
        assert memory.get("b", 0.0) is None

    def test_the_least_recently_used_makes_room(self) -> None:
        """Within the bound of bytes, whatever the clips are encoded in."""
        memory = Memory(9_000)
        for number, key in enumerate("ab"):
            memory.put(key, replace(clip(), codec=Codec.MP3), float(number))
        memory.use("a", 3.0)
        memory.put("c", clip(), 4.0)
        assert [memory.get(key, 0.0) is not None for key in "abc"] == [True, False, True]
        assert len(memory) == 2
        assert 6_000 < memory.bytes <= 9_000

    def test_what_is_larger_than_all_of_it_is_not_held(self) -> None:
        """It would empty it and still not fit."""
        memory = Memory(9_000)
        memory.put("a", clip(), 0.0)
        memory.put("L", clip(size=20_000), 0.0)
        assert (len(memory), memory.get("L", 0.0)) == (1, None)

    def test_the_same_key_again_counts_once(self) -> None:
        """The later one is held."""
        memory = Memory(9_000)
        memory.put("a", clip(), 0.0)
        before = memory.bytes
        memory.put("a", clip(), 1.0)
        assert (len(memory), memory.bytes) == (1, before)

    def test_what_is_taken_out_on_purpose_is_counted(self) -> None:
        """So that whoever was reading it meanwhile does not put it back; nothing taken out is nothing."""
        memory = Memory(9_000)
        memory.put("a", clip(), 0.0)
        memory.drop(())
        assert memory.removals == 0
        memory.drop(("a", "unknown"))
        assert (memory.removals, len(memory), memory.bytes) == (1, 0, 0)
        memory.put("b", clip(), 0.0)
        memory.drop_all()
        assert (memory.removals, len(memory), memory.bytes) == (2, 0, 0)


class TestKeys:
    """Which clips there are."""

    def test_until_all_are_known_anything_may_be_there(self) -> None:
        """Nobody is told of a clip that is there that it is not."""
        keys = Keys()
        assert keys.may_have("a")
        keys.complete = True
        assert not keys.may_have("a")

    def test_what_was_added_may_be_there_and_what_was_dropped_is_not(self) -> None:
        """Before all are known, and after."""
        keys = Keys()
        keys.add(["a", "b"])
        keys.complete = True
        keys.add(["c"])
        keys.drop(["b", "unknown"])
        assert [keys.may_have(key) for key in "abcd"] == [True, False, True, False]


class TestUses:
    """What is written down later."""

    def test_of_each_the_latest_counts(self) -> None:
        """Of a clip, and of who heard it."""
        uses = Uses()
        uses.add("a", ("ann", "guild", "a"), 1.0)
        uses.add("a", None, 2.0)
        uses.add("b", ("bob", "guild", "b"), 3.0)
        assert uses.used == {"a": 2.0, "b": 3.0}
        assert uses.plays == {("ann", "guild", "a"): 1.0, ("bob", "guild", "b"): 3.0}

    def test_what_could_not_be_written_goes_with_what_came_since(self) -> None:
        """The later of both."""
        earlier, later = Uses(), Uses()
        earlier.add("a", None, 1.0)
        earlier.add("b", None, 1.0)
        later.add("a", None, 2.0)
        assert earlier.merged(later).used == {"a": 2.0, "b": 1.0}
