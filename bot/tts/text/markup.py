"""The ordered list of clean-up steps: from a raw sentence, as the splitter cut it, to plain words and marks.

The order matters, and this is why:

1.  *code* first: what stands in backquotes means nothing to all later steps (fences, thoughts, spoilers and displayed
    formulas are taken out even earlier, by the splitter, since they may span sentences; there fences come before
    inline code, so that a fence is never read as three empty inline codes).
2.  *maths* before *escapes* and *emphasis*: its backslashes, stars and underscores are its own.
3.  *links* before *angles* before *urls* before *addresses*: each may hold the next, never the other way round.
    *entities* after *angles*, so that ``&lt;b&gt;`` is not a tag.
4.  *urls* and *shortcodes* before *emphasis*: both hold underscores. *handles* after *addresses*: both hold an at sign.
5.  *tables* before *rulers*, *quotes* before *headings* before *lists*: as they nest; all of them before *emphasis*,
    which would take a list's star for its own.
6.  *escapes* before *emphasis*, which would eat the star and leave the backslash.
7.  *plain letters*, for those in fancy dress, only now: a mark typed in full width was never meant as markup.
8.  *stray marks* go after composing, so that é stays é.
9.  *repeated* things last: all that hid between the letters is gone. Words after letters, so that "sooo soooo" counts.

Each step runs only if one of its triggers occurs; and that is found out for all sentences of a block in one
look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from bot.tts.text import emojis, links, markdown, maths, mentions, repeats, width
from bot.tts.text.block import Block
from bot.tts.text.marks import CODE, SPOILER
from bot.tts.text.sentence import Options


@dataclass(frozen=True, slots=True)
class Step:
    """A pure step. ``triggers`` are the characters that it is about; None means any, empty any but ASCII.

    ``near`` tells which sentences of a block it may change; None means those that have one of its triggers.
    """

    name: str
    triggers: frozenset[str] | None
    apply: Callable[[str, Options], str]
    near: Callable[[Block, Options], Iterable[int]] | None = None

    def places(self, block: Block, options: Options) -> Iterable[int]:
        """The places of the sentences in the block that the step may change."""
        if not self.concerns(block.characters, block.ascii_only):
            return ()
        return self.near(block, options) if self.near else block.holding_any(self.triggers or ())

    def concerns(self, characters: Set[str], ascii_only: bool) -> bool:
        """Whether the step may change a text that has these characters."""
        if self.triggers is None:
            return True
        return not self.triggers.isdisjoint(characters) if self.triggers else not ascii_only


def _step(
    name: str,
    triggers: str | None,
    apply: Callable[[str, Options], str],
    near: Callable[[Block, Options], Iterable[int]] | None = None,
) -> Step:
    return Step(name, triggers if triggers is None else frozenset(triggers), apply, near)


STEPS: tuple[Step, ...] = (
    _step("code", "`", markdown.inline_code),
    _step("silence", CODE + SPOILER, markdown.silence),
    _step("maths", "$\\", maths.formulas),
    _step("links", "]", links.markdown_links),
    _step("angles", "<", mentions.angles),
    _step("entities", "&", mentions.entities),
    _step("urls", "./", links.urls, links.near_urls),
    _step("addresses", "@", links.addresses),
    _step("handles", "@", links.handles),
    _step("shortcodes", ":", emojis.shortcodes, emojis.near_shortcodes),
    _step("emoticons", ":;=<^_¯", emojis.emoticons, emojis.near_emoticons),
    _step("tables", "|", markdown.tables),
    _step("rulers", "-=*_~", markdown.rulers, markdown.near_rulers),
    _step("quotes", ">", markdown.quotes, markdown.near_quotes),
    _step("headings", "#", markdown.headings),
    _step("lists", "-*+•‣◦▪●○–.)", markdown.lists, markdown.near_items),
    _step("escapes", "\\", markdown.escapes),
    _step("emphasis", "*_~", markdown.emphasis),
    _step("plain letters", "", width.plain_letters, width.near_dressed),
    _step("stray marks", "", width.stray_marks, width.near_strays),
    _step("repeated marks", ".!?。，,、…~！？‼⁇⁈⁉", repeats.marks, repeats.near_marks),
    _step("repeated letters", None, repeats.letters, repeats.near_letters),
    _step("repeated words", " ", repeats.words, repeats.near_words),
)
"""In the order in which they run."""


_TRIGGERS = frozenset(trigger for step in STEPS for trigger in step.triggers or ())


def cleaned(text: str, options: Options) -> tuple[str, list[str]]:
    """The text after all steps, and the names of those that changed it."""
    rules: list[str] = []
    place, changed = 0, True
    while changed:
        changed = False
        for place, step in _due(_TRIGGERS.intersection(text), text.isascii(), place):  # noqa: B020  # goes on from there
            after = step.apply(text, options)
            if after != text:
                # What the step has put there may be the concern of a later one: look again, from here on.
                text, changed = after, True
                rules.append(step.name)
                place += 1
                break
    return text, rules


@lru_cache(maxsize=4096)
def _due(characters: frozenset[str], ascii_only: bool, first: int) -> tuple[tuple[int, Step], ...]:
    """The steps from ``first`` on that may change a text with these of the triggers in it."""
    return tuple((at, step) for at, step in enumerate(STEPS) if at >= first and step.concerns(characters, ascii_only))


def cleaned_together(sentences: Sequence[str], options: Options) -> tuple[Block, list[list[str]]]:
    """The block of the sentences after all steps, and for each the names of those that changed it."""
    if len(sentences) == 1:  # most often so in a stream: there is nothing to share
        text, names = cleaned(sentences[0], options)
        return Block.of([text]), [names]
    block = Block.of(sentences)
    rules: list[list[str]] = [[] for _ in sentences]
    for step in STEPS:
        changed: dict[int, str] = {}
        for place in {*step.places(block, options)}:
            text = block.sentences[place]
            after = step.apply(text, options)
            if after != text:
                changed[place] = after
                rules[place].append(step.name)
        if changed:
            block = block.with_changed(changed)
    return block, rules
