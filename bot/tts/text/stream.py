"""From text to sentences: the streaming form, and the whole form, which is the streaming form fed once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable

from bot.tts.text import emojis, laughter, marks, markup, numbers, tidy
from bot.tts.text.characters import Filter
from bot.tts.text.dictionary import Dictionary
from bot.tts.text.language import language_of
from bot.tts.text.sentence import DEFAULT, Options, Sentence
from bot.tts.text.splitter import Piece, Splitter

_AT_ONCE = 2048
"""Characters of a whole text that are read before others get their turn."""


class SentenceStream:
    """Sentences out of text that comes in pieces, each as soon as it is sure.

    How the text is cut into pieces makes no difference. After :meth:`finish` it is ready for another text.
    """

    def __init__(self, options: Options = DEFAULT) -> None:
        self._options = options
        dictionary = Dictionary(options.dictionary)
        # In this order: an entry of the dictionary may hold anything, and a name of an emoji or a mark no markup.
        # Laughter before numbers, which would read 555; numbers before joints, which would part km/h.
        self._last_steps: tuple[tuple[str, Callable[[str, str], str]], ...] = (
            ("dictionary", lambda text, language: dictionary.applied(text)),
            ("emoji", lambda text, language: text if text.isascii() else emojis.read(text, language, options)),
            ("laughter", laughter.laughed),
            ("numbers", numbers.spoken),
            ("joints", lambda text, language: tidy.glued(text)),
            ("marks", marks.said),
        )
        self._begin()

    def feed(self, piece: str) -> list[Sentence]:
        """The sentences that are now sure."""
        return self._read(self._splitter.feed(self._filter.feed(piece)))

    def finish(self) -> list[Sentence]:
        """The rest: no more will come."""
        rest = self._read(self._splitter.finish())
        self._begin()
        return rest

    def _begin(self) -> None:
        self._filter, self._splitter = Filter(), Splitter()
        self._heard = self._options.language
        self._typed, self._said = _Flood(), _Flood()

    def _read(self, pieces: Iterable[Piece]) -> list[Sentence]:
        return [sentence for piece in pieces for sentence in self._sentences(piece)]

    def _sentences(self, piece: Piece) -> list[Sentence]:
        if self._typed.more_than_twice(piece.text):
            return []
        text, rules = markup.cleaned(piece.text, self._options)
        if not text.strip():
            return []
        language = language_of(text, self._heard)
        said = self._voiced(text, language, rules)
        if not said or self._said.more_than_twice(said):
            return []
        self._heard = language
        named = tuple(dict.fromkeys((*piece.rules, *rules)))
        return [Sentence(part, language, named) for part in tidy.fitted(said, self._options.max_sentence_chars)]

    def _voiced(self, text: str, language: str, rules: list[str]) -> str:
        """Words for all that is not words yet."""
        for name, step in self._last_steps:
            changed = step(text, language)
            if changed != text:
                rules.append(name)
                text = changed
        return tidy.tidied(text)


class _Flood:
    """Counts how often the same comes in a row."""

    def __init__(self) -> None:
        self._last, self._times = "", 0

    def more_than_twice(self, text: str) -> bool:
        """Whether this is the third in a row, or a later one."""
        self._times = self._times + 1 if text == self._last else 1
        self._last = text
        return self._times > 2  # once more than once, so that a repetition is heard as one


def clean(text: str, options: Options = DEFAULT) -> tuple[Sentence, ...]:
    """The sentences of a whole text; none if nothing pronounceable is in it."""
    stream = SentenceStream(options)
    return (*stream.feed(text), *stream.finish())


async def sentences(text: str | AsyncIterable[str], options: Options = DEFAULT) -> AsyncIterator[Sentence]:
    """The sentences of a text that is there, or of one that is still being written, as soon as each is sure."""
    stream = SentenceStream(options)
    async for piece in _pieces(text):
        for sentence in stream.feed(piece):
            yield sentence
    for sentence in stream.finish():
        yield sentence


async def _pieces(text: str | AsyncIterable[str]) -> AsyncIterator[str]:
    if isinstance(text, str):
        for at in range(0, len(text), _AT_ONCE):
            yield text[at : at + _AT_ONCE]
            await asyncio.sleep(0)
    else:
        async for piece in text:
            yield piece
