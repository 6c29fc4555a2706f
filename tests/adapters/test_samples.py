"""What a voice is heard by, and which languages are spoken."""

from __future__ import annotations

import pytest

from bot.adapters.samples import sample, sentence
from bot.adapters.tongues import languages, spoken
from bot.speaker import Speaker
from bot.tts.engine import Voice
from bot.tts.voices import Persona
from bot.tts.voices.persona import ANY

KIM = Persona("kim", "", "", (), {"edge": {"ko": "k", ANY: "m"}, "offline": {"ko": "o", "ja": "j"}})


@pytest.mark.parametrize(
    ("who", "known"),
    [
        (Voice("edge", "v", "zh-TW"), ["zh"]),
        (Voice("clone", "v", "zh, en"), ["zh", "en"]),
        (Voice("clone", "v", "mul"), []),
        (Voice("clone", "v", ""), []),
        (KIM, ["ko", "ja"]),
    ],
)
def test_what_somebody_speaks_is_known_of_voices_and_of_personas(who: Persona | Voice, known: list[str]) -> None:
    """Each language once; nothing of who speaks whatever they are given."""
    assert spoken(who) == known


def test_a_voice_speaks_to_the_asker_in_their_own_language_if_it_can() -> None:
    """Else in the first of its own that there is a sentence for, else in English."""
    assert sample(KIM, "ja") == sentence("ja")
    assert sample(KIM, "ru") == sentence("ko")
    assert sample(Voice("edge", "v", "cy"), "ru") == sentence("en")
    assert sample(Voice("clone", "v", ""), "ru") == sentence("ru")


async def test_the_languages_are_those_of_all_engines(speaker: Speaker) -> None:
    """Whichever of them is chosen."""
    assert languages(speaker) == {"en"}
