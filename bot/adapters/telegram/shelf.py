"""The voice notes that Telegram has already: they can be sent anywhere at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.adapters.telegram.files import Files
from bot.adapters.telegram.offers import Sample
from bot.script import Explanation
from bot.speaker import Speaker
from bot.speech import Refusal, Request

OTHERS, LOOKED_AT = 4, 12
"""How many other voices are offered that have said the same, of how many that are looked at."""

RECENT, LOOKED_BACK = 10, 30
"""How many of somebody's last notes are offered, of how many sounds that are looked at."""


class Shelf:
    """Finds them for one bot. Raises StoreError."""

    def __init__(self, speaker: Speaker, files: Files) -> None:
        self._speaker, self._files = speaker, files

    async def title(self, request: Request, explained: Explanation) -> str:
        """Who speaks, as the lists of voices have it."""
        name = explained.script.who.name
        choices = await self._speaker.choices(request.user, request.guild, name, 1)
        return _short(choices[0].label) if choices else name

    async def find(self, explained: Explanation, title: str) -> Sample | None:
        """The note that was explained."""
        file_id = await self._files.known(explained.key) if explained.cached else None
        return Sample(explained.key, file_id, title) if file_id is not None else None

    async def others(self, request: Request, own: Sample) -> Sequence[Sample]:
        """The same in other voices that have said it before, favourites first; nothing is made for that."""
        found: dict[str, Sample] = {}
        for choice in await self._speaker.choices(request.user, request.guild, limit=LOOKED_AT):
            explained = await self._speaker.explain(replace(request, voice=choice.value))
            if isinstance(explained, Refusal) or explained.key in (own.key, *found):
                continue
            if (sample := await self.find(explained, _short(choice.label))) is not None:
                found[sample.key] = sample
        return list(found.values())[:OTHERS]

    async def recent(self, user: str) -> Sequence[Sample]:
        """The last notes of a person that surely hold their own words, called by these."""
        found: list[Sample] = []
        for heard in await self._speaker.store.cache.recent(user, limit=LOOKED_BACK):
            if len(found) < RECENT and (sample := await self._own(heard.key, user)) is not None:
                found.append(sample)
        return found

    async def _own(self, key: str, user: str) -> Sample | None:
        cache = self._speaker.store.cache
        file_id = await self._files.known(key)
        if file_id is None or await cache.owner(key) != user:
            return None
        clip = await cache.get(key)
        words = " ".join(each.utterance.text for each in clip.spoken) if clip is not None else ""
        return Sample(key, file_id, words) if words else None


def _short(label: str) -> str:
    """Of what a list of voices tells of one, as much as is seen in a line."""
    return " · ".join(label.split(" · ")[:2])
