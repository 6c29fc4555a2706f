"""The settings as a typed tree: every section, its defaults, and what is allowed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.config.secrets import Secrets
from bot.errors import ConfigError


def _between(default: Any, low: float, high: float) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


def _one_of(default: str, *choices: str) -> Any:
    return field(default=default, metadata={"choices": choices})


@dataclass(frozen=True)
class SpeakSettings:
    """What is spoken, and how, when nobody says otherwise."""

    engine: str = _one_of("offline", "offline", "edge", "indextts", "remote")
    voice: str = "sayso"
    rate: float = _between(1.0, 0.5, 2.0)
    language: str | None = None
    max_chars: int = _between(4000, 1, 1_000_000)
    emoji: str = _one_of("read", "read", "skip")
    links: str = _one_of("domain", "domain", "say", "skip")
    code: str = _one_of("say", "say", "skip")


@dataclass(frozen=True)
class VoicesSettings:
    """Personas of one's own: a file like ``voices/voices.yaml``, or a folder with one and the recordings it names."""

    extra: str = ""


@dataclass(frozen=True)
class HttpSettings:
    """Where the HTTP adapter listens. ``cors`` are the origins whose pages may use it, comma-separated (``*`` is any);
    ``wait_seconds`` is how long a request may wait for its turn."""

    host: str = "127.0.0.1"
    port: int = _between(8888, 0, 65_535)
    cors: str = ""
    wait_seconds: float = _between(300.0, 1, 86_400)


@dataclass(frozen=True)
class DiscordSettings:
    """The Discord adapter. ``message_content`` asks for the privileged intent without which other people's messages
    cannot be read aloud. ``shard_count`` 0 is what Discord advises; ``shard_ids`` (``0,1``) are this process's own.
    ``owners`` are ids, comma-separated, besides the application's own. Times are in seconds: how long a request for the
    voice channel, for a note, and a message read aloud stay wanted; how long the bot stays alone; how long a bot's
    message must rest to be whole."""

    message_content: bool = True
    shard_count: int = _between(0, 0, 100_000)
    shard_ids: str = ""
    owners: str = ""
    sync_commands: bool = True
    voice_seconds: float = _between(300.0, 5, 86_400)
    note_seconds: float = _between(840.0, 5, 86_400)
    read_seconds: float = _between(120.0, 5, 86_400)
    leave_seconds: float = _between(30.0, 0, 86_400)
    settle_seconds: float = _between(2.5, 0.1, 60)
    connect_seconds: float = _between(10.0, 0.1, 120)


@dataclass(frozen=True)
class TelegramSettings:
    """The Telegram adapter. ``base_url`` is a Bot API server of one's own (``http://127.0.0.1:8081``); empty is
    Telegram's. With ``webhook_url`` (the public https address) updates are pushed to ``webhook_host``:``webhook_port``
    here instead of being fetched. ``owners`` are user ids, comma-separated. ``store_chat`` is the id of a chat where
    inline voice notes are uploaded to; 0: the asker's own chat with the bot, where they are removed at once.
    ``set_commands``: tell Telegram the commands for its menu. ``note_seconds`` is how long a request stays wanted."""

    base_url: str = ""
    owners: str = ""
    inline: bool = True
    store_chat: int = 0
    set_commands: bool = True
    note_seconds: float = _between(840.0, 5, 86_400)
    webhook_url: str = ""
    webhook_host: str = "127.0.0.1"
    webhook_port: int = _between(8443, 1, 65_535)


@dataclass(frozen=True)
class OfflineSettings:
    """The embedded engine: ``slots`` workers of a core each, put down after ``idle_seconds`` without work."""

    slots: int = _between(1, 1, 64)
    idle_seconds: float = _between(600.0, 1, 86_400)


@dataclass(frozen=True)
class EdgeSettings:
    """Microsoft's free edge voices. With ``fallback`` the offline engine speaks when they cannot be reached; with
    ``refresh`` a running bot asks once a day which voices there are."""

    slots: int = _between(8, 1, 64)
    connect_seconds: float = _between(10.0, 0.1, 120)
    first_audio_seconds: float = _between(15.0, 0.1, 120)
    gap_seconds: float = _between(10.0, 0.1, 120)
    attempts: int = _between(3, 1, 10)
    fallback: bool = True
    refresh: bool = True


@dataclass(frozen=True)
class RemoteSettings:
    """Speech servers elsewhere that speak OpenAI's API: ``servers`` are their addresses, comma-separated, each with its
    weight if that is not 1 (``http://10.0.0.5:8888*2``). ``slots`` is for each. Empty ``voices`` and ``languages``
    (comma-separated) mean: ask the server, and believe it speaks everything. ``fallback`` names the engines that speak
    when none of the servers does. The key comes from ``REMOTE_API_KEY``."""

    servers: str = field(default="", repr=False, metadata={"hidden": True})
    model: str = "tts-1"
    format: str = _one_of("wav", "wav", "pcm", "mp3", "opus", "flac")
    voices: str = ""
    languages: str = ""
    slots: int = _between(4, 1, 1024)
    connect_seconds: float = _between(5.0, 0.1, 120)
    first_audio_seconds: float = _between(30.0, 0.1, 600)
    gap_seconds: float = _between(15.0, 0.1, 600)
    attempts: int = _between(3, 1, 10)
    check_seconds: float = _between(10.0, 0.5, 3600)
    fallback: str = "offline"


@dataclass(frozen=True)
class IndexTtsSettings:
    """Our own IndexTTS-1.5, as the engine indextts. ``folder`` is that of the model (``sayso models`` tells where it
    comes from); ``device`` is auto, cpu, cuda (``cuda:1``) or mps; ``threads`` 0 is as many as there are processors.
    ``slots`` sentences are spoken at once. ``beams`` 3 is upstream's quality mode, at three times the work, and without
    sound before a sentence is whole. ``pause`` is the silence between the sentences that a long one is cut into, in
    seconds. A sentence that goes astray is spoken again, up to ``attempts`` times. ``voiceprints`` is the folder that
    keeps what was learnt of each recording; empty is one in the data folder. ``fallback`` names the engines that speak
    when it cannot."""

    folder: str = ""
    device: str = "auto"
    precision: str = _one_of("auto", "auto", "fp32", "fp16", "bf16", "int8")
    threads: int = _between(0, 0, 1024)
    slots: int = _between(4, 1, 64)
    beams: int = _between(1, 1, 8)
    temperature: float = _between(1.0, 0.05, 2)
    top_k: int = _between(30, 1, 1000)
    top_p: float = _between(0.8, 0.01, 1)
    repetition_penalty: float = _between(10.0, 1, 100)
    positions: str = _one_of("contiguous", "contiguous", "upstream")
    pause: float = _between(0.15, 0.1, 0.25)
    attempts: int = _between(3, 1, 10)
    voiceprints: str = ""
    fallback: str = "offline"


@dataclass(frozen=True)
class GradioSettings:
    """An IndexTTS web UI (``http://127.0.0.1:7860``) that speaks as the engine indextts. It is connected to in the
    background, ``connect_attempts`` times, ``connect_pause`` seconds apart; a call is tried ``attempts`` times, and may
    take ``seconds``. ``fallback`` names the engines that speak when it does not."""

    url: str = field(default="", repr=False, metadata={"hidden": True})
    connect_attempts: int = _between(5, 1, 1000)
    connect_pause: float = _between(2.0, 0.1, 600)
    attempts: int = _between(3, 1, 10)
    seconds: float = _between(180.0, 1, 3600)
    fallback: str = "offline"


@dataclass(frozen=True)
class InstancesSettings:
    """Speech servers of our own on this machine, each a child process with ``engine`` in it (``auto`` is our own
    indextts, if its folder is set; empty is none): ``least`` always run, up to ``most`` are started when they are
    needed, and put down after ``idle_seconds``. ``cpus`` pins each to processors (``0-3; 4-7``), ``gpus`` gives each
    one of these (``0, 1``)."""

    engine: str = _one_of("auto", "auto", "", "offline", "edge", "indextts")
    least: int = _between(0, 0, 64)
    most: int = _between(1, 1, 64)
    idle_seconds: float = _between(600.0, 1, 86_400)
    start_seconds: float = _between(120.0, 1, 3600)
    cpus: str = ""
    gpus: str = ""


@dataclass(frozen=True)
class SelfTestSettings:
    """What is spoken after a start to prove that Sayso can; empty ``text`` is a greeting in a language that is spoken
    here, Chinese before others."""

    enabled: bool = True
    text: str = ""


@dataclass(frozen=True)
class AudioSettings:
    """The one encoding."""

    loudness: float = _between(-16.0, -40, -5)
    bitrate: int = _between(32_000, 6_000, 256_000)
    pause: float = _between(0.25, 0.0, 5)


@dataclass(frozen=True)
class QueueSettings:
    """How much may wait, and for how long a shutdown waits for it."""

    per_user: int = _between(10, 1, 100_000)
    per_guild: int = _between(100, 1, 100_000)
    total: int = _between(10_000, 1, 10_000_000)
    drain_seconds: float = _between(20.0, 0, 600)


@dataclass(frozen=True)
class CacheSettings:
    """Recent audio."""

    megabytes: int = _between(256, 0, 1_000_000)
    entries: int = _between(100_000, 0, 100_000_000)
    memory_megabytes: int = _between(16, 0, 100_000)
    days: float = _between(30.0, 0.01, 3650)


@dataclass(frozen=True)
class StoreSettings:
    """The database; empty means ``sayso.db`` in the data folder."""

    url: str = field(default="", repr=False, metadata={"hidden": True})


@dataclass(frozen=True)
class LogSettings:
    """What is logged, to standard error."""

    level: str = _one_of("info", "debug", "info", "warning", "error")
    format: str = _one_of("auto", "auto", "console", "json")


@dataclass(frozen=True)
class Settings:
    """The tree. ``data_dir`` holds the database and what is fetched; ``~`` is the home folder."""

    data_dir: str = ""
    speak: SpeakSettings = field(default_factory=SpeakSettings)
    voices: VoicesSettings = field(default_factory=VoicesSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    discord: DiscordSettings = field(default_factory=DiscordSettings)
    telegram: TelegramSettings = field(default_factory=TelegramSettings)
    offline: OfflineSettings = field(default_factory=OfflineSettings)
    edge: EdgeSettings = field(default_factory=EdgeSettings)
    remote: RemoteSettings = field(default_factory=RemoteSettings)
    indextts: IndexTtsSettings = field(default_factory=IndexTtsSettings)
    gradio: GradioSettings = field(default_factory=GradioSettings)
    instances: InstancesSettings = field(default_factory=InstancesSettings)
    self_test: SelfTestSettings = field(default_factory=SelfTestSettings)
    audio: AudioSettings = field(default_factory=AudioSettings)
    queue: QueueSettings = field(default_factory=QueueSettings)
    cache: CacheSettings = field(default_factory=CacheSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    log: LogSettings = field(default_factory=LogSettings)

    @property
    def data(self) -> Path:
        """The data folder: ``data_dir``, or the usual place of this system."""
        return Path(self.data_dir).expanduser() if self.data_dir else _usual_data_folder()


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, secrets, and which layer decided each key (``{"http.port": "config.yaml"}``)."""

    settings: Settings
    secrets: Secrets
    sources: Mapping[str, str]


def ids(text: str, setting: str) -> frozenset[int]:
    """The ids of people or channels in ``"1, 2"``. Raises ConfigError that names the setting."""
    try:
        return frozenset(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise ConfigError(f"{setting}: must be ids, comma-separated, such as 80351110224678912") from None


def _usual_data_folder() -> Path:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "~/AppData/Local")
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "sayso"
