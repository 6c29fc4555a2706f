"""The journal in memory, and requests as plain JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.queue import MemoryJournal, State, from_json, to_json
from bot.speech import Codec, Priority, Request
from tests.doubles.journal import JournalContract, entry

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
REQUESTS = st.builds(
    Request,
    guild=st.text(),
    user=st.text(),
    text=st.text(),
    voice=st.none() | st.text(),
    engine=st.none() | st.text(),
    rate=st.none() | NUMBERS,
    language=st.none() | st.text(),
    channel=st.none() | st.text(),
    priority=st.sampled_from(Priority),
    deadline=st.none() | NUMBERS,
    names=st.dictionaries(st.text(), st.text()),
    target=st.dictionaries(st.text(), JSON),
    id=st.text(),
    at=NUMBERS,
    replay=st.none() | st.text(),
    lenient=st.booleans(),
    author=st.none() | st.text(),
    codec=st.sampled_from(Codec),
)


class TestMemoryJournal(JournalContract):
    """The journal that forgets with its process."""

    @pytest.fixture
    def journal(self) -> MemoryJournal:
        return MemoryJournal()

    async def test_what_is_over_holds_no_word(self, journal: MemoryJournal) -> None:
        """Neither what was said nor a token, however it ended."""
        await journal.accept(entry("a"))
        await journal.accept(entry("b", expires=1.0))
        await journal.mark("a", State.SENDING, mark="nonce")
        assert journal.entries["a"].request
        await journal.mark("a", State.DONE)
        await journal.pending(2.0)
        assert [(each.request, each.mark) for each in journal.entries.values()] == [({}, "nonce"), ({}, None)]


@given(REQUESTS)
def test_a_request_survives_the_journal(request: Request) -> None:
    """Whatever is asked for is the same after a trip through JSON text."""
    assert from_json(json.loads(json.dumps(to_json(request)))) == request


def test_what_is_not_said_is_not_written() -> None:
    """An older version, which knows none of what came later, reads a request that makes no use of it."""
    plain = to_json(Request(guild="g", user="u", text="hello"))
    assert plain is not None
    assert plain.keys() == {"guild", "user", "text", "priority", "names", "target", "id", "at"}


def test_a_streamed_text_cannot_be_journalled() -> None:
    """A stream that an LLM writes cannot be said again after a crash."""

    async def words() -> AsyncIterator[str]:
        yield "hello"

    assert to_json(Request(guild="g", user="u", text=words())) is None


def test_what_may_be_empty_may_be_missing() -> None:
    """An entry of an older version that lacks optional keys is still read."""
    request = from_json({"guild": "g", "user": "u", "text": "hello", "id": "1", "at": 5})
    assert request == Request(guild="g", user="u", text="hello", id="1", at=5.0)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"text": None}, "text"),
        ({"text": ["hello"]}, "text"),
        ({"rate": True}, "rate"),
        ({"at": "now"}, "at"),
        ({"priority": "urgent"}, "priority"),
        ({"priority": 1}, "priority"),
        ({"names": {"<@1>": 1}}, "names"),
        ({"target": []}, "target"),
        ({"lenient": 1}, "lenient"),
        ({"author": 42}, "author"),
        ({"codec": "wav"}, "codec"),
        ({"volume": 11}, "volume"),
    ],
)
def test_foreign_data_is_refused_by_name(change: dict[str, object], name: str) -> None:
    """Data that no request was made of is refused, saying which key is wrong."""
    data = to_json(Request(guild="g", user="u", text="secret"))
    assert data is not None
    with pytest.raises(ValueError, match=f"'{name}'") as caught:
        from_json(data | change)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["guild", "user", "text", "id", "at"])
def test_what_a_request_cannot_be_without_is_needed(name: str) -> None:
    """A request without its guild, user, text, id or time is refused."""
    data = to_json(Request(guild="g", user="u", text="hello"))
    assert data is not None
    del data[name]
    with pytest.raises(ValueError, match=f"needs '{name}'"):
        from_json(data)


def test_only_the_first_two_states_are_unfinished() -> None:
    """Whatever is not accepted or on its way is over."""
    assert [state for state in State if not state.finished] == [State.ACCEPTED, State.SENDING]
