"""The loopback Telegram's files: voice notes, audio, what is uploaded and what is sent again."""

from __future__ import annotations

import pytest
from telegram import Bot
from telegram.error import BadRequest

from tests.doubles.telegram import FakeTelegram
from tests.doubles.telegram.client import a_bot, ogg


async def test_a_voice_note_is_uploaded() -> None:
    """Its bytes, its name and type, its length and its words are there to be looked at."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        data = ogg(1.5)
        sent = await bot.send_voice(
            ann.id, data, duration=2, caption="<b>Kokoro</b>", parse_mode="HTML", filename="voice.ogg"
        )
        assert sent.voice is not None
        assert (sent.voice.mime_type, sent.voice.file_size) == ("audio/ogg", len(data))
        assert sent.caption == "Kokoro"
        [note] = fake.notes(ann.private)
        assert (note.ogg, note.caption, note.duration, note.uploaded) == (data, "Kokoro", 2, True)
        assert note.seconds == pytest.approx(1.5, abs=0.05)
        assert note.has_waveform
        assert fake.uploaded_bytes == len(data)
        [upload] = fake.of("sendVoice")[0].files.values()
        assert (upload.name, upload.content_type) == ("voice.ogg", "audio/ogg")
        assert fake.unknown == []


async def test_its_length_is_found_when_it_is_not_told() -> None:
    """In the file itself."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        sent = await bot.send_voice(fake.person().id, ogg(2.2), filename="voice.ogg")
        assert sent.to_dict()["voice"]["duration"] == 2


async def test_it_is_sent_again_by_its_id() -> None:
    """In any chat, and no byte is uploaded."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann, bob = fake.person(), fake.person()
        first = await bot.send_voice(ann.id, ogg(1.0), filename="voice.ogg")
        assert first.voice is not None
        before = fake.uploaded_bytes
        again = await bot.send_voice(bob.id, first.voice.file_id)
        assert again.voice == first.voice
        assert fake.uploaded_bytes == before
        [note] = fake.notes(bob.private)
        assert (note.uploaded, note.ogg) == (False, fake.notes(ann.private)[0].ogg)
        assert fake.of("sendVoice")[1].files == {}


async def test_an_id_that_telegram_has_forgotten() -> None:
    """Is refused in other words than what never was one."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        first = await bot.send_voice(ann.id, ogg(1.0), filename="voice.ogg")
        assert first.voice is not None
        fake.forget_files()
        for file_id, refusal in [
            (first.voice.file_id, "Wrong file identifier/http url specified"),
            ("nonsense", "Wrong remote file identifier specified"),
            ("https://example.com/a.ogg", "Failed to get http url content"),
        ]:
            with pytest.raises(BadRequest, match=refusal):
                await bot.send_voice(ann.id, file_id)
        assert len(fake.notes()) == 1


async def test_a_file_id_is_one_bots_own() -> None:
    """Another bot's is a wrong one."""
    async with FakeTelegram() as one, FakeTelegram() as other, a_bot(one) as first, a_bot(other) as second:
        other.world.files.forget()
        sent = await first.send_voice(one.person().id, ogg(1.0), filename="voice.ogg")
        assert sent.voice is not None
        with pytest.raises(BadRequest, match="Wrong file identifier"):
            await second.send_voice(other.person().id, sent.voice.file_id)


async def test_what_cannot_be_heard_is_a_mere_file() -> None:
    """As real servers make a document of a WAV that was sent as a voice note."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        sent = await bot.send_voice(ann.id, b"RIFF....WAVEfmt ", filename="voice.wav")
        assert sent.voice is None
        assert sent.document is not None
        assert fake.notes(ann.private) == []


async def test_raw_bytes_without_a_name_are_audio_all_the_same() -> None:
    """TDLib takes what it does not know for audio/ogg."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        sent = await bot.send_voice(fake.person().id, ogg(1.0))
        assert sent.voice is not None
        assert sent.voice.mime_type == "audio/ogg"


async def test_audio_and_documents() -> None:
    """With their names and titles."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        music = await bot.send_audio(ann.id, ogg(1.0), duration=1, title="A", performer="B", filename="a.ogg")
        assert music.audio is not None
        assert (music.audio.title, music.audio.performer, music.audio.file_name) == ("A", "B", "a.ogg")
        file = await bot.send_document(ann.id, b"data", caption="A file", filename="a.txt")
        assert file.document is not None
        assert (file.document.file_name, file.caption) == ("a.txt", "A file")
        assert fake.unknown == []


async def test_a_file_stays_what_it_is() -> None:
    """A voice note's id sent as audio gives the voice note again."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        first = await bot.send_voice(ann.id, ogg(1.0), filename="voice.ogg")
        assert first.voice is not None
        again = await bot.send_audio(ann.id, first.voice.file_id)
        assert again.audio is None
        assert again.voice == first.voice


@pytest.mark.parametrize(
    ("data", "caption", "refusal"),
    [
        (b"", None, "File must be non-empty"),
        (b"x", "c" * 1025, "Message caption is too long"),
    ],
)
async def test_an_upload_has_its_bounds(data: bytes, caption: str | None, refusal: str) -> None:
    """Something must be in it, and 1024 characters are all that is said of it."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        with pytest.raises(BadRequest, match=refusal):
            await bot.send_voice(ann.id, data, caption=caption, filename="voice.ogg")
        assert ann.private.messages == []


async def test_over_a_megabyte_no_shape_is_shown() -> None:
    """The note plays, but is flat."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        data = ogg(1.0)
        await bot.send_voice(ann.id, data + bytes(1 << 20), filename="voice.ogg")
        [note] = fake.notes(ann.private)
        assert not note.has_waveform


async def test_fifty_megabytes_are_too_much() -> None:
    """413, before anything is looked at."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        with pytest.raises(Exception, match="Request Entity Too Large"):
            await bot.send_document(fake.person().id, bytes(50_000_001), filename="x.bin")


async def test_a_person_may_refuse_voice_messages() -> None:
    """In one wording before the bot has seen it in their profile, in another after."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        ann.private.voice_forbidden = True
        with pytest.raises(BadRequest, match="Voice_messages_forbidden"):
            await bot.send_voice(ann.id, ogg(1.0), filename="voice.ogg")
        assert (await bot.get_chat(ann.id)).has_restricted_voice_and_video_messages
        with pytest.raises(BadRequest, match="User restricted receiving of voice note messages"):
            await bot.send_voice(ann.id, ogg(1.0), filename="voice.ogg")
        sent = await bot.send_audio(ann.id, ogg(1.0), filename="voice.ogg")
        assert sent.audio is not None


async def downloaded(bot: Bot, file_id: str) -> bytes:
    return bytes(await (await bot.get_file(file_id)).download_as_bytearray())


async def test_what_people_say_is_downloaded() -> None:
    """By getFile, and from where that says."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        spoken = await ann.voice(ogg=ogg(1.0), caption="listen")
        assert spoken.file is not None
        assert await downloaded(bot, spoken.file.file_id) == spoken.file.data
        assert fake.uploaded_bytes == 0
        with pytest.raises(BadRequest, match="Invalid file_id"):
            await bot.get_file("nonsense")
        fake.forget_files()
        with pytest.raises(BadRequest, match="Wrong file_id or the file is temporarily unavailable"):
            await bot.get_file(spoken.file.file_id)


async def test_what_is_over_twenty_megabytes_is_not_given_out() -> None:
    """getFile says so."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        spoken = await fake.person().voice(ogg=ogg(1.0) + bytes(20 << 20))
        assert spoken.file is not None
        with pytest.raises(BadRequest, match="File is too big"):
            await bot.get_file(spoken.file.file_id)
