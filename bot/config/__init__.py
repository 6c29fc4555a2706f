"""The settings: one typed tree, read once, validated once, then read-only.

Layers, each over the one before: the defaults, ``config.yaml``, ``.env`` and the environment, the command line. Any key
may come from the environment as ``SAYSO__SECTION__KEY``. Secrets come from nowhere else than the environment
(``DISCORD_TOKEN``) or a file that it names (``DISCORD_TOKEN_FILE``). A text means itself: nothing is filled in for
``${...}`` or ``$NAME``, so that no secret comes into the settings by the back door.
"""

from bot.config.hidden import HIDDEN
from bot.config.secrets import SECRETS, Secrets, read_secrets
from bot.config.settings import (
    AudioSettings,
    CacheSettings,
    DiscordSettings,
    EdgeSettings,
    GradioSettings,
    HttpSettings,
    IndexTtsSettings,
    InstancesSettings,
    Loaded,
    LogSettings,
    OfflineSettings,
    QueueSettings,
    RemoteSettings,
    SelfTestSettings,
    Settings,
    SpeakSettings,
    StoreSettings,
    TelegramSettings,
    VoicesSettings,
    ids,
)
from bot.config.shown import show
from bot.config.tree import load

__all__ = [
    "HIDDEN",
    "SECRETS",
    "AudioSettings",
    "CacheSettings",
    "DiscordSettings",
    "EdgeSettings",
    "GradioSettings",
    "HttpSettings",
    "IndexTtsSettings",
    "InstancesSettings",
    "Loaded",
    "LogSettings",
    "OfflineSettings",
    "QueueSettings",
    "RemoteSettings",
    "Secrets",
    "SelfTestSettings",
    "Settings",
    "SpeakSettings",
    "StoreSettings",
    "TelegramSettings",
    "VoicesSettings",
    "ids",
    "load",
    "read_secrets",
    "show",
]
