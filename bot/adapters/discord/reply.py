"""Answers to interactions that arrive in time, once, and to the right people.

Discord wants to hear of an interaction within 3 seconds (else 10062), takes one first answer (a second is 40060), and
forgets it after 15 minutes (10015, 50027). What was answered so far is kept with the interaction, in its ``extras``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import discord
import structlog

from bot.adapters.discord.identity import OURS

log = structlog.get_logger()

T = TypeVar("T")

LONGEST = 2000
"""Characters in a message."""

NOBODY = discord.AllowedMentions.none()
"""Whom an answer pings."""

UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
UNKNOWN_INTERACTION = 10062
ANSWERED = 40060
TOKEN_EXPIRED = 50027

GONE = frozenset({UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION, TOKEN_EXPIRED})
"""What Discord says of an interaction that can no longer be answered."""

BROKEN = (aiohttp.ClientError, OSError, asyncio.TimeoutError)
"""What a connection that breaks raises, as one does that the other side has closed while it was idle."""

UNREACHED = (discord.HTTPException, *BROKEN)
"""What a call to Discord raises when nothing came of it."""

_KEPT = "sayso.reply"


@dataclass(slots=True)
class _State:
    """``owed``: whether only the asker sees the deferred answer that is still to be given; None if there is none."""

    owed: bool | None = None
    lost: bool = False
    message: int | None = None


async def defer(interaction: discord.Interaction, *, ephemeral: bool) -> bool:
    """Say within the 3 seconds that an answer will come. False if Discord no longer knows the interaction."""
    state = _state(interaction)
    try:
        callback = await _surely(lambda: interaction.response.defer(ephemeral=ephemeral, thinking=True))
        state.message = callback.message_id if callback else None
    except discord.InteractionResponded:
        return not state.lost
    except UNREACHED as error:
        # The repetition of a call that had arrived, but whose answer was lost, is told 40060.
        if code_of(error) != ANSWERED:
            _note("interaction_lost", error)
            state.lost = True
            return False
    state.owed = ephemeral
    return True


async def hold(interaction: discord.Interaction, text: str) -> None:
    """Show something in the place of the deferred answer, which is still owed: the next one takes its place."""
    try:
        await _surely(lambda: interaction.edit_original_response(content=text[:LONGEST], allowed_mentions=NOBODY))
    except UNREACHED as error:
        _note("answer_not_changed", error)


async def tell(
    interaction: discord.Interaction,
    text: str,
    *,
    ephemeral: bool = True,
    view: discord.ui.View | None = None,
    file: discord.File | None = None,
    embed: discord.Embed | None = None,
) -> discord.Message | None:
    """Answer, whatever state the interaction is in; None if there was no way.

    After a public defer, an ephemeral answer takes the place of the public one. When the token has expired a public
    answer is sent to the channel instead, and an ephemeral one is given up. Never pings anybody.
    """
    state, given = _state(interaction), _Given(text, view=view, file=file, embed=embed)
    try:
        if not state.lost:
            return await _answer(interaction, state, given, ephemeral)
    except UNREACHED as error:
        _note("answer_failed", error)
        state.lost = code_of(error) in GONE
    return await _post(interaction, given) if state.lost and not ephemeral else None


async def heed(interaction: discord.Interaction) -> None:
    """Say within the 3 seconds that a press has arrived; its message stays as it is until :func:`retell`."""
    try:
        await interaction.response.defer()
    except (discord.InteractionResponded, *UNREACHED) as error:
        _note("interaction_lost", error)


async def retell(interaction: discord.Interaction, text: str, *, view: discord.ui.View | None = None) -> bool:
    """Change the message whose button was pressed. False if it could not be done."""
    try:
        if interaction.response.is_done():
            await interaction.edit_original_response(content=text[:LONGEST], view=view, allowed_mentions=NOBODY)
        else:
            await interaction.response.edit_message(content=text[:LONGEST], view=view, allowed_mentions=NOBODY)
    except (discord.InteractionResponded, *UNREACHED) as error:
        _note("answer_failed", error)
        return False
    return True


def response_of(interaction: discord.Interaction) -> int | None:
    """The id of the message that the deferred answer is, if Discord told."""
    return _state(interaction).message


def reachable(interaction: discord.Interaction) -> bool:
    """Whether Discord still took answers to the interaction when it was last asked."""
    return not _state(interaction).lost


def code_of(error: BaseException) -> int:
    """Discord's own code of an error, 0 if it has none."""
    return error.code if isinstance(error, discord.HTTPException) else 0


class Answer:
    """One public answer that is changed as things go, also when the interaction's token has long expired."""

    def __init__(self, interaction: discord.Interaction) -> None:
        self._interaction = interaction
        self._shown: tuple[str, list[str]] | None = None

    @property
    def shown(self) -> bool:
        """Whether it has said anything yet."""
        return self._shown is not None

    async def show(self, text: str, view: discord.ui.View | None = None) -> bool:
        """Say this instead of what was said before. False if that could not be done; never raises."""
        look = text, [] if view is None else [str(getattr(item, "custom_id", "")) for item in view.children]
        if look == self._shown:
            return True
        try:
            done = await (self._change(text, view) if self.shown else self._begin(text, view))
        except UNREACHED as error:
            _note("answer_not_changed", error)
            return False
        if done:
            self._shown = look
        return done

    async def _begin(self, text: str, view: discord.ui.View | None) -> bool:
        message = await tell(self._interaction, text, ephemeral=False, view=view)
        if message is not None:
            _state(self._interaction).message = message.id
        return message is not None

    async def _change(self, text: str, view: discord.ui.View | None) -> bool:
        state = _state(self._interaction)
        if not state.lost:
            try:
                given = _Given(text, view=view)
                await _surely(lambda: self._interaction.edit_original_response(**given.changed()))
                return True
            except discord.HTTPException as error:
                if error.code not in GONE:
                    raise
                state.lost = True
        return await edit(self._interaction.client, self._interaction.channel_id, state.message, text, view)


class EarlierAnswer:
    """An answer that an earlier process gave, whose message can still be changed."""

    shown = True

    def __init__(self, client: discord.Client, channel: int, message: int) -> None:
        self._client = client
        self._channel = channel
        self._message = message

    async def show(self, text: str, view: discord.ui.View | None = None) -> bool:
        """As :meth:`Answer.show`."""
        try:
            return await edit(self._client, self._channel, self._message, text, view)
        except UNREACHED as error:
            _note("answer_not_changed", error)
            return False


async def edit(
    client: discord.Client, channel: int | None, message: int | None, text: str, view: discord.ui.View | None = None
) -> bool:
    """Change a message of Sayso's by the bot's own right. False if it is not known; raises what discord.py does."""
    if channel is None or message is None:
        return False
    its = client.get_partial_messageable(channel).get_partial_message(message)
    await its.edit(content=text[:LONGEST], view=view, allowed_mentions=NOBODY)
    return True


class _Given:
    """What is to be said, in the forms in which discord.py wants it."""

    def __init__(self, text: str, **parts: discord.ui.View | discord.File | discord.Embed | None) -> None:
        every: dict[str, Any] = {"content": text[:LONGEST], "allowed_mentions": NOBODY, **parts}
        self._parts = {name: part for name, part in every.items() if part is not None}

    def new(self) -> dict[str, Any]:
        """For a new message; may be asked for again when the way before failed."""
        if "file" in self._parts:
            self._parts["file"].fp.seek(0)
        return self._parts

    def changed(self) -> dict[str, Any]:
        """For a message that is there already."""
        parts = {"view": None, **self.new()}
        file = parts.pop("file", None)
        return {**parts, "attachments": [file] if file else []}


async def _answer(
    interaction: discord.Interaction, state: _State, given: _Given, ephemeral: bool
) -> discord.Message | None:
    if state.owed is not None:
        message = await _settle(interaction, given, as_owed=state.owed == ephemeral)
        state.owed = None  # and not before: what Discord did not take is owed still
        if message is not None:
            state.message = message.id
            return message
    elif not interaction.response.is_done():
        try:
            return await _first(interaction, given, ephemeral)
        except discord.HTTPException as error:
            if error.code != ANSWERED:
                raise
    return await interaction.followup.send(**given.new(), ephemeral=ephemeral, wait=True)


async def _first(interaction: discord.Interaction, given: _Given, ephemeral: bool) -> discord.Message | None:
    callback = await interaction.response.send_message(**given.new(), ephemeral=ephemeral)
    return callback.resource if isinstance(callback.resource, discord.Message) else None


async def _settle(interaction: discord.Interaction, given: _Given, *, as_owed: bool) -> discord.Message | None:
    """Put the answer where one is owed, or take the owed one away if other people are to see it."""
    try:
        if as_owed:
            return await _surely(lambda: interaction.edit_original_response(**given.changed()))
        # What is sent first after a defer is seen by whom the defer was for; so the defer has to go.
        await _surely(interaction.delete_original_response)
    except discord.NotFound as error:  # a moderator was faster
        if error.code != UNKNOWN_MESSAGE:
            raise
    return None


async def _post(interaction: discord.Interaction, given: _Given) -> discord.Message | None:
    if interaction.channel_id is None:
        return None
    try:
        channel = interaction.client.get_partial_messageable(interaction.channel_id)
        return await channel.send(nonce=f"{OURS}{interaction.id}"[:25], **given.new())
    except UNREACHED as error:
        _note("answer_failed", error)
        return None


async def _surely(call: Callable[[], Awaitable[T]]) -> T:
    """The call, once more if its connection broke; for what does not become more by being done twice."""
    try:
        return await call()
    except BROKEN:
        return await call()


def _state(interaction: discord.Interaction) -> _State:
    state: _State = interaction.extras.setdefault(_KEPT, _State())
    return state


def _note(event: str, error: Exception) -> None:
    log.info(event, code=code_of(error), error=type(error).__name__)
