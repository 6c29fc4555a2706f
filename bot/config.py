"""The settings: one typed tree, read once, validated once, then read-only.

Layers, each over the one before: the defaults below, ``config.yaml``, ``.env`` and the environment, the command line.
Any key may come from the environment as ``SAYSO__SECTION__KEY``. Secrets come from nowhere else than the environment
(``DISCORD_TOKEN``) or a file that it names (``DISCORD_TOKEN_FILE``). A text means itself: nothing is filled in for
``${...}`` or ``$NAME``, so that no secret comes into the settings by the back door.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, is_dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, cast, get_type_hints
from urllib.parse import unquote

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bot.errors import ConfigError

SECRETS = ("DISCORD_TOKEN", "TELEGRAM_TOKEN", "SAYSO_API_KEYS", "LLM_API_KEY", "REMOTE_API_KEY")
PREFIX = "SAYSO__"
HIDDEN = "********"

_USERINFO = re.compile(r"://[^:]*:(.*)@", re.DOTALL)
"""Greedy: a password may itself hold a / or an @."""
_QUERY = re.compile(r"[?&;]([^=&;?]*)=([^&]*)")
_SECRET_NAME = re.compile(r"pass|pwd|secret|token|key|cred|auth", re.IGNORECASE)


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
class GradioSettings:
    """An IndexTTS web UI (``http://127.0.0.1:7860``) that speaks as the engine indextts. It is connected to in the
    background, ``connect_attempts`` times, ``connect_pause`` seconds apart; a call is tried ``attempts`` times, and may
    take ``seconds``. ``fallback`` names the engines that speak when it does not."""

    url: str = ""
    connect_attempts: int = _between(5, 1, 1000)
    connect_pause: float = _between(2.0, 0.1, 600)
    attempts: int = _between(3, 1, 10)
    seconds: float = _between(180.0, 1, 3600)
    fallback: str = "offline"


@dataclass(frozen=True)
class InstancesSettings:
    """Speech servers of our own on this machine, each a child process with ``engine`` in it: ``least`` always run, up
    to ``most`` are started when they are needed, and put down after ``idle_seconds``. ``cpus`` pins each to processors
    (``0-3; 4-7``), ``gpus`` gives each one of these (``0, 1``)."""

    engine: str = _one_of("", "", "offline", "edge", "indextts")
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
class Secrets:
    """Tokens and keys; their values are never shown."""

    discord_token: str = field(default="", repr=False)
    telegram_token: str = field(default="", repr=False)
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    llm_api_key: str = field(default="", repr=False)
    remote_api_key: str = field(default="", repr=False)


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


@dataclass(frozen=True, slots=True)
class _Layer:
    """One source of settings: dotted keys with raw values, and how to name the place of a key to its author."""

    source: str
    values: Mapping[str, object]
    spelling: str = "{key}"

    def place(self, key: str) -> str:
        spelled = self.spelling.format(key=key, env=PREFIX + key.upper().replace(".", "__"))
        return f"{self.source}: {spelled}"


def load(
    *,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    folder: Path | None = None,
) -> Loaded:
    """Read all layers. ``overrides`` are ``key=value`` from the command line; ``folder`` is where ``config.yaml`` and
    ``.env`` are looked for (the working directory).

    Raises ConfigError, naming the place of a wrong key or value and what is allowed there.
    """
    folder = folder or Path.cwd()
    environment = _over(_dotenv(folder / ".env"), os.environ if environ is None else environ)
    named = config or (Path(environment["SAYSO_CONFIG"]) if environment.get("SAYSO_CONFIG") else None)
    layers = [
        *_file_layers(named, folder),
        _Layer("environment", _from_environment(environment), "{env}"),
        _Layer("command line", _from_overrides(overrides)),
    ]
    tree = _tree()
    sources: dict[str, str] = {}
    for layer in layers:
        for key, value in layer.values.items():
            _put(tree, layer, key, value)
            sources[key] = layer.source
    return Loaded(cast(Settings, OmegaConf.to_object(tree)), read_secrets(environment), sources)


def show(loaded: Loaded) -> str:
    """The settings in force as YAML, each key that is not a default with its source, secrets hidden."""
    lines = ["# Settings in force. What is not marked is the default."]
    for section, entries in _sections(loaded.settings):
        if section:
            lines.append(f"{section}:")
        for key, value in entries:
            dotted = f"{section}.{key}" if section else key
            mark = f"  # from {loaded.sources[dotted]}" if dotted in loaded.sources else ""
            lines.append(f"{'  ' if section else ''}{key}: {_yaml(value)}{mark}")
    lines.append("# Secrets, from the environment only:")
    secrets = loaded.secrets
    held = (
        secrets.discord_token,
        secrets.telegram_token,
        secrets.api_keys,
        secrets.llm_api_key,
        secrets.remote_api_key,
    )
    lines += [f"#   {name}: {HIDDEN if value else 'not set'}" for name, value in zip(SECRETS, held, strict=True)]
    return "\n".join(lines) + "\n"


def ids(text: str, setting: str) -> frozenset[int]:
    """The ids of people or channels in ``"1, 2"``. Raises ConfigError that names the setting."""
    try:
        return frozenset(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise ConfigError(f"{setting}: must be ids, comma-separated, such as 80351110224678912") from None


def read_secrets(environ: Mapping[str, str]) -> Secrets:
    """The secrets in an environment, each from ``NAME`` or from the file that ``NAME_FILE`` names.

    Raises ConfigError for a file that cannot be read, or when both are given.
    """
    discord, telegram, keys, llm, remote = (_secret(environ, name) for name in SECRETS)
    return Secrets(discord, telegram, tuple(k.strip() for k in keys.split(",") if k.strip()), llm, remote)


def _secret(environ: Mapping[str, str], name: str) -> str:
    value, path = environ.get(name, "").strip(), environ.get(f"{name}_FILE", "").strip()
    if value and path:
        raise ConfigError(f"environment: both {name} and {name}_FILE are set; keep one of them")
    if not path:
        return value
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        cause = type(error).__name__
        raise ConfigError(f"environment: {name}_FILE names a file that cannot be read ({cause})") from error


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        values = dotenv_values(path, interpolate=False, encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}: not written in UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path.name}: cannot be read ({error.strerror})") from error
    return {key: value for key, value in values.items() if value is not None}


def _over(below: Mapping[str, str], above: Mapping[str, str]) -> dict[str, str]:
    """Two layers of environment in one. A secret that is set above, in either form, is not also taken from below."""
    forms = [(name, f"{name}_FILE") for name in SECRETS]
    decided = {name for pair in forms if any(above.get(form, "").strip() for form in pair) for name in pair}
    return {**{name: value for name, value in below.items() if name not in decided}, **above}


def _file_layers(named: Path | None, folder: Path) -> Iterator[_Layer]:
    path = named or folder / "config.yaml"
    if named and not path.is_file():
        raise ConfigError(f"{path}: there is no such settings file; create it or leave the option out")
    if path.is_file():
        yield _Layer(path.name, dict(_flat(_parse(path))))


def _parse(path: Path) -> Mapping[object, object]:
    import yaml

    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path.name}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, ValueError) as error:
        # Neither the message nor the cause goes on: both quote the lines around, where a password may stand.
        raise ConfigError(f"{path.name}: not readable as YAML{_where(error)}") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{path.name}: must be a mapping of sections, such as 'http:' with 'port: 8888' below it")
    return tree


def _where(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "; save it as UTF-8"
    mark = getattr(error, "problem_mark", None)
    return f": line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _flat(tree: Mapping[object, object], above: str = "") -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        dotted = f"{above}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{dotted}.")
        elif value is not None or above:
            yield dotted, value


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    named = {name: value for name, value in environ.items() if name.upper().startswith(PREFIX)}
    return {name[len(PREFIX) :].lower().replace("__", "."): value for name, value in sorted(named.items())}


def _from_overrides(overrides: Sequence[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise ConfigError(f"command line: {_without_passwords(override)!r} is not of the form section.key=value")
        values[key.strip()] = value
    return values


def _tree() -> DictConfig:
    """The defaults as a tree that can be written to until it is made into Settings."""
    tree: DictConfig = OmegaConf.structured(Settings)
    for node in (tree, *(tree[str(key)] for key in tree if OmegaConf.is_config(tree[str(key)]))):
        OmegaConf.set_readonly(node, False)
    return tree


def _put(tree: DictConfig, layer: _Layer, key: str, value: object) -> None:
    """Set one key of the tree, or raise a ConfigError that names its place."""
    place = layer.place(key)
    known = dict(_leaves(Settings))
    if key.split(".")[-1].upper() in SECRETS or key.upper().replace(".", "_") in SECRETS:
        raise ConfigError(f"{place}: a secret does not belong here; set it in the environment or in .env")
    if key not in known:
        raise ConfigError(f"{place}: {_unknown(key, known)}")
    setting, kind = known[key]
    empty = value is None or (kind == str | None and value in ("", "null"))
    wrong = f"{place}: {HIDDEN if setting.metadata.get('hidden') else repr(value)} is not {_kind_in_words(kind)}"
    if value == "???":  # what OmegaConf takes for a value that is still to come
        raise ConfigError(wrong)
    try:
        OmegaConf.update(tree, key, None if empty else _literal(value))
        _allowed(place, setting, OmegaConf.select(tree, key))
    except OmegaConfBaseException:
        # OmegaConf's own message quotes the value.
        raise ConfigError(wrong) from None


def _literal(value: object) -> object:
    """A text that OmegaConf reads as it stands instead of filling in what ``${...}`` names."""
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", value) if isinstance(value, str) else value


def _unknown(key: str, known: Mapping[str, object]) -> str:
    section = f"{key.split('.')[0]}."
    if beneath := [name for name in known if name.startswith(section)]:
        hint = ", ".join(beneath)
    else:
        hint = ", ".join(sorted({name.split(".")[0] for name in known}))
    near = difflib.get_close_matches(key, known, n=1)
    return f"there is no such setting{f'; did you mean {near[0]}?' if near else ''} Allowed: {hint}"


def _kind_in_words(kind: Any) -> str:
    return {int: "a whole number", float: "a number", bool: "true or false"}.get(kind, "a text")


def _allowed(place: str, setting: Field[Any], value: object) -> None:
    choices, low, high = (setting.metadata.get(name) for name in ("choices", "low", "high"))
    if choices and value not in choices:
        raise ConfigError(f"{place}: {value!r} is not one of {', '.join(choices)}")
    if low is not None and high is not None and not low <= float(str(value)) <= high:
        raise ConfigError(f"{place}: {value} is not between {low} and {high}")


def _leaves(kind: Any, above: str = "") -> Iterator[tuple[str, tuple[Field[Any], Any]]]:
    hints = get_type_hints(kind)
    for setting in fields(kind):
        if is_dataclass(hints[setting.name]):
            yield from _leaves(hints[setting.name], f"{above}{setting.name}.")
        else:
            yield f"{above}{setting.name}", (setting, hints[setting.name])


def _sections(settings: Settings) -> Iterator[tuple[str, list[tuple[str, object]]]]:
    tops = [(f.name, getattr(settings, f.name)) for f in fields(settings)]
    yield "", [(name, value) for name, value in tops if not is_dataclass(value)]
    for name, value in tops:
        if is_dataclass(value):
            yield name, [(f.name, getattr(value, f.name)) for f in fields(value)]


def _yaml(value: object) -> str:
    return json.dumps(_without_passwords(value) if isinstance(value, str) else value, ensure_ascii=False)


def _without_passwords(text: str) -> str:
    """A URL fit to be shown: what may be a password in it is hidden, rather too much of it than too little."""
    spans = [found.span(1) for found in _USERINFO.finditer(text)]
    spans += [found.span(2) for found in _QUERY.finditer(text) if _SECRET_NAME.search(unquote(found[1]))]
    covered = {place for start, end in spans for place in range(start, end)}
    runs = [(hidden, list(places)) for hidden, places in groupby(range(len(text)), covered.__contains__)]
    return "".join(HIDDEN if hidden else text[places[0] : places[-1] + 1] for hidden, places in runs)


def _usual_data_folder() -> Path:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "~/AppData/Local")
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "sayso"
