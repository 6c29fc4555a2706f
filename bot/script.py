"""From a request to the utterances that say it: who decides, who speaks, which sentence in which voice."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from bot.config import SpeakSettings
from bot.errors import LanguageNotSpoken, NothingToSay
from bot.speech import Reason, Refusal, Request, Utterance
from bot.tts.engine import Engine, Voice
from bot.tts.languages import language_name
from bot.tts.text import Options, Sentence, clean, sentences
from bot.tts.voices import Persona, UnknownName, Voices, fold, speaks
from bot.wishes import COMMAND, Choice, Chosen, House, Wishes, banned_voice, decide

NOTHING_TO_SAY = Refusal(Reason.NOTHING_TO_SAY, "Nothing pronounceable is left of that; write some words.")


@dataclass(frozen=True, slots=True)
class Stage:
    """What there is to speak with, and how it is used when nobody says otherwise.

    ``engines`` maps the name a user may choose to the engine; ``fallbacks`` names, for each, the engines whose voices
    its utterances must carry as alternatives.
    """

    engines: Mapping[str, Engine]
    voices: Voices
    speak: SpeakSettings
    fallbacks: Mapping[str, Sequence[str]]

    async def available(self) -> dict[str, Sequence[Voice]]:
        """The voices that can be used here and now, by engine."""
        return {name: await engine.voices() for name, engine in self.engines.items()}


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence and the utterance that says it."""

    sentence: Sentence
    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Script:
    """Who speaks a request, and how: everything but the words."""

    stage: Stage
    wishes: Wishes
    engine: str
    who: Persona | Voice
    options: Options
    limit: int
    available: Mapping[str, Sequence[Voice]]

    def read(self, text: str) -> list[Line] | Refusal:
        """The lines of a text, or why it cannot be said."""
        lines = []
        for sentence in clean(text, self.options):
            utterance = self._cast(sentence)
            if utterance is None:
                return self._unspeakable(sentence.language)
            lines.append(Line(sentence, utterance))
        return lines or NOTHING_TO_SAY

    async def follow(self, text: AsyncIterable[str]) -> AsyncGenerator[Utterance, None]:
        """The utterances of a text that is still being written, each as soon as it is sure.

        Raises LanguageNotSpoken at a sentence that no voice can say, NothingToSay if there was none at all.
        """
        nothing = True
        async for sentence in sentences(text, self.options):
            utterance = self._cast(sentence)
            if utterance is None:
                raise LanguageNotSpoken(self.engine, self._unspeakable(sentence.language).message)
            nothing = False
            yield utterance
        if nothing:
            raise NothingToSay(self.engine, NOTHING_TO_SAY.message)

    def speaks(self, engine: str, language: str) -> bool:
        """Whether the engine has a voice of that language."""
        return any(speaks(voice, language) for voice in self.available[engine])

    def _unspeakable(self, language: str) -> Refusal:
        name = language_name(language)
        others = [e for e in self.stage.engines if e != self.engine and self.speaks(e, language)]
        advice = f"choose the {others[0]} engine" if others else "write in a language that `sayso voices` lists"
        if remedy := self.stage.engines[self.engine].capabilities.obtainable.get(language):
            advice = f"{remedy}, or {advice}"
        message = f"No {self.engine} voice installed here speaks {name}; {advice}."
        return Refusal(Reason.LANGUAGE_NOT_SPOKEN, message, {"language": language, "engine": self.engine})

    def _cast(self, sentence: Sentence) -> Utterance | None:
        return self.stage.voices.utterance(
            self.who,
            self.engine,
            sentence.language,
            sentence.text,
            self.wishes.rate.value,
            self.stage.fallbacks.get(self.engine, ()),
            self.available,
        )


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a request would be said: ``seconds`` is the expected length of the sound."""

    script: Script
    lines: tuple[Line, ...]
    cached: bool
    seconds: float
    key: str


def write(
    stage: Stage,
    request: Request,
    layers: tuple[Chosen, Chosen, House],
    limit: int,
    available: Mapping[str, Sequence[Voice]],
) -> Script | Refusal:
    """Settle who speaks; ``layers`` are the user's, the channel's and the guild's choices."""
    wishes = decide(request, *layers, stage.speak)
    if isinstance(wishes, Refusal):
        return wishes
    banned = frozenset(map(fold, layers[-1].banned_voices))
    if banned:  # by whatever name they are asked for, and whoever's voice they are in a language
        available = {e: [v for v in voices if fold(v.name) not in banned] for e, voices in available.items()}
    who = stage.voices.find(wishes.voice.value, available)
    if isinstance(who, Persona) and fold(who.name) in banned:
        if wishes.voice.layer == COMMAND:
            return banned_voice(wishes.voice.value)
        who = stage.voices.default
    if isinstance(who, UnknownName):
        near = ", ".join(who.nearest)
        message = f"There is no voice {who.name!r}; the nearest are {near}. `sayso voices` lists all."
        return Refusal(Reason.UNKNOWN_VOICE, message, {"name": who.name, "nearest": list(who.nearest)})
    engine = wishes.engine.value
    if isinstance(who, Voice) and wishes.voice.layer < wishes.engine.layer:
        # An engine's own voice, chosen more closely than any engine, brings its engine along.
        engine = who.engine
        wishes = replace(wishes, engine=Choice(engine, wishes.voice.layer))
    if engine not in stage.engines:
        names = ", ".join(stage.engines)
        return Refusal(Reason.UNKNOWN_ENGINE, f"There is no engine {engine!r} here; choose one of {names}.")
    return Script(stage, wishes, engine, who, _options(stage, request, wishes, engine), limit, available)


def _options(stage: Stage, request: Request, wishes: Wishes, engine: str) -> Options:
    speak = stage.speak
    longest = [stage.engines[name].capabilities.max_chars for name in (engine, *stage.fallbacks.get(engine, ()))]
    return Options(
        emoji=cast(Literal["read", "skip"], speak.emoji),
        links=cast(Literal["domain", "say", "skip"], speak.links),
        code=cast(Literal["say", "skip"], speak.code),
        language=wishes.language.value,
        names=request.names,
        max_sentence_chars=min(300, *longest),
    )
