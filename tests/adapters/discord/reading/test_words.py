"""A message in words: what was typed, and what cannot be heard of itself."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.discord.reading import Words, words_of
from bot.adapters.discord.reading.words import NOTHING
from bot.tts.text import Options, clean
from tests.adapters.discord.reading.scene import Scene

PNG, OGG = b"\x89PNG", b"OggS"
POLL: dict[str, Any] = {
    "question": {"text": "Tea or coffee?"},
    "answers": [{"answer_id": 1, "poll_media": {"text": "Tea"}}, {"answer_id": 2, "poll_media": {"text": "Coffee"}}],
    "expiry": "2030-01-01T00:00:00+00:00",
    "allow_multiselect": False,
    "layout_type": 1,
}


def sticker(name: str) -> dict[str, Any]:
    return {"id": "749054660769218631", "name": name, "format_type": 1}


def spoken(words: Words) -> list[str]:
    return [sentence.text for sentence in clean(words.text, Options(names=words.names))]


async def test_mentions_are_called_by_name(here: Scene) -> None:
    """People by the name they have here, roles and channels by theirs."""
    bob, role = here.fake.world.user("bob"), here.fake.add_role("admins")
    words = words_of(await here.message(f"Ask <@{bob.id}> or <@&{role.id}> in <#6000>, not <@999>."))
    assert words.names == {f"<@{bob.id}>": "Bobby", f"<@&{role.id}>": "admins", "<#6000>": "general"}
    assert spoken(words) == ["Ask Bobby or admins in general, not someone."]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.png": PNG}, "Sent an image."),
        ({"a.png": PNG, "b.jpg": PNG, "c.mp4": PNG}, "Sent 2 images and a video."),
        ({"a.pdf": PNG, "b.mp3": PNG, "c.png": PNG}, "Sent an image, an audio file and a file."),
    ],
)
async def test_what_is_sent_is_told_by_kind_and_number(here: Scene, files: dict[str, bytes], said: str) -> None:
    """Pictures cannot be heard, but that there are some can."""
    assert words_of(await here.message("Look!", files=files)).text == f"Look!\n{said}"
    alone = words_of(await here.message("", files=files))
    assert (alone.text, alone.written) == (said, False)


async def test_a_voice_message_is_told_as_one(here: Scene) -> None:
    """It is no ordinary sound file."""
    attachment = {"id": "8", "filename": "voice-message.ogg", "content_type": "audio/ogg", "size": 4, "url": "https://cdn.discordapp.com/a", "proxy_url": "https://cdn.discordapp.com/a", "duration_secs": 1.0, "waveform": ""}  # fmt: skip  # noqa: E501
    message = await here.posted("", attachments=[attachment], flags=1 << 13)
    assert words_of(message).text == "Sent a voice message."


async def test_a_sticker_is_told_by_name(here: Scene) -> None:
    """And no mark in its name matters."""
    words = words_of(await here.message("", sticker_items=[sticker("```wave|| hi")]))
    assert spoken(words) == ["Sent the sticker wave hi."]


async def test_a_poll_is_told_with_its_answers(here: Scene) -> None:
    """Question and answers."""
    assert words_of(await here.message("", poll=POLL)).text == "Poll: Tea or coffee?\nTea\nCoffee"


async def test_a_forward_is_told_with_its_text(here: Scene) -> None:
    """The words are another's."""
    words = words_of(
        await here.message("", forward=await here.fake.say("The sun shines.", by="bob", files={"a.png": PNG}))
    )
    assert (words.text, words.written) == ("Forwarded:\nThe sun shines.\nSent an image.", False)


async def test_a_reply_says_to_whom_but_not_to_what(here: Scene) -> None:
    """The quoted text was heard before."""
    words = words_of(await here.message("Yes.", reply_to=await here.fake.say("Is it?", by="bob")))
    assert spoken(words) == ["Replying to Bobby:", "Yes."]
    own = words_of(await here.message("Yes.", reply_to=await here.fake.say("Is it?")))
    assert own.text == "Yes."


async def test_who_is_replied_to_has_a_name_although_nobody_knows_them_here(here: Scene) -> None:
    """They came with the message; that they were not pinged does not matter."""
    here.fake.add_user("stranger", guild=None)
    other = await here.posted("Is it?", by="stranger")
    to = here.fake.messages[str(other.id)]
    words = words_of(await here.message("Yes.", reply_to=to, allowed_mentions={"replied_user": False}))
    assert spoken(words)[0] == "Replying to stranger:"


async def test_embeds_are_told_where_nothing_is_typed(here: Scene) -> None:
    """A preview of a link is not."""
    embeds = [{"type": "rich", "title": "News", "description": "It rains."}]
    assert words_of(await here.message("", embeds=embeds)).text == "News\nIt rains."
    assert words_of(await here.message("See here.", embeds=embeds)).text == "See here."


async def test_the_text_of_a_layout_is_told(here: Scene) -> None:
    """Bots may write into components instead of the content."""
    inner = [{"type": 10, "id": 2, "content": "It is four."}]
    message = await here.posted("", by="llm", components=[{"type": 17, "id": 1, "components": inner}], flags=1 << 15)
    assert words_of(message).text == "It is four."


@pytest.mark.parametrize("kind", [1, 6, 7, 8, 18, 21, 46])
async def test_notices_are_nothing(here: Scene, kind: int) -> None:
    """Who joined, what was pinned: nobody said it."""
    assert words_of(await here.posted("hello", type=kind)) is NOTHING
    assert not NOTHING


async def test_an_open_code_block_swallows_nothing(here: Scene) -> None:
    """What comes behind it is told all the same."""
    words = words_of(await here.message("See ```this", files={"a.png": PNG}))
    assert spoken(words)[-1] == "Sent an image."


async def test_a_hidden_message_is_nothing(here: Scene) -> None:
    """Not even to whom it replies."""
    assert words_of(await here.message("", reply_to=await here.fake.say("Is it?", by="bob"))) is NOTHING


async def test_the_prefix_is_no_part_of_the_words(here: Scene) -> None:
    """Only at the beginning."""
    assert words_of(await here.message(".Hello. So"), without=".").text == "Hello. So"


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("ja", "やあ\n画像2枚と動画を送信しました。"),
        ("zh-CN", "やあ\n发送了2张图片和一段视频。"),
        ("de", "やあ\nSent 2 images and a video."),
    ],
)
async def test_what_is_added_is_in_the_language_of_the_server(here: Scene, locale: str, said: str) -> None:
    """What was typed stays as it is."""
    files = {"a.png": PNG, "b.png": PNG, "c.mp4": PNG}
    assert words_of(await here.message("やあ", files=files), locale).text == said
