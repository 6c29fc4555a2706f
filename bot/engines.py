"""Which engines there are, by the settings: each leaf, what stands before it, and who speaks in its stead."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.config import IndexTtsSettings, InstancesSettings, Loaded, RemoteSettings, Settings
from bot.errors import ConfigError
from bot.tts.breaker import Breaker
from bot.tts.edge import Edge
from bot.tts.engine import Engine
from bot.tts.fallback import Fallback
from bot.tts.instances import Instance
from bot.tts.offline import Offline
from bot.tts.pool import Member, Pool
from bot.tts.remote import Address, Remote
from bot.tts.retry import Retry
from bot.tts.voices import Recordings, Voices

_WEIGHED = re.compile(r"(?P<url>.+)\*(?P<weight>\d+(\.\d+)?)")

_SET_UP_BY = {"remote": "remote.servers", "indextts": "indextts.folder (see `sayso models`), or gradio.url"}
"""The setting without which an engine is not here."""

_TRIES = 10
"""Calls of the children before a sentence is given up. Each may find them at the end of another, or just starting: half
a minute of that is outlasted. A sentence that is itself what ends them cannot do it more often."""


@dataclass(frozen=True, slots=True)
class Engines:
    """All that speak. ``leaves`` are what ``sayso doctor`` asks, one for each name; ``chosen`` is what people choose
    among, with ``breakers`` before some and the ``fallbacks`` of each; ``pools`` and ``instances`` are what may be
    looked at in them. ``lost`` is set when a device has failed so that one of them needs another process."""

    leaves: Mapping[str, Engine]
    chosen: Mapping[str, Engine]
    fallbacks: Mapping[str, Sequence[str]]
    breakers: Mapping[str, Breaker]
    pools: Mapping[str, Pool] = field(default_factory=dict)
    instances: Sequence[Instance] = ()
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def workers(self) -> Mapping[str, Offline]:
        """Those with worker processes of this process's own."""
        return {name: leaf for name, leaf in self.leaves.items() if isinstance(leaf, Offline)}


async def enter(stack: AsyncExitStack, loaded: Loaded, voices: Voices, *, resident: bool) -> Engines:
    """Make them and enter them into the stack; ``resident`` if the process stays.

    Raises ConfigError for an engine that is to speak and is not set up, and for a server or recording that is none.
    """
    settings = _settled(loaded.settings)
    recordings = voices.recordings("indextts")
    if settings.gradio.url or settings.indextts.folder:
        await asyncio.to_thread(recordings.check)
    lost = asyncio.Event()
    leaves: dict[str, Engine] = dict(_leaves(settings, recordings, resident, lost))
    children = _instances(settings, leaves) if resident else ()
    pools: dict[str, Pool] = {}
    if children:
        pools[settings.instances.engine] = _pool_of(settings.instances, children)
    servers = _remotes(settings.remote, loaded.secrets.remote_api_key)
    if len(servers) > 1:
        pools["remote"] = Pool("remote", servers, check_seconds=settings.remote.check_seconds)
    for engine in (*children, *(server.engine for server in servers), *_alone(leaves, pools)):
        await stack.enter_async_context(engine)
    for pool in pools.values():
        await stack.enter_async_context(pool)
    if servers:
        leaves["remote"] = servers[0].engine
    leaves |= pools
    _check_engine(settings.speak.engine, leaves, "speak.engine")
    return replace(_guarded(settings, leaves, pools, children), lost=lost)


def _settled(settings: Settings) -> Settings:
    """With what is left to us decided: which engine lives in children, and where voiceprints are kept (there too)."""
    own = settings.indextts
    if own.folder and settings.gradio.url:
        raise ConfigError("indextts.folder and gradio.url are both set, and both would be indextts; leave one empty")
    prints = own.voiceprints or str(settings.data / "voiceprints")
    lodger = settings.instances.engine
    if lodger == "auto":  # a fault of the GPU, or Python's lock, must never touch the chats
        lodger = "indextts" if own.folder and hasattr(socket, "AF_UNIX") else ""
    instances = replace(settings.instances, engine=lodger)
    return replace(settings, indextts=replace(own, voiceprints=prints), instances=instances)


def _leaves(
    settings: Settings, recordings: Recordings, resident: bool, lost: asyncio.Event
) -> Iterator[tuple[str, Engine]]:
    yield "offline", Offline(slots=settings.offline.slots, idle_seconds=settings.offline.idle_seconds)
    yield "edge", _edge(settings, resident)
    if settings.indextts.folder:
        yield "indextts", _indextts(settings.indextts, recordings, resident, lost)
    if settings.gradio.url:
        yield "indextts", _web_ui(settings, recordings)


def _edge(settings: Settings, resident: bool) -> Edge:
    edge = settings.edge
    return Edge(
        cache_file=settings.data / "edge-voices.json",
        refresh=resident and edge.refresh,
        slots=edge.slots,
        connect_timeout=edge.connect_seconds,
        first_audio_timeout=edge.first_audio_seconds,
        gap_timeout=edge.gap_seconds,
        attempts=edge.attempts,
    )


def _indextts(own: IndexTtsSettings, recordings: Recordings, resident: bool, lost: asyncio.Event) -> Engine:
    from bot.tts.indextts import IndexTTS, Positions, Sampling

    return IndexTTS(
        Path(own.folder).expanduser(),
        recordings,
        prints=Path(own.voiceprints).expanduser(),
        device=own.device,
        precision=own.precision,
        threads=own.threads,
        slots=own.slots,
        options=Sampling(
            temperature=own.temperature,
            top_k=own.top_k,
            top_p=own.top_p,
            repetition_penalty=own.repetition_penalty,
            beams=own.beams,
        ),
        positions=Positions(own.positions),
        pause=own.pause,
        attempts=own.attempts,
        at_once=resident,  # a command that speaks with another engine does not wait for this one
        lost=lost.set,
    )


def _web_ui(settings: Settings, recordings: Recordings) -> Engine:
    from bot.tts.gradio import Gradio

    gradio = settings.gradio
    return Gradio(
        gradio.url,
        recordings,
        connect_attempts=gradio.connect_attempts,
        connect_pause=gradio.connect_pause,
        attempts=gradio.attempts,
        timeout=gradio.seconds,
    )


def _instances(settings: Settings, leaves: Mapping[str, Engine]) -> Sequence[Instance]:
    wanted = settings.instances.engine
    if not wanted:
        return ()
    _check_engine(wanted, leaves, "instances.engine")
    if settings.instances.least > settings.instances.most:
        least, most = settings.instances.least, settings.instances.most
        raise ConfigError(f"instances.least: {least} children cannot always run where at most {most} are started")
    from bot.tts.instances import handed_down, instances

    handed = handed_down(settings)
    return instances(settings.instances, leaves[wanted], settings.data / "instances", handed=handed)


def _pool_of(settings: InstancesSettings, children: Sequence[Instance]) -> Pool:
    members = [Member(child, child.label, awake=_awake(child)) for child in children]
    return Pool(settings.engine, members)


def _remotes(settings: RemoteSettings, key: str) -> Sequence[Member]:
    return [Member(_remote(settings, url, key), label, weight) for url, label, weight in servers(settings.servers)]


def _remote(settings: RemoteSettings, url: str, key: str) -> Remote:
    return Remote(
        url,
        key=key,
        model=settings.model,
        format=settings.format,
        voices=_words(settings.voices),
        languages=_words(settings.languages),
        slots=settings.slots,
        connect_timeout=settings.connect_seconds,
        first_audio_timeout=settings.first_audio_seconds,
        gap_timeout=settings.gap_seconds,
    )


def servers(text: str) -> Sequence[tuple[str, str, float]]:
    """The servers in ``"http://10.0.0.5:8888*2, https://tts.example"``: URL, a label without secrets, weight.

    Raises ConfigError that shows nothing of what may be a password.
    """
    found = [_server(part.strip()) for part in text.split(",") if part.strip()]
    labels = [label for _, label, _ in found]
    if len(set(labels)) < len(labels):
        raise ConfigError("remote.servers: the same server stands there twice; give it a weight instead (URL*2)")
    return found


def _server(text: str) -> tuple[str, str, float]:
    match = _WEIGHED.fullmatch(text)
    url, weight = (match["url"], float(match["weight"])) if match else (text, 1.0)
    label = Address.of(url).label
    if "*" in label:
        raise ConfigError(f"remote.servers: the weight in {label} is no number; write it as http://10.0.0.5:8888*2")
    if weight <= 0:
        raise ConfigError(f"remote.servers: {label} has the weight 0; leave it out, or give it more")
    return url, label, weight


def _guarded(
    settings: Settings, leaves: Mapping[str, Engine], pools: Mapping[str, Pool], children: Sequence[Instance]
) -> Engines:
    """Each engine behind a breaker, those that do not try again by themselves behind that too, and then its fallbacks.

    The embedded engine has neither, unless it lives in children: there is nothing that it could lose touch with.
    """
    breakers = {
        name: Breaker(_retried(settings, name, leaf))
        for name, leaf in leaves.items()
        if name != "offline" or name in pools
    }
    alone = {name: breakers.get(name, leaf) for name, leaf in leaves.items()}
    fallbacks = {name: others for name in leaves if (others := _fallbacks(settings, name, leaves))}
    chosen = {
        name: Fallback([engine, *(alone[other] for other in fallbacks[name])]) if name in fallbacks else engine
        for name, engine in alone.items()
    }
    return Engines(leaves, chosen, fallbacks, breakers, pools, children)


def _retried(settings: Settings, name: str, leaf: Engine) -> Engine:
    """Edge and the web UI try again by themselves, since only they know of what they have lost."""
    if name == settings.instances.engine and isinstance(leaf, Pool):
        return Retry(leaf, attempts=_TRIES, within=settings.instances.start_seconds)
    if name == "remote":
        return Retry(leaf, attempts=settings.remote.attempts, within=settings.remote.first_audio_seconds)
    return leaf


def _fallbacks(settings: Settings, name: str, leaves: Mapping[str, Engine]) -> Sequence[str]:
    if name == "edge":
        return ("offline",) if settings.edge.fallback else ()
    indextts = ("indextts", settings.indextts) if settings.indextts.folder else ("gradio", settings.gradio)
    section = {"remote": ("remote", settings.remote.fallback), "indextts": (indextts[0], indextts[1].fallback)}
    if name not in section:
        return ()
    where, names = section[name]
    for other in _words(names):
        _check_engine(other, leaves, f"{where}.fallback")
        if other == name:
            raise ConfigError(f"{where}.fallback: {name} cannot speak in its own stead; name another engine")
    return tuple(dict.fromkeys(_words(names)))


def _check_engine(name: str, leaves: Mapping[str, Engine], setting: str) -> None:
    if name in leaves:
        return
    if name in _SET_UP_BY:
        raise ConfigError(f"{setting}: the engine {name} is not set up; set {_SET_UP_BY[name]}")
    raise ConfigError(f"{setting}: there is no engine {name!r}; choose among {', '.join(leaves)}")


def _alone(leaves: Mapping[str, Engine], pools: Mapping[str, Pool]) -> Iterator[Engine]:
    """What speaks itself; who is in children is only their pattern here."""
    return (leaf for name, leaf in leaves.items() if name not in pools)


def _awake(child: Instance) -> Callable[[], bool]:
    return lambda: child.awake


def _words(text: str) -> Sequence[str]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
