"""Fallback: the next engine if one fails before its first sound, never after."""

from __future__ import annotations

import pytest

from bot.errors import EngineBroken, EngineTruncated, EngineUnavailable, LanguageNotSpoken, NothingToSay, UnknownVoice
from bot.speech import EngineVoice, Pcm, Utterance
from bot.tts.engine import Capabilities, Voice
from bot.tts.fallback import Fallback
from tests.doubles.engine import FakeEngine, Script

HELLO = Utterance(
    text="Hello.",
    engine="edge",
    voice="en-US-AvaNeural",
    language="en",
    rate=1.25,
    revision="r1",
    alternatives=(EngineVoice("offline", "heart", "0.2.1"), EngineVoice("third", "joe")),
)


def refusing(name: str, pieces: int = 0) -> FakeEngine:
    return FakeEngine(name, [Script(pieces=pieces, error=EngineUnavailable(name, f"{name} is down."))])


async def spoken(engine: Fallback, utterance: Utterance = HELLO) -> list[Pcm]:
    return [pcm async for pcm in engine.synthesize(utterance)]


async def test_the_first_engine_speaks_while_it_can() -> None:
    """The utterance reaches the engine that it names, untouched, and nobody else is asked."""
    edge, offline = FakeEngine("edge"), FakeEngine("offline")
    sound = await spoken(Fallback([edge, offline]))
    assert edge.asked == [HELLO]
    assert offline.asked == []
    assert {pcm.spoken for pcm in sound} == {HELLO}


async def test_the_next_engine_speaks_if_one_fails_before_its_first_sound() -> None:
    """The sound that comes says who spoke, and instead of whom."""
    edge, offline = refusing("edge"), FakeEngine("offline")
    sound = await spoken(Fallback([edge, offline]))
    assert len(sound) == 3
    assert {(pcm.spoken.engine, pcm.spoken.voice, pcm.spoken.instead_of) for pcm in sound} == {
        ("offline", "heart", "edge")
    }


async def test_settings_travel_with_the_utterance() -> None:
    """Text, rate and language reach the second engine as they were asked for (pipecat#5150)."""
    offline = FakeEngine("offline")
    await spoken(Fallback([refusing("edge"), offline]))
    assert offline.asked == [
        Utterance(
            text="Hello.",
            engine="offline",
            voice="heart",
            language="en",
            rate=1.25,
            revision="0.2.1",
            alternatives=(),
            instead_of="edge",
        )
    ]


async def test_two_utterances_keep_their_own_settings() -> None:
    """Nothing of one utterance stays in the fallback for the next."""
    offline = FakeEngine("offline")
    both = Fallback([refusing("edge"), offline])
    for rate in (0.8, 1.6):
        await spoken(both, Utterance("Hi.", "edge", "v", "en", rate=rate, alternatives=HELLO.alternatives))
    assert [utterance.rate for utterance in offline.asked] == [0.8, 1.6]


async def test_there_is_no_fallback_after_the_first_sound() -> None:
    """Sound that was already sent is not followed by the whole sentence in another voice."""
    truncated = EngineTruncated("edge", "It broke off.")
    edge, offline = FakeEngine("edge", [Script(pieces=1, error=truncated)]), FakeEngine("offline")
    sound = Fallback([edge, offline]).synthesize(HELLO)
    assert (await anext(sound)).spoken.engine == "edge"
    with pytest.raises(EngineTruncated) as caught:
        await anext(sound)
    assert caught.value is truncated
    assert offline.asked == []


async def test_an_engine_without_a_matching_voice_is_skipped() -> None:
    """An engine that no alternative names is not asked to improvise."""
    offline, third = FakeEngine("offline"), FakeEngine("third")
    lean = Utterance("Hi.", "edge", "v", "en", alternatives=(EngineVoice("third", "joe"),))
    await spoken(Fallback([refusing("edge"), offline, third]), lean)
    assert offline.asked == []
    assert [utterance.voice for utterance in third.asked] == ["joe"]


async def test_an_utterance_may_name_an_engine_that_is_not_the_first() -> None:
    """What was decided for the second engine goes there, and the first is its alternative."""
    edge, offline = FakeEngine("edge"), refusing("offline")
    other = Utterance("Hi.", "offline", "heart", "en", alternatives=(EngineVoice("edge", "en-US-AvaNeural"),))
    sound = await spoken(Fallback([edge, offline]), other)
    assert offline.asked == [other]
    assert {(pcm.spoken.engine, pcm.spoken.instead_of) for pcm in sound} == {("edge", "offline")}


async def test_nothing_to_say_is_not_tried_elsewhere() -> None:
    """A blank text is blank for every engine."""
    edge = FakeEngine("edge", [Script(pieces=0, error=NothingToSay("edge", "Nothing."))])
    offline = FakeEngine("offline")
    with pytest.raises(NothingToSay):
        await spoken(Fallback([edge, offline]))
    assert offline.asked == []


@pytest.mark.parametrize("kind", [UnknownVoice, LanguageNotSpoken, EngineBroken])
async def test_what_one_engine_lacks_another_may_have(
    kind: type[UnknownVoice | LanguageNotSpoken | EngineBroken],
) -> None:
    """An unknown voice or language on one engine is no reason for another not to speak."""
    edge = FakeEngine("edge", [Script(pieces=0, error=kind("edge", "No."))])
    assert await spoken(Fallback([edge, FakeEngine("offline")]))


async def test_when_all_fail_the_first_error_is_raised_with_notes_of_the_others() -> None:
    """The one who reads the log sees why each engine was silent."""
    with pytest.raises(EngineUnavailable, match="edge is down") as caught:
        await spoken(Fallback([refusing("edge"), refusing("offline"), refusing("third")]))
    assert caught.value.__notes__ == [
        "offline did not speak either: offline is down.",
        "third did not speak either: third is down.",
    ]


async def test_an_engine_that_is_not_there_is_named() -> None:
    """An utterance for an engine that was never configured says so."""
    with pytest.raises(EngineBroken, match="'edge'"):
        await spoken(Fallback([FakeEngine("offline")]), Utterance("Hi.", "edge", "v", "en"))


async def test_closing_early_stops_the_engine() -> None:
    """A listener who leaves does not leave an engine working."""
    edge = FakeEngine("edge", [Script(pieces=100)])
    sound = Fallback([edge]).synthesize(HELLO)
    await anext(sound)
    assert edge.active == 1
    await sound.aclose()
    assert edge.active == 0


async def test_it_looks_like_its_first_engine() -> None:
    """Name, voices and capabilities are the first's; the languages are everyone's, the length what all can take."""
    voice = Voice("edge", "en-US-AvaNeural", "en-US", "female")
    first = FakeEngine("edge", installed=[voice])
    second = FakeEngine(
        "offline",
        capabilities=Capabilities(
            frozenset({"zh"}),
            sample_rate=22_050,
            max_chars=200,
            slots=1,
            local=True,
            obtainable={"en": "never needed", "ja": "install it"},
        ),
    )
    both = Fallback([first, second])
    assert both.name == "edge"
    assert await both.voices() == [voice]
    assert both.capabilities == Capabilities(
        frozenset({"en", "zh"}),
        sample_rate=24_000,
        max_chars=200,
        slots=4,
        streaming=True,
        obtainable={"ja": "install it"},
    )


async def test_check_tells_who_can_speak() -> None:
    """One engine that can speak is enough; if none can, the first one's advice is given."""
    down = FakeEngine("edge", report=EngineUnavailable("edge", "Look at the proxy."))
    assert await Fallback([down, FakeEngine("offline", report="5 voices")]).check() == "offline: 5 voices"
    with pytest.raises(EngineUnavailable, match="proxy"):
        await Fallback([down]).check()


async def test_it_does_not_own_its_engines() -> None:
    """Entering a wrapper leaves the engines alone: the composition root enters each once."""
    edge = FakeEngine("edge")
    async with Fallback([edge]) as both:
        assert edge.entered == 0
        assert await spoken(both)


def test_a_fallback_of_nothing_is_refused() -> None:
    """There is always an engine to blame."""
    with pytest.raises(ValueError, match="at least one"):
        Fallback([])
