"""What follows from the installed voices: the same answers as without it, looked for once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.config import SpeakSettings
from bot.repertoire import LONGEST, Memo, Repertoire
from bot.script import SHORT, Stage
from bot.tts.engine import Voice
from bot.tts.text import Options, clean
from bot.tts.voices import Persona, UnknownName, Voices
from tests.conftest import AVA, HEART, XIAOXIAO
from tests.doubles.engine import FakeEngine
from tests.doubles.store import Clock

FALLBACKS = {"edge": ("offline",)}


@pytest.fixture
def voices() -> Voices:
    return Voices.load()


@pytest.fixture
def repertoire(offline: FakeEngine, edge: FakeEngine, voices: Voices) -> Repertoire:
    engines = (offline, edge)
    able = {each.name: each.capabilities for each in engines}
    return Repertoire(able, voices, FALLBACKS, {each.name: each.installed for each in engines})


@pytest.fixture
def looks(voices: Voices, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the voices were asked, each time that they were."""
    asked: list[str] = []
    for name in ("find", "utterance"):
        method = getattr(voices, name)

        def noted(*arguments: Any, name: str = name, method: Any = method) -> Any:
            asked.append(name)
            return method(*arguments)

        monkeypatch.setattr(voices, name, noted)
    return asked


def persona(voices: Voices, name: str = "sayso") -> Persona:
    return next(one for one in voices.personas() if one.name == name)


class TestMemo:
    """What was worked out lately."""

    def test_it_knows_what_it_was_told(self) -> None:
        """And nothing else."""
        memo: Memo[str, int] = Memo(2)
        assert memo.put("a", 1) == memo.get("a") == 1
        assert memo.get("b") is None

    def test_what_was_not_asked_for_the_longest_goes_first(self) -> None:
        """It never knows more than so much."""
        memo: Memo[str, int] = Memo(2)
        memo.put("a", 1)
        memo.put("b", 2)
        memo.get("a")
        memo.put("c", 3)
        assert [memo.get(key) for key in "abc"] == [1, None, 3]

    def test_it_can_forget(self) -> None:
        """All of it."""
        memo: Memo[str, int] = Memo(2)
        memo.put("a", 1)
        memo.clear()
        assert memo.get("a") is None


class TestCasting:
    """Who says a sentence."""

    @pytest.mark.parametrize("language", ["en", "zh"])
    @pytest.mark.parametrize("engine", ["offline", "edge"])
    def test_it_is_who_would_be_cast_anyway(
        self, repertoire: Repertoire, voices: Voices, engine: str, language: str
    ) -> None:
        """With the same alternatives, and in the same stead."""
        who = persona(voices)
        for text, rate in (("Hello.", 1.0), ("Another.", 1.5)):
            known = repertoire.utterance(who, engine, language, text, rate)
            assert known == voices.utterance(
                who, engine, language, text, rate, FALLBACKS.get(engine, ()), repertoire.available
            )
            assert known is not None

    def test_it_is_looked_for_once(self, repertoire: Repertoire, voices: Voices, looks: list[str]) -> None:
        """For each of who, engine and language."""
        for text in ("One.", "Two.", "Three."):
            repertoire.utterance(persona(voices), "edge", "en", text, 1.0)
        assert looks == ["utterance"]
        repertoire.utterance(persona(voices), "edge", "zh", "三。", 1.0)
        repertoire.utterance(persona(voices), "offline", "en", "Four.", 1.0)
        repertoire.utterance(HEART, "offline", "en", "Five.", 1.0)
        assert looks == ["utterance"] * 4

    def test_where_nobody_speaks_a_language_nobody_is_cast(self, repertoire: Repertoire, voices: Voices) -> None:
        """However often it is asked."""
        for _ in range(2):
            assert repertoire.utterance(persona(voices), "offline", "ga", "Dia dhuit.", 1.0) is None


class TestNames:
    """Who is meant."""

    def test_an_engine_that_is_allowed_goes_first(self, repertoire: Repertoire) -> None:
        """Where only another has the voice, that is who is meant."""
        assert repertoire.find(AVA.name, ("offline", "edge")) == AVA
        assert repertoire.find(AVA.name, ("offline",)) == AVA
        assert repertoire.find("heart", ("offline",)) == HEART

    def test_a_name_is_looked_up_once(self, repertoire: Repertoire, looks: list[str]) -> None:
        """With the engines that are allowed."""
        for _ in range(3):
            repertoire.find(AVA.name, ("offline", "edge"))
        assert looks == ["find"]
        repertoire.find(AVA.name, ("edge",))
        assert looks == ["find", "find"]

    def test_a_name_without_end_is_not_remembered(self, repertoire: Repertoire, looks: list[str]) -> None:
        """Though somebody is called so."""
        for _ in range(2):
            assert repertoire.find("heart" + "-" * LONGEST, ("offline",)) == HEART
        assert len(looks) == 2

    def test_what_nobody_is_called_is_not_remembered(self, repertoire: Repertoire, looks: list[str]) -> None:
        """People can type anything, and for ever something else."""
        for _ in range(2):
            assert isinstance(repertoire.find("nobody", ("offline", "edge")), UnknownName)
        assert len(looks) == 2


class TestEngines:
    """What they can do."""

    def test_their_reach_is_that_of_those_who_may_stand_in(self, voices: Voices, offline: FakeEngine) -> None:
        """All their languages, and so many characters as each of them takes."""
        able = {
            "offline": replace(offline.capabilities, languages=frozenset({"zh"}), max_chars=200),
            "edge": replace(offline.capabilities, languages=frozenset({"en", "fr"}), max_chars=900),
        }
        repertoire = Repertoire(able, voices, FALLBACKS, {"offline": (), "edge": ()})
        assert repertoire.reach("edge") == (frozenset({"zh", "en", "fr"}), 200)
        assert repertoire.reach("offline") == (frozenset({"zh"}), 200)


class TestBans:
    """Who may not speak."""

    def test_who_is_banned_is_not_there(self, repertoire: Repertoire, voices: Voices) -> None:
        """In no language, and by no name; another speaks instead."""
        left = repertoire.without(frozenset({"heart"}), lambda voice: voice.name == "heart")
        assert left.available == {"offline": [XIAOXIAO], "edge": [AVA]}
        assert left.utterance(persona(voices), "offline", "en", "Hello.", 1.0) is None
        assert isinstance(left.find("heart", ("offline",)), UnknownName)
        assert repertoire.find("heart", ("offline",)) == HEART

    def test_it_is_worked_out_once_for_each_set_of_them(self, repertoire: Repertoire) -> None:
        """And where nobody is banned nothing is."""
        banned = frozenset({"heart"})
        asked: list[Voice] = []

        def bans(voice: Voice) -> bool:
            asked.append(voice)
            return False

        assert repertoire.without(frozenset(), bans) is repertoire
        assert repertoire.without(banned, bans) is repertoire.without(frozenset(banned), bans)
        assert len(asked) == 3


class TestStage:
    """What there is to speak with, over time."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def stage(self, offline: FakeEngine, edge: FakeEngine, voices: Voices, clock: Clock) -> Stage:
        return Stage({"offline": offline, "edge": edge}, voices, SpeakSettings(), FALLBACKS, clock=clock)

    async def test_voices_are_asked_for_again_after_a_while(
        self, stage: Stage, offline: FakeEngine, clock: Clock
    ) -> None:
        """What is installed anew is heard within seconds."""
        before = await stage.available()
        offline.installed = (HEART,)
        assert await stage.available() is before
        clock.advance(stage.fresh)
        assert (await stage.available())["offline"] == (HEART,)

    async def test_what_an_engine_has_learnt_is_known_after_a_while(
        self, stage: Stage, offline: FakeEngine, clock: Clock
    ) -> None:
        """With the same voices: one that can say anything is none the newer for a language more."""
        before = await stage.repertoire()
        languages = offline.capabilities.languages | {"ja"}
        offline.capabilities = replace(offline.capabilities, languages=languages)
        assert await stage.repertoire() is before
        clock.advance(stage.fresh)
        assert (await stage.repertoire()).reach("edge")[0] == languages

    async def test_as_long_as_they_are_the_same_what_is_known_stays(self, stage: Stage, clock: Clock) -> None:
        """Though an engine counts them up anew each time."""
        before = await stage.repertoire()
        clock.advance(60)
        assert await stage.repertoire() is before

    async def test_a_clock_that_is_set_back_is_no_reason_to_believe_for_longer(
        self, stage: Stage, offline: FakeEngine, clock: Clock
    ) -> None:
        """What was asked in the future is asked again."""
        await stage.available()
        offline.installed = ()
        clock.advance(-60)
        assert (await stage.available())["offline"] == ()


class TestReading:
    """Texts that come again."""

    @pytest.fixture
    def read(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The texts that were cleaned up, each time that one was."""
        texts: list[str] = []

        def noted(text: str, options: Options) -> Sequence[Any]:
            texts.append(text)
            return clean(text, options)

        monkeypatch.setattr("bot.script.clean", noted)
        return texts

    @pytest.fixture
    def stage(self, offline: FakeEngine, voices: Voices) -> Stage:
        return Stage({"offline": offline}, voices, SpeakSettings(), {})

    def test_a_text_is_read_once(self, stage: Stage, read: list[str]) -> None:
        """For each way to read it."""
        first = stage.sentences("It costs $5.", Options())
        assert stage.sentences("It costs $5.", Options()) is first
        stage.sentences("It costs $5.", Options(language="de"))
        stage.sentences("It costs $5.", Options(emoji="skip"))
        stage.sentences("It costs $5.", Options(links="skip"))
        stage.sentences("It costs $5.", Options(code="skip"))
        stage.sentences("It costs $5.", Options(spoken=frozenset({"en"})))
        stage.sentences("It costs $5.", Options(max_sentence_chars=5))
        assert len(read) == 7

    def test_what_names_somebody_is_read_each_time(self, stage: Stage, read: list[str]) -> None:
        """The same mention is another name tomorrow."""
        for name in ("Ann", "Bob"):
            (sentence,) = stage.sentences("Hello <@42>.", Options(names={"<@42>": name}))
            assert name in sentence.text
        assert len(read) == 2

    def test_a_long_text_is_not_remembered(self, stage: Stage, read: list[str]) -> None:
        """It hardly comes again, and takes the room of many."""
        for _ in range(2):
            stage.sentences("a " * SHORT, Options())
        assert len(read) == 2

    def test_texts_can_be_forgotten(self, stage: Stage, read: list[str]) -> None:
        """They are somebody's words."""
        stage.sentences("Hello.", Options())
        stage.forget()
        stage.sentences("Hello.", Options())
        assert len(read) == 2
