"""From text to sentences: the streaming form, and the whole form, which is the streaming form fed once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Set

from bot.tts.text import markup, tidy
from bot.tts.text.characters import Filter
from bot.tts.text.language import language_of
from bot.tts.text.runs import runs
from bot.tts.text.sentence import DEFAULT, Options, Sentence
from bot.tts.text.splitter import Piece, Splitter
from bot.tts.text.wording import Wording

_AT_ONCE = 2048
"""Characters that are looked at together; of a whole text, those that are read before others get their turn."""


class SentenceStream:
    """Sentences out of text that comes in pieces, each as soon as it is sure.

    How the text is cut into pieces makes no difference. After :meth:`finish` it is ready for another text.
    """

    def __init__(self, options: Options = DEFAULT) -> None:
        self._options = options
        self._wording = Wording(options)
        self._begin()

    def feed(self, piece: str) -> list[Sentence]:
        """The sentences that are now sure."""
        found: list[Sentence] = []
        for at in range(0, len(piece), _AT_ONCE):
            found += self._read(self._splitter.feed(self._filter.feed(piece[at : at + _AT_ONCE])))
        return found

    def finish(self) -> list[Sentence]:
        """The rest: no more will come."""
        rest = self._read(self._splitter.finish())
        self._begin()
        return rest

    def _begin(self) -> None:
        self._filter, self._splitter = Filter(), Splitter()
        self._heard = self._options.language
        self._typed, self._said = _Flood(), _Flood()

    def _read(self, pieces: list[Piece]) -> list[Sentence]:
        found: list[Sentence] = []
        if not pieces:
            return found
        typed = [piece for piece in pieces if not self._typed.more_than_twice(piece.text)]
        if typed:
            block, rules = markup.cleaned_together([piece.text for piece in typed], self._options)
            due = self._wording.due(block)
            for piece, text, changed, wanting in zip(typed, block.sentences, rules, due, strict=True):
                self._say(text, [*piece.rules, *changed], wanting, found)
        return found

    def _say(self, text: str, rules: list[str], due: Set[str], found: list[Sentence]) -> None:
        """Put the sentence where the others are, unless there is nothing in it to say."""
        if not text.strip():
            return
        language = language_of(text, self._heard, self._options.spoken)
        parts = [(self._wording.worded(run, tongue, rules, due), tongue) for run, tongue in runs(text, language)]
        said = parts[0][0] if len(parts) == 1 else " ".join(words for words, _ in parts if words)
        if not said or self._said.more_than_twice(said):
            return
        self._heard = language
        if len(parts) > 1:
            rules.append("scripts")
        named = tuple(dict.fromkeys(rules)) if rules else ()
        for words, tongue in parts:
            if len(words) > self._options.max_sentence_chars:
                found += [Sentence(fit, tongue, named) for fit in tidy.fitted(words, self._options.max_sentence_chars)]
            elif words:
                found.append(Sentence(words, tongue, named))


class _Flood:
    """Counts how often the same comes in a row."""

    def __init__(self) -> None:
        self._last, self._times = "", 0

    def more_than_twice(self, text: str) -> bool:
        """Whether this is the third in a row, or a later one."""
        if text != self._last:
            self._last, self._times = text, 1
            return False
        self._times += 1
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
