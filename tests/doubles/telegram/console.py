"""A Telegram to try a bot on by hand: one person at a terminal in their private chat with it.

What is typed is said. A line that begins with ``!`` is done: ``!press Next`` presses that button, ``!reply 7 /say``
answers message 7, ``!voice`` speaks, ``!inline words`` types after the bot's name.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.doubles.telegram.crowd import Person
from tests.doubles.telegram.fake import FakeTelegram
from tests.doubles.telegram.messages import Message

EVERY = 0.05
"""Seconds between two looks at what the bot has done."""


@dataclass(slots=True, eq=False)
class Console:
    """``show`` gets a line whenever a message appears or changes; voice notes are written into ``folder``."""

    fake: FakeTelegram
    person: Person
    show: Callable[[str], None]
    folder: Path | None = None
    _shown: dict[int, str] = field(default_factory=dict)
    _action: str | None = None

    async def run(self, lines: AsyncIterator[str]) -> None:
        """Until there are no more lines."""
        looking = asyncio.create_task(self._look())
        try:
            async for line in lines:
                await self._do(line.strip())
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            self.look()

    async def _look(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(EVERY)

    def look(self) -> None:
        """Shows what is new."""
        if (action := self.person.private.action) != self._action and action:
            self.show(f"… {action}")
        self._action = action
        for message in self.person.private.messages:
            if message.sender is self.fake.bot and self._shown.get(message.id) != (words := self._words(message)):
                self._shown[message.id] = words
                self.show(f"{message.id}: {words}")

    def _words(self, message: Message) -> str:
        parts = [message.text or message.caption]
        if message.file is not None:
            parts.insert(0, f"[{message.file.kind} {message.file.duration} s{self._kept(message)}]")
        parts += [f"<{button}>" for button in message.buttons]
        return " ".join(part for part in parts if part)

    def _kept(self, message: Message) -> str:
        if self.folder is None or message.file is None:
            return ""
        path = self.folder / f"{message.id}-{Path(message.file.path).name}"
        if not path.exists():
            path.write_bytes(message.file.data)
        return f" {path}"

    async def _do(self, line: str) -> None:
        command, _, rest = line.partition(" ")
        try:
            match command:
                case "!press":
                    await self._press(rest)
                case "!reply":
                    number, _, text = rest.partition(" ")
                    await self.person.say(text, reply_to=self.person.private.by_id[int(number)])
                case "!voice":
                    await self.person.voice()
                case "!inline":
                    await self._inline(rest)
                case _ if line:
                    await self.person.say(line)
        except (AssertionError, KeyError, ValueError, TimeoutError) as error:
            self.show(f"! {error}")

    async def _press(self, words: str) -> None:
        """The last message that has such a button."""
        having = [one for one in self.person.private.messages if words in one.buttons]
        assert having, f"no button {words!r}"
        press = await self.person.press(having[-1], words)
        if press.text:
            self.show(f"({press.text})")

    async def _inline(self, query: str) -> None:
        for result in (await self.person.offered(query)).results:
            self.show(f"offered {result['id']}: {result.get('title', '')}")
