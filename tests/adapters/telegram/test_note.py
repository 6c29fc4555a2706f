"""Voice notes over the unpatched library: what is uploaded, and as what they arrive where Telegram says no."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import telegram
from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

from bot.adapters.telegram.messenger import UNWANTED_SECONDS, Kind, Lost, Messenger, Place, Sent, Sound
from bot.adapters.telegram.note import Address, Note
from bot.adapters.telegram.post import Post, Urgency
from bot.errors import Cancelled
from bot.tts.audio import decode
from tests.adapters.telegram.quick import quick_post
from tests.adapters.telegram.sending import OGG, Desk, Known, desk, sound

_NOTE = Urgency.NOTE
FORBIDDEN = "Bad Request: VOICE_MESSAGES_FORBIDDEN"


@pytest.fixture
async def at() -> AsyncIterator[Desk]:
    async with desk() as desk_:
        yield desk_


def never() -> bytes:
    raise AssertionError("nothing needs to be uploaded")


# -- what is sent


async def test_a_note_is_a_voice_message_that_answers(at: Desk) -> None:
    """Telegram gets the Ogg as it is, under a name by which it knows it, its length in whole seconds, and a caption."""
    asked = await at.ann.say("/say hi")
    sent = await at.messenger.note(at.place, sound(), reply_to=asked.id, caption="<b>Edge</b>")
    (note,) = at.fake.notes(at.ann.private)
    assert sent == Sent(note.message.id, Kind.VOICE, note.file.file_id, len(OGG))
    assert (note.ogg, note.file.mime, note.duration) == (OGG, "audio/ogg", 2)
    assert (note.caption, note.reply_to) == ("<b>Edge</b>", asked)
    (call,) = at.fake.of("sendVoice")
    assert call.files["voice"].name == "voice.ogg"
    assert call.params["duration"] == 2


async def test_what_is_there_already_is_not_uploaded_again(at: Desk) -> None:
    """A file_id sends the same sound to another chat with no byte of it; its file is not even made."""
    first = await at.messenger.note(at.place, sound())
    uploaded = at.fake.uploaded_bytes
    ben = at.fake.person("Ben")
    again = await at.messenger.note(Place(ben.id), Sound(never, 1.2, sound(first.file_id).copies))
    assert at.fake.uploaded_bytes == uploaded
    assert again == Sent(again.message, Kind.VOICE, first.file_id, 0)
    assert at.fake.notes(ben.private)[0].ogg == OGG


async def test_the_shortest_note_is_a_second_long(at: Desk) -> None:
    """Telegram cuts fractions off, and shows nothing for a note of no length."""
    for seconds in (0.2, 0.0):
        await at.messenger.note(at.place, sound(seconds=seconds))
    assert [note.duration for note in at.fake.notes()] == [1, 1]
    assert [call.params["duration"] for call in at.fake.of("sendVoice")] == [1, 1]


async def test_a_long_caption_is_cut(at: Desk) -> None:
    """To what Telegram takes, counted as Telegram counts."""
    await at.messenger.note(at.place, sound(), caption="\N{GRINNING FACE}" * 1000)
    caption = at.fake.notes()[0].caption
    assert caption == "\N{GRINNING FACE}" * 511 + "…"


async def test_a_note_has_time_by_its_size(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's usual time to write would break off long notes on slow lines; nothing of the host's is changed."""
    asked: list[dict[str, Any]] = []
    do_request = type(at.bot.request).do_request

    async def watch(self: Any, **arguments: Any) -> Any:
        asked.append(arguments)
        return await do_request(self, **arguments)

    monkeypatch.setattr(type(at.bot.request), "do_request", watch)
    await at.messenger.note(at.place, Sound(lambda: OGG + bytes(1_000_000 - len(OGG)), 249, Known()))
    assert asked[0]["write_timeout"] == 40
    assert asked[0]["read_timeout"] == 60


# -- a file_id that Telegram refuses


@pytest.mark.parametrize(
    "description",
    [
        "wrong file identifier/HTTP URL specified",
        "wrong remote file identifier specified: can't unserialize it. Wrong last symbol",
        "invalid remote file identifier",
        "invalid file_id",
        "can't use file of type Document as VoiceNote",
        "FILE_REFERENCE_EXPIRED",
    ],
)
async def test_a_wrong_file_id_is_replaced_by_an_upload(at: Desk, description: str) -> None:
    """The note arrives all the same, with the id that it has now."""
    at.fake.faults.refuse("sendVoice", 400, f"Bad Request: {description}")
    sent = await at.messenger.note(at.place, sound("AwACold"), reply_to=None, caption="hi")
    (note,) = at.fake.notes()
    assert sent == Sent(note.message.id, Kind.VOICE, note.file.file_id, len(OGG))
    assert note.caption == "hi"


async def test_a_file_is_made_once_however_often_it_is_uploaded(at: Desk) -> None:
    """Telegram's refusals cost us no second encoding."""
    made: list[bytes] = []

    def make() -> bytes:
        made.append(OGG)
        return OGG

    at.fake.faults.refuse("sendVoice", 429, "Too Many Requests: retry after 2", retry_after=2)
    at.fake.faults.refuse("sendVoice", 400, FORBIDDEN)
    assert (await at.messenger.note(at.place, Sound(make, 1.2, Known()))).kind is Kind.AUDIO
    assert len(made) == 1


async def test_files_that_telegram_has_forgotten_are_uploaded_anew(at: Desk) -> None:
    """What worked yesterday need not work today."""
    first = await at.messenger.note(at.place, sound())
    at.fake.forget_files()
    again = await at.messenger.note(at.place, sound(first.file_id))
    assert again.uploaded == len(OGG)
    assert again.file_id not in (None, first.file_id)


async def test_an_upload_that_is_refused_like_a_file_id_is_not_repeated(at: Desk) -> None:
    """There is no third way."""
    at.fake.faults.refuse("sendVoice", 400, "Bad Request: wrong file identifier/HTTP URL specified", times=None)
    with pytest.raises(BadRequest):
        await at.messenger.note(at.place, sound("AwACold"))
    assert len(at.fake.of("sendVoice")) == 2


async def test_nobody_gets_between_a_refused_file_id_and_its_upload(at: Desk) -> None:
    """What was asked for later in the chat is heard later."""
    at.messenger.post = quick_post()
    at.fake.faults.refuse("sendVoice", 400, "Bad Request: wrong file identifier/HTTP URL specified")
    sending = at.messenger.note(at.place, sound("AwACold")), at.messenger.text(at.place, "later", urgency=_NOTE)
    await asyncio.gather(*sending)
    assert [message.text for message in at.ann.private.messages] == ["", "later"]
    await at.messenger.post.close()


# -- where voice messages are not wanted


async def test_who_wants_no_voice_messages_gets_an_audio_file(at: Desk) -> None:
    """The same sound as MP3, with its length."""
    at.ann.private.voice_forbidden = True
    sent = await at.messenger.note(at.place, sound(), caption="Edge")
    (call,) = at.fake.of("sendAudio")
    audio = call.files["audio"]
    assert (audio.name, audio.content_type) == ("voice.mp3", "audio/mpeg")
    samples, rate = decode(audio.data)
    assert len(samples) / rate == pytest.approx(1.1, abs=0.2)
    assert (call.params["duration"], call.params["caption"]) == (2, "Edge")
    [message] = at.ann.private.messages
    assert message.file is not None
    assert (sent.kind, sent.file_id) == (Kind.AUDIO, message.file.file_id)
    assert sent.uploaded == len(OGG) + len(audio.data)


@pytest.mark.parametrize(
    "description",
    [
        "not enough rights to send voice notes to the chat",
        "user restricted receiving of voice note messages",
        "CHAT_SEND_VOICES_FORBIDDEN",
    ],
)
async def test_a_group_without_voice_messages_gets_an_audio_file(at: Desk, description: str) -> None:
    """However Telegram says it; also if a file_id was tried."""
    group = at.fake.group(members=[at.ann])
    at.fake.faults.refuse("sendVoice", 400, f"Bad Request: {description}")
    sent = await at.messenger.note(Place(group.id), sound("AwAC"))
    assert sent.kind is Kind.AUDIO


async def test_a_chat_without_voice_messages_is_remembered_for_a_while(at: Desk) -> None:
    """The next notes come as audio at once; after ten minutes a voice message is tried again."""
    at.ann.private.voice_forbidden = True
    for _ in range(2):
        assert (await at.messenger.note(at.place, sound())).kind is Kind.AUDIO
    assert len(at.fake.of("sendVoice")) == 1
    at.ann.private.voice_forbidden = False
    ben = at.fake.person("Ben")
    assert (await at.messenger.note(Place(ben.id), sound())).kind is Kind.VOICE
    at.time.now += UNWANTED_SECONDS
    assert (await at.messenger.note(at.place, sound())).kind is Kind.VOICE


async def test_where_audio_is_refused_too_the_first_reason_is_told(at: Desk) -> None:
    """The asker learns what to allow; also of the next note."""
    at.ann.private.voice_forbidden = True
    assert (await at.messenger.note(at.place, sound())).kind is Kind.AUDIO
    at.fake.faults.refuse("sendAudio", 400, "Bad Request: not enough rights to send music to the chat", times=None)
    for chat in (at.place, at.place, Place(at.fake.group(members=[at.ann]).id)):
        at.fake.faults.refuse("sendVoice", 400, FORBIDDEN, times=None)
        with pytest.raises(BadRequest, match="Voice_messages_forbidden"):
            await at.messenger.note(chat, sound())


async def test_a_chat_without_any_media_is_asked_twice_and_not_more(at: Desk) -> None:
    """Where audio is refused in the very words in which voice messages were, there is no third way."""
    group = at.fake.group(members=[at.ann])
    for method in ("sendVoice", "sendAudio"):
        at.fake.faults.refuse(method, 400, "Bad Request: CHAT_SEND_MEDIA_FORBIDDEN", times=None)
    with pytest.raises(BadRequest, match="Chat_send_media_forbidden"):
        await at.messenger.note(Place(group.id), sound())
    assert (len(at.fake.of("sendVoice")), len(at.fake.of("sendAudio"))) == (1, 1)


async def test_a_closed_topic_is_told_of_whatever_else_is_not_wanted(at: Desk) -> None:
    """That nothing may be sent there says more than that voice messages may not."""
    at.fake.faults.refuse("sendVoice", 400, FORBIDDEN)
    at.fake.faults.refuse("sendAudio", 400, "Bad Request: TOPIC_CLOSED")
    with pytest.raises(BadRequest, match="Topic_closed"):
        await at.messenger.note(at.place, sound())


async def test_who_is_gone_when_the_audio_comes_is_gone(at: Desk) -> None:
    """That the chat is lost says more than that voice messages were not wanted there."""
    at.fake.faults.refuse("sendVoice", 400, FORBIDDEN)
    at.fake.faults.refuse("sendAudio", 403, "Forbidden: bot was blocked by the user")
    with pytest.raises(Forbidden):
        await at.messenger.note(at.place, sound())


async def test_an_audio_whose_answer_is_lost_is_lost(at: Desk) -> None:
    """It may be there."""
    at.fake.faults.refuse("sendVoice", 400, FORBIDDEN)
    at.fake.faults.lose("sendAudio")
    with pytest.raises(Lost):
        await at.messenger.note(at.place, sound())
    assert len(at.ann.private.messages) == 1


async def test_an_audio_file_is_made_and_uploaded_once(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is known beforehand that it has to be one, or Telegram says so."""
    at.ann.private.voice_forbidden = True
    first, copies = await at.messenger.note(at.place, sound()), Known()
    assert first.file_id is not None
    copies.keep(Kind.AUDIO, first.file_id)
    monkeypatch.setattr("bot.adapters.telegram.note.convert", never)
    ben = at.fake.person("Ben")
    ben.private.voice_forbidden = True
    for place in (at.place, Place(ben.id)):
        uploaded = at.fake.uploaded_bytes
        again = await at.messenger.note(place, Sound(lambda: OGG, 1.2, copies))
        assert (again.kind, again.file_id) == (Kind.AUDIO, first.file_id)
        assert at.fake.uploaded_bytes - uploaded == (0 if place == at.place else len(OGG))


async def test_an_audio_files_wrong_id_is_replaced_by_an_upload(at: Desk) -> None:
    """As a voice message's is, also after that was."""
    copies = Known({Kind.VOICE: "AwACold", Kind.AUDIO: "CQACold"})
    at.fake.faults.refuse("sendVoice", 400, "Bad Request: wrong file identifier/HTTP URL specified")
    at.fake.faults.refuse("sendVoice", 400, FORBIDDEN)
    at.fake.faults.refuse("sendAudio", 400, "Bad Request: wrong file identifier/HTTP URL specified")
    sent = await at.messenger.note(at.place, Sound(lambda: OGG, 1.2, copies))
    assert sent.kind is Kind.AUDIO
    assert copies.ids == {Kind.VOICE: "AwACold", Kind.AUDIO: sent.file_id}
    assert [call.params.get("audio") for call in at.fake.of("sendAudio")][:1] == ["CQACold"]


# -- in the moment of leaving


async def test_each_call_is_seen_to_leave_and_to_fail(at: Desk) -> None:
    """Right before it, in its turn, and before it waits again."""
    seen: list[str] = []

    @asynccontextmanager
    async def leaving() -> AsyncIterator[None]:
        seen.append(f"leaves at {round(at.time.now)} after {len(at.fake.of('sendVoice'))}")
        try:
            yield
        except TelegramError as error:
            seen.append(f"{type(error).__name__} at {round(at.time.now)}")
            raise
        seen.append("there")

    await at.messenger.text(at.place, "before it")
    at.fake.faults.refuse("sendVoice", 429, "Too Many Requests: retry after 7", retry_after=7)
    await at.messenger.note(at.place, sound(), leaving=leaving)
    assert seen == ["leaves at 1 after 0", "RetryAfter at 1", "leaves at 8 after 1", "there"]


async def test_what_may_not_leave_does_not(at: Desk) -> None:
    """What is raised in that moment is raised, and the next one has its turn."""

    @asynccontextmanager
    async def leaving() -> AsyncIterator[None]:
        raise Cancelled("Cancelled.")
        yield

    with pytest.raises(Cancelled):
        await at.messenger.note(at.place, sound(), leaving=leaving)
    assert not at.fake.of("sendVoice")
    await at.messenger.note(at.place, sound())


async def test_a_note_that_waits_is_known_by_its_key(at: Desk) -> None:
    """For who wants to tell how long it takes."""
    at.messenger.post = quick_post()
    hanging = at.fake.faults.hang("sendVoice")
    sending = [asyncio.create_task(at.messenger.note(at.place, sound(), key=key)) for key in "abc"]
    await hanging.met.wait()
    assert [at.messenger.post.ahead(at.ann.id, key) for key in "bc"] == [1, 2]
    hanging.release()
    await asyncio.gather(*sending)
    await at.messenger.post.close()


def test_no_repr_shows_the_token(at: Desk) -> None:
    """Nor all of a sound: both may come into a log."""
    note = Note(at.bot, Address(at.place), sound(), _ogg=OGG, _mp3=OGG)
    assert at.fake.token not in repr(note)
    assert "OggS" not in repr(note)


# -- where it goes


async def test_a_note_in_a_topic_that_is_gone_goes_to_the_general_one(at: Desk) -> None:
    """It is heard in the forum, if not where it was asked for; in a closed one it is refused."""
    forum = at.fake.group(members=[at.ann], forum=True)
    await at.messenger.note(Place(forum.id, 99), sound())
    (note,) = at.fake.notes(forum)
    assert note.thread is None
    at.fake.faults.refuse("sendVoice", 400, "Bad Request: message thread not found", times=2)
    with pytest.raises(BadRequest, match="thread not found"):
        await at.messenger.note(Place(forum.id, 99), sound())
    at.fake.faults.refuse("sendVoice", 400, "Bad Request: TOPIC_CLOSED")
    with pytest.raises(BadRequest):
        await at.messenger.note(Place(forum.id, 99), sound())


async def test_a_note_follows_its_group(at: Desk) -> None:
    """To the supergroup that it has become, without what it answered."""
    group = at.fake.group(basic=True, members=[at.ann])
    new = await at.fake.migrate(group)
    sent = await at.messenger.note(Place(group.id), sound(), reply_to=1)
    (note,) = at.fake.notes(new)
    assert (note.message.id, note.reply_to) == (sent.message, None)
    assert at.moved == [(group.id, new.id)]


# -- what goes wrong on the way


async def test_a_note_that_was_too_fast_comes_later(at: Desk) -> None:
    """Once, after the time that Telegram asked for; uploaded again, for Telegram keeps nothing of what it refuses."""
    at.fake.faults.refuse("sendVoice", 429, "Too Many Requests: retry after 7", retry_after=7)
    sent = await at.messenger.note(at.place, sound())
    assert [note.message.id for note in at.fake.notes()] == [sent.message]
    assert sent.uploaded == 2 * len(OGG)
    assert 7 < at.time.now < 9


async def test_a_note_that_cannot_be_sent_in_time_is_told(at: Desk) -> None:
    """The last error is raised."""
    at.fake.faults.refuse("sendVoice", 429, "Too Many Requests: retry after 70", retry_after=70)
    with pytest.raises(RetryAfter):
        await at.messenger.note(at.place, sound(), within=60)


@pytest.mark.parametrize("fault", ["lose", "cut", "html"])
async def test_a_note_whose_answer_is_lost_is_not_sent_again(at: Desk, fault: str) -> None:
    """Telegram would show it twice."""
    getattr(at.fake.faults, fault)("sendVoice")
    with pytest.raises(Lost):
        await at.messenger.note(at.place, sound())
    assert len(at.fake.of("sendVoice")) == 1
    assert len(at.fake.notes()) == (1 if fault == "lose" else 0)


async def test_an_upload_that_gets_stuck_surely_did_not_arrive(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stops reading has not had the whole: the note is sent again."""
    monkeypatch.setattr("bot.adapters.telegram.note.WRITE_SECONDS", 0.05)
    monkeypatch.setattr("bot.adapters.telegram.note.BYTES_PER_SECOND", 1e12)
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # connections come about, and nobody reads from them
        home, at.bot._base_url = at.bot._base_url, f"http://127.0.0.1:{deaf.getsockname()[1]}/bot"
        with pytest.raises(TelegramError) as caught:
            await at.messenger.note(at.place, Sound(lambda: OGG + bytes(20_000_000), 2, Known()), within=3)
        at.bot._base_url = home
    assert not isinstance(caught.value, Lost)
    assert at.time.now > 1


async def test_a_full_pool_of_connections_is_waited_for(at: Desk) -> None:
    """A host's other requests may take all connections for a while; nothing was sent then."""
    request = telegram.request.HTTPXRequest(connection_pool_size=1, pool_timeout=0.01)
    hanging = at.fake.faults.hang("getChat")
    async with telegram.Bot(at.fake.token, base_url=at.fake.base_url, request=request) as bot:
        busy = asyncio.create_task(bot.get_chat(at.ann.id))
        await hanging.met.wait()

        async def sleep(seconds: float) -> None:
            hanging.release()
            await busy
            await at.time.sleep(seconds)

        messenger = Messenger(bot, Post(clock=at.time, sleep=sleep), clock=at.time)
        sent = await messenger.note(at.place, sound())
        assert [note.message.id for note in at.fake.notes()] == [sent.message]
        await messenger.post.close()


async def test_who_gives_up_a_note_that_is_leaving_frees_the_chat(at: Desk) -> None:
    """The next one is sent."""
    hanging = at.fake.faults.hang("sendVoice")
    leaving = asyncio.create_task(at.messenger.note(at.place, sound()))
    await hanging.met.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert (await at.messenger.note(at.place, sound())).kind is Kind.VOICE
