"""Somebody asks for something to be said, and is answered until it was heard."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import pytest
from discord import app_commands
from structlog.testing import capture_logs

from bot.adapters.discord.commands import asking
from bot.adapters.discord.commands.say import Say
from bot.adapters.discord.identity import guild_key, user_key
from bot.adapters.discord.rules import with_rules
from bot.adapters.discord.voice import Outcome, Trouble
from bot.errors import EngineUnavailable
from bot.queue import Limits
from bot.speaker import Speaker
from tests.adapters.discord.commands.online import brought_along, online, quiet, whole
from tests.conftest import Opened
from tests.doubles.discord import FakeDiscord, Interaction, Kind
from tests.doubles.discord.channels import Channel
from tests.doubles.engine import FakeEngine, Script, at_once

EPHEMERAL, VOICE = 64, 8192
GUILD = guild_key(int(FakeDiscord.guild_id), 0)
ANN = user_key(int(FakeDiscord.user_id))


async def _rules(speaker: Speaker, **changes: object) -> None:
    settings = await speaker.store.settings.guild(GUILD)
    await speaker.store.settings.set_guild(GUILD, extra=with_rules(settings, **changes))


def _labels(message: dict[str, Any]) -> list[str]:
    return [button["label"] for row in message["components"] for button in row["components"]]


def _ids(message: dict[str, Any]) -> list[str]:
    return [button["custom_id"] for row in message["components"] for button in row["components"]]


async def _refused(ix: Interaction) -> str:
    """What the asker alone was told in the place of a public answer."""
    followup = await ix.wait_followup()
    assert followup.json["flags"] & EPHEMERAL
    assert ix.original_deleted
    return str(followup.json["content"])


async def _noted(fake: FakeDiscord, ix: Interaction) -> dict[str, Any]:
    """The answer once the note is there."""
    await ix.wait(lambda ix: "🎙️" in (ix.content or ""))
    assert ix.original is not None
    return ix.original


# As a voice note


async def test_who_sits_in_no_voice_channel_gets_a_voice_note(speaker: Speaker) -> None:
    """Deferred at once and publicly; then the note, and an answer that says who spoke and offers it again."""
    async with FakeDiscord(user_in_voice=False) as fake, online(fake, speaker):
        ix = await fake.slash("say", text="Hello there.")
        assert (await ix.wait_callback())["type"] == 5
        assert not ix.ephemeral
        answer = await _noted(fake, ix)
        [note] = fake.notes()
        assert note.duration == pytest.approx(0.3, abs=0.05)
        assert answer["content"].startswith("🎙️ Spoken by ")
        assert _labels(answer) == ["Replay"]
        assert fake.errors == []


@pytest.mark.parametrize(
    ("locale", "begins", "button"),
    [("ja", "🎙️ sayso が読み上げました", "もう一度"), ("zh-CN", "🎙️ 由 sayso 朗读", "重播")],
)
async def test_everybody_is_answered_in_their_language(speaker: Speaker, locale: str, begins: str, button: str) -> None:
    """Words and buttons."""
    async with FakeDiscord(user_in_voice=False) as fake, online(fake, speaker):
        ix = await fake.slash("say", text="Hello there.", locale=locale)
        answer = await _noted(fake, ix)
        assert answer["content"].startswith(begins)
        assert _labels(answer) == [button]


async def test_who_wants_a_note_gets_one_though_they_sit_in_voice(speaker: Speaker) -> None:
    """The voice channel hears nothing."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        await _noted(fake, await fake.slash("say", text="Hello.", where="note"))
        assert here.room.items == []
        assert len(fake.notes()) == 1


async def test_in_direct_messages_it_is_a_note(speaker: Speaker) -> None:
    """There is no voice channel there."""
    async with FakeDiscord() as fake, online(fake, speaker):
        ix = await fake.slash("say", text="Hello.", channel=fake.direct())
        await _noted(fake, ix)
        assert len(fake.notes(fake.direct())) == 1
        assert fake.errors == []


async def test_the_voice_and_the_rate_asked_for_are_used(speaker: Speaker, offline: FakeEngine) -> None:
    """A persona by any of its names; the rate as a factor."""
    async with FakeDiscord(user_in_voice=False) as fake, online(fake, speaker):
        await _noted(fake, await fake.slash("say", text="Hello.", voice="heart", rate=1.5))
        assert (offline.asked[0].voice, offline.asked[0].rate) == ("heart", 1.5)


async def test_mentions_are_said_by_name(speaker: Speaker, offline: FakeEngine) -> None:
    """People, roles and channels that are known here."""
    async with FakeDiscord(user_in_voice=False) as fake, online(fake, speaker):
        await _noted(fake, await fake.slash("say", text=f"<@{fake.user_id}> came to <#{fake.text_channel}>."))
        assert "ann" in offline.asked[0].text
        assert "general" in offline.asked[0].text


async def test_somebody_waits_for_it_so_it_goes_first(speaker: Speaker) -> None:
    """Priority, deadline and channel come with the request."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        await fake.slash("say", text="Hello.")
        item = await fake.until(lambda: next(iter(here.room.items), None))
        request = item.said.request
        assert (request.priority, request.user, request.guild) == (0, ANN, GUILD)
        assert request.channel == fake.text_channel
        assert request.deadline is not None


# In the voice channel


async def test_who_sits_in_a_voice_channel_is_heard_there(speaker: Speaker) -> None:
    """The answer says where while it plays, with Skip and Stop; when it is over, who spoke, with Replay."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        ix = await fake.slash("say", text="Hello there.")
        item = await fake.until(lambda: next(iter(here.room.items), None))
        assert item.channel == int(fake.voice_channel)
        here.room.begin()
        await ix.wait(lambda ix: ix.content == f"🔊 Speaking in <#{fake.voice_channel}>.")
        assert _labels(ix.original or {}) == ["Skip", "Stop"]
        await item.said.speech.clip()
        here.room.hear()
        await ix.wait(lambda ix: (ix.content or "").startswith(f"🔊 Spoken in <#{fake.voice_channel}> by sayso, 0.3"))
        assert _labels(ix.original or {}) == ["Replay"]
        assert fake.notes() == []


async def test_what_has_to_wait_says_how_long_and_can_be_taken_back(speaker: Speaker) -> None:
    """Number and time, renewed as they change, until it begins."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        here.say.asking.refresh = 0.01
        here.room.each = 30
        await fake.slash("say", text="First.")
        await fake.until(lambda: here.room.items)
        ix = await fake.slash("say", text="Second.")
        await ix.wait(lambda ix: ix.content == "⏳ Number 2 in line; it begins in about 30 s.")
        assert _labels(ix.original or {}) == ["Cancel"]
        here.room.each = 20
        await ix.wait(lambda ix: ix.content == "⏳ Number 2 in line; it begins in about 20 s.")
        here.room.hear()
        here.room.begin()
        await ix.wait(lambda ix: "Speaking in" in (ix.content or ""))


async def test_a_wait_of_a_moment_is_not_worth_a_word(speaker: Speaker) -> None:
    """Who waits for a second or two sees the bot think."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        here.room.each = 1.5
        await fake.slash("say", text="First.")
        await fake.until(lambda: here.room.items)
        ix = await fake.slash("say", text="Second.")
        await fake.until(lambda: len(here.room.items) == 2)
        here.room.hear()
        here.room.begin()
        await ix.wait(lambda ix: "Speaking in" in (ix.content or ""))
        assert len(ix.edits) == 1


async def test_an_answer_goes_on_when_its_token_has_expired(speaker: Speaker) -> None:
    """What waited for more than 15 minutes is told by the bot's own right, in the same message."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        ix = await fake.slash("say", text="Hello there.")
        await fake.until(lambda: here.room.items)
        here.room.begin()
        await ix.wait(lambda ix: "Speaking in" in (ix.content or ""))
        fake.clock.advance(16 * 60)
        here.room.hear()
        await fake.until(lambda: "Spoken in" in fake.said()[0]["content"])
        assert len(fake.said()) == 1


async def test_what_cannot_be_played_is_sent_as_a_note_with_the_reason(speaker: Speaker) -> None:
    """Unless the voice channel was asked for by name."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        ix = await fake.slash("say", text="Hello there.")
        item = await fake.until(lambda: next(iter(here.room.items), None))
        here.room.end(item, Outcome.LOST, Trouble.FULL)
        answer = await _noted(fake, ix)
        assert len(fake.notes()) == 1
        assert "full" in answer["content"]


async def test_who_asks_for_the_voice_channel_is_told_why_it_is_not_to_be_had(speaker: Speaker) -> None:
    """And gets no note that they did not ask for."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        ix = await fake.slash("say", text="Hello there.", where="channel")
        item = await fake.until(lambda: next(iter(here.room.items), None))
        here.room.end(item, Outcome.LOST, Trouble.FULL)
        assert "full" in await _refused(ix)
        assert fake.notes() == []


async def test_who_asks_for_a_voice_channel_in_direct_messages_is_told_that_there_is_none(speaker: Speaker) -> None:
    """Not that the bot is no member of something."""
    async with FakeDiscord() as fake, online(fake, speaker):
        told = await _refused(await fake.slash("say", text="Hello.", where="channel", channel=fake.direct()))
        assert "no voice channels in direct messages" in told


async def test_the_answer_names_the_channel_in_which_it_was_heard(speaker: Speaker) -> None:
    """Not the one from which the bot was moved in the middle of it; there it is what was heard last, too."""
    async with FakeDiscord() as fake:
        other = fake.add_channel("Other", Kind.VOICE)
        async with online(fake, speaker) as here:
            ix = await fake.slash("say", text="Hello there.")
            await fake.until(lambda: here.room.items)
            here.room.begin()
            await ix.wait(lambda ix: f"<#{fake.voice_channel}>" in (ix.content or ""))
            await fake.until(quiet)
            here.room.items[0].channel = int(other.id)
            here.room.hear()
            await ix.wait(lambda ix: f"Spoken in <#{other.id}>" in (ix.content or ""))
            await fake.until(lambda: list(here.say.asking._heard) == [int(other.id)])


async def test_the_voice_channel_takes_somebody_who_sits_in_one(speaker: Speaker) -> None:
    """Who does not is told what to do."""
    async with FakeDiscord(user_in_voice=False) as fake, online(fake, speaker):
        ix = await fake.slash("say", text="Hello.", where="channel")
        assert "You are not in a voice channel" in await _refused(ix)


async def test_a_bot_that_does_not_come_uncalled_sends_a_note_until_it_is_called(speaker: Speaker) -> None:
    """``auto_join`` off: it is heard only where it is already, or where it is asked for by name."""
    await _rules(speaker, auto_join=False)
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        await _noted(fake, await fake.slash("say", text="Hello."))
        assert here.room.items == []
        here.room.channel = here.bot.get_channel(int(fake.voice_channel))
        await fake.slash("say", text="Hello again.")
        await fake.until(lambda: here.room.items)


# Refusals


async def test_a_refusal_is_for_the_asker_alone(speaker: Speaker) -> None:
    """In the place of the public answer, with what to do instead."""
    async with FakeDiscord() as fake, online(fake, speaker):
        ix = await fake.slash("say", text="Hello.", voice="nobody of that name", locale="ja")
        await _refused(ix)
        assert fake.said() == []


async def test_who_lacks_the_roles_is_told_which(speaker: Speaker) -> None:
    """And nobody is pinged by that."""
    async with FakeDiscord() as fake:
        role = fake.add_role("Voice")
        await _rules(speaker, roles=[int(role.id)])
        async with online(fake, speaker):
            ix = await fake.slash("say", text="Hello.")
            assert f"<@&{role.id}>" in await _refused(ix)
            assert ix.followups[0].json["allowed_mentions"]["parse"] == []


async def test_who_has_one_of_the_roles_is_heard(speaker: Speaker) -> None:
    """One of them is enough."""
    async with FakeDiscord() as fake:
        role, other = fake.add_role("Voice"), fake.add_role("Other")
        bea = fake.add_user("bea", roles=(role,))
        await _rules(speaker, roles=[int(role.id), int(other.id)])
        async with online(fake, speaker):
            await _noted(fake, await fake.slash("say", text="Hello.", by=bea))


async def test_who_asks_too_often_is_told_when_to_come_back(speaker: Speaker) -> None:
    """Their next request within the minute is refused; another person's is not."""
    await _rules(speaker, per_minute=1)
    async with FakeDiscord() as fake:
        bea = fake.add_user("bea")
        async with online(fake, speaker):
            await _noted(fake, await fake.slash("say", text="One.", where="note"))
            assert "Try again in about 60 s" in await _refused(await fake.slash("say", text="Two.", where="note"))
            await _noted(fake, await fake.slash("say", text="Three.", by=bea))


async def test_a_full_queue_is_told_in_words(opened: Opened) -> None:
    """It is a refusal like any other."""
    async with opened(limits=Limits(1, 10, 10)) as speaker, FakeDiscord() as fake, online(fake, speaker) as here:
        await fake.slash("say", text="One.")
        await fake.until(lambda: here.room.items)
        assert await _refused(await fake.slash("say", text="Two."))


async def test_a_speech_that_breaks_off_is_told_to_the_asker(speaker: Speaker, offline: FakeEngine) -> None:
    """No note comes, so nothing public is left."""
    offline.scripts = [Script(error=EngineUnavailable("offline", "gone"))]
    async with FakeDiscord(user_in_voice=False) as fake, online(fake, speaker):
        ix = await fake.slash("say", text="Hello.")
        assert "offline" in await _refused(ix)


async def test_a_surprise_is_answered_in_words_and_logged_without_them(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever hosts us hears nothing of it, and no text gets into a log."""

    async def broken(*_: object) -> None:
        raise RuntimeError("secret words")

    raised: list[object] = []
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        here.bot.tree.error(_collector(raised))
        monkeypatch.setattr(here.station.courier, "send", broken)
        with capture_logs() as logs:
            ix = await fake.slash("say", text="Hello.")
            assert "Something went wrong" in await _refused(ix)
        assert raised == []
        assert [entry["error"] for entry in logs if entry["event"] == "command_failed"] == ["RuntimeError"]
        assert "secret" not in str(logs)
        assert "Hello" not in str(logs)


def _collector(into: list[object]) -> Any:
    async def collect(_interaction: object, error: object) -> None:
        into.append(error)

    return collect


# Late


async def test_an_interaction_that_discord_no_longer_knows_is_heard_all_the_same(speaker: Speaker) -> None:
    """It was accepted; the answer to it is a message of its own, for people must see who made the bot speak."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        fake.fail_next("POST", "/callback", 404, 10062)
        await fake.slash("say", text="Hello there.")
        await fake.until(lambda: here.room.items)
        here.room.begin()
        await fake.until(lambda: fake.said() and "Speaking in" in fake.said()[0]["content"])


# The menu on a message


async def test_a_message_is_spoken_as_a_note_in_reply_to_it(speaker: Speaker, offline: FakeEngine) -> None:
    """Its words are there without the privileged intent."""
    async with FakeDiscord(user_in_voice=False) as fake, online(fake, speaker):
        message = await fake.say("Read me.", by=fake.add_user("bea"))
        ix = await fake.message_menu("Speak this message", message)
        await _noted(fake, ix)
        [note] = fake.notes()
        assert note.message["message_reference"]["message_id"] == message["id"]
        assert offline.asked[0].text == "Read me."


async def test_a_message_without_words_is_not_spoken(speaker: Speaker) -> None:
    """The asker is told to choose another."""
    async with FakeDiscord() as fake, online(fake, speaker):
        message = await fake.say(embeds=[{"type": "image"}])
        assert "nothing in that message" in await _refused(await fake.message_menu("Speak this message", message))


async def test_who_does_not_want_to_be_read_is_not(speaker: Speaker) -> None:
    """Whoever asks for it."""
    async with FakeDiscord() as fake, online(fake, speaker):
        bea = fake.add_user("bea")
        await speaker.store.preferences.set(user_key(int(bea.id)), opted_out=True)
        message = await fake.say("Read me.", by=bea)
        assert "does not want" in await _refused(await fake.message_menu("Speak this message", message))


async def test_who_is_blocked_is_not_spoken_for_others_either(speaker: Speaker) -> None:
    """To have somebody else choose their message is no way round it."""
    async with FakeDiscord() as fake, online(fake, speaker):
        bea = fake.add_user("bea")
        await speaker.store.settings.set_guild(GUILD, blocked_users={user_key(int(bea.id))})
        message = await fake.say("Rude words.", by=bea)
        assert "is blocked" in await _refused(await fake.message_menu("Speak this message", message))


# Again


async def test_what_was_heard_last_is_heard_again_without_synthesis(speaker: Speaker, offline: FakeEngine) -> None:
    """By command, from the cache."""
    async with FakeDiscord(user_in_voice=False) as fake, online(fake, speaker):
        await _noted(fake, await fake.slash("say", text="Hello there."))
        await fake.until(lambda: len(offline.finished) == 1)
        await _noted(fake, await fake.slash("replay"))
        assert len(fake.notes()) == 2
        assert len(offline.asked) == 1


async def test_what_was_heard_in_another_channel_is_not_replayed_here(speaker: Speaker) -> None:
    """It may be closed to who asks; what was said for themselves they may hear anywhere."""
    async with FakeDiscord(user_in_voice=False) as fake:
        bea, staff = fake.add_user("bea"), fake.add_channel("staff")
        async with online(fake, speaker):
            await _noted(fake, await fake.slash("say", text="Secret.", channel=staff))
            assert "Nothing was said here" in await _refused(await fake.slash("replay", by=bea))
            await _noted(fake, await fake.slash("replay"))


async def test_what_was_said_for_one_is_replayed_after_a_restart(opened: Opened, offline: FakeEngine) -> None:
    """As long as it is kept."""
    async with FakeDiscord(user_in_voice=False) as fake:
        async with opened() as speaker, online(fake, speaker):
            await _noted(fake, await fake.slash("say", text="Hello there."))
        async with opened() as speaker, online(fake, speaker):
            await _noted(fake, await fake.slash("replay"))
        assert len(offline.asked) == 1


async def test_places_are_forgotten_in_the_order_in_which_they_fell_silent(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory of a bot in many channels does not grow for ever."""
    monkeypatch.setattr(asking, "PLACES", 1)
    async with FakeDiscord(user_in_voice=False) as fake:
        other = fake.add_channel("other")
        async with online(fake, speaker) as here:
            await _noted(fake, await fake.slash("say", text="One."))
            await _noted(fake, await fake.slash("say", text="Two.", channel=other))
            await fake.until(lambda: list(here.say.asking._heard) == [int(other.id)])


async def test_where_nothing_was_heard_there_is_nothing_to_replay(speaker: Speaker) -> None:
    """It is told what to do first."""
    async with FakeDiscord() as fake, online(fake, speaker):
        assert "Nothing was said here" in await _refused(await fake.slash("replay"))


# While somebody types


async def test_voices_are_offered_while_somebody_types(speaker: Speaker) -> None:
    """Each with a name that Discord takes, the one that fits best first."""
    async with FakeDiscord() as fake, online(fake, speaker):
        choices = await fake.autocomplete("say", "voice", text="Hello.", voice="hea")
        assert "heart" in choices[0]["name"].casefold()
        assert 0 < len(await fake.autocomplete("say", "voice", text="Hello.")) <= 25


async def test_the_list_is_there_before_anybody_types(speaker: Speaker) -> None:
    """It takes long to be made and is made once."""
    async with FakeDiscord() as fake, online(fake, speaker):
        assert speaker._casting is not None


async def test_what_goes_wrong_offers_nothing(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was typed can still be sent as it is."""

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    async with FakeDiscord() as fake, online(fake, speaker):
        monkeypatch.setattr(speaker, "choices", broken)
        assert await fake.autocomplete("say", "voice", text="Hello.") == []


# Where the bot is no member


async def test_who_brings_the_app_along_gets_a_note_through_the_interaction(speaker: Speaker) -> None:
    """Among friends, where the bot has no channel of its own to write to; the answer stays beside it."""
    async with FakeDiscord() as fake, online(fake, speaker):
        friends = Channel("9000", Kind.GROUP_DM, "friends", recipients=(fake.world.user(fake.user_id),))
        fake.world.channels[friends.id] = friends
        ix = brought_along(fake, friends, "say", text="Hello.")
        answer = await _noted(fake, ix)
        [note] = ix.followups
        assert note.json["flags"] & VOICE
        assert note.result["id"] != answer["id"]
        assert _labels(answer) == ["Replay"]
        assert not [request for request in fake.requests if request.path.endswith(f"/channels/{friends.id}/messages")]


async def test_where_it_is_no_member_a_refusal_leaves_nothing_for_others_to_see(speaker: Speaker) -> None:
    """Not that it is being spoken, either."""
    async with FakeDiscord() as fake, online(fake, speaker):
        friends = Channel("9000", Kind.GROUP_DM, "friends", recipients=(fake.world.user(fake.user_id),))
        fake.world.channels[friends.id] = friends
        ix = brought_along(fake, friends, "say", text="***")
        assert "nothing in that to say" in (await _refused(ix)).casefold()
        assert fake.said(friends) == []


async def test_in_a_server_that_the_bot_is_no_member_of_there_are_only_notes(speaker: Speaker) -> None:
    """Whoever wants the voice channel is told so, though they sit in one."""
    async with FakeDiscord() as fake, online(fake, speaker):
        guild = fake.world.add_guild("Elsewhere", owner=fake.world.user(fake.user_id))
        guild.members.pop(fake.bot_id)
        channel = fake.world.add_channel(guild, "general", Kind.TEXT)
        ix = brought_along(fake, channel, "say", text="Hello.")
        await _noted(fake, ix)
        assert ix.followups[0].json["flags"] & VOICE
        ix = brought_along(fake, channel, "say", text="Hello.", where="channel")
        assert "not a member of this server" in await _refused(ix)


async def test_where_the_bot_may_not_write_the_note_comes_through_the_interaction(speaker: Speaker) -> None:
    """Whoever may use the command there gets their answer there."""
    async with FakeDiscord(user_in_voice=False) as fake:
        fake.deny("send_messages", who=fake.bot, channel=fake.text_channel)
        async with online(fake, speaker):
            ix = await fake.slash("say", text="Hello.")
            await _noted(fake, ix)
            assert ix.followups[0].json["flags"] & VOICE


# With all of Sayso


async def test_it_is_heard_in_the_voice_channel(speaker: Speaker) -> None:
    """From the command to encrypted packets, and on to Replay, whose sound comes out of the cache."""
    async with FakeDiscord(dave="bot_joins") as fake, whole(fake, speaker):
        ix = await fake.slash("say", text="Hello there.")
        await ix.wait(lambda ix: (ix.content or "").startswith(f"🔊 Spoken in <#{fake.voice_channel}>"))
        heard = len(fake.heard())
        assert heard == pytest.approx(15, abs=2)
        message = ix.original or {}
        ix = await fake.click(message, _ids(message)[0])
        await ix.wait(lambda ix: "Spoken in" in (ix.content or ""))
        assert len(fake.heard()) == heard * 2
        assert fake.errors == []


async def test_what_is_heard_is_skipped(speaker: Speaker, offline: FakeEngine) -> None:
    """By the button below its answer, in the middle of a word."""
    offline.scripts = [Script(pieces=600)]
    async with FakeDiscord() as fake, whole(fake, speaker):
        ix = await fake.slash("say", text="A very long story.")
        await fake.until(fake.heard)
        await ix.wait(lambda ix: "Speaking in" in (ix.content or ""))
        message = ix.original or {}
        press = await fake.click(message, next(id for id in _ids(message) if "skip" in id))
        assert (await press.wait_callback())["data"]["content"].startswith("⏭️")
        await fake.until(lambda: fake.messages[message["id"]]["components"] == [])
        assert len(fake.heard()) < 600 * 5


@pytest.mark.parametrize(("permission", "named"), [("connect", "“Connect”"), ("speak", "“Speak”")])
async def test_where_the_bot_may_not_be_heard_it_sends_a_note_and_says_why(
    speaker: Speaker, permission: str, named: str
) -> None:
    """With what an administrator can do about it."""
    async with FakeDiscord() as fake:
        fake.deny(permission, channel=fake.voice_channel)
        async with whole(fake, speaker):
            answer = await _noted(fake, await fake.slash("say", text="Hello."))
            assert named in answer["content"]
            assert fake.voice_history == []


async def test_a_channel_without_room_is_told_and_the_note_comes_instead(speaker: Speaker) -> None:
    """Before anybody waits for a connection that never comes."""
    async with FakeDiscord() as fake:
        fake.world.channel(fake.voice_channel).user_limit = 1
        fake.deny("move_members", who=fake.bot, channel=fake.voice_channel)
        async with whole(fake, speaker):
            answer = await _noted(fake, await fake.slash("say", text="Hello there."))
            assert f"<#{fake.voice_channel}> is full" in answer["content"]
            assert len(fake.notes()) == 1


# Coming and going


async def test_a_host_with_five_menus_keeps_them(speaker: Speaker) -> None:
    """Discord's library has room for five; the rest of Sayso works without its own."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        bot = here.bot
        await bot.remove_cog("Sayso say")

        async def theirs(interaction: discord.Interaction, message: discord.Message) -> None: ...

        for number in range(5):
            bot.tree.add_command(app_commands.ContextMenu(name=f"menu {number}", callback=theirs))
        with capture_logs() as logs:
            await bot.add_cog(Say(here.station))
        assert "message_menu_left_out" in [entry["event"] for entry in logs]
        assert bot.tree.get_command("say") is not None
        await bot.remove_cog("Sayso say")
        assert len(bot.tree.get_commands(type=discord.AppCommandType.message)) == 5


async def test_what_waits_for_a_restart_is_told_where_it_will_be_answered(opened: Opened, offline: FakeEngine) -> None:
    """Everybody sees that it comes later, and the same message says in the end that it came."""
    async with FakeDiscord(user_in_voice=False) as fake:
        offline.sleep = _for_ever
        async with opened() as speaker, online(fake, speaker):
            ix = await fake.slash("say", text="Hello there.")
            await fake.until(lambda: offline.asked)
        assert "as soon as I am back" in (ix.content or "")
        assert not ix.original_deleted
        assert ix.followups == []
        offline.sleep = at_once
        async with opened() as speaker, online(fake, speaker) as here:
            await here.station.courier.resume()
            await fake.until(lambda: "🎙️" in fake.messages[str((ix.original or {})["id"])]["content"])
            assert len(fake.notes()) == 1


async def _for_ever(_seconds: float) -> None:
    await asyncio.Event().wait()


async def test_an_unloaded_cog_leaves_nobody_behind(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose request still plays is told nothing more, and no task goes on."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        await fake.slash("say", text="Hello.")
        await fake.until(lambda: here.room.items)
        monkeypatch.setattr(asking, "GRACE", 0.01)
        before = asyncio.all_tasks()
        await here.bot.remove_cog("Sayso say")
        await fake.until(lambda: not any("_follow" in repr(task.get_coro()) for task in before if not task.done()))
        assert here.bot.tree.get_command("say") is None
