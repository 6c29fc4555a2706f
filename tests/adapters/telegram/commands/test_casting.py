"""Who may speak where somebody is, and in which order they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from telegram import Chat, Message, Update, User

from bot.adapters.telegram.commands.casting import Cast, cast_for, in_order, own_tongue, tongue_for
from bot.adapters.telegram.commands.keyboard import badge
from bot.adapters.telegram.incoming import Incoming, incoming
from bot.casting import VoiceChoice
from bot.speaker import Speaker
from bot.tts.engine import Voice
from bot.wishes import EVERY_GUILD, Rules
from tests.doubles.engine import FakeEngine

ANN, TEAM = 7, -100
USER, LANE = "telegram:7", "telegram:-100"


def _written(locale: str | None = "en", **more: Any) -> Incoming:
    """Ann writes something in a group."""
    ann = User(ANN, "Ann", is_bot=False, language_code=locale)
    message = Message(1, None, Chat(TEAM, Chat.SUPERGROUP), from_user=ann, **more)  # type: ignore[arg-type]
    found = incoming(Update(1, message=message))
    assert found is not None
    return found


def _cast(**tongues: str) -> Cast:
    choices = [VoiceChoice(name, name, "offline", tags, "") for name, tags in tongues.items()]
    return Cast(choices, {name: frozenset(tags.split()) for name, tags in tongues.items()}, Rules(("offline",)))


def _names(choices: Sequence[VoiceChoice]) -> list[str]:
    return [one.value for one in choices]


# What is known of all


def test_who_speaks_nothing_else_stands_before_who_speaks_it_too() -> None:
    """And who is bound to no language speaks each; the others do not stand there at all."""
    cast = _cast(many="en ja", free="", english="en", native="ja")
    assert _names(cast.speaking("ja")) == ["native", "many", "free"]
    assert _names(cast.speaking("")) == ["many", "free", "english", "native"]


def test_somebody_is_found_by_a_badge() -> None:
    """Unless they are gone."""
    cast = _cast(one="en", two="en")
    assert cast.find(badge("two")) == cast.choices[1]
    assert cast.find(badge("three")) is None


@pytest.mark.parametrize(
    ("typed", "locale", "tag"),
    [
        ("Japanese", "en", "ja"), ("日本語", "en", "ja"), ("ja", "en", "ja"), ("日语", "zh-CN", "ja"),
        ("Японский", "ru", "ja"), ("япон", "ru", "ja"), ("я", "ru", ""), ("jap", "en", ""), ("Japanisch", "en", ""),
        ("русский", "ru", "ru"), ("French", "en", ""), ("", "en", ""),
    ],
)  # fmt: skip
def test_a_language_is_known_by_what_people_call_it(typed: str, locale: str, tag: str) -> None:
    """In English, in their own words, in its own; by its beginning only where that cannot be a voice's name."""
    assert _cast(one="ja", two="ru en").language(typed, locale) == tag


def test_languages_stand_by_their_names() -> None:
    """One's own before the others, by whatever tag Telegram has for it."""
    assert in_order({"en", "ja", "ru", "zh"}, "zh-hans", "en") == ["zh", "en", "ja", "ru"]
    assert in_order({"en", "ja"}, "de", "en") == ["en", "ja"]


# Who is there


async def test_a_persona_stands_under_the_languages_that_it_has_a_voice_for_here(
    speaker: Speaker, offline: FakeEngine, edge: FakeEngine
) -> None:
    """Not under all that it could be had in, were everything installed."""
    offline.installed = (Voice("offline", "jf_alpha", "ja-JP", "female"),)
    edge.installed = ()
    cast = await cast_for(speaker, _written())
    assert cast.tongues["nanami"] == {"ja"}
    assert cast.tongues["keita"] == frozenset()


async def test_an_engine_that_is_not_allowed_gives_nobody_a_language(
    speaker: Speaker, offline: FakeEngine, edge: FakeEngine
) -> None:
    """Nor any voice."""
    offline.installed = ()
    edge.installed = (Voice("edge", "ja-JP-NanamiNeural", "ja-JP", "female"),)
    assert (await cast_for(speaker, _written())).tongues["nanami"] == {"ja"}
    await speaker.store.settings.set_guild(LANE, allowed_engines={"offline"})
    cast = await cast_for(speaker, _written())
    assert cast.tongues["nanami"] == frozenset()
    assert cast.languages == frozenset()


async def test_what_was_typed_orders_by_itself(speaker: Speaker) -> None:
    """Whoever fits best comes first, whatever one's language."""
    assert _names((await cast_for(speaker, _written("zh-hans"), "heart")).choices)[0] == "heart"
    for locale, first, second in (("zh-hans", "zf_xiaoxiao", "heart"), ("en", "heart", "zf_xiaoxiao")):
        names = _names((await cast_for(speaker, _written(locale))).choices)
        assert names.index(first) < names.index(second)


# The language of words


async def test_the_closest_who_decided_a_language_is_heeded(speaker: Speaker) -> None:
    """The person, the topic, the chat, the owner; else it is the person's own."""
    settings, found = speaker.store.settings, _written("de", message_thread_id=5, is_topic_message=True)
    assert await tongue_for(speaker, found) == "de"
    await settings.set_guild(EVERY_GUILD, language="it")
    assert await tongue_for(speaker, found) == "it"
    await settings.set_guild(LANE, language="fr")
    assert await tongue_for(speaker, found) == "fr"
    await settings.set_channel(LANE, "5", language="es")
    assert await tongue_for(speaker, found) == "es"
    await speaker.store.preferences.set(USER, language="pt")
    assert await tongue_for(speaker, found) == "pt"


def test_ones_own_language_need_have_no_catalogue() -> None:
    """It is what Telegram says; of who says nothing, that of the answers."""
    assert own_tongue(_written("uk")) == "uk"
    assert own_tongue(_written(None)) == "en"
