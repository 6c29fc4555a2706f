"""A reply that mentions the bot and says "say" has the message spoken that it replies to."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from bot.adapters.discord.identity import user_key
from bot.adapters.discord.reading.asked import asks
from bot.adapters.discord.voice import Outcome, Trouble
from bot.adapters.words import word
from bot.speaker import Speaker
from bot.speech import Priority
from tests.adapters.discord.reading.scene import CLERKS, LLM, VOICE, Scene, scene
from tests.doubles.discord import FakeDiscord

ME = "<@1000>"


async def ask(here: Scene, original: dict[str, Any], text: str = f"{ME} say", **how: Any) -> dict[str, Any]:
    """Somebody asks for a message to be spoken, and that is dealt with."""
    asked = await here.fake.say(text, **{"channel": CLERKS, "reply_to": original, **how})
    await here.handled()
    return asked


def told(here: Scene, channel: int = CLERKS) -> list[str]:
    return [message["content"] for message in here.fake.said(channel) if message["content"]]


@pytest.mark.parametrize(
    "text",
    [
        ME,
        f"{ME} say",
        f"say it {ME}!",
        f"{ME} Speak",
        "<@!1000> 読んで",
        f"{ME}念",
        f"{ME} 読み上げて。",
        f" {ME}  tts ",
    ],
)
def test_a_mention_and_a_word_ask(text: str) -> None:
    """In all our languages."""
    assert asks(text, 1000)


@pytest.mark.parametrize("text", ["say", "", f"{ME} what do you say?", "<@1001> say", f"{ME} say hello", "<@10000>"])
def test_anything_else_does_not(text: str) -> None:
    """A question to an LLM is none to us."""
    assert not asks(text, 1000)


async def test_it_is_spoken_where_the_asker_sits(here: Scene) -> None:
    """At once: somebody waits for it."""
    original = await here.fake.say("The sun shines.", by="clerk", channel=CLERKS)
    await ask(here, original)
    request = here.items[0].said.request
    assert (request.text, request.user, request.priority) == ("The sun shines.", "discord:2000", Priority.HIGH)
    assert here.items[0].channel == VOICE
    assert told(here) == []


async def test_who_sits_nowhere_gets_a_note(here: Scene) -> None:
    """In reply to who asked."""
    original = await here.fake.say("The sun shines.", channel=CLERKS)
    asked = await ask(here, original, by="clerk")
    await here.fake.until(lambda: here.fake.notes(CLERKS))
    note = here.fake.said(CLERKS)[0]
    assert note["message_reference"]["message_id"] == asked["id"]


async def test_what_cannot_be_played_comes_as_a_note(here: Scene) -> None:
    """The channel was lost; the words are not."""
    await ask(here, await here.fake.say("The sun shines.", channel=CLERKS))
    here.hall.end(here.items[0], Outcome.LOST, Trouble.FULL)
    assert await here.fake.until(lambda: here.fake.notes(CLERKS))


async def test_the_request_itself_is_not_read(here: Scene) -> None:
    """In a channel that is read, the message is heard and not the asking."""
    original = await here.fake.say(";The sun shines.")
    await here.handled()
    await ask(here, original, channel=here.fake.text_channel)
    assert here.texts == [";The sun shines."]


async def test_a_reply_with_other_words_is_chat(here: Scene) -> None:
    """And read as such."""
    original = await here.fake.say("Hello.", by="bob")
    await here.handled()
    assert (await here.read(f"{ME} really?", reply_to=original)).endswith("really?")


async def test_a_mention_without_a_reply_asks_for_nothing(here: Scene) -> None:
    """There is nothing that could be spoken."""
    await here.fake.say(f"{ME} say", channel=CLERKS)
    await here.handled()
    assert (here.texts, told(here)) == ([], [])


async def test_a_message_that_is_gone_is_told_as_such(here: Scene) -> None:
    """With what to do instead."""
    original = await here.fake.say("Hello.", channel=CLERKS)
    asked = here.fake._messages.make(
        here.fake.world.user("ann"),
        here.fake.world.channel(str(CLERKS)),
        {"content": f"{ME} say", "message_reference": {"message_id": original["id"], "type": 0}},
    )
    await here.fake.delete(original)
    asked["referenced_message"] = None
    here.fake.messages[asked["id"]] = asked
    here.fake.gateway.sessions[-1].tell("MESSAGE_CREATE", asked)
    await here.fake.until(lambda: told(here))
    assert told(here) == [word("reading.asked.gone", "en")]


async def test_a_message_that_was_not_sent_along_is_looked_up(here: Scene) -> None:
    """Somebody waits for it: that is worth a request."""
    original = await here.fake.say("Hello.", channel=CLERKS)
    asked = here.fake._messages.make(
        here.fake.world.user("ann"),
        here.fake.world.channel(str(CLERKS)),
        {"content": f"{ME} say", "message_reference": {"message_id": original["id"], "type": 0}},
    )
    del asked["referenced_message"]
    here.bot._connection._messages.clear()  # type: ignore[union-attr]
    here.fake.gateway.sessions[-1].tell("MESSAGE_CREATE", asked | {"guild_id": "5000"})
    await here.fake.until(lambda: here.items)
    assert here.texts == ["Hello."]


async def test_a_message_without_words_is_told_as_such(here: Scene) -> None:
    """And the answer to that is not read aloud, and pings nobody."""
    original = await here.posted("joined", channel=here.fake.text_channel, type=7)  # type: ignore[arg-type]
    await ask(here, here.fake.messages[str(original.id)], channel=here.fake.text_channel)
    await here.fake.until(lambda: told(here, 6000))
    await here.handled()
    assert told(here, 6000) == [word("reading.asked.nothing", "en")]
    assert here.texts == []
    assert here.fake.said(6000)[0]["mentions"] == []


async def test_hidden_words_are_answered_with_the_way_to_them(fake: FakeDiscord, speaker: Speaker) -> None:
    """Without the message content intent the menu still works."""
    intents = discord.Intents(guilds=True, voice_states=True, guild_messages=True)
    async with scene(fake, speaker, intents=intents) as here:
        await ask(here, await fake.say("Secret.", by="bob", channel=CLERKS))
        await fake.until(lambda: told(here))
        assert told(here) == [word("reading.asked.hidden", "en")]
        assert "Apps → Speak this message" in told(here)[0]
        await ask(here, here.fake.said(CLERKS)[0])
        assert here.texts == [told(here)[0]]  # its own words it sees


async def test_who_opted_out_is_not_spoken_for_others_either(here: Scene) -> None:
    """Their words are theirs."""
    bob = user_key(int(here.fake.world.user("bob").id))
    await here.station.speaker.store.preferences.set(bob, opted_out=True)
    await ask(here, await here.fake.say("Hello.", by="bob", channel=CLERKS))
    await here.fake.until(lambda: told(here))
    assert (here.texts, told(here)) == ([], [word("refusals.opted_out.author_opted_out", "en")])


async def test_who_is_blocked_is_not_spoken_for_others_either(here: Scene) -> None:
    """A server's no to somebody's words is none that others can get round."""
    bob = user_key(int(here.fake.world.user("bob").id))
    await here.station.speaker.store.settings.set_guild("discord:5000", blocked_users=[bob])
    await ask(here, await here.fake.say("Hello.", by="bob", channel=CLERKS))
    await here.fake.until(lambda: told(here))
    assert (here.texts, told(here)) == ([], [word("refusals.not_allowed.author_blocked", "en")])


@pytest.mark.parametrize(("rules", "why"), [({"roles": [1]}, "roles"), ({"per_minute": 1}, "pace")])
async def test_the_server_s_rules_hold(here: Scene, rules: dict[str, object], why: str) -> None:
    """Who may not, or asks too often, is told."""
    await here.rule(**rules)
    for _ in range(2):
        await ask(here, await here.fake.say("Hello.", by="bob", channel=CLERKS))
    await here.fake.until(lambda: told(here))
    assert told(here)[-1] == word(f"reading.asked.{why}", "en")


async def test_a_refusal_is_told(here: Scene) -> None:
    """In the language of the server, with what to do instead."""
    settings = here.station.speaker.store.settings
    await settings.set_guild("discord:5000", blocked_users=["discord:2000"], language="ja")
    await ask(here, await here.fake.say("Hello.", by="bob", channel=CLERKS))
    await here.fake.until(lambda: told(here))
    reasons = {word(f"refusals.not_allowed.{reason}", "ja") for reason in ("plain", "blocked")}
    assert set(told(here)) <= reasons


async def test_a_failure_on_the_way_is_told(here: Scene) -> None:
    """Who waits is not left waiting."""
    await ask(here, await here.fake.say("Hello.", by="bob", channel=CLERKS))
    here.hall.end(here.items[0], Outcome.EXPIRED)
    await here.fake.until(lambda: told(here))
    assert len(told(here)) == 1


async def test_where_no_answer_can_be_sent_nothing_breaks(here: Scene) -> None:
    """The next one is answered."""
    here.fake.fail_next("POST", "/messages", 403, 50013)
    await here.rule(roles=[1])
    original = await here.fake.say("Hello.", by="bob", channel=CLERKS)
    await ask(here, original)
    await ask(here, original)
    await here.fake.until(lambda: told(here))
    assert len(told(here)) == 1


async def test_a_server_is_read_on_while_discord_keeps_an_answer_waiting(here: Scene) -> None:
    """Only the reading of one channel's requests waits with it."""
    held = here.fake.hold_next("POST", f"/channels/{CLERKS}/messages")
    await here.rule(roles=[1])
    await here.fake.say(f"{ME} say", channel=CLERKS, reply_to=await here.fake.say("Hello.", by="bob", channel=CLERKS))
    await here.fake.until(lambda: held.hits)
    await here.rule(roles=[])
    await here.fake.say("And on.")
    await here.fake.until(lambda: here.texts == ["And on."])
    assert told(here) == []
    assert held.gate is not None
    held.gate.set()
    await here.fake.until(lambda: told(here))


async def test_in_direct_messages_it_comes_as_a_note(here: Scene) -> None:
    """There is no voice channel."""
    direct = here.fake.direct()
    original = await here.fake.say("Hello there.", channel=direct)
    await here.fake.say(f"{ME} say", channel=direct, reply_to=original)
    assert await here.fake.until(lambda: here.fake.notes(direct))


async def test_bots_cannot_ask(here: Scene) -> None:
    """Two of them would never end."""
    await ask(here, await here.fake.say("Hello.", channel=CLERKS), by=LLM)
    assert (here.texts, told(here)) == ([], [])
    assert here.station.courier.parcels("discord:5000") == []
    assert here.fake.notes() == []
