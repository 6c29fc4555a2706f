"""What follows from what the engines can do here: worked out once, and anew as soon as that is something else."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from bot.speech import Utterance
from bot.tts.engine import Capabilities, Voice
from bot.tts.voices import Persona, UnknownName, Voices

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Who = Persona | Voice

LONGEST = 100
"""Characters of a name that is remembered: whoever types dashes and spaces without end may mean a voice as well."""


class Memo(Generic[K, V]):
    """What was worked out lately: of so many questions, those that were asked last."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """What is known of it."""
        value = self._known.get(key)
        if value is not None:
            self._known.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> V:
        """Know this from now on."""
        self._known[key] = value
        if len(self._known) > self._limit:
            self._known.popitem(last=False)
        return value

    def __len__(self) -> int:
        return len(self._known)

    def clear(self) -> None:
        """Know nothing."""
        self._known.clear()


class Repertoire:
    """Each engine's installed voices and abilities, who is meant by a name, and by which voice each says a language.

    Pure answers to what is asked again with every sentence, of hundreds of voices: they are looked for once.
    """

    def __init__(
        self,
        capabilities: Mapping[str, Capabilities],
        voices: Voices,
        fallbacks: Mapping[str, Sequence[str]],
        available: Mapping[str, Sequence[Voice]],
    ) -> None:
        self.available = available
        self.capabilities = capabilities
        self._voices = voices
        self._fallbacks = fallbacks
        self._named: Memo[tuple[str, tuple[str, ...]], Who] = Memo(512)
        self._cast: Memo[tuple[int, str, str], tuple[Who, Utterance]] = Memo(2048)
        self._reach: dict[str, tuple[frozenset[str], int]] = {}
        self._without: Memo[frozenset[str], Repertoire] = Memo(64)

    def reach(self, engine: str) -> tuple[frozenset[str], int]:
        """The languages that are spoken on an engine or instead of it, and the characters that each of these takes."""
        known = self._reach.get(engine)
        if known is None:
            able = [self.capabilities[name] for name in (engine, *self._fallbacks.get(engine, ()))]
            languages = frozenset().union(*(each.languages for each in able))
            known = self._reach[engine] = languages, min(each.max_chars for each in able)
        return known

    def without(self, banned: frozenset[str], bans: Callable[[Voice], bool]) -> Repertoire:
        """The same without the voices that ``bans``, which follows from nothing but ``banned``, tells."""
        if not banned:
            return self
        left = self._without.get(banned)
        if left is None:
            available = {e: [v for v in voices if not bans(v)] for e, voices in self.available.items()}
            left = self._without.put(banned, Repertoire(self.capabilities, self._voices, self._fallbacks, available))
        return left

    def find(self, name: str, engines: tuple[str, ...]) -> Who | UnknownName:
        """Who goes by a name, on one of these engines if there is such a one."""
        if len(name) > LONGEST:
            return self._look_for(name, engines)
        known = self._named.get((name, engines))
        if known is not None:
            return known
        who = self._look_for(name, engines)
        return who if isinstance(who, UnknownName) else self._named.put((name, engines), who)

    def utterance(self, who: Who, engine: str, language: str, text: str, rate: float) -> Utterance | None:
        """A sentence with its voices, as :meth:`Voices.utterance` has it; None if nobody speaks the language."""
        key = (id(who), engine, language)
        known = self._cast.get(key)  # it holds whom it is about, so that nobody else comes to that id
        if known is None:
            fallbacks = self._fallbacks.get(engine, ())
            found = self._voices.utterance(who, engine, language, "", 1.0, fallbacks, self.available)
            if found is None:
                return None
            known = self._cast.put(key, (who, found))
        return replace(known[1], text=text, rate=rate)

    def _look_for(self, name: str, engines: tuple[str, ...]) -> Who | UnknownName:
        allowed = {engine: voices for engine, voices in self.available.items() if engine in engines}
        who = self._voices.find(name, allowed)
        if isinstance(who, UnknownName) and len(allowed) < len(self.available):
            who = self._voices.find(name, self.available)
        return who
