"""What is counted and timed, under Prometheus' names and rules: one registry for the process.

Whoever does a thing counts it here, where it is done. Labels are bounded: engines, reasons and platforms, never a
guild, a user or a voice. What is only looked at when it is asked for (queue, cache, memory) is in :mod:`bot.gauges`.
"""

from __future__ import annotations

import re

from prometheus_client import Counter, Gauge, Histogram

from bot.errors import SaysoError

PLATFORMS = frozenset({"discord", "telegram", "api"})
"""Where requests come from; anything else counts as :data:`OTHER`."""

OTHER = "other"

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_RTF = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 5)

REQUESTS = Counter("tts_requests", "Requests to say something, whatever became of them.", ["source"])
FAILED = Counter("tts_requests_failed", "Requests that were refused or went wrong.", ["source", "reason"])
DURATION = Histogram(
    "tts_request_duration_seconds", "From asked to the last packet.", ["source", "cache"], buckets=_SECONDS
)
FIRST_AUDIO = Histogram(
    "tts_time_to_first_audio_seconds", "From asked to the first packet.", ["engine", "cache"], buckets=_SECONDS
)
RTF = Histogram("tts_real_time_factor", "Seconds of engine for a second of sound.", ["engine"], buckets=_RTF)
AUDIO = Counter("tts_audio_seconds", "Seconds of sound that engines made.", ["engine"])
WAIT = Histogram("tts_queue_wait_seconds", "From wanting a turn to having it.", ["priority"], buckets=_SECONDS)
CACHE = Counter("tts_cache_requests", "Speeches looked for in the cache.", ["result"])
"""``result`` is hit, miss, or shared (being made for somebody else)."""
STREAMED = Counter("tts_streamed_texts", "Answers of LLMs that were spoken while they were written.", ["source"])
ENGINE_FAILURES = Counter("tts_engine_failures", "Utterances that an engine failed at.", ["engine", "error"])
RETRIES = Counter("tts_retries", "Utterances tried again on the same engine.", ["engine"])
FALLBACKS = Counter("tts_fallbacks", "Utterances that another engine spoke instead.", ["engine", "instead"])
BREAKER = Counter("tts_breaker_changes", "Breakers that changed their state.", ["engine", "state"])
STARTS = Counter("tts_instance_starts", "Local instances that were started.", ["engine", "because"])
"""``because`` is least, demand or crash."""
VOICE_CONNECTIONS = Gauge(
    "tts_voice_connections", "Voice channels that Sayso is in, by its own connection.", ["platform"]
)
LLM_REQUESTS = Counter(
    "llm_requests", "Answers of an LLM, spoken as it wrote them, by how the writing ended.", ["outcome"]
)
"""``outcome`` is completed, cut (longer than is spoken), failed (the LLM broke off) or cancelled (nobody listens)."""
HTTP = Counter("http_requests", "Answers of the HTTP adapter.", ["path", "status"])


def _begin_at_zero() -> None:
    """What is known to be counted is there before it is: the first of its kind would else be no increase."""
    for platform in (*sorted(PLATFORMS), OTHER):
        REQUESTS.labels(platform)
    for result in ("hit", "miss", "shared"):
        CACHE.labels(result)
    for outcome in ("completed", "cut", "failed", "cancelled"):
        LLM_REQUESTS.labels(outcome)


_begin_at_zero()


def source(guild: str) -> str:
    """The platform of a guild (``discord:42``), as a label."""
    platform = guild.partition(":")[0]
    return platform if platform in PLATFORMS else OTHER


def kind(error: BaseException) -> str:
    """The type of an error, as a label: ``engine_timeout``; what is not our own is a ``crash``."""
    name = type(error).__name__ if isinstance(error, SaysoError) else "Crash"
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
