"""The pages of the menu of settings that only tell: how all is doing, what may be typed, what a reset takes away."""

from __future__ import annotations

from bot.adapters.telegram.commands.keyboard import Page
from bot.adapters.telegram.commands.settings_keys import decide, look, page
from bot.adapters.telegram.commands.settings_matter import Matter
from bot.adapters.telegram.commands.settings_pages import YES, has, typed_as
from bot.adapters.words import duration
from bot.health import EngineHealth

_EXAMPLES = {
    "engine": "edge", "engines": "offline, edge", "voice": "NAME", "lock": "", "ban": "NAME", "language": "ja",
    "auto": "mention", "replies": "both", "max": "500", "minute": "5", "person": "3", "chat": "20", "rate": "1.2",
    "admins": "on", "block": "ID", "people": "", "history": "20", "status": "", "reset": YES,
}  # fmt: skip
"""What is typed, with an example of what stands behind it."""


async def status(matter: Matter, part: str = "") -> Page:
    """How the engines are doing, and what is kept of audio."""
    engines = [_engine(matter, health) for health in await matter.speaker.engines()]
    again = look(matter, matter.say("menu.again"), "status")
    return page(matter, "status", [*engines, "", _cache(matter)], [again])


async def reset(matter: Matter, part: str = "") -> Page:
    """Asks whether it is meant."""
    return page(
        matter, "reset", [matter.say("about.reset")], [decide(matter, matter.say("choose.reset"), "reset", YES)]
    )


async def help(matter: Matter, part: str = "") -> Page:
    """What may be typed instead of pressing."""
    shown = {name: example for name, example in _EXAMPLES.items() if has(matter, name)}
    lines = [typed_as(matter, name, *filter(None, [example])) for name, example in shown.items()]
    return page(matter, "help", [matter.say("about.help"), "", *lines])


def _engine(matter: Matter, health: EngineHealth) -> str:
    well = health.breaker if health.breaker or health.speaks else "silent"
    after = duration(health.opens_in or 0, matter.locale)
    state = matter.say(f"health.{well or 'closed'}", time=after)
    counts = {"running": health.running, "slots": health.slots, "waiting": health.waiting}
    return matter.say("health.engine", engine=health.name, state=state, **counts)


def _cache(matter: Matter) -> str:
    stats = matter.speaker.store.cache.stats()
    asked = stats.hits + stats.misses
    hits = matter.say("health.hits", share=round(100 * stats.hits / asked)) if asked else matter.say("health.no_hits")
    sizes = {"size": stats.bytes // 1_000_000, "limit": stats.max_bytes // 1_000_000}
    return matter.say("health.cache", count=stats.entries, hits=hits, **sizes)
