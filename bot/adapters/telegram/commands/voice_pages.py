"""What a picker shows: a page of voices, one of them, the languages to choose among. Pure: asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from telegram import InlineKeyboardButton

from bot.adapters.telegram.commands.casting import Cast
from bot.adapters.telegram.commands.keyboard import Page, Press, Row, badge, button, in_rows, keyboard, leaf, pager
from bot.adapters.words import language, word
from bot.casting import VoiceChoice
from bot.tts.voices import fold

PAGE, TONGUES = 8, 24
"""Voices and languages on a page."""

LABEL = 60
"""Characters of a voice on its button."""

LENS = "🔎 "
"""What the line of a page begins with in which the search stands."""


class Act(StrEnum):
    """What buttons do."""

    PICK = "l"
    COUNT = "c"
    SHOW = "v"
    LISTEN = "p"
    TAKE = "t"
    FILTER = "g"
    TALLY = "n"
    SEARCH = "s"
    ALL = "a"
    BACK = "h"


@dataclass(frozen=True, slots=True)
class VoicePages:
    """Pages for one press, in the presser's language; ``marked`` is the folded name of who is chosen already."""

    area: str
    at: Press
    locale: str
    marked: str = ""

    def locked(self) -> Page:
        """There is nothing to choose."""
        return Page(self._word("picker.locked"), keyboard(self._ways(self.at)))

    def several(self, cast: Cast, typed: str) -> Page:
        """Eight voices of the language that is looked at, and the ways to others."""
        voices, number, pages = leaf(cast.speaking(self.at.language), self.at.number, PAGE)
        here = self.at.to(Act.PICK, number=number)
        rows = [[self._voice(here, choice)] for choice in voices]
        ways = self._ways(here, everybody=bool(typed or here.language))
        buttons = keyboard(*rows, pager(self.area, here, pages, Act.COUNT), self._narrowing(here), ways)
        title = "nobody" if not voices else "near" if cast.near else "title"
        return Page(_lines(self._word(f"picker.{title}"), self.counted(cast) if voices else "", _line(typed)), buttons)

    def one(self, choice: VoiceChoice, typed: str, *, heard: bool) -> Page:
        """One voice, to be taken, and to be heard before if that may be."""
        listen = [self._button("listen", self.at.to(Act.LISTEN))] if heard else []
        take, back = self._button("take", self.at.to(Act.TAKE)), self._button("back", self.at.to(Act.PICK, voice=""))
        text = self._word(f"card.{'taken' if self._is_marked(choice) else 'text'}")
        return Page(_lines(choice.label, text, _line(typed)), keyboard([*listen, take], [back]))

    def tongues(self, languages: Sequence[str]) -> Page:
        """Languages to look at the voices of."""
        tags, number, pages = leaf(languages, self.at.number, TONGUES)
        here = self.at.to(Act.FILTER, number=number)
        labels = [(language(tag, self.locale), here.to(Act.PICK, number=0, language=tag)) for tag in tags]
        rows = in_rows([button(label, self.area, press) for label, press in labels], 3)
        ways = self._ways(here, everybody=True)
        return Page(self._word("picker.language"), keyboard(*rows, pager(self.area, here, pages, Act.TALLY), ways))

    def counted(self, cast: Cast) -> str:
        """How many there are, of the language that is looked at."""
        tongue = self.at.language
        count = self._word("picker.count", count=len(cast.speaking(tongue)))
        return f"{count} · {language(tongue, self.locale)}" if tongue else count

    def _narrowing(self, here: Press) -> Row:
        """To one language, or to what somebody types."""
        search = self._button("search", here.to(Act.SEARCH))
        if not here.language:
            return [self._button("language", here.to(Act.FILTER, number=0)), search]
        return [button(f"🌐 {language(here.language, self.locale)}", self.area, here.to(Act.FILTER, number=0)), search]

    def _ways(self, here: Press, *, everybody: bool = False) -> Row:
        """Back to where it was opened, and to all voices where not all are shown."""
        back = self._button("back", here.to(Act.BACK))
        return [back, self._button("all", here.to(Act.ALL))] if everybody else [back]

    def _voice(self, here: Press, choice: VoiceChoice) -> InlineKeyboardButton:
        label = choice.label if len(choice.label) <= LABEL else f"{choice.label[: LABEL - 1]}…"
        press = here.to(Act.SHOW, voice=badge(choice.value))
        return button(f"✓ {label}" if self._is_marked(choice) else label, self.area, press)

    def _is_marked(self, choice: VoiceChoice) -> bool:
        return fold(choice.value) == self.marked

    def _button(self, name: str, press: Press) -> InlineKeyboardButton:
        return button(self._word(f"button.{name}"), self.area, press)

    def _word(self, name: str, **values: object) -> str:
        return word(f"telegram_voice.{name}", self.locale, **values)


def searched(text: str | None) -> str:
    """The search that stands in a page: too long for a button, and so not lost."""
    lines = (text or "").splitlines()
    return next((line.removeprefix(LENS) for line in lines if line.startswith(LENS)), "")


def _line(typed: str) -> str:
    return f"{LENS}{typed}" if typed else ""


def _lines(*lines: str) -> str:
    return "\n".join(filter(None, lines))
