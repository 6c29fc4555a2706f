"""What an adapter keeps in the ``extra`` of a guild's settings and of its channels'.

Each adapter has one section there under its name, so that what the others keep is left alone. It is read forgivingly:
a value that another version or a person's hand has damaged is as good as none. It is written strictly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Kept(Protocol):
    """Settings of a guild or a channel, as the store gives them."""

    @property
    def extra(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Form:
    """What a rule may be: in words, as a test, in JSON and back."""

    allowed: str
    fits: Callable[[Any], bool]
    to_json: Callable[[Any], Any] = lambda value: value
    from_json: Callable[[Any], Any] = lambda value: value


SWITCH = Form("True or False", lambda value: isinstance(value, bool))


@dataclass(frozen=True, slots=True)
class Section:
    """The rules of one kind that an adapter keeps under ``name``, each in its form."""

    name: str
    forms: Mapping[str, Form]

    def read(self, kind: type[T], kept: Kept) -> T:
        """The rules as a ``kind``, with its default where nothing readable is kept."""
        found = {name: value for name, value in self._held(kept).items() if name in self.forms}
        return kind(**{name: self.forms[name].from_json(v) for name, v in found.items() if self.forms[name].fits(v)})

    def changed(self, kept: Kept, changes: Mapping[str, object]) -> dict[str, Any]:
        """``extra`` with these rules changed (None: back to the default), for ``settings.set_guild(extra=...)``.

        Raises ValueError naming what is allowed.
        """
        section = dict(self._held(kept))
        for name, value in changes.items():
            form = self._form(name)
            if value is None:
                section.pop(name, None)
            elif form.fits(value):
                section[name] = form.to_json(value)
            else:
                raise ValueError(f"{name} must be {form.allowed}, or None for the default; it cannot be {value!r:.60}")
        others = {name: value for name, value in kept.extra.items() if name != self.name}
        return {**others, self.name: section} if section else others

    def _form(self, name: str) -> Form:
        if (form := self.forms.get(name)) is None:
            raise ValueError(f"there is no rule {name!r} here; there are: {', '.join(self.forms)}")
        return form

    def _held(self, kept: Kept) -> Mapping[str, Any]:
        found = kept.extra.get(self.name)
        return found if isinstance(found, Mapping) else {}
