"""Who may speak where somebody is, in the order in which they are likely to be wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.adapters.telegram.commands.keyboard import badge
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.tongues import spoken
from bot.adapters.words import language
from bot.casting import VoiceChoice
from bot.speaker import Speaker
from bot.tts.engine import Voice
from bot.tts.languages import language_names
from bot.tts.voices import Persona, Voices, fold
from bot.tts.voices.languages import primary
from bot.tts.voices.persona import ANY
from bot.wishes import EVERY_GUILD, Rules

ALL = 10_000
"""More than there are."""


Installed = Mapping[tuple[str, str], Voice]
"""The installed voices, by engine and name."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Those who may be chosen, and what each speaks: primary subtags, none of who speaks whatever they are given."""

    choices: Sequence[VoiceChoice]
    tongues: Mapping[str, frozenset[str]]
    rules: Rules

    @property
    def near(self) -> bool:
        """Whether nobody is meant by what was typed, but their names come near."""
        return any(choice.near for choice in self.choices)

    def find(self, mark: str) -> VoiceChoice | None:
        """Whose :func:`badge` it is."""
        return next((choice for choice in self.choices if badge(choice.value) == mark), None)

    def speaking(self, tongue: str) -> Sequence[VoiceChoice]:
        """Those who speak a language, and who speak nothing else before the others; all of them for an empty one."""
        if not tongue:
            return self.choices
        able = [one for one in self.choices if tongue in self.tongues[one.value] or not self.tongues[one.value]]
        return sorted(able, key=lambda one: self.tongues[one.value] != {tongue})

    @property
    def languages(self) -> frozenset[str]:
        """All the languages that somebody is known to speak."""
        return frozenset[str]().union(*self.tongues.values())

    def language(self, typed: str, locale: str) -> str:
        """The language that goes by what was typed, or in letters of its own at least begins so; empty if none does."""
        key = fold(typed)
        for tag in in_order(self.languages, locale, locale):
            names = [fold(name) for name in (tag, language(tag, locale), *language_names(tag))]
            if key in names or (len(key) > 1 and not key.isascii() and any(name.startswith(key) for name in names)):
                return tag
        return ""


async def cast_for(speaker: Speaker, incoming: Incoming, typed: str = "") -> Cast:
    """Who may be meant by what ``incoming``'s asker typed where they are: the dear ones and those of their language
    before the others, and whoever fits best before all."""
    user, lane = incoming.user, incoming.lane
    rules = await rules_for(speaker, lane)
    choices = await speaker.choices(user, lane, typed, ALL, channel=incoming.channel)
    available = await speaker.stage.available()
    installed = {(engine, voice.name): voice for engine, several in available.items() for voice in several}
    tongues = {one.value: frozenset(_tongues(one, rules, speaker.stage.voices, installed)) for one in choices}
    if not typed:
        dear = {fold(name) for name in await speaker.store.preferences.favourites(user, lane)}
        tongue = primary(await tongue_for(speaker, incoming))
        choices = sorted(choices, key=lambda one: fold(one.value) not in dear and tongue not in tongues[one.value])
    return Cast(choices, tongues, rules)


async def tongue_for(speaker: Speaker, incoming: Incoming) -> str:
    """The language in which ``incoming``'s asker is read where they are; their own where nobody decided that."""
    settings, lane = speaker.store.settings, incoming.lane
    if mine := (await speaker.store.preferences.get(incoming.user)).language:
        return mine
    topic = (await settings.channel(lane, incoming.channel or "")).language
    chat = topic or (await settings.guild(lane)).language
    return chat or (await settings.guild(EVERY_GUILD)).language or speaker.stage.speak.language or own_tongue(incoming)


def own_tongue(incoming: Incoming) -> str:
    """The language of whoever writes or presses, as their Telegram tells it: there are more than catalogues."""
    person = incoming.update.effective_user
    return (person and person.language_code) or incoming.locale


async def rules_for(speaker: Speaker, lane: str) -> Rules:
    """What a chat and the owner allow there together."""
    settings = speaker.store.settings
    return Rules.of(await settings.guild(lane), await settings.guild(EVERY_GUILD), speaker.stage.engines)


def in_order(tags: Iterable[str], first: str, locale: str) -> Sequence[str]:
    """Languages as they stand in a list: the first, then the others by what they are called."""
    return sorted(tags, key=lambda tag: (tag != primary(first), language(tag, locale).casefold()))


def _tongues(choice: VoiceChoice, rules: Rules, voices: Voices, installed: Installed) -> Iterator[str]:
    """What somebody has a voice for that is installed here."""
    if choice.engine:
        yield from spoken(Voice(choice.engine, choice.value, choice.language))
        return
    who = voices.find(choice.value, {})
    held = who.voices if isinstance(who, Persona) else {}
    for engine in rules.engines:
        for tag, name in held.get(engine, {}).items():
            if (voice := installed.get((engine, name))) is not None:
                yield from spoken(voice) if tag == ANY else (tag,)
