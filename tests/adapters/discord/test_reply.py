"""Answers arrive in time, once, and before the right people."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.adapters.discord.reading.gate import is_ours
from bot.adapters.discord.reply import Answer, defer, reachable, response_of, retell, tell
from tests.doubles.discord import FakeDiscord, Interaction

Work = Callable[[discord.Interaction], Awaitable[Any]]
EPHEMERAL = 64


class Host(discord.Client):
    """A client whose one command does what a test puts into ``work``; ``done`` is what came of it."""

    def __init__(self, fake: FakeDiscord) -> None:
        super().__init__(intents=discord.Intents(guilds=True), connector=fake.connector(), guild_ready_timeout=0.05)
        self.fake = fake
        self.tree = app_commands.CommandTree(self)
        self.work: Work | None = None
        self.done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.tree.add_command(app_commands.Command(name="go", description="Go", callback=self._go))

    async def _go(self, interaction: discord.Interaction) -> None:
        assert self.work is not None
        try:
            self.done.set_result(await self.work(interaction))
        except Exception as error:  # noqa: BLE001 (it belongs to the test)
            self.done.set_exception(error)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """A button; commands go to the tree."""
        if interaction.type is discord.InteractionType.component:
            await self._go(interaction)

    async def go(self, work: Work) -> tuple[Interaction, Any]:
        """Use the command; the interaction as the fake saw it, and what ``work`` returned."""
        self.work, self.done = work, asyncio.get_running_loop().create_future()
        ix = await self.fake.slash("go")
        return ix, await asyncio.wait_for(self.done, 5)


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    """Connected to a loopback Discord that does not mind how late an answer is, unless told so."""
    async with FakeDiscord() as fake, _online(Host(fake)) as client:
        yield client
        assert fake.errors == []


@asynccontextmanager
async def _online(client: Host) -> AsyncIterator[Host]:
    running = asyncio.create_task(client.start(client.fake.token))
    try:
        await client.fake.until(client.is_ready)
        await client.tree.sync()
        yield client
    finally:
        await client.close()
        await asyncio.wait([running])


def _public(host: Host) -> list[str]:
    return [message["content"] for message in host.fake.said()]


async def test_an_answer_that_is_not_deferred_is_the_first(host: Host) -> None:
    """For the asker alone unless told otherwise."""
    ix, message = await host.go(lambda interaction: tell(interaction, "hello"))
    assert (ix.callback or {})["type"] == 4
    assert (ix.content, ix.ephemeral) == ("hello", True)
    assert isinstance(message, discord.Message)
    assert str(message.id) == (ix.original or {})["id"]


async def test_a_deferred_answer_takes_the_place_of_the_waiting_one(host: Host) -> None:
    """No second message appears, and the id that was told with the defer is the answer's."""

    async def work(interaction: discord.Interaction) -> tuple[bool, int | None]:
        done = await defer(interaction, ephemeral=False)
        await tell(interaction, "hello", ephemeral=False)
        return done, response_of(interaction)

    ix, (done, response) = await host.go(work)
    assert done
    assert _public(host) == ["hello"]
    assert str(response) == host.fake.said()[0]["id"]
    assert ix.followups == []


async def test_a_refusal_after_a_public_defer_is_seen_by_the_asker_alone(host: Host) -> None:
    """The public "thinking" goes, and nobody else sees a word."""

    async def work(interaction: discord.Interaction) -> None:
        await defer(interaction, ephemeral=False)
        await tell(interaction, "not for you")

    ix, _ = await host.go(work)
    assert _public(host) == []
    assert ix.original_deleted
    assert ix.followups[0].json["flags"] == EPHEMERAL
    assert ix.followups[0].json["content"] == "not for you"


async def test_an_answer_for_all_after_a_private_defer_is_seen_by_all(host: Host) -> None:
    """The private "thinking" goes, for what completes it would be as private."""

    async def work(interaction: discord.Interaction) -> None:
        await defer(interaction, ephemeral=True)
        await tell(interaction, "hello", ephemeral=False)

    ix, _ = await host.go(work)
    assert _public(host) == ["hello"]
    assert ix.original_deleted


async def test_what_follows_the_first_answer_is_a_message_of_its_own(host: Host) -> None:
    """The first stays as it is."""

    async def work(interaction: discord.Interaction) -> None:
        await defer(interaction, ephemeral=False)
        await tell(interaction, "one", ephemeral=False)
        await tell(interaction, "two", ephemeral=False)
        await tell(interaction, "psst")

    ix, _ = await host.go(work)
    assert _public(host) == ["one", "two"]
    assert [record.json["content"] for record in ix.followups] == ["two", "psst"]


async def test_nobody_is_pinged(host: Host) -> None:
    """Whatever the words, and however they are sent."""

    async def work(interaction: discord.Interaction) -> None:
        await tell(interaction, "@everyone <@2000>", ephemeral=False)
        await tell(interaction, "@here <@2000>", ephemeral=False)
        await Answer(interaction).show("<@2000>")

    ix, _ = await host.go(work)
    bodies = [(ix.callback or {})["data"], *(record.json for record in ix.followups)]
    assert [body["allowed_mentions"]["parse"] for body in bodies] == [[]] * len(bodies)


async def test_a_file_and_buttons_come_along(host: Host) -> None:
    """In the place of a deferred answer too."""

    async def work(interaction: discord.Interaction) -> None:
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="x", custom_id="x"))
        await defer(interaction, ephemeral=False)
        file = discord.File(io.BytesIO(b"data"), "sayso.json")
        await tell(interaction, "here", ephemeral=False, view=view, file=file)

    await host.go(work)
    message = host.fake.said()[0]
    assert message["attachments"][0]["filename"] == "sayso.json"
    assert message["components"][0]["components"][0]["custom_id"] == "x"


async def test_who_is_too_late_hears_that_nobody_waits_any_more(host: Host) -> None:
    """A public answer goes to the channel instead; a private one has nowhere to go."""
    host.fake.fail_next("POST", "/callback", 404, 10062)

    async def work(interaction: discord.Interaction) -> tuple[bool, bool, object, object]:
        done = await defer(interaction, ephemeral=False)
        private = await tell(interaction, "secret")
        public = await tell(interaction, "for all", ephemeral=False)
        return done, reachable(interaction), private, public

    _, (done, known, private, public) = await host.go(work)
    assert (done, known, private) == (False, False, None)
    assert isinstance(public, discord.Message)
    assert _public(host) == ["for all"]


@pytest.mark.parametrize("code", [10015, 50027])
async def test_an_expired_token_does_not_keep_a_public_answer_back(host: Host, code: int) -> None:
    """It is sent by the bot's own right; what was for one person is given up."""

    async def work(interaction: discord.Interaction) -> tuple[object, object]:
        await defer(interaction, ephemeral=False)
        host.fake.expire(host.fake.interactions[interaction.token], code)
        return await tell(interaction, "for all", ephemeral=False), await tell(interaction, "secret")

    _, (public, private) = await host.go(work)
    assert isinstance(public, discord.Message)
    assert is_ours(public)  # and so is not read aloud where it stands
    assert private is None
    assert "for all" in _public(host)
    assert "secret" not in _public(host)


async def test_a_defer_whose_connection_breaks_is_repeated(host: Host) -> None:
    """It may have arrived: then the repetition is told 40060, and the defer stands."""
    host.fake.lose_next_response("POST", "/callback")

    async def work(interaction: discord.Interaction) -> bool:
        done = await defer(interaction, ephemeral=False)
        await tell(interaction, "hello", ephemeral=False)
        return done

    _, done = await host.go(work)
    assert done
    assert _public(host) == ["hello"]


async def test_a_change_whose_connection_breaks_is_repeated(host: Host) -> None:
    """A connection that Discord closed while it was idle costs nobody an answer."""
    host.fake.fail_next("PATCH", "/messages/@original", reset=True)

    async def work(interaction: discord.Interaction) -> None:
        await defer(interaction, ephemeral=False)
        await tell(interaction, "hello", ephemeral=False)

    await host.go(work)
    assert _public(host) == ["hello"]


async def test_who_was_answered_already_gets_a_message_of_its_own(host: Host) -> None:
    """Somebody else's first answer (40060) is no reason to be silent."""

    async def work(interaction: discord.Interaction) -> None:
        seen = host.fake.interactions[interaction.token]
        seen.callback, seen.acked = {"type": 6}, 1.0
        await tell(interaction, "hello", ephemeral=False)

    await host.go(work)
    assert _public(host) == ["hello"]


async def test_an_answer_that_a_moderator_deleted_is_given_anew(host: Host) -> None:
    """For it is owed."""

    async def work(interaction: discord.Interaction) -> None:
        await defer(interaction, ephemeral=False)
        await host.fake.delete(host.fake.said()[0])
        await tell(interaction, "hello", ephemeral=False)

    ix, _ = await host.go(work)
    assert [record.json["content"] for record in ix.followups] == ["hello"]


async def test_a_channel_that_is_closed_to_the_bot_is_no_reason_to_raise(host: Host) -> None:
    """There was no way, and that is all there is to say."""
    host.fake.fail_next("POST", "/callback", 404, 10062)
    host.fake.deny("send_messages")
    _, message = await host.go(lambda interaction: tell(interaction, "hello", ephemeral=False))
    assert message is None


async def test_a_long_answer_is_cut_to_what_discord_takes(host: Host) -> None:
    """2,000 characters."""
    ix, _ = await host.go(lambda interaction: tell(interaction, "x" * 3000))
    assert len(ix.content or "") == 2000


async def test_an_answer_is_changed_as_things_go(host: Host) -> None:
    """One message from beginning to end, and no request for what would not change it."""

    async def work(interaction: discord.Interaction) -> list[bool]:
        await defer(interaction, ephemeral=False)
        answer = Answer(interaction)
        return [await answer.show(text) for text in ("waiting", "speaking", "speaking", "over")]

    ix, done = await host.go(work)
    assert done == [True] * 4
    assert _public(host) == ["over"]
    assert [record.json["content"] for record in ix.edits] == ["waiting", "speaking", "over"]


async def test_an_answer_outlives_the_token_of_its_interaction(host: Host) -> None:
    """After 15 minutes it is the bot's own message, and changed as such."""

    async def work(interaction: discord.Interaction) -> list[bool]:
        await defer(interaction, ephemeral=False)
        answer = Answer(interaction)
        first = await answer.show("waiting")
        host.fake.clock.advance(16 * 60)
        return [first, await answer.show("speaking"), await answer.show("over")]

    ix, done = await host.go(work)
    assert done == [True] * 3
    assert _public(host) == ["over"]
    assert len(ix.edits) == 1


async def test_an_answer_to_a_lost_interaction_is_a_message_in_the_channel(host: Host) -> None:
    """And is changed there like any other."""
    host.fake.fail_next("POST", "/callback", 404, 10062)

    async def work(interaction: discord.Interaction) -> None:
        await defer(interaction, ephemeral=False)
        answer = Answer(interaction)
        await answer.show("speaking")
        await answer.show("over")

    await host.go(work)
    assert _public(host) == ["over"]


async def test_a_change_that_fails_is_told_and_does_not_raise(host: Host) -> None:
    """The message was deleted: there is nothing left to change."""

    async def work(interaction: discord.Interaction) -> bool:
        await defer(interaction, ephemeral=False)
        answer = Answer(interaction)
        await answer.show("waiting")
        await host.fake.delete(host.fake.said()[0])
        return await answer.show("over")

    _, done = await host.go(work)
    assert done is False


async def test_a_press_changes_the_message_of_its_button(host: Host) -> None:
    """At once, as the first answer to it."""

    async def work(interaction: discord.Interaction) -> None:
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="x", custom_id="x"))
        view.stop()
        await tell(interaction, "press", ephemeral=False, view=view)

    await host.go(work)
    host.work, host.done = lambda interaction: retell(interaction, "pressed"), asyncio.Future()
    await host.fake.click(host.fake.said()[0], "x")
    assert await asyncio.wait_for(host.done, 5)
    assert _public(host) == ["pressed"]
    assert host.fake.said()[0]["components"] == []
