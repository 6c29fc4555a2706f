"""What is written in a message, as it is to be spoken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from telegram import Message

from bot.adapters.telegram.content import (
    Words,
    after_command,
    answered,
    quoted,
    quoted_writer,
    words_of,
    writer_of,
)
from bot.tts.text import Options, clean

Json = dict[str, Any]

ANN: Json = {"id": 5, "is_bot": False, "first_name": "Ann", "username": "Ann_Lee"}
BOB: Json = {"id": 6, "is_bot": False, "first_name": "Bob", "username": "bobby"}
GROUP: Json = {"id": -1007, "type": "supergroup", "title": "Team", "username": "our_team"}


def written(text: str = "", *entities: Json, **more: Any) -> Message:
    """A message of Ann's in the group, as Telegram sends it."""
    body: Json = {"message_id": 10, "date": 1_700_000_000, "chat": GROUP, "from": ANN, **more}
    if text:
        body |= {"text": text, "entities": list(entities)}
    return Message.de_json(body, None)


def over(text: str, part: str, kind: str, **more: Any) -> Json:
    """An entity over a part of a text, in UTF-16 units as Telegram counts."""
    at = text.index(part)
    return {"type": kind, "offset": units(text[:at]), "length": units(part), **more}


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def spoken(words: Words) -> list[str]:
    """What is heard of it."""
    return [sentence.text for sentence in clean(words.text, Options(names=words.names))]


def heard(text: str, *parts: tuple[str, str]) -> list[str]:
    """What is heard of a text in which these parts are entities of these types."""
    return spoken(words_of(written(text, *(over(text, part, kind) for part, kind in parts))))


def test_a_text_is_what_is_typed() -> None:
    """Words are handed on as they are."""
    assert words_of(written("Good morning, all!")) == Words("Good morning, all!")


def test_nothing_written_is_nothing_to_say() -> None:
    """A message of another kind, or a notice of Telegram's own, has no words."""
    assert not words_of(written(sticker={"file_id": "x", "file_unique_id": "y", "type": "regular", "width": 1,
                                         "height": 1, "is_animated": False, "is_video": False}))  # fmt: skip
    assert not words_of(written(new_chat_members=[BOB]))
    assert not words_of(written(pinned_message={"message_id": 2, "date": 1, "chat": GROUP, "text": "old"}))
    assert not words_of(written("  \n "))


def test_what_a_spoiler_hides_is_not_even_handed_on() -> None:
    """It is told that there was one; its words are neither spoken nor kept."""
    text = "The butler did it, again"
    words = words_of(written(text, over(text, "butler did", "spoiler")))
    assert "butler" not in words.text
    assert spoken(words) == ["The spoiler it, again"]


def test_a_spoiler_that_telegram_cut_up_is_one() -> None:
    """Where bold begins within it, two entities touch: nobody hears of two."""
    text = "so dark secret ends"
    parts = over(text, "dark ", "spoiler"), over(text, "secret", "spoiler"), over(text, "secret", "bold")
    assert spoken(words_of(written(text, *parts))) == ["so spoiler ends"]


@pytest.mark.parametrize("kind", ["mention", "code", "text_mention", "url"])
def test_nothing_lays_bare_what_a_spoiler_hides(kind: str) -> None:
    """Not even what overlaps it: of such an entity nothing is made."""
    text = "guess who @bobby was there"
    hidden, other = over(text, "@bobby was", "spoiler"), over(text, "who @bobby", kind, user=BOB)
    words = words_of(written(text, hidden, other))
    assert "bobby" not in words.text
    assert spoken(words) == ["guess who spoiler there"]


def test_places_are_counted_as_telegram_counts() -> None:
    """An emoji is two units there and one character here: nothing beside the spoiler is touched."""
    text = "👩‍🚀👍🏽 it was Mars 🚀 indeed"
    words = words_of(written(text, over(text, "Mars 🚀", "spoiler")))
    assert words.text == "👩‍🚀👍🏽 it was ||…|| indeed"


def test_half_a_character_does_no_harm() -> None:
    """An entity that cuts through one is wrong, and takes nothing down."""
    assert spoken(words_of(written("🚀 up", {"type": "spoiler", "offset": 1, "length": 2}))) == ["spoiler up"]


def test_code_is_said_as_words_and_means_nothing() -> None:
    """What would be markup in it is not."""
    assert heard("run `||rm||` <b>now", ("`||rm||` <b>", "code")) == ["run rm b now"]
    assert heard("call a.b(c)\nd now", ("a.b(c)\nd", "code")) == ["call a.b c d now"]
    assert heard("an empty ` ` one", ("` `", "code")) == ["an empty one"]


def test_a_block_of_code_is_only_told() -> None:
    """Nobody wants to hear one."""
    text = "Look:\nfor x in y:\n    ```odd```\nNice?"
    assert heard(text, ("for x in y:\n    ```odd```", "pre")) == ["Look:", "code block", "Nice?"]


def test_long_code_hides_nothing() -> None:
    """What is longer than the clean-up looks is read all the same."""
    text = "x " * 200 + "|| a || b || `c"
    assert heard(text, (text, "code"))[-1].split()[-3:] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2*3*4 is _x_ and snake_case", ["two times three times four is x and snake case"]),
        ("*hello* _dear_ ~world~", ["hello dear world"]),
        ("a || b || c", ["a, b, c"]),
        ("so ``` what then", ["so what then"]),
        ("~~~\nwhat then", ["what then"]),
        ("if a<b and c>d then", ["if a b and c d then"]),
        ("a <think> deeply", ["a think deeply"]),
        ("use <script src='x'>, he said", ["use script src equals 'x', he said"]),
        ("an <!-- odd --> one", ["an odd one"]),
        ("[Ann]: hello", ["Ann: hello"]),
        ("[Ann][Bob] and f[i](x)", ["Ann Bob and f i (x)"]),
        ("$$ easy money $$", ["easy money"]),
        ("5 < 6 <3", ["five is less than six red heart"]),
    ],
)  # fmt: skip
def test_what_is_no_markup_on_telegram_swallows_no_words(text: str, wanted: list[str]) -> None:
    """What people see as it stands is heard with every word of it."""
    said = heard(text)
    assert [sentence.replace("  ", " ") for sentence in said] == wanted


def test_links_are_left_to_the_clean_up() -> None:
    """Of a link behind words its words are said, and of a bare one its host."""
    text = "read this one at https://www.example.com/a?b=1"
    link = over(text, "this one", "text_link", url="https://hidden.example")
    url = over(text, "https://www.example.com/a?b=1", "url")
    assert spoken(words_of(written(text, link, url))) == ["read this one at example dot com"]


def test_markdown_that_nobody_rendered_is_still_a_link() -> None:
    """Bots often leave it so; its address says nothing."""
    assert heard("see [the page](https://example.com/x)") == ["see the page"]


def test_who_is_mentioned_without_a_username_is_called_by_their_first_name() -> None:
    """As Telegram knows it, and not read as markup."""
    person = {**BOB, "first_name": "*Bob* the ||Builder||"}
    text = "ask Bobby now"
    words = words_of(written(text, over(text, "Bobby", "text_mention", user=person)))
    assert words == Words("ask <@6> now", {"<@6>": "*Bob* the ||Builder||"})
    assert spoken(words) == ["ask Bob the Builder now"]


def test_a_name_that_cannot_be_said_is_called_as_it_is_written() -> None:
    """Some call themselves by an emoji."""
    text = "ask Bobby now"
    person = {**BOB, "first_name": "🦊"}
    assert spoken(words_of(written(text, over(text, "Bobby", "text_mention", user=person)))) == ["ask Bobby now"]


def test_usernames_are_names_where_these_are_known() -> None:
    """Of who wrote, of whom they answer, and of the chat; in any case. The others' lose their sign."""
    text = "@ANN_lee and @Bobby and @some_one in @our_team"
    words = words_of(written(text, reply_to_message=plain(written("hi"), BOB)))
    assert words.names == {"@ANN_lee": "Ann", "@Bobby": "Bob", "@our_team": "Team"}
    assert spoken(words) == ["Ann and Bob and some one in Team"]


def plain(message: Message, writer: Mapping[str, Any]) -> Json:
    """A message as another one holds it."""
    return {**message.to_dict(), "from": dict(writer), "message_id": 9}


def test_tags_and_commands_stay() -> None:
    """They are words among others; which bot a command is for is not."""
    text = "use /start@sayso_bot for #fun and $TON"
    kinds = (("/start@sayso_bot", "bot_command"), ("#fun", "hashtag"), ("$TON", "cashtag"))
    assert heard(text, *kinds) == ["use start for fun and TON"]


def test_a_quotation_is_its_words() -> None:
    """Also one that is folded."""
    text = "He wrote\nnever\nmore\nSo there"
    assert heard(text, ("never", "blockquote"), ("more", "expandable_blockquote")) == [
        "He wrote", "never", "more", "So there",
    ]  # fmt: skip


def test_a_custom_emoji_is_the_plain_one() -> None:
    """So is what is bold, or a kind of entity that nobody knows yet."""
    text = "well 👍 done today"
    parts = (
        over(text, "👍", "custom_emoji", custom_emoji_id="1"),
        over(text, "done", "bold"),
        over(text, "today", "new"),
    )
    assert words_of(written(text, *parts)).text == text


def test_a_caption_is_said() -> None:
    """With what its own entities say of it."""
    text = "my secret cat"
    photo = [{"file_id": "x", "file_unique_id": "y", "width": 1, "height": 1}]
    message = written(photo=photo, caption=text, caption_entities=[over(text, "secret", "spoiler")])
    assert spoken(words_of(message)) == ["my spoiler cat"]


def test_a_poll_is_its_question_and_its_answers() -> None:
    """Each on its own."""
    options: Sequence[Json] = [{"text": text, "voter_count": 0, "persistent_id": text} for text in ("Red", "Blue")]
    poll = {"id": "1", "question": "Which one?", "options": options, "total_voter_count": 0, "is_closed": False,
            "is_anonymous": True, "type": "regular", "allows_multiple_answers": False,
            "allows_revoting": True, "members_only": False}  # fmt: skip
    assert spoken(words_of(written(poll=poll))) == ["Which one?", "Red", "Blue"]


def test_a_checklist_is_its_title_and_its_tasks() -> None:
    """In their order."""
    checklist = {"title": "Shopping", "tasks": [{"id": 1, "text": "Milk"}, {"id": 2, "text": "Bread"}]}
    assert words_of(written(checklist=checklist)).text == "Shopping\nMilk\nBread"


# -- commands


def test_what_stands_behind_a_command_is_asked_for() -> None:
    """With its own entities, wherever they begin."""
    text = "/say@sayso_bot  the 🚀 secret, /help @bobby"
    parts = [over(text, "/say@sayso_bot", "bot_command"), over(text, "secret", "spoiler"),
             over(text, "/help", "bot_command"), over(text, "@bobby", "mention")]  # fmt: skip
    assert after_command(written(text, *parts)) == Words("the 🚀 ||…||, /help @bobby")


def test_a_command_may_stand_on_a_line_of_its_own() -> None:
    """What follows on the next is asked for all the same."""
    text = "/say\nfirst line\nsecond"
    assert after_command(written(text, over(text, "/say", "bot_command"))).text == "first line\nsecond"


def test_a_bare_command_asks_for_nothing() -> None:
    """Blanks behind it are none."""
    assert not after_command(written("/say  ", {"type": "bot_command", "offset": 0, "length": 4}))


def test_without_a_command_all_is_asked_for() -> None:
    """Where the question was already which words."""
    assert after_command(written("just this")).text == "just this"


# -- what is answered


def reply(**more: Any) -> Message:
    return written("/say", reply_to_message=plain(written("the whole"), BOB), **more)


def test_a_quoted_part_is_that_part() -> None:
    """With the spoilers that Telegram keeps in it."""
    part = {"text": "whole", "position": 4, "is_manual": True, "entities": [over("whole", "ole", "spoiler")]}
    assert quoted(reply(quote=part)).text == "wh||…||"


def test_what_telegram_quotes_by_itself_is_no_choice() -> None:
    """The message itself is there and says more."""
    assert not quoted(reply(quote={"text": "the", "position": 0}))
    assert not quoted(reply())


def test_of_another_chat_there_is_only_the_quotation() -> None:
    """And who wrote it there, if they let that be seen."""
    origin = {"type": "user", "date": 1, "sender_user": BOB}
    message = written("/say", external_reply={"origin": origin}, quote={"text": "from afar", "position": 0})
    assert quoted(message).text == "from afar"
    assert quoted_writer(message) == 6


def test_what_opened_a_topic_is_answered_by_nobody() -> None:
    """Telegram has all that is in a topic answer it."""
    opening = {"message_id": 3, "date": 1, "chat": GROUP, "from": BOB,
               "forum_topic_created": {"name": "News", "icon_color": 1}}  # fmt: skip
    topic = {"message_thread_id": 3, "is_topic_message": True}
    assert answered(written("/say", reply_to_message=opening, **topic)) is None
    first = {key: value for key, value in opening.items() if key != "forum_topic_created"}
    assert answered(written("/say", reply_to_message=first, **topic)) is None
    other = answered(written("/say", reply_to_message=plain(written("hi"), BOB), **topic))
    assert other is not None
    assert other.message_id == 9
    assert answered(written("/say")) is None


# -- whose words


def test_words_are_theirs_who_wrote_them() -> None:
    """In whoever's name: a person's, a channel's or a group's."""
    assert writer_of(written("hi")) == 5
    assert writer_of(written("hi", sender_chat=GROUP)) == -1007
    assert writer_of(written("hi", **{"from": None})) == 0
    assert quoted_writer(reply()) == 6


def test_what_is_passed_on_stays_theirs_who_wrote_it_first() -> None:
    """Where they let that be seen; else it is theirs who passed it on."""
    channel: Json = {"id": -1009, "type": "channel", "title": "News"}
    origins: list[tuple[Json, int]] = [
        ({"type": "user", "date": 1, "sender_user": BOB}, 6),
        ({"type": "chat", "date": 1, "sender_chat": GROUP}, -1007),
        ({"type": "channel", "date": 1, "chat": channel, "message_id": 4}, -1009),
        ({"type": "hidden_user", "date": 1, "sender_user_name": "Somebody"}, 5),
    ]
    for origin, writer in origins:
        assert writer_of(written("hi", forward_origin=origin)) == writer


def test_who_answers_nobody_answers_nobody() -> None:
    """There is nobody to ask."""
    assert quoted_writer(written("/say")) == 0
