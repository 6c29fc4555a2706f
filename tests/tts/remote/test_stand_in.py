"""Who spoke, by the headers of an answer."""

from __future__ import annotations

import pytest

from bot.adapters.remarks import stood_in
from bot.speech import EngineVoice, Spoken, Utterance
from bot.store import cache_key
from bot.tts.remote.stand_in import spoken

ASKED = Utterance("Hello.", "remote", "alloy", "en", revision="tts-1", alternatives=(EngineVoice("offline", "heart"),))
CAPTION = {"x-sayso-caption": "edge could not be reached, offline spoke instead"}
WHO = {"x-sayso-engine": "offline", "x-sayso-voice": "heart"}


@pytest.mark.parametrize("headers", [{}, WHO, WHO | {"x-sayso-caption": ""}])
def test_without_a_caption_it_is_spoken_as_asked(headers: dict[str, str]) -> None:
    """A Sayso names who speaks in every answer."""
    assert spoken(ASKED, headers) is ASKED


def test_a_caption_tells_of_a_stand_in() -> None:
    """Who is named as the voice; what was asked for could not be had."""
    stand_in = spoken(ASKED, CAPTION | WHO)
    assert (stand_in.engine, stand_in.voice, stand_in.instead_of) == ("remote", "offline · heart", "remote")
    assert (stand_in.text, stand_in.language, stand_in.alternatives) == ("Hello.", "en", ())


def test_a_stand_in_is_kept_under_no_key_that_is_asked_for() -> None:
    """Although its name should be the very one that was asked for, or not be told."""
    for headers in (CAPTION, CAPTION | WHO, CAPTION | {"x-sayso-voice": "alloy"}):
        assert cache_key([spoken(ASKED, headers)]) != cache_key([ASKED])


def test_who_already_speaks_instead_of_another_still_does() -> None:
    """It is the first that people asked for."""
    asked = Utterance("Hello.", "remote", "alloy", "en", instead_of="edge")
    assert spoken(asked, CAPTION | WHO).instead_of == "edge"


@pytest.mark.parametrize(
    ("header", "voice"),
    [("%E6%99%93", "晓"), ("%0D%0Abell%07", "alloy"), ("x" * 61, "alloy"), ("%E6", "\N{REPLACEMENT CHARACTER}")],
)
def test_a_name_is_read_as_it_was_written(header: str, voice: str) -> None:
    """As in an address. What is no name, or fit for nobody's eyes, is not passed on."""
    assert spoken(ASKED, CAPTION | {"x-sayso-voice": header}).voice == voice


def test_whom_a_server_named_is_told_by_that_name() -> None:
    """ "remote spoke instead of remote" would tell nobody anything."""
    far = Utterance("Hi.", "remote", "offline · heart", "en", instead_of="remote")
    assert far.stand_in == "offline · heart"
    near = Utterance("Hi.", "offline", "heart", "en", instead_of="remote")
    assert near.stand_in == "offline"
    told = [next(iter(stood_in([Spoken(each, 0.0)], "en", voices=True))) for each in (far, near)]
    assert ["offline · heart spoke" in told[0], "offline (heart) spoke" in told[1]] == [True, True]
