"""The loopback Discord: the real, unpatched discord.py connects to it over TLS, by its public ``connector=`` alone.

    async with FakeDiscord(dave="bot_joins") as fake:
        bot = MyBot(intents=..., connector=fake.connector(), guild_ready_timeout=0.05)
        task = asyncio.create_task(bot.start(fake.token))
        await fake.until(bot.is_ready)
        ix = await fake.slash("say", text="hi")
        await ix.wait_callback()
        session = await fake.until(lambda: fake.voice.get(fake.guild_id))
        assert fake.errors == []

**A new fake** (``FakeDiscord(...)``): ``dave`` False, "bot_joins" (the human writes the commit) or "bot_first" (the
bot does); ``key_exchange_delay``, ``rtcp_every`` (None: nothing comes back by UDP, as to a deaf bot: the 30 s hang),
``ack_deadline``, ``privileged_allowed`` (False: 4014), ``shards``, ``user_in_voice``, ``compress``. Its world: guild
5000 owned by user 2000 (ann, in voice 7000), channels 6000 text, 7000 voice, 7001 stage; the bot is 1000 and has a
role of its own. Ids in payloads are strings; every parameter takes an id as ``int`` or ``str``, or the object.
(discord.py finds ids of 15 digits or more only in ``raw_mentions``, ``channel_mentions``: for those, add a channel or
a user.)

**What people do** (``crowd.py``): ``slash("voice set", voice="x", by=, guild=, channel=, locale=)`` with subcommands
by spaces (a mapping as second argument for options that are named like a parameter: ``slash("set", {"channel":
7000})``), ``message_menu(name, text_or_message)``, ``user_menu(name, user)``, ``click(message, custom_id)``,
``select(message, custom_id, values)``: all return an ``Interaction``, and assert that what is used exists;
``autocomplete(name, focused, **options)`` returns the choices. ``say(text, by=, channel=, reply_to=, forward=, files=,
**parts)``, ``edit``, ``delete``, ``bulk_delete``, ``react``, ``unreact``; ``human_voice(channel_or_None, by=)``.
Directly: ``channel=fake.direct(user)``.

**An Interaction**: ``callback``, ``followups``, ``edits``, ``deletes`` (requests as ``Recorded``: ``json``, ``files``,
``result``); ``original`` the first answer as a message, as it is now, ``content`` its words, ``ephemeral``,
``deferred`` while it is "thinking"; ``await wait_callback() / wait_followup(n) / wait_edit(n) / wait_answered() /
wait(predicate)``.

**The world** (``creation.py``): ``add_user(name, bot=, nick=, roles=, guild=, voice=, locale=)``, ``join``, ``leave``,
``add_role``, ``change_member``, ``add_guild``, ``remove_guild(unavailable=)``, ``restore_guild``, ``add_channel(name,
Kind.VOICE)``, ``add_thread(name, parent=)``, ``change_guild(locale=, tier=, afk=)``, ``change_channel(user_limit=)``,
``remove_channel``, ``direct(user)``, ``allow("send_messages", who=, channel=, guild=)``, ``deny(...)``,
``permissions`` (bits of guild 5000). A channel's ``voice_notes = False`` refuses voice notes (50173), ``closed =
True`` direct messages (50007). Deeper: ``world``.

**What goes wrong** (``mishaps.py``): ``fail_next(method, path_suffix, status, code, times=, retry_after=, reset=)``,
``lose_next_response(...)`` (done, but the answer is lost), ``hold_next(...)`` (until ``.gate.set()``); each returns a
``Fault`` with ``hits`` and ``met``; ``faults`` for anything else. ``expire(interaction, 50027 | 10015)``;
``drop_voice(code, guild)`` (1006 cuts the line), ``disconnect_bot``, ``move_bot``, ``mute_bot``, ``let_speak``;
``ask_reconnect``, ``invalidate``, ``close_gateway(code)``, ``kill()`` (as when the process dies).
``clock.advance(seconds)`` lets time pass for Discord: deadlines, tokens, nonces.

**What was done**: ``requests``, ``messages`` (by id), ``said(channel)`` (the bot's), ``notes(channel)`` (voice notes,
decoded), ``uploads``, ``commands`` (by "global" or guild), ``gateway_frames``, ``gateways``, ``refused_joins``,
``errors`` (whatever the fake did not know: assert that it is empty). ``voice[guild]`` and ``voice_history`` are
``VoiceSession``: ``packets`` (RtpPacket: at, seq, timestamp, nonce, opus, dave, live, error), ``audio_packets()``,
``heard_packets()``, ``pcm()``, ``speaking``, ``keepalives``, ``dave_ready``, ``group``, ``regroup()``,
``another_human(id, winner)``, ``close_code``, ``resumes``; ``heard(guild)`` is the sound that reached people over all
sessions of a guild. ``await until(predicate)`` waits for anything; ``client.running(bot, fake)`` starts and ends a
bot.
"""

from tests.doubles.discord.channels import Channel, Kind
from tests.doubles.discord.fake import FakeDiscord
from tests.doubles.discord.guild import Guild
from tests.doubles.discord.interaction import Interaction
from tests.doubles.discord.people import Member, Role, User
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.rtp import RtpPacket, pcm
from tests.doubles.discord.upload import Note, Recorded, Upload
from tests.doubles.discord.voice import VoiceSession

__all__ = [
    "Channel",
    "FakeDiscord",
    "Guild",
    "Interaction",
    "Kind",
    "Member",
    "Note",
    "Permission",
    "Recorded",
    "Role",
    "RtpPacket",
    "Upload",
    "User",
    "VoiceSession",
    "pcm",
]
