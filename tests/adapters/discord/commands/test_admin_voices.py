"""A server decides who speaks in it, and the bot's owner for all servers."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.errors import StoreError
from bot.speaker import Speaker
from bot.speech import Reason, Refusal
from bot.wishes import EVERY_GUILD
from tests.adapters.discord.commands.administered import (
    ANN,
    GUILD,
    administered,
    answer,
    kept,
    offers,
    spoken,
)
from tests.adapters.discord.commands.online import Online
from tests.conftest import Opened
from tests.doubles.discord import FakeDiscord
from tests.doubles.engine import FakeEngine


async def test_an_engine_is_switched_on_the_running_bot(
    fake: FakeDiscord, here: Online, speaker: Speaker, edge: FakeEngine, offline: FakeEngine
) -> None:
    """The next request is spoken by the new engine; the change is in the audit and in the log, without a name."""
    await spoken(speaker, "First.")
    with capture_logs() as logs:
        said = await answer(fake, "engine", engine="Edge")
    await spoken(speaker, "Second.")
    assert "· engine: `edge`" in said
    assert [u.text for u in offline.asked] == ["First."]
    assert [u.text for u in edge.asked] == ["Second."]
    (change,) = await speaker.store.settings.audit(GUILD)
    assert (change.by, change.name, change.old, change.new) == (ANN, "engine", None, "edge")
    assert {"guild": GUILD, "setting": "engine"}.items() <= logs[-1].items()
    assert "edge" not in str(logs)


async def test_nothing_given_shows_what_holds(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """Without options a command changes nothing."""
    for name in ("engine", "voice", "language", "limits", "roles", "channel", "autoread"):
        assert (await answer(fake, name)).startswith("This holds now:")
    assert await speaker.store.settings.audit(GUILD) == []


async def test_default_takes_a_choice_back(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """The word for the default works in English and in the person's own language."""
    await speaker.store.settings.set_guild(GUILD, engine="edge", voice="xiaoyi", language="zh")
    assert "default (`offline`)" in await answer(fake, "engine", engine="default")
    assert "既定（`sayso`）" in await answer(fake, "voice", locale="ja", voice="既定")
    assert "按每段文字判断" in await answer(fake, "language", locale="zh-CN", language="默认")
    held = await kept(speaker)
    assert (held.engine, held.voice, held.language) == (None, None, None)


async def test_an_unknown_name_is_answered_with_those_there_are(
    fake: FakeDiscord, here: Online, speaker: Speaker
) -> None:
    """A bad value says what is allowed, and nothing is kept."""
    assert "offline, edge" in await answer(fake, "engine", engine="steam")
    assert "offline, edge" in await answer(fake, "engine", allowed="edge, steam")
    assert "nearest" in await answer(fake, "voice", voice="hartt")
    assert "nearest" in await answer(fake, "ban", voice="hartt")
    assert "English, Chinese" in await answer(fake, "language", language="Klingon")
    assert await speaker.store.settings.audit(GUILD) == []


async def test_engines_may_be_barred(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """Only what is allowed can be chosen, and what speaks for all cannot be barred."""
    await answer(fake, "engine", allowed="edge")
    assert (await kept(speaker)).allowed_engines == {"edge"}
    assert (await spoken(speaker, engine="offline")).reason is Reason.NOT_ALLOWED
    assert "may be used here: `edge`" in await answer(fake, "engine", engine="offline")
    await answer(fake, "engine", engine="edge")
    assert "Choose another engine first" in await answer(fake, "engine", allowed="offline")
    both = await answer(fake, "engine", engine="offline", allowed="offline")
    assert "· engines that may be used: `offline`" in both
    assert "engines that may be used: all" in await answer(fake, "engine", allowed="all")
    assert (await kept(speaker)).allowed_engines == frozenset()


async def test_a_server_cannot_allow_what_the_owner_bars(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """The owner's list holds for every server."""
    await speaker.store.settings.set_guild(EVERY_GUILD, allowed_engines=["offline"])
    assert "`offline`" in await answer(fake, "engine", engine="edge")
    assert "`offline`" in await answer(fake, "engine", allowed="edge")
    assert await speaker.store.settings.audit(GUILD) == []


async def test_what_the_owner_rules_is_shown_with_it(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """What is in force is what the server and the owner have decided together."""
    await speaker.store.settings.set_guild(
        EVERY_GUILD, locked=True, banned_voices=["heart"], voice="ava", max_chars=50, allowed_engines=["offline"]
    )
    await answer(fake, "limits", length=100)
    said = await answer(fake, "voice")
    assert "voices locked: yes" in said
    assert "banned voices: `heart`" in said
    assert "voice: default (`ava`)" in said
    assert "engines that may be used: `offline`" in said
    assert "characters in one message: 50" in await answer(fake, "limits")


async def test_a_voice_is_chosen_for_all(
    fake: FakeDiscord, here: Online, speaker: Speaker, offline: FakeEngine
) -> None:
    """Who has chosen none is spoken by it."""
    assert "· voice: `heart`" in await answer(fake, "voice", voice="Heart")
    await spoken(speaker)
    assert offline.asked[-1].voice == "heart"


async def test_voices_may_be_banned(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """A banned voice is refused to everybody, by whatever name, until it is allowed again."""
    await answer(fake, "ban", voice="HEART")
    assert (await kept(speaker)).banned_voices == {"heart"}
    assert (await spoken(speaker, voice="heart")).reason is Reason.NOT_ALLOWED
    assert "/voice-admin unban" in await answer(fake, "voice", voice="heart")
    assert [c["value"] for c in await fake.autocomplete("voice-admin unban", "voice", {"voice": ""})] == ["heart"]
    assert "Banned are: `heart`" in await answer(fake, "unban", voice="xiaoxiao")
    assert "banned voices: none" in await answer(fake, "unban", voice="Heart")
    assert not isinstance(await spoken(speaker, voice="heart"), Refusal)


async def test_the_servers_own_voice_cannot_be_banned(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """First another must speak; that goes for the voice of all servers, where this one has chosen none."""
    assert "/voice-admin voice" in await answer(fake, "ban", voice="sayso")
    await answer(fake, "voice", voice="heart")
    assert "/voice-admin voice" in await answer(fake, "ban", voice="heart")
    assert (await kept(speaker)).banned_voices == frozenset()


async def test_two_bans_at_once_are_both_kept(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """What two administrators decide in the same moment does not undo each other."""
    await asyncio.gather(*(answer(fake, "ban", voice=voice) for voice in ("heart", "zf_xiaoxiao", "ava")))
    assert (await kept(speaker)).banned_voices == {"heart", "zf_xiaoxiao", "ava"}


async def test_voices_are_locked_and_unlocked(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """While they are locked nobody chooses."""
    assert "voices locked: yes" in await answer(fake, "lock")
    assert (await spoken(speaker, voice="heart")).reason is Reason.NOT_ALLOWED
    assert "voices locked: no" in await answer(fake, "unlock")
    assert not isinstance(await spoken(speaker, voice="heart"), Refusal)


async def test_a_language_is_chosen_by_code_or_name(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """In English or in one's own language."""
    for typed, locale in (("zh", "en-US"), ("chinese", "de"), ("中文", "zh-CN"), ("中国語", "ja")):
        await speaker.store.settings.set_guild(GUILD, language=None)
        await answer(fake, "language", locale=locale, language=typed)
        assert (await kept(speaker)).language == "zh", typed


async def test_only_the_owner_decides_for_all(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """An administrator of one server does not."""
    assert "Only whoever runs this bot" in await answer(fake, "global", engine="edge")
    assert await speaker.store.settings.audit(EVERY_GUILD) == []


async def test_the_owner_decides_for_all(fake: FakeDiscord, opened: Opened, edge: FakeEngine) -> None:
    """In a server that has decided nothing the next request is spoken so."""
    async with opened() as speaker, administered(fake, speaker, owner=True):
        said = await answer(fake, "global", engine="edge", voice="ava")
        assert "engine: `edge`" in said
        assert "voice: `ava`" in said
        await spoken(speaker)
        assert len(edge.asked) == 1
        assert "default (`edge`)" in await answer(fake, "engine")
        assert "Choose another engine first" in await answer(fake, "global", allowed="offline")
        assert "engines that may be used: `edge`" in await answer(fake, "global", allowed="edge")
        assert (await spoken(speaker, engine="offline")).reason is Reason.NOT_ALLOWED
        await answer(fake, "global", engine="default", voice="default", allowed="all")
        assert (await answer(fake, "global")).count("default") == 2
        assert "offline, edge" in await answer(fake, "global", engine="steam")
        assert {change.by for change in await speaker.store.settings.audit(EVERY_GUILD)} == {ANN}


async def test_engines_are_offered(fake: FakeDiscord, here: Online) -> None:
    """All of them, or those that are meant; in a list, one more."""
    assert await offers(fake, "engine", "engine", "") == ["default", "offline", "edge"]
    assert await offers(fake, "engine", "engine", "ed") == ["edge"]
    assert await offers(fake, "engine", "allowed", "") == ["all", "offline", "edge"]
    assert await offers(fake, "engine", "allowed", "edge, o") == ["edge, offline"]
    assert await offers(fake, "global", "engine", "off") == ["offline"]


async def test_voices_are_offered(fake: FakeDiscord, here: Online) -> None:
    """What fits, and the way back to the default; a ban offers no default."""
    assert (await offers(fake, "voice", "voice", ""))[0] == "default"
    assert "heart" in await offers(fake, "voice", "voice", "hea")
    assert "default" not in await offers(fake, "ban", "voice", "")
    assert len(await offers(fake, "voice", "voice", "")) <= 25


async def test_languages_are_offered_by_their_names(fake: FakeDiscord, here: Online) -> None:
    """In the person's own language."""
    choices = await fake.autocomplete("voice-admin language", "language", {"language": "中"}, locale="ja")
    assert [(choice["name"], choice["value"]) for choice in choices] == [("中国語", "zh")]
    assert await offers(fake, "language", "language", "") == ["default", "en", "zh"]


async def test_where_nothing_can_be_offered_nothing_is(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """A store that fails does not reach the host, and what is typed can still be sent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speaker.store.settings, "guild", _fails)
        assert await offers(fake, "unban", "voice", "") == []


async def test_a_failing_store_is_told_in_words(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """The person learns that nothing was kept, and the host's handlers hear nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speaker.store.settings, "set_guild", _fails)
        assert "Try again in a minute" in await answer(fake, "lock")


async def _fails(*_: object, **__: object) -> None:
    raise StoreError("the disk is full")
