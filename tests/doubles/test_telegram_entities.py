"""What the loopback Telegram finds in texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Message, Update

from tests.doubles.telegram import FakeTelegram
from tests.doubles.telegram.entities import covered, entities, units


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/say hi", [("bot_command", "/say")]),
        ("/say@sayso_bot hi", [("bot_command", "/say@sayso_bot")]),
        ("😀 /say /voice", [("bot_command", "/say"), ("bot_command", "/voice")]),
        ("你好/say", []),
        ("你好 /say。", [("bot_command", "/say")]),
        ("/说 hi", []),
        ("/say/voice a/b </say>", []),
        ("/say@ab", []),
        ("/" + "s" * 65, []),
        ("hi @ann_b and @abc", [("mention", "@ann_b")]),
        ("ann@example.com", [("email", "ann@example.com")]),
        ("see https://a.b/c?d=e#f, or example.com.", [("url", "https://a.b/c?d=e#f"), ("url", "example.com")]),
        ("#birds and #1", [("hashtag", "#birds")]),
        ("1/2 and 3 / 4", []),
    ],
)
def test_what_is_found(text: str, found: list[tuple[str, str]]) -> None:
    """Commands, mentions, links and the like, as td/telegram/MessageEntity.cpp finds them."""
    assert [(entity["type"], covered(text, entity)) for entity in entities(text)] == found


@given(st.text(alphabet="a/@_ 你😀#.:s", max_size=30))
def test_entities_stand_in_the_text_one_after_the_other(text: str) -> None:
    """In UTF-16 units, without overlap."""
    end = 0
    for entity in entities(text):
        assert entity["offset"] >= end
        end = entity["offset"] + entity["length"]
        assert covered(text, entity)
    assert end <= units(text)


async def read(fake: FakeTelegram) -> Message:
    message = Update.de_json(fake.updates.pending[-1]).effective_message
    assert message is not None
    return message


async def test_the_library_reads_them_at_the_right_place() -> None:
    """Also after signs that are two units long."""
    async with FakeTelegram() as fake:
        await fake.person().say("😀😀 @sayso_bot /say 字")
        assert list((await read(fake)).parse_entities().values()) == ["@sayso_bot", "/say"]


async def test_somebody_may_be_named_who_has_no_name_of_that_kind() -> None:
    """As an entity with the person in it."""
    async with FakeTelegram() as fake:
        ann, bob = fake.person("Ann"), fake.person("Bob")
        await ann.say("/say 😀 hi Bob", naming=bob)
        found = (await read(fake)).parse_entities()
        assert [(entity.type, words) for entity, words in found.items()] == [
            ("bot_command", "/say"),
            ("text_mention", "Bob"),
        ]
        assert [entity.user.id for entity in found if entity.user] == [bob.id]


async def test_entities_may_be_given() -> None:
    """In place of those that are found."""
    async with FakeTelegram() as fake:
        await fake.person().say("/say secret", entities=[{"type": "spoiler", "offset": 5, "length": 6}])
        assert list((await read(fake)).parse_entities().values()) == ["secret"]


async def test_captions_have_theirs() -> None:
    """When they are edited."""
    async with FakeTelegram() as fake:
        ann = fake.person()
        photo = [{"file_id": "p", "file_unique_id": "u", "width": 1, "height": 1}]
        message = await ann.post({"photo": photo, "caption": "x"})
        await ann.edit(message, "/say it")
        heard = await read(fake)
        assert (heard.caption, list(heard.parse_caption_entities().values())) == ("/say it", ["/say"])
