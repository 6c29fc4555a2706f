"""Who types "@bot text" is offered voice notes to send anywhere, or told why there are none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from bot.adapters.telegram.handling import Handlers
from bot.adapters.telegram.identity import guild_key, user_key
from bot.adapters.telegram.inline import PER_MINUTE, SETTLED, Inline, handlers
from bot.adapters.telegram.offers import FRESH_SECONDS
from bot.adapters.telegram.parcel import Parcel
from bot.adapters.telegram.shelf import OTHERS, Shelf
from bot.adapters.telegram.station import Station
from bot.adapters.telegram.target import Target
from bot.adapters.words import word
from bot.config import TelegramSettings
from bot.errors import EngineUnavailable, StoreError
from bot.speaker import Speaker
from bot.speech import Request
from bot.store.audio import AudioCache
from bot.store.preferences import Preferences
from bot.tts.audio import packets
from bot.tts.engine import Voice
from tests.adapters.telegram.quick import Pauses, quick_post
from tests.adapters.telegram.scene import online
from tests.doubles.engine import FakeEngine, Script, at_once
from tests.doubles.telegram import FakeTelegram, Person

Json = dict[str, Any]
Sleep = Callable[[float], Awaitable[object]]


@dataclass(slots=True)
class Scene:
    """Somebody who types, and a bot that answers."""

    fake: FakeTelegram
    station: Station
    ann: Person

    async def notes(self, text: str) -> list[Json]:
        """She types it and is offered notes: nothing else."""
        answered = await self.ann.offered(text)
        assert answered.results
        assert {result["type"] for result in answered.results} == {"voice"}
        return answered.results

    async def article(self, text: str) -> Json:
        """She types it and is told why there is no note; the words themselves can be sent."""
        answered = await self.ann.offered(text)
        (result,) = answered.results
        assert result["type"] == "article"
        assert result["input_message_content"]["message_text"] == text
        assert answered.cache_time == 0
        return result

    def heard(self, result: Json) -> bytes:
        """The sound behind an offer."""
        return self.fake.world.files.find(result["voice_file_id"]).data

    async def say(self, text: str, voice: str | None = None, author: str | None = None) -> None:
        """She has something said elsewhere, where Telegram has nothing to do with it."""
        user = user_key(self.ann.id)
        said = await self.station.speaker.say(Request("api:x", user, text, voice=voice, author=author))
        await said.speech.clip()  # type: ignore[union-attr]


Opening = Callable[..., Awaitable[Scene]]


@pytest.fixture
def offline() -> FakeEngine:
    """An engine with many voices."""
    names = ("heart", "bella", "nicole", "nova", "river", "sarah", "sky")
    return FakeEngine("offline", installed=[Voice("offline", name, "en-US", "female", revision="1") for name in names])


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake
        assert fake.unknown == []


@pytest.fixture
async def opening(fake: FakeTelegram, speaker: Speaker) -> AsyncIterator[Opening]:
    """Opens a bot with inline mode; ``sleep`` is the time between two keys, ``patience`` that for a note."""
    async with AsyncExitStack() as stack:

        async def open_(
            settings: TelegramSettings | None = None, *, sleep: Sleep = at_once, patience: float = 5.0, **person: Any
        ) -> Scene:
            def module(station: Station) -> Handlers:
                return Inline(station, sleep=sleep, patience=patience).handlers()

            station = await stack.enter_async_context(online(fake, speaker, module, settings=settings))
            station.messenger.post = quick_post()
            return Scene(fake, station, fake.person("Ann", **person))

        yield open_


@pytest.fixture
async def scene(opening: Opening) -> Scene:
    return await opening()


class Gate:
    """Holds an engine until it is opened; then no more."""

    def __init__(self) -> None:
        self.waiting = 0
        self.opened = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.waiting += 1
        try:
            await self.opened.wait()
        finally:
            self.waiting -= 1


# -- notes


async def test_what_is_typed_is_offered_as_a_note(scene: Scene, offline: FakeEngine) -> None:
    """In one's own voice, for oneself alone: the file is a voice note with the words in it."""
    answered = await scene.ann.offered("Good morning.")
    (result,) = answered.results
    assert answered.is_personal
    assert answered.cache_time == FRESH_SECONDS
    assert result["title"] == "sayso · female"
    assert len(packets(scene.heard(result))) >= 5
    assert [utterance.text for utterance in offline.asked] == ["Good morning."]


async def test_what_was_made_once_is_there_for_everybody(scene: Scene, offline: FakeEngine) -> None:
    """Neither spoken nor uploaded again, also not with other blanks."""
    (first,) = await scene.notes("Good morning.")
    uploaded = scene.fake.uploaded_bytes
    (again,) = await scene.notes("  Good   morning. ")
    (theirs,) = (await scene.fake.person("Bob").offered("Good morning.")).results
    assert first["voice_file_id"] == again["voice_file_id"] == theirs["voice_file_id"]
    assert (scene.fake.uploaded_bytes, len(offline.asked)) == (uploaded, 1)


async def test_what_was_sent_into_a_chat_is_there_too(scene: Scene, offline: FakeEngine) -> None:
    """And the other way round: whoever has uploaded it, Telegram has it once."""
    station, ann = scene.station, scene.ann
    request, target = Request(guild_key(ann.id), user_key(ann.id), "Good morning."), Target(station.bot.id, ann.id)
    sent = await station.courier.send(request, target)
    assert isinstance(sent, Parcel)
    assert (await sent.delivered()).delivered
    await scene.fake.until(lambda: sent.receipt)
    (offered,) = await scene.notes("Good morning.")
    assert offered["voice_file_id"] == scene.fake.notes(ann.private)[0].file.file_id
    assert (len(scene.fake.of("sendVoice")), len(offline.asked)) == (1, 1)
    await scene.notes("Good evening.")
    back = await station.courier.send(replace(request, id="again", text="Good evening."), target)
    assert isinstance(back, Parcel)
    assert (await back.delivered()).delivered
    assert [bool(call.files) for call in scene.fake.of("sendVoice")] == [True, True, False]


async def test_it_is_uploaded_where_nobody_notices(scene: Scene) -> None:
    """By way of the person's own chat with the bot: without a sound, and gone at once."""
    await scene.notes("Good morning.")
    (call,) = scene.fake.of("sendVoice")
    assert call.params["chat_id"] == scene.ann.id
    assert call.flag("disable_notification")
    assert call.files["voice"].name == "voice.ogg"
    assert call.files["voice"].content_type == "audio/ogg"
    await scene.fake.until(lambda: scene.ann.private.messages == [])


async def test_a_chat_may_be_there_for_that(opening: Opening, fake: FakeTelegram) -> None:
    """Then people's own chats are left alone; what is there stays."""
    store = fake.channel("Store")
    scene = await opening(TelegramSettings(store_chat=store.id), started=False)
    (result,) = await scene.notes("Good morning.")
    assert scene.heard(result) == fake.notes(store)[0].ogg
    assert scene.ann.private.messages == []


async def test_if_that_chat_is_closed_it_works_without(opening: Opening, fake: FakeTelegram) -> None:
    """A wrong id in the configuration does not take inline mode away."""
    scene = await opening(TelegramSettings(store_chat=-1001))
    await scene.notes("Good morning.")
    assert [call.params["chat_id"] for call in fake.of("sendVoice")] == [-1001, scene.ann.id]


async def test_a_file_that_telegram_has_forgotten_is_renewed(scene: Scene, offline: FakeEngine) -> None:
    """At once, and without speaking it again."""
    (old,) = await scene.notes("Good morning.")
    scene.fake.forget_files()
    (new,) = await scene.notes("Good morning.")
    assert new["voice_file_id"] != old["voice_file_id"]
    assert scene.heard(new)
    assert len(offline.asked) == 1


async def test_other_voices_are_offered_that_have_said_it(scene: Scene, offline: FakeEngine) -> None:
    """Below one's own, each once; nothing is made for that, and what Telegram does not have is left out."""
    mine = user_key(scene.ann.id)
    for voice in ("bella", "nicole"):
        await scene.station.speaker.store.preferences.set(mine, voice=voice)
        await scene.notes("Good morning.")
    await scene.say("Good morning.", voice="sky")
    await scene.station.speaker.store.preferences.set(mine, voice="heart")
    made = len(offline.asked)
    own, *others = await scene.notes("Good morning.")
    assert "heart" in own["title"]
    assert {other["title"].split()[0] for other in others} == {"bella", "nicole"}
    assert len({result["voice_file_id"] for result in [own, *others]}) == 3
    assert len(offline.asked) == made + 1


async def test_there_are_not_too_many_others(scene: Scene) -> None:
    """The list is to be seen without scrolling."""
    mine = user_key(scene.ann.id)
    for voice in ("bella", "nicole", "nova", "river", "sarah", "sky", "heart"):
        await scene.station.speaker.store.preferences.set(mine, voice=voice)
        offered = await scene.notes("Hi.")
    assert len(offered) == 1 + OTHERS


# -- before anything is typed


async def test_without_words_the_last_notes_are_offered(scene: Scene) -> None:
    """The newest on top, each called by its words."""
    for text in ("One.", "Two."):
        await scene.notes(text)
    await scene.station.speaker.store.cache.flush()
    assert [note["title"] for note in await scene.notes("")] == ["Two.", "One."]


async def test_what_was_sent_last_is_on_top(scene: Scene) -> None:
    """Telegram tells what somebody has chosen, if the bot's owner wants that; words are no note."""
    scene.ann.private.voice_forbidden = True
    words = await scene.ann.offered("Three.")
    await scene.ann.choose(words, words.results[0]["id"])
    scene.ann.private.voice_forbidden = False
    for text in ("One.", "Two."):
        await scene.ann.offered(text)
    note = await scene.ann.offered("One.")
    assert (await scene.ann.choose(note, note.results[0]["id"])).file is not None
    await scene.fake.until(lambda: not scene.fake.updates.pending)
    await scene.station.speaker.store.cache.flush()
    assert [note["title"] for note in await scene.notes("")] == ["One.", "Two."]


async def test_only_ones_own_words_are_offered_again(scene: Scene) -> None:
    """Others' words are not handed on by this, nor what Telegram does not have."""
    await scene.notes("Mine.")
    theirs = Request("api:x", user_key(scene.ann.id), "Theirs.", author="telegram:777")
    said = await scene.station.speaker.say(theirs)
    await said.speech.clip()  # type: ignore[union-attr]
    await scene.fake.until(lambda: cast("Any", said).key)
    await scene.notes("Theirs.")
    await scene.say("Elsewhere.")
    await scene.station.speaker.store.cache.flush()
    assert [note["title"] for note in await scene.notes("")] == ["Mine."]


async def test_the_words_of_who_is_forgotten_become_nobody_elses(scene: Scene) -> None:
    """Nobody knows any more whose they were: they are not offered as those of who had them spoken."""
    await scene.notes("Mine.")
    user = user_key(scene.ann.id)
    said = await scene.station.speaker.say(Request("api:x", user, "Their diary.", author="telegram:777"))
    await said.speech.clip()  # type: ignore[union-attr]
    await scene.fake.until(lambda: cast("Any", said).key)
    await scene.notes("Their diary.")
    await scene.station.speaker.store.cache.flush()
    await scene.station.speaker.forget("telegram:777")
    assert [note["title"] for note in await scene.notes("")] == ["Mine."]


async def test_without_anything_there_is_an_invitation(scene: Scene) -> None:
    """And not nothing, which looks like a bot that is gone."""
    answered = await scene.ann.offered("")
    assert answered.results == []
    assert answered.button == {"text": word("telegram_inline.type", "en"), "start_parameter": "inline"}


async def test_who_does_not_want_to_be_spoken_is_not_offered_what_they_said(scene: Scene) -> None:
    """They have opted out since."""
    await scene.notes("Mine.")
    store = scene.station.speaker.store
    await store.cache.flush()
    await store.preferences.set(user_key(scene.ann.id), opted_out=True)
    assert (await scene.ann.offered("")).results == []


# -- while somebody types


async def test_what_is_typed_on_is_not_made(opening: Opening, offline: FakeEngine) -> None:
    """Only what somebody has stopped at for a moment."""
    pauses = Pauses()
    scene = await opening(sleep=pauses)
    for count, typed in enumerate(("Goo", "Good mor"), start=1):
        await scene.ann.inline(typed)
        await scene.fake.until(lambda count=count: len(pauses.asked) == count)  # type: ignore[misc]
    whole = await scene.ann.inline("Good morning.")
    await scene.fake.until(lambda: len(pauses.asked) == 3)
    assert pauses.asked == [SETTLED] * 3
    assert pauses.sleeping == 1
    pauses.end()
    await scene.fake.until(whole.answered.is_set)
    assert [utterance.text for utterance in offline.asked] == ["Good morning."]


async def test_two_people_type_at_once(opening: Opening) -> None:
    """Neither disturbs the other."""
    pauses = Pauses()
    scene = await opening(sleep=pauses)
    both = [await person.inline("Good morning.") for person in (scene.ann, scene.fake.person("Bob"))]
    await scene.fake.until(lambda: pauses.sleeping == 2)
    pauses.end()
    await scene.fake.until(lambda: all(each.answered.is_set() for each in both))


async def test_what_is_in_the_making_is_given_up_for_what_is_typed_on(scene: Scene, offline: FakeEngine) -> None:
    """An engine does not go on for nobody."""
    gate = Gate()
    offline.sleep = gate
    await scene.ann.inline("Good morning.")
    await scene.fake.until(lambda: offline.active)
    longer = await scene.ann.inline("Good morning to you.")
    await scene.fake.until(lambda: [each.text for each in offline.asked] == ["Good morning.", "Good morning to you."])
    await scene.fake.until(lambda: offline.active == 1)
    gate.opened.set()
    await scene.fake.until(longer.answered.is_set)
    assert [utterance.text for utterance in offline.finished] == ["Good morning to you."]


async def test_what_is_typed_again_is_not_begun_again(scene: Scene, offline: FakeEngine) -> None:
    """Telegram asks again when somebody comes back to the same words."""
    gate = Gate()
    offline.sleep = gate
    await scene.ann.inline("Good morning.")
    await scene.fake.until(lambda: offline.active)
    again = await scene.ann.inline("Good morning.")
    await scene.fake.until(lambda: not scene.fake.updates.pending)
    gate.opened.set()
    await scene.fake.until(again.answered.is_set)
    assert again.results[0]["type"] == "voice"
    assert len(offline.asked) == 1


async def test_what_was_given_up_can_be_asked_for_again(scene: Scene, offline: FakeEngine) -> None:
    """There and back between two texts: what is offered is the note, not that it was cancelled."""
    gate = Gate()
    offline.sleep = gate
    for text in ("One.", "Two."):
        await scene.ann.inline(text)
        await scene.fake.until(lambda text=text: [each.text for each in offline.asked][-1:] == [text])  # type: ignore[misc]
    back = await scene.ann.inline("One.")
    await scene.fake.until(lambda: len(offline.asked) == 3)
    gate.opened.set()
    await scene.fake.until(back.answered.is_set)
    assert back.results[0]["type"] == "voice"


async def test_what_takes_too_long_is_there_the_next_time(opening: Opening, offline: FakeEngine) -> None:
    """Telegram would not wait: meanwhile the words can be sent, and typing on does not take the promise back."""
    gate = Gate()
    offline.sleep = gate
    scene = await opening(patience=0.05)
    shown = await scene.article("Good morning.")
    assert shown["title"] == word("telegram_inline.late.title", "en")
    await scene.article("Good morning")
    gate.opened.set()
    await scene.fake.until(lambda: len(offline.finished) == 2)
    await scene.fake.until(lambda: len(scene.fake.of("deleteMessage")) == 2)
    await scene.notes("Good morning.")
    assert len(offline.asked) == 2


# -- why there is none


async def test_who_has_not_started_the_bot_is_asked_to(opening: Opening) -> None:
    """For it may not write to them; after that it works, without being spoken again."""
    scene = await opening(started=False)
    answered = await scene.ann.offered("Good morning.")
    assert answered.results == []
    assert answered.button == {"text": word("telegram_inline.start", "en"), "start_parameter": "inline"}
    assert answered.cache_time == 0
    await scene.ann.say("/start inline")
    await scene.notes("Good morning.")


async def test_who_has_blocked_the_bot_is_asked_to_start_it(scene: Scene) -> None:
    """That takes the block away."""
    await scene.ann.block()
    assert (await scene.ann.offered("Good morning.")).button is not None


async def test_who_lets_nobody_send_voice_is_told_where_to_change_that(scene: Scene) -> None:
    """It is their own setting."""
    scene.ann.private.voice_forbidden = True
    assert "Privacy" in (await scene.article("Good morning."))["description"]


@pytest.mark.parametrize("locale", ["en", "ru", "ja", "zh-hans"])
async def test_who_does_not_want_to_be_spoken_is_told(opening: Opening, locale: str, offline: FakeEngine) -> None:
    """In their language."""
    scene = await opening(locale=locale)
    await scene.station.speaker.store.preferences.set(user_key(scene.ann.id), opted_out=True)
    shown = await scene.article("Good morning.")
    assert shown["title"] == word("telegram_inline.as_text", locale)
    assert shown["description"] == word("refusals.opted_out.plain", locale)
    assert offline.asked == []


async def test_what_cannot_be_spoken_is_told(scene: Scene) -> None:
    """There may be nothing in it to say."""
    assert (await scene.article("!!!"))["description"] == word("refusals.nothing_to_say.plain", "en")


async def test_an_engine_that_fails_is_told(scene: Scene, offline: FakeEngine) -> None:
    """And the next time it is tried again."""
    offline.scripts = [Script(0, error=EngineUnavailable("offline", "down")), Script()]
    shown = await scene.article("Good morning.")
    assert "offline" in shown["description"]
    await scene.notes("Good morning.")


async def test_what_surprises_is_told_too(scene: Scene, offline: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence would look like a bot that is gone."""

    async def broken() -> list[Voice]:
        raise RuntimeError("a surprise")

    monkeypatch.setattr(FakeEngine, "voices", lambda self: broken())
    assert (await scene.article("Good morning."))["description"] == word("telegram.crashed", "en")


async def test_nobody_has_too_many_made(scene: Scene, offline: FakeEngine) -> None:
    """Typing is cheap, speaking is not; what is there already does not count."""
    for _ in range(PER_MINUTE):
        assert scene.station.pace.take("inline", user_key(scene.ann.id), PER_MINUTE) is None
    shown = await scene.article("Good morning.")
    assert str(PER_MINUTE) in shown["description"]
    assert offline.asked == []
    (await scene.fake.person("Bob").offered("Good morning."))
    await scene.notes("Good morning.")


async def test_an_answer_that_comes_too_late_harms_nothing(scene: Scene) -> None:
    """Telegram refuses it, and the next query is answered."""
    scene.fake.faults.refuse("answerInlineQuery", 400, "Bad Request: query is too old and response timeout expired")
    await scene.ann.inline("Good morning.")
    await scene.fake.until(lambda: scene.fake.of("answerInlineQuery"))
    await scene.notes("Good morning.")


async def test_whoever_runs_the_bot_may_switch_it_off(opening: Opening) -> None:
    """Then nothing listens."""
    scene = await opening(TelegramSettings(inline=False))
    assert handlers(scene.station) == []
    assert handlers((await opening(TelegramSettings(inline=True))).station) != []


# -- a store that is away


@pytest.mark.parametrize("what", ["attachment", "attach"])
async def test_a_store_that_is_away_costs_an_upload_and_not_the_note(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """It is known to this process all the same."""

    async def away(self: AudioCache, *_: object) -> None:
        raise StoreError("away")

    monkeypatch.setattr(AudioCache, what, away)
    await scene.notes("Good morning.")
    await scene.notes("Good morning.")
    assert len(scene.fake.of("sendVoice")) == 1


async def test_without_the_others_there_is_ones_own(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong with what is nice to have takes nothing away."""

    async def away(self: Shelf, *_: object) -> None:
        raise StoreError("away")

    monkeypatch.setattr(Shelf, "others", away)
    assert len(await scene.notes("Good morning.")) == 1


async def test_a_store_that_is_away_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is known of who asks; without words there is nothing to send, and an invitation."""

    async def away(self: Preferences, *_: object) -> None:
        raise StoreError("away")

    monkeypatch.setattr(Preferences, "get", away)
    assert (await scene.article("Good morning."))["description"] == word("refusals.failure.store_error", "en")
    assert (await scene.ann.offered("")).button is not None
