"""What happens to chats: Sayso notices when it is thrown out, when others rule, and when a chat gets another id."""

from __future__ import annotations

import asyncio

from bot.adapters.telegram import events
from bot.adapters.telegram.commands import say
from bot.adapters.telegram.identity import guild_key
from bot.adapters.telegram.place import Place
from bot.speaker import Speaker
from tests.adapters.telegram.scene import online
from tests.doubles.engine import FakeEngine
from tests.doubles.telegram import FakeTelegram, Status


async def test_a_bot_that_is_thrown_out_gives_up_what_waits_there(speaker: Speaker, offline: FakeEngine) -> None:
    """Nothing is made for a chat that nobody can be reached in; others go on."""
    async with FakeTelegram() as fake:
        ann = fake.person()
        group = fake.group(members=[ann])
        async with online(fake, speaker, events.handlers, say.handlers) as station:
            gate = asyncio.Event()

            async def held(_seconds: float) -> None:
                await gate.wait()

            offline.sleep = held
            await ann.say("/say Never heard.", group)
            await ann.say("/say But this is.")
            lane = guild_key(group.id)
            await fake.until(lambda: station.courier.parcels(lane))
            await ann.kick_bot(group)
            await fake.until(lambda: not station.courier.parcels(lane))
            gate.set()
            await fake.until(lambda: fake.notes(ann.private))
        assert fake.notes(group) == []


async def test_who_rules_is_asked_anew_when_that_changes(speaker: Speaker) -> None:
    """An administrator who is one no more decides nothing more, at once."""
    async with FakeTelegram() as fake:
        ann = fake.person()
        group = fake.group(admins=[ann], bot=Status.ADMINISTRATOR)
        async with online(fake, speaker, events.handlers) as station:
            assert await station.admins.may_decide(Place(group.id), ann.id)
            group.member(ann).status = Status.MEMBER  # type: ignore[union-attr]
            assert await station.admins.may_decide(Place(group.id), ann.id)
            await ann.add_bot(group, Status.MEMBER)
            await fake.until(lambda: not fake.updates.pending)
            assert not await station.admins.may_decide(Place(group.id), ann.id)


async def test_a_group_that_becomes_a_supergroup_keeps_its_settings(speaker: Speaker) -> None:
    """Telegram gives it another id; its administrators decided once."""
    async with FakeTelegram() as fake:
        ann = fake.person()
        group = fake.group(admins=[ann], basic=True)
        await speaker.store.settings.set_guild(guild_key(group.id), max_chars=77)
        async with online(fake, speaker, events.handlers):
            new = await fake.migrate(group)

            async def longest() -> int | None:
                return (await speaker.store.settings.guild(guild_key(new.id))).max_chars

            for _ in range(10_000):
                if await longest() == 77:
                    break
                await asyncio.sleep(0)
            assert await longest() == 77
