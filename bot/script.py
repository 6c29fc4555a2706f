"""From a request to the utterances that say it: who decides, who speaks, which sentence in which voice."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from bot.config import SpeakSettings
from bot.errors import LanguageNotSpoken, NothingToSay
from bot.repertoire import Memo, Repertoire
from bot.speech import Clip, Reason, Refusal, Request, Utterance
from bot.tts.breaker import Breaker
from bot.tts.engine import Engine, Voice
from bot.tts.languages import language_name
from bot.tts.text import Options, Sentence, clean, sentences
from bot.tts.voices import Persona, UnknownName, Voices, speaks
from bot.wishes import COMMAND, Choice, Chosen, Rules, Wishes, banned_voice, decide, engine_not_allowed, no_engine

FRESH_SECONDS = 1.0
"""How long it is believed that the engines can do the same."""

READ = 512
"""How many texts are remembered as they were read."""

SHORT = 1000
"""Characters of a text that is worth remembering."""

NOTHING_TO_SAY = Refusal(Reason.NOTHING_TO_SAY, "Nothing pronounceable is left of that; write some words.")


@dataclass(frozen=True, slots=True)
class Stage:
    """What there is to speak with, and how it is used when nobody says otherwise.

    ``engines`` maps the name a user may choose to the engine; ``fallbacks`` names, for each, the engines whose voices
    its utterances must carry as alternatives; ``breakers`` are those that stand before some of them. Which voices there
    are, and what the engines can do, is asked again after ``fresh`` seconds.
    """

    engines: Mapping[str, Engine]
    voices: Voices
    speak: SpeakSettings
    fallbacks: Mapping[str, Sequence[str]]
    breakers: Mapping[str, Breaker] = field(default_factory=dict)
    fresh: float = FRESH_SECONDS
    clock: Callable[[], float] = time.monotonic
    _known: list[tuple[float, Repertoire]] = field(default_factory=list, init=False, repr=False, compare=False)
    _read: Memo[Hashable, tuple[Sentence, ...]] = field(
        default_factory=lambda: Memo(READ), init=False, repr=False, compare=False
    )

    async def available(self) -> Mapping[str, Sequence[Voice]]:
        """The voices that can be used here and now, by engine."""
        return (await self.repertoire()).available

    async def repertoire(self) -> Repertoire:
        """What can be spoken here and now."""
        now = self.clock()
        known = self._known[0] if self._known else None
        if known is not None and 0 <= now - known[0] < self.fresh:
            return known[1]
        found = {name: await engine.voices() for name, engine in self.engines.items()}
        able = {name: engine.capabilities for name, engine in self.engines.items()}
        if known is not None and known[1].available == found and known[1].capabilities == able:
            kept = known[1]
        else:
            kept = Repertoire(able, self.voices, self.fallbacks, found)
        self._known[:] = [(now, kept)]
        return kept

    def sentences(self, text: str, options: Options) -> tuple[Sentence, ...]:
        """The sentences of a text; of a short one that was read lately from memory."""
        if options.names or len(text) > SHORT:
            return clean(text, options)
        how = (options.emoji, options.links, options.code, options.language, options.spoken, options.max_sentence_chars)
        known = self._read.get((text, how))
        return self._read.put((text, how), clean(text, options)) if known is None else known

    def forget(self) -> None:
        """Remember no text that was read."""
        self._read.clear()


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence and the utterance that says it."""

    sentence: Sentence
    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Script:
    """Who speaks a request, and how: everything but the words.

    ``skipped`` grows with the language of each sentence that is passed over because the request is ``lenient``.
    """

    stage: Stage
    wishes: Wishes
    rules: Rules
    engine: str
    who: Persona | Voice
    options: Options
    limit: int
    repertoire: Repertoire
    lenient: bool = False
    skipped: list[str] = field(default_factory=list)

    def read(self, text: str) -> list[Line] | Refusal:
        """The lines of a text, or why it cannot be said."""
        lines = []
        for sentence in self.stage.sentences(text, self.options):
            utterance = self._cast(sentence)
            if utterance is not None:
                lines.append(Line(sentence, utterance))
            elif self.lenient:
                self.skipped.append(sentence.language)
            else:
                return self._unspeakable(sentence.language)
        return lines or self._nothing()

    async def follow(self, text: AsyncIterable[str]) -> AsyncGenerator[Utterance, None]:
        """The utterances of a text that is still being written, each as soon as it is sure.

        Raises LanguageNotSpoken at a sentence that no voice can say (at the end, and only if no other was said, where
        the request is lenient), NothingToSay if there was none at all.
        """
        nothing = True
        async for sentence in sentences(text, self.options):
            utterance = self._cast(sentence)
            if utterance is not None:
                nothing = False
                yield utterance
            elif self.lenient:
                self.skipped.append(sentence.language)
            else:
                raise LanguageNotSpoken(self.engine, self._unspeakable(sentence.language).message)
        if nothing:
            kind = LanguageNotSpoken if self.skipped else NothingToSay
            raise kind(self.engine, self._nothing().message)

    def _nothing(self) -> Refusal:
        """Why nothing at all is said."""
        return self._unspeakable(self.skipped[0]) if self.skipped else NOTHING_TO_SAY

    def speaks(self, engine: str, language: str) -> bool:
        """Whether the engine has a voice of that language."""
        return any(speaks(voice, language) for voice in self.repertoire.available.get(engine, ()))

    def _unspeakable(self, language: str) -> Refusal:
        name = language_name(language)
        others = [e for e in self.stage.engines if e != self.engine and self.speaks(e, language)]
        advice = f"choose the {others[0]} engine" if others else "write in a language that `sayso voices` lists"
        if remedy := self.repertoire.capabilities[self.engine].obtainable.get(language):
            advice = f"{remedy}, or {advice}"
        message = f"No {self.engine} voice installed here speaks {name}; {advice}."
        return Refusal(Reason.LANGUAGE_NOT_SPOKEN, message, {"language": language, "engine": self.engine})

    def _cast(self, sentence: Sentence) -> Utterance | None:
        rate = self.wishes.rate.value
        return self.repertoire.utterance(self.who, self.engine, sentence.language, sentence.text, rate)


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a request would be said: ``seconds`` is the expected length of the sound."""

    script: Script
    lines: tuple[Line, ...]
    cached: bool
    seconds: float
    key: str


def write(
    stage: Stage, request: Request, below: Sequence[Chosen], rules: Rules, repertoire: Repertoire
) -> Script | Refusal:
    """Settle who speaks; ``below`` are the choices of the user, the channel, the guild and the owner."""
    if not rules.engines:
        return no_engine()
    everybody = tuple(repertoire.available)
    wishes = decide(request, below, rules, stage.speak, lambda name: repertoire.find(name, everybody))
    if isinstance(wishes, Refusal):
        return wishes
    if request.engine and request.engine not in rules.engines:
        return _no_such_engine(stage, request.engine, rules)
    repertoire = repertoire.without(rules.banned, rules.bans)  # whoever's voice they are in a language
    who = repertoire.find(wishes.voice.value, rules.engines)
    if isinstance(who, UnknownName):
        near = ", ".join(who.nearest)
        message = f"There is no voice {who.name!r}; the nearest are {near}. `sayso voices` lists all."
        return Refusal(Reason.UNKNOWN_VOICE, message, {"name": who.name, "nearest": list(who.nearest)})
    if isinstance(who, Voice) and wishes.voice.layer < wishes.engine.layer:
        # An engine's own voice, chosen more closely than any engine, brings its engine along; where that is not
        # allowed, who chose it elsewhere gets the likest voice of one that is.
        if who.engine in rules.engines:
            wishes = replace(wishes, engine=Choice(who.engine, wishes.voice.layer))
        elif wishes.voice.layer == COMMAND:
            return engine_not_allowed(who.engine, rules)
    engine, limit = wishes.engine.value, rules.max_chars or stage.speak.max_chars
    options = _options(stage, request, wishes, repertoire.reach(engine))
    return Script(stage, wishes, rules, engine, who, options, limit, repertoire, request.lenient)


def unfit(stage: Stage, clip: Clip, rules: Rules) -> Refusal | None:
    """Why what was spoken before may not be heard again under these rules, or None.

    Which persona spoke is not known of a clip: a voice is banned with the last persona that has it.
    """
    fallbacks = [fallback for engine in rules.engines for fallback in stage.fallbacks.get(engine, ())]
    for utterance in (spoken.utterance for spoken in clip.spoken):
        if utterance.engine not in (*rules.engines, *fallbacks):
            return engine_not_allowed(utterance.engine, rules)
        voice = Voice(utterance.engine, utterance.voice, utterance.language)
        owners = [one for one in stage.voices.personas() if voice.name in one.voices.get(voice.engine, {}).values()]
        if rules.bans(voice) or (owners and all(map(rules.bans, owners))):
            return banned_voice(owners[0].name if owners else voice.name)
    return None


def _no_such_engine(stage: Stage, engine: str, rules: Rules) -> Refusal:
    if engine in stage.engines:
        return engine_not_allowed(engine, rules)
    names = ", ".join(rules.engines)
    message = f"There is no engine {engine!r} here; choose one of {names}."
    return Refusal(Reason.UNKNOWN_ENGINE, message, {"engine": engine, "engines": list(rules.engines)})


def _options(stage: Stage, request: Request, wishes: Wishes, reach: tuple[frozenset[str], int]) -> Options:
    speak, (languages, longest) = stage.speak, reach
    return Options(
        emoji=cast(Literal["read", "skip"], speak.emoji),
        links=cast(Literal["domain", "say", "skip"], speak.links),
        code=cast(Literal["say", "skip"], speak.code),
        language=wishes.language.value,
        names=request.names,
        spoken=languages,
        max_sentence_chars=min(300, longest),
    )
