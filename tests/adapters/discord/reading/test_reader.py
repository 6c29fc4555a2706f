"""Which messages are read aloud, where, and by whose rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import discord
import pytest
from structlog.testing import capture_logs

from bot.adapters.discord.identity import user_key
from bot.config import SpeakSettings
from bot.errors import StoreError
from bot.speaker import Speaker
from bot.speech import Priority
from tests.adapters.discord.reading.scene import CLERKS, GUILD, LLM, STAGE, TEXT, VOICE, Scene, scene
from tests.conftest import Opened
from tests.doubles.discord import FakeDiscord, Kind


async def test_a_message_of_a_channel_that_is_read_is_heard_where_its_writer_sits(here: Scene) -> None:
    """A text channel is read in the voice channel of who writes in it."""
    assert await here.read("Hello there.") == "Hello there."
    request, target = here.items[0].said.request, here.items[0].said.request.target
    assert (request.guild, request.user, request.channel) == ("discord:5000", "discord:2000", "6000")
    assert request.priority is Priority.NORMAL
    assert (target["where"], target["voice"], target["quiet"]) == ("voice", VOICE, True)
    assert await here.heard(here.items[0]) == "Hello there."


async def test_a_message_stays_wanted_for_as_long_as_is_set(here: Scene) -> None:
    """Chat that comes late is chat about something else."""
    await here.read("Hello.")
    request = here.items[0].said.request
    assert request.deadline is not None
    assert request.deadline - request.at == pytest.approx(120.0, abs=5.0)


async def test_a_channel_that_is_not_read_is_not(here: Scene) -> None:
    """Nothing is read unasked."""
    assert await here.read("Hello.", channel=CLERKS) == ""


async def test_reading_asks_discord_nothing(here: Scene) -> None:
    """No request is made for a message, however many there are."""
    before = len(here.fake.requests)
    for number in range(5):
        assert await here.read(f"Number {number} for <@{LLM}>.", reply_to=await here.fake.say("Hm.", by="bob"))
    assert len(here.fake.requests) == before


# Where


async def test_a_channel_may_name_its_voice_channel(here: Scene) -> None:
    """Then it is heard there, wherever its writer sits."""
    other = here.fake.add_channel("Other", Kind.VOICE, id=7007)
    here.fake.add_user("cat", voice=other)
    await here.fake.until(lambda: here.bot.get_channel(7007))
    await here.rule_channel(voice=7007)
    assert await here.read("Hello.") == ""  # ann sits in another
    assert await here.read("Hello.", by="cat") == "Hello."
    await here.rule(require_voice=False)
    assert await here.read("Hello.") == "Hello."
    assert [item.channel for item in here.items] == [7007, 7007]


async def test_the_chat_of_a_voice_channel_is_heard_in_it(here: Scene) -> None:
    """Whatever else its rules say."""
    await here.rule_channel(VOICE, read=True, voice=STAGE)
    assert await here.read("Hello.", channel=VOICE) == "Hello."
    assert here.items[0].channel == VOICE


async def test_a_thread_is_read_like_its_channel(here: Scene) -> None:
    """Its parent's rules hold."""
    thread = here.fake.add_thread("side talk")
    await here.fake.until(lambda: here.bot.get_channel(int(thread.id)))
    assert await here.read("Hello.", channel=thread) == "Hello."


async def test_a_private_thread_is_not_read_because_its_channel_is(here: Scene) -> None:
    """Few of those who listen are in it; it has rules of its own."""
    thread = await here.private_thread()
    assert await here.read("Between us.", channel=thread) == ""
    await here.rule_channel(thread.id, read=True)
    assert await here.read("For all.", channel=thread) == "For all."


async def test_who_sits_nowhere_is_heard_where_the_bot_is(here: Scene) -> None:
    """If the server does not ask its writers to sit with it."""
    here.fake.add_user("cat")
    await here.rule(require_voice=False)
    assert await here.read("Hello.", by="cat") == ""  # the bot is nowhere
    here.hall.channel = here.bot.get_channel(VOICE)
    assert await here.read("Hello.", by="cat") == "Hello."
    assert here.items[0].channel == VOICE


async def test_nobody_is_read_to_an_empty_channel(here: Scene) -> None:
    """Nor to one in which only bots sit."""
    here.fake.add_channel("Empty", Kind.VOICE, id=7007)
    here.fake.add_user("music", bot=True, voice=7007)
    await here.fake.until(lambda: here.bot.get_channel(7007))
    await here.rule_channel(voice=7007)
    await here.rule(require_voice=False)
    assert await here.read("Hello.") == ""


async def test_listeners_are_not_left_for_chat_elsewhere(here: Scene) -> None:
    """Where people listen to the bot it stays."""
    here.fake.add_channel("Other", Kind.VOICE, id=7007)
    here.fake.add_user("cat", voice=7007)
    await here.fake.until(lambda: here.bot.get_channel(7007))
    here.hall.channel = here.bot.get_channel(VOICE)
    assert await here.read("Hello.", by="cat") == ""
    await here.fake.human_voice(None)
    await here.fake.human_voice(None, by="bob")
    assert await here.read("Hello.", by="cat") == "Hello."


# Rules: what is set, what is written, and whether it is read


@pytest.mark.parametrize(
    ("rules", "text", "said"),
    [
        ({}, "; not this", ""),
        ({}, "this; though", "this; though"),
        ({"ignore_mark": "#"}, "#no", ""),
        ({"prefix": "."}, "no", ""),
        ({"prefix": "."}, ".yes", "yes"),
        ({"prefix": "."}, ";.no", ""),
        ({"auto_join": False}, "Hello.", ""),
        ({}, "!play a song", ""),
        ({}, "! what", ""),
        ({}, "What!", "What!"),
        ({}, "", ""),
        ({}, "   ", ""),
    ],
)
async def test_what_is_written_decides(here: Scene, rules: dict[str, object], text: str, said: str) -> None:
    """Marks, prefixes and other bots' commands."""
    await here.rule(**rules)
    assert await here.read(text) == said


async def test_where_the_bot_is_already_it_need_not_join(here: Scene) -> None:
    """A server whose bot joins only when asked is read all the same."""
    await here.rule(auto_join=False)
    here.hall.channel = here.bot.get_channel(VOICE)
    assert await here.read("Hello.") == "Hello."


async def test_where_it_was_put_out_it_does_not_come_again_because_people_write(here: Scene) -> None:
    """A moderator's word outlasts the next message; a command brings it back, and with it the reading."""
    here.hall.removed_from = VOICE
    assert await here.read("Hello.") == ""
    here.hall.removed_from = None
    assert await here.read("Hello again.") == "Hello again."


async def test_only_who_has_a_role_is_read_if_one_is_asked_for(here: Scene) -> None:
    """And who has an ignored one never is."""
    reader, mute = here.fake.add_role("reader"), here.fake.add_role("mute")
    for name, roles in (("one", (reader,)), ("both", (reader, mute)), ("none", ())):
        here.fake.add_user(name, roles=roles, voice=VOICE)
    await here.rule(roles=[int(reader.id)], ignored_roles=[int(mute.id)])
    assert await here.all_read(*(("Hello.", {"by": name}) for name in ("one", "both", "none", "bob"))) == [
        "Hello.",
        "",
        "",
        "",
    ]


async def test_who_sits_elsewhere_is_not_read_if_voice_is_required(here: Scene) -> None:
    """Who cannot hear the answer does not take part."""
    here.fake.add_user("cat")
    here.hall.channel = here.bot.get_channel(VOICE)
    assert await here.read("Hello.", by="cat") == ""


async def test_who_opted_out_or_is_blocked_is_neither_read_nor_announced(here: Scene) -> None:
    """Not even their name is said."""
    await here.rule(announce=True)
    store = here.station.speaker.store
    await store.preferences.set(user_key(2000), opted_out=True)
    bob = user_key(int(here.fake.world.user("bob").id))
    await store.settings.set_guild("discord:5000", blocked_users=[bob])
    assert await here.all_read(("Hello.", {}), ("Hello.", {"by": "bob"})) == ["", ""]


async def test_other_bots_are_read_only_if_the_server_wants_it(here: Scene) -> None:
    """Bots and webhooks alike."""
    assert await here.read("Beep.", by="llm") == ""
    await here.posted("Hook.", by="bob", webhook_id="77")
    await here.handled()
    assert here.texts == []
    await here.rule(read_bots=True, require_voice=True)
    here.hall.channel = here.bot.get_channel(VOICE)
    assert await here.read("Beep.", by="llm") == "Beep."
    await here.posted("Hook.", by="bob", webhook_id="77")
    await here.handled()
    assert here.texts == ["Beep.", "Hook."]


async def test_the_same_words_are_not_read_a_third_time_in_a_row(here: Scene) -> None:
    """A flood is heard as one."""
    assert await here.all_read(*[("spam", {})] * 4) == ["spam", "spam", "", ""]
    assert await here.read("spam", by="bob") == "spam"
    assert await here.all_read(("other", {}), ("spam", {})) == ["other", "spam"]


async def test_who_writes_too_often_waits(here: Scene) -> None:
    """So many messages a minute are read of each."""
    await here.rule(per_minute=2)
    assert await here.all_read(("a", {}), ("b", {}), ("c", {}), ("d", {"by": "bob"})) == ["a", "b", "", "d"]
    here.clock.advance(61)
    assert await here.read("e") == "e"


async def test_a_message_that_is_too_long_is_cut_and_not_dropped(here: Scene) -> None:
    """Who listens is told that there was more."""
    await here.station.speaker.store.settings.set_guild("discord:5000", max_chars=40)
    said = await here.read("word " * 30)
    assert said.endswith("\nand so on.")
    assert len(said) <= 40


async def test_sayso_s_own_messages_are_not_read(here: Scene) -> None:
    """Notes, answers to commands, texts with its buttons or its mark."""
    button = {"type": 1, "components": [{"type": 2, "style": 2, "label": "Skip", "custom_id": "sayso:skip:1"}]}
    user = here.fake.world.user("ann").payload()
    asked = {"id": "9", "type": 2, "user": user, "authorizing_integration_owners": {}}
    here.hall.channel = here.bot.get_channel(VOICE)
    await here.posted("", by="speaker", flags=1 << 13)
    await here.posted("Speaking.", by="speaker", components=[button])
    await here.posted("Said.", by="speaker", type=20, interaction_metadata=asked)
    await here.posted("I cannot.", by="speaker", nonce="sayso1")
    seen = here.fake._messages.make(
        here.fake.bot, here.fake.world.channel(str(TEXT)), {"content": "For you.", "flags": 64}
    )
    here.fake.gateway.sessions[-1].tell("MESSAGE_CREATE", seen)
    await here.posted("pinned", type=6)
    await here.handled()
    assert here.texts == []
    await here.posted("Seen.", by="speaker")
    await here.handled()
    assert here.texts == ["Seen."]


# Names


async def test_the_name_is_said_before_the_words(here: Scene) -> None:
    """By what the writer is called here."""
    await here.rule(announce=True)
    await here.read("Hello.", by="bob")
    assert await here.heard(here.items[0]) == "Bobby said Hello."


async def test_a_name_is_not_said_twice_within_a_minute(here: Scene) -> None:
    """Unless somebody else spoke in between."""
    await here.rule(announce=True)
    said = await here.all_read(("a", {}), ("b", {}), ("c", {"by": "bob"}), ("d", {}))
    assert [text.startswith("<@") for text in said] == [True, False, True, True]
    here.clock.advance(61)
    assert (await here.read("e")).startswith("<@2000> said\n")


async def test_who_only_sends_something_is_named_without_said(here: Scene) -> None:
    """Nothing was said."""
    await here.rule(announce=True)
    await here.read("", files={"a.png": b"\x89PNG"})
    assert await here.heard(here.items[0]) == "ann Sent an image."


async def test_no_mark_in_a_name_upsets_the_message(here: Scene) -> None:
    """A name is words; what is no words in it is left out."""
    await here.rule(announce=True)
    here.fake.add_user("evil", nick="```x||@everyone\n<@2000>", voice=VOICE)
    await here.read("Hello.", by="evil")
    heard = await here.heard(here.items[0])
    assert heard.endswith("said Hello.")
    here.fake.add_user("plain", nick="░▒▓", voice=VOICE)
    await here.read("Hello.", by="plain")
    assert await here.heard(here.items[1]) == "plain said Hello."


async def test_the_announcement_is_in_the_language_of_the_server(here: Scene) -> None:
    """As set here, else as Discord has it."""
    await here.rule(announce=True)
    await here.station.speaker.store.settings.set_guild("discord:5000", language="zh")
    assert await here.read("你好") == "<@2000>说\n你好"
    assert here.items[0].said.request.target["locale"] == "zh"


async def test_a_language_that_no_voice_speaks_leaves_out_the_name_alone(fake: FakeDiscord, speaker: Speaker) -> None:
    """What was written can be said all the same."""
    fake.world.guild(str(GUILD)).locale = "ja"
    async with scene(fake, speaker) as here:
        await here.rule_channel(read=True)
        assert await here.all_read(("Hello.", {}), ("你好", {"by": "bob"})) == ["Hello.", "你好"]


async def test_a_refused_message_does_not_use_up_the_name(here: Scene) -> None:
    """What follows must still say who speaks."""
    await here.rule(announce=True)
    settings = here.station.speaker.store.settings
    bob = user_key(int(here.fake.world.user("bob").id))
    await settings.set_guild("discord:5000", blocked_users=[bob])
    assert await here.all_read(("a", {}), ("b", {"by": "bob"}), ("c", {})) == ["<@2000> said\na", "", "c"]
    await settings.set_guild("discord:5000", blocked_users=[])
    assert (await here.read("d", by="bob")).startswith(f"<@{bob.rpartition(':')[2]}> said")


# What is not seen, what goes wrong


async def test_without_the_message_content_intent_nothing_is_read_and_that_is_said_once(
    fake: FakeDiscord, speaker: Speaker
) -> None:
    """Sayso works with less; whoever runs it is told why once."""
    intents = discord.Intents(guilds=True, voice_states=True, guild_messages=True)
    async with scene(fake, speaker, intents=intents) as here:
        await here.rule_channel(read=True)
        with capture_logs() as logs:
            assert await here.all_read(("Hello.", {}), ("Hello?", {})) == ["", ""]
        assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["message_content_not_granted"]
        here.hall.channel = here.bot.get_channel(VOICE)
        await here.posted("I have seen it.", by="speaker")
        await here.handled()
        assert len(here.texts) == 1


async def test_a_failure_ends_with_its_message(here: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is logged by its type, without words, and the next message is read."""
    sound = here.station.courier.send

    async def broken(*_: object) -> None:
        raise StoreError("secret words")

    monkeypatch.setattr(here.station.courier, "send", broken)
    with capture_logs() as logs:
        assert await here.read("Hello.") == ""
    assert [(entry["event"], entry["error"]) for entry in logs if entry["log_level"] == "error"] == [
        ("event_failed", "StoreError")
    ]
    assert "secret" not in str(logs)
    monkeypatch.setattr(here.station.courier, "send", sound)
    assert await here.read("Again.") == "Again."


async def test_a_prefix_that_cannot_be_found_out_keeps_nobody_silent(here: Scene) -> None:
    """The host's own code may fail."""

    async def broken(_: object, __: discord.Message) -> str:
        raise RuntimeError

    here.bot.command_prefix = broken
    with capture_logs() as logs:
        assert await here.read("!Hello.") == "!Hello."
    assert "host_prefix_failed" in [entry["event"] for entry in logs]


async def test_a_mention_is_no_command(here: Scene) -> None:
    """Bots that answer to their name are talked to with it."""
    here.bot.command_prefix = ["<@1000> ", "?"]
    assert await here.all_read(("<@1000> Hello.", {}), ("?help", {})) == ["<@1000> Hello.", ""]


async def test_the_host_s_handlers_do_not_wait_for_the_reading(here: Scene) -> None:
    """The listeners return at once, whatever the store does."""
    message = await here.message("Hello.", channel=CLERKS)
    gate = asyncio.Event()

    async def slow(_: int) -> object:
        await gate.wait()
        raise StoreError("it is slow")

    store = here.station.speaker.store.settings
    original, store.guild = store.guild, lambda _: slow(0)  # type: ignore[method-assign,assignment,return-value]
    try:
        await asyncio.wait_for(here.reader.on_message(message), 0.5)
    finally:
        gate.set()
        store.guild = original  # type: ignore[method-assign]


# Many at once


async def test_messages_are_said_in_the_order_in_which_they_came(here: Scene) -> None:
    """However quickly they came."""
    for number in range(10):
        await here.fake.say(f"Number {number}.")
    await here.fake.until(lambda: len(here.items) == 10)
    assert here.texts == [f"Number {number}." for number in range(10)]


async def test_two_channels_at_once_are_read_in_one_order(here: Scene) -> None:
    """A server has one voice connection, and so one line."""
    await here.rule_channel(CLERKS, read=True)
    for number in range(6):
        await here.fake.say(f"Number {number}.", channel=(TEXT, CLERKS)[number % 2], by=("ann", "bob")[number % 2])
    await here.fake.until(lambda: len(here.items) == 6)
    assert here.texts == [f"Number {number}." for number in range(6)]


async def test_two_servers_are_read_each_in_its_own_channel(here: Scene) -> None:
    """And by their own rules."""
    other = here.fake.add_guild("Other")
    await here.fake.until(lambda: (guild := here.bot.get_guild(int(other.id))) and guild.voice_channels)
    place = other.first(Kind.VOICE)
    here.fake.add_user("cat", guild=other, voice=place)
    settings = here.station.speaker.store.settings
    text = other.first(Kind.TEXT)
    await settings.set_channel(f"discord:{other.id}", text.id, extra={"discord": {"read": True}})
    await here.fake.say("There.", by="cat", guild=other, channel=text)
    assert await here.read("Here.") == "Here."
    await here.fake.until(lambda: int(other.id) in here.halls.rooms and here.halls[int(other.id)].items)
    assert here.halls[int(other.id)].items[0].channel == int(place.id)


@pytest.fixture
async def stingy(opened: Opened) -> AsyncIterator[Speaker]:
    async with opened(speak=SpeakSettings(max_chars=30)) as speaker:
        yield speaker


async def test_the_configured_length_holds_where_the_server_sets_none(fake: FakeDiscord, stingy: Speaker) -> None:
    """The name counts too."""
    async with scene(fake, stingy) as here:
        await here.rule_channel(read=True)
        said = await here.read("one two three four five six seven")
        assert said == "<@2000> said\none\nand so on."


async def test_after_close_nothing_is_read(here: Scene) -> None:
    """What comes then is nobody's."""
    message = await here.message("Hello.", channel=CLERKS)
    await here.reader.close()
    await here.reader.on_message(message)
    assert here.texts == []
