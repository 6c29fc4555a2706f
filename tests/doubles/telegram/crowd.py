"""People, who write, press, come and go."""

from __future__ import annotations

from tests.doubles.telegram.moving import Moving
from tests.doubles.telegram.pressing import Pressing
from tests.doubles.telegram.writing import Writing


class Person(Writing, Pressing, Moving):
    """Somebody with Telegram, or another bot."""

    __slots__ = ()
