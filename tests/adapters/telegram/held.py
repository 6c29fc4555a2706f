"""A parcel whose way a test decides."""

from __future__ import annotations

from typing import Any

from bot.adapters.telegram.parcel import Parcel, Receipt, Wait
from bot.adapters.telegram.target import Target
from bot.said import Figures, Said
from bot.speech import Clip, Request, Speech

BOT = 123456


class Held(Parcel):
    """On its way until it is ended; ``waits`` is what it waits for."""

    waits: Wait | None = None

    @property
    def wait(self) -> Wait | None:
        return self.waits

    def cancel(self) -> None:
        self.withdrawn = True

    def end(self, *messages: int, **facts: Any) -> Receipt:
        """It is over: delivered as these messages, or as the facts say."""
        receipt = Receipt(**{"delivered": bool(messages), "messages": messages, **facts})
        self.settle(receipt)
        return receipt


def held(
    chat: int, *, id: str = "", key: str | None = None, text: str = "Hello.", user: str = "", **target: Any
) -> Held:
    """A parcel for a chat, of a request that is whole if it has a key."""
    aim = Target(BOT, chat, **target)
    request = Request(f"telegram:{chat}", user or "telegram:5", text, target=aim.to_json())
    request = request if not id else Request(request.guild, request.user, text, target=request.target, id=id)
    speech = Speech() if key is None else Speech.finished(Clip(b"", 1.0, b"", ()), [])
    return Held(request, aim, Said(request, speech, Figures(0.0), _key=key))
