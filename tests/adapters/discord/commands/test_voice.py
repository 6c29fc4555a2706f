"""How one is spoken, and what is kept about one."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from bot.adapters.discord.identity import guild_key, user_key
from bot.adapters.samples import sample
from bot.errors import EngineUnavailable
from bot.speaker import Speaker
from bot.store import Preference
from bot.tts.engine import Voice
from bot.tts.voices import Persona
from bot.wishes import EVERY_GUILD
from tests.adapters.discord.commands.online import online, quiet
from tests.doubles.discord import FakeDiscord, Interaction
from tests.doubles.engine import FakeEngine, Script

EPHEMERAL, VOICE = 64, 8192
GUILD = guild_key(int(FakeDiscord.guild_id), 0)
ANN = user_key(int(FakeDiscord.user_id))


async def _told(ix: Interaction) -> str:
    """What the person was told, which nobody else ever sees here."""
    message = await ix.wait_answered()
    assert ix.ephemeral
    assert message["flags"] & EPHEMERAL
    return str(message["content"])


# Choosing


async def test_a_choice_is_kept_and_told_as_it_is_in_force(speaker: Speaker) -> None:
    """With who decided what."""
    async with FakeDiscord() as fake, online(fake, speaker):
        said = await _told(await fake.slash("voice set", voice="heart", rate=1.5))
        assert "Voice: **heart**, as you chose with /voice set" in said
        assert "Rate: **1.5**, as you chose with /voice set" in said
        assert "Engine: **offline**" in said
        assert await speaker.store.preferences.get(ANN) == Preference(voice="heart", rate=1.5)


async def test_what_is_not_named_stays_as_it_was(speaker: Speaker) -> None:
    """One choice does not undo another."""
    await speaker.store.preferences.set(ANN, rate=1.5)
    async with FakeDiscord() as fake, online(fake, speaker):
        await _told(await fake.slash("voice set", language="en"))
        assert await speaker.store.preferences.get(ANN) == Preference(rate=1.5, language="en")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"voice": "nobody of that name"}, "nobody of that name"),
        ({"engine": "steam"}, "There is no"),
        ({"language": "tlh"}, "tlh"),
        ({}, "changed nothing"),
    ],
)
async def test_what_cannot_be_had_is_not_kept(speaker: Speaker, options: dict[str, Any], said: str) -> None:
    """The person is told what can."""
    async with FakeDiscord() as fake, online(fake, speaker):
        assert said in await _told(await fake.slash("voice set", options))
        assert await speaker.store.preferences.get(ANN) == Preference()


async def test_a_choice_for_elsewhere_is_kept_where_voices_are_locked(speaker: Speaker) -> None:
    """It holds in other servers; here the person is told why it does not."""
    await speaker.store.settings.set_guild(GUILD, locked=True)
    async with FakeDiscord() as fake, online(fake, speaker):
        said = await _told(await fake.slash("voice set", voice="heart"))
        assert "locked" in said
        assert "Voice: **sayso**, as whoever runs this bot decided" in said
        assert (await speaker.store.preferences.get(ANN)).voice == "heart"


async def test_a_lock_of_the_owners_is_told_as_one_of_the_servers(speaker: Speaker) -> None:
    """Who looks sees why another voice speaks for them."""
    await speaker.store.preferences.set(ANN, voice="heart")
    await speaker.store.settings.set_guild(EVERY_GUILD, locked=True)
    async with FakeDiscord() as fake, online(fake, speaker):
        assert "locked" in await _told(await fake.slash("voice show"))


@pytest.mark.parametrize(
    ("barred", "choice"),
    [({"banned_voices": {"emma"}}, {"voice": "emma"}), ({"allowed_engines": {"offline"}}, {"engine": "edge"})],
)
async def test_who_chooses_what_is_not_allowed_here_is_told_that_it_counts_elsewhere(
    speaker: Speaker, barred: dict[str, Any], choice: dict[str, str]
) -> None:
    """It is kept, and each time that one's voice is shown here it is said why it is another."""
    await speaker.store.settings.set_guild(GUILD, **barred)
    async with FakeDiscord() as fake, online(fake, speaker):
        (name, value), *_ = choice.items()
        expected = f"counts only elsewhere: {value}."
        assert expected in await _told(await fake.slash("voice set", choice))
        assert getattr(await speaker.store.preferences.get(ANN), name) == value
        assert expected in await _told(await fake.slash("voice show"))
        assert expected not in await _told(await fake.slash("voice show", channel=fake.direct()))


@pytest.mark.parametrize(
    ("locale", "said"),
    [("ja", "エンジン：**offline**（ボットの運営者の設定）"), ("zh-CN", "引擎：**offline**，机器人的默认配置")],
)
async def test_what_is_in_force_is_shown_in_the_persons_language(speaker: Speaker, locale: str, said: str) -> None:
    """Each with who decided it."""
    async with FakeDiscord() as fake, online(fake, speaker):
        assert said in await _told(await fake.slash("voice show", locale=locale))


async def test_who_decided_is_told_of_every_layer(speaker: Speaker) -> None:
    """The person, the channel, the server, the configuration."""
    await speaker.store.preferences.set(ANN, rate=1.2)
    await speaker.store.settings.set_channel(GUILD, FakeDiscord.text_channel, language="en")
    await speaker.store.settings.set_guild(GUILD, voice="xiaoyi")
    async with FakeDiscord() as fake, online(fake, speaker):
        said = await _told(await fake.slash("voice show"))
        assert "Rate: **1.2**, as you chose" in said
        assert "Language: **English**, as was decided for this channel" in said
        assert "Voice: **xiaoyi**, as was decided for this server" in said
        assert "Engine: **offline**, as whoever runs this bot decided" in said


async def test_choices_are_forgotten_but_not_the_wish_to_be_left_alone(speaker: Speaker) -> None:
    """Who opted out does not come back in by a reset."""
    await speaker.store.preferences.set(ANN, voice="heart", opted_out=True)
    async with FakeDiscord() as fake, online(fake, speaker):
        assert "until you use /voice optin" in await _told(await fake.slash("voice reset"))
        assert await speaker.store.preferences.get(ANN) == Preference(opted_out=True)


# Being spoken or not


async def test_who_opts_out_is_not_spoken_until_they_opt_in(speaker: Speaker) -> None:
    """What waits is taken back at once."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        await fake.slash("say", text="Hello.")
        await fake.until(lambda: here.room.items)
        await _told(await fake.slash("voice optout"))
        assert here.room.items == []
        assert "opt in" in (await _told(await fake.slash("voice show"))).casefold()
        ix = await fake.slash("say", text="Hello.")
        assert "opt in" in (await ix.wait_followup()).json["content"].casefold()
        await _told(await fake.slash("voice optin"))
        await fake.slash("say", text="Hello.")
        await fake.until(lambda: here.room.items)


# Hearing


async def test_a_voice_is_heard_by_who_asks_alone(speaker: Speaker, offline: FakeEngine) -> None:
    """As a voice note with its own sample."""
    async with FakeDiscord() as fake, online(fake, speaker):
        ix = await fake.slash("voice preview", voice="heart")
        followup = await ix.wait_followup()
        assert followup.json["flags"] & VOICE
        assert followup.json["flags"] & EPHEMERAL
        assert offline.asked[0].voice == "heart"
        assert "how I sound" in "".join(utterance.text for utterance in offline.asked)
        assert fake.said() == []
        assert fake.errors == []


async def test_nobody_replays_what_one_heard_alone(speaker: Speaker) -> None:
    """A preview leaves nothing behind in the server, not even for who asked for it."""
    async with FakeDiscord() as fake, online(fake, speaker):
        await (await fake.slash("voice preview", voice="heart", text="Secret.")).wait_followup()
        await fake.until(quiet)
        assert await speaker.latest(GUILD) is None
        assert "Nothing was said here" in (await (await fake.slash("replay")).wait_followup()).json["content"]


async def test_a_preview_keeps_to_the_rules_of_the_server(speaker: Speaker, offline: FakeEngine) -> None:
    """A locked voice is not heard otherwise."""
    await speaker.store.settings.set_guild(GUILD, locked=True)
    async with FakeDiscord() as fake, online(fake, speaker):
        assert "locked" in await _told(await fake.slash("voice preview", voice="heart"))
        assert offline.asked == []


async def test_a_voice_says_what_it_is_given(speaker: Speaker, offline: FakeEngine) -> None:
    """A text of one's own."""
    async with FakeDiscord() as fake, online(fake, speaker):
        await (await fake.slash("voice preview", voice="heart", text="My words.")).wait_followup()
        assert [utterance.text for utterance in offline.asked] == ["My words."]


async def test_where_voice_notes_are_forbidden_a_voice_is_heard_as_a_file(speaker: Speaker) -> None:
    """For the asker alone all the same."""
    async with FakeDiscord() as fake:
        fake.deny("send_voice_messages")
        async with online(fake, speaker):
            followup = await (await fake.slash("voice preview", voice="heart")).wait_followup()
            assert not followup.json["flags"] & VOICE
            assert followup.json["flags"] & EPHEMERAL
            assert followup.files[0].filename.endswith(".ogg")


async def test_a_preview_of_nobody_names_the_nearest(speaker: Speaker) -> None:
    """As any other request does."""
    async with FakeDiscord() as fake, online(fake, speaker):
        assert "There is no voice" in await _told(await fake.slash("voice preview", voice="nobody of that name"))


async def test_a_preview_that_breaks_off_is_told(speaker: Speaker, offline: FakeEngine) -> None:
    """With what to do."""
    offline.scripts = [Script(error=EngineUnavailable("offline", "gone"))]
    async with FakeDiscord() as fake, online(fake, speaker):
        assert "cannot be reached" in await _told(await fake.slash("voice preview", voice="heart"))


@pytest.mark.parametrize(
    ("who", "locale", "begins"),
    [
        (Voice("edge", "ja-JP-NanamiNeural", "ja-JP"), "en", "こんにちは"),
        (Voice("edge", "en-US-AvaNeural", "en-US"), "zh-CN", "Hello"),
        (Voice("indextts", "anybody", ""), "ja", "こんにちは"),
        (Voice("mixed", "both", "zh en"), "en", "Hello"),
        (Voice("edge", "eu-ES-AinhoaNeural", "eu-ES"), "en", "Hello"),
        (Persona("p", "", "", (), {"edge": {"zh": "a", "ja": "b"}}), "ja", "こんにちは"),
        (Persona("p", "", "", (), {"edge": {"zh": "a", "ja": "b"}}), "en", "你好"),
    ],
)
def test_a_sample_is_in_a_language_that_the_voice_speaks(who: Voice | Persona, locale: str, begins: str) -> None:
    """In the asker's, if it is one of them."""
    assert sample(who, locale).startswith(begins)


# Explaining


async def test_a_text_is_explained_without_being_said(speaker: Speaker, offline: FakeEngine) -> None:
    """Which sentence is said by whom, in which language, and who decided it."""
    async with FakeDiscord() as fake, online(fake, speaker):
        said = await _told(await fake.slash("voice explain", text="One *thing*. Two things."))
        assert said.splitlines()[1] == "1. One thing.: sayso (offline), English"
        assert "2. Two things." in said
        assert "Voice: **sayso**, as whoever runs this bot decided" in said
        assert offline.asked == []


async def test_a_long_text_is_explained_as_far_as_fits(speaker: Speaker) -> None:
    """Discord takes 2,000 characters."""
    async with FakeDiscord() as fake, online(fake, speaker):
        text = " ".join(f"This is sentence number {number}, and it goes on for a while." for number in range(40))
        said = await _told(await fake.slash("voice explain", text=text))
        assert "and 28 more" in said
        assert said.rstrip().endswith("as whoever runs this bot decided")


async def test_what_cannot_be_said_is_explained_as_a_refusal(speaker: Speaker) -> None:
    """In the words of one."""
    async with FakeDiscord() as fake, online(fake, speaker):
        assert "nothing in that to say" in (await _told(await fake.slash("voice explain", text="***"))).casefold()


# One's own data


async def test_everything_kept_comes_as_a_file(speaker: Speaker) -> None:
    """For who asks alone, and readable by machines."""
    await speaker.store.preferences.set(ANN, voice="heart")
    async with FakeDiscord() as fake, online(fake, speaker):
        ix = await fake.slash("voice privacy export")
        await _told(ix)
        [file] = ix.edits[0].files
        kept = json.loads(file.data)
        assert file.filename == "sayso.json"
        assert kept["user"] == ANN
        assert kept["preference"]["voice"] == "heart"


async def test_the_file_holds_what_is_kept_of_ones_conversation_with_the_bot(speaker: Speaker) -> None:
    """It is one's own."""
    async with FakeDiscord() as fake, online(fake, speaker):
        lane = guild_key(None, int(fake.direct().id))
        await speaker.store.preferences.remember(ANN, "heart", guild=lane)
        ix = await fake.slash("voice privacy export", channel=fake.direct())
        await _told(ix)
        kept = json.loads(ix.edits[0].files[0].data)
        assert kept["homes"][lane]["voices"] == {"heart": 1}


async def test_much_is_packed(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord takes files only up to a size."""
    monkeypatch.setattr("bot.adapters.dossier.PLAIN", 10)
    async with FakeDiscord() as fake, online(fake, speaker):
        ix = await fake.slash("voice privacy export")
        await _told(ix)
        [file] = ix.edits[0].files
        assert file.filename == "sayso.json.gz"
        assert json.loads(gzip.decompress(file.data))["user"] == ANN


async def test_a_file_that_discord_does_not_take_is_told_in_words(speaker: Speaker) -> None:
    """And nothing goes on thinking for ever."""
    async with FakeDiscord() as fake, online(fake, speaker):
        fake.fail_next("PATCH", "/messages/@original", 413, 40005)
        assert "more than Discord takes" in await _told(await fake.slash("voice privacy export"))


async def test_nothing_is_deleted_before_somebody_is_sure(speaker: Speaker) -> None:
    """The button does it (see the tests of buttons)."""
    await speaker.store.preferences.set(ANN, voice="heart")
    async with FakeDiscord() as fake, online(fake, speaker):
        assert "cannot be undone" in await _told(await fake.slash("voice privacy forget"))
        assert (await speaker.store.preferences.get(ANN)).voice == "heart"


# While somebody types


async def test_engines_and_languages_are_offered_while_somebody_types(speaker: Speaker) -> None:
    """By their names, and languages by what people call them."""
    async with FakeDiscord() as fake, online(fake, speaker):
        engines = await fake.autocomplete("voice set", "engine", engine="OFF")
        assert [choice["value"] for choice in engines] == ["offline"]
        languages = await fake.autocomplete("voice set", "language", language="engl")
        assert [(choice["name"], choice["value"]) for choice in languages] == [("English (en)", "en")]
        languages = await fake.autocomplete("voice set", "language", language="英", locale="zh-CN")
        assert [(choice["name"], choice["value"]) for choice in languages] == [("英语 (en)", "en")]


async def test_only_voices_of_the_chosen_engine_are_offered(speaker: Speaker) -> None:
    """Once one is chosen."""
    async with FakeDiscord() as fake, online(fake, speaker):
        offered = await fake.autocomplete("voice set", "voice", engine="edge", voice="xiaoxiao")
        assert "zf_xiaoxiao" not in [choice["value"] for choice in offered]
        assert await fake.autocomplete("voice preview", "voice", voice="hea")


# Anywhere


async def test_it_works_in_direct_messages(speaker: Speaker) -> None:
    """The choices are one's own, wherever they are made."""
    async with FakeDiscord() as fake, online(fake, speaker):
        await _told(await fake.slash("voice set", voice="heart", channel=fake.direct()))
        assert "Voice: **heart**" in await _told(await fake.slash("voice show"))


async def test_names_and_descriptions_are_localised(speaker: Speaker) -> None:
    """In every language of the catalogues, and within what Discord takes."""
    async with FakeDiscord() as fake, online(fake, speaker):
        for command in fake.commands["global"]:
            assert set(command["name_localizations"]) >= {"ja", "zh-CN"}, command["name"]
            for option in command.get("options") or []:
                assert set(option["name_localizations"]) >= {"ja", "zh-CN"}, option["name"]
                assert set(option["description_localizations"]) >= {"ja", "zh-CN"}, option["name"]
