"""Every request has a place from before it is accepted until it is delivered, and there are so many of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.adapters.crowd import Crowd
from bot.queue import Limits
from bot.speech import Reason, Request


@dataclass(slots=True)
class Letter:
    """A parcel that is over in so many seconds."""

    request: Request
    remaining: float = 0.0


def asked(**how: Any) -> Request:
    return replace(Request("chat:1", "person:1", "Hello."), **how)


def entered(crowd: Crowd[Letter], remaining: float = 0.0, **how: Any) -> Letter:
    """One that is accepted and on its way."""
    letter = Letter(asked(**how), remaining)
    crowd.enter(letter.request)
    crowd.take(letter)
    return letter


def test_what_is_on_its_way_is_known() -> None:
    """From when it was accepted until it leaves, in its order."""
    crowd = Crowd[Letter](Limits())
    first, second = entered(crowd), entered(crowd, user="person:2")
    assert list(crowd) == [first, second]
    assert crowd.get(second.request.id) is second
    assert crowd.get("another") is None
    crowd.leave(first.request)
    assert list(crowd) == [second]
    assert crowd.get(first.request.id) is None


def test_a_place_is_taken_before_there_is_a_parcel() -> None:
    """And is free again if there never is one."""
    crowd, limits = Crowd[Letter](Limits()), Limits(per_user=1)
    request = asked()
    crowd.enter(request)
    assert list(crowd) == []
    refused = crowd.refusal(asked(), limits)
    assert refused is not None
    assert (refused.reason, refused.details["limit"]) == (Reason.USER_QUEUE_FULL, 1)
    crowd.leave(request)
    assert crowd.refusal(asked(), limits) is None


@pytest.mark.parametrize(
    ("limits", "other", "reason"),
    [
        (Limits(per_user=1), {}, Reason.USER_QUEUE_FULL),
        (Limits(per_user=1), {"user": "person:2"}, None),
        (Limits(per_guild=1), {"user": "person:2"}, Reason.GUILD_QUEUE_FULL),
        (Limits(per_guild=1), {"guild": "chat:2"}, None),
        (Limits(total=1), {"guild": "chat:2", "user": "person:2"}, Reason.QUEUE_FULL),
        (Limits(), {}, None),
    ],
)
def test_there_are_so_many_places(limits: Limits, other: dict[str, str], reason: Reason | None) -> None:
    """For a person, for a guild and in all, as the limits of this moment say."""
    crowd = Crowd[Letter](Limits())
    letter = entered(crowd)
    refused = crowd.refusal(asked(**other), limits)
    assert (refused and refused.reason) == reason
    crowd.leave(letter.request)
    assert crowd.refusal(asked(**other), limits) is None


def test_the_same_request_has_one_place() -> None:
    """Whatever the limits, and whether it is accepted already or not; when it has left it may come again."""
    crowd, request = Crowd[Letter](Limits()), asked()
    crowd.enter(request)
    refused = crowd.refusal(request, Limits())
    assert refused is not None
    assert (refused.reason, refused.details["cause"]) == (Reason.INVALID, "repeated")
    crowd.leave(request)
    assert crowd.refusal(request, Limits()) is None


def test_who_is_refused_is_told_when_there_is_room() -> None:
    """When the first is over of those in the way: a person's own, or all of the guild's."""
    crowd = Crowd[Letter](Limits())
    entered(crowd, 90.0)
    entered(crowd, 60.0)
    entered(crowd, 30.0, user="person:2")
    entered(crowd, 10.0, guild="chat:2")
    own, of_all = crowd.refusal(asked(), Limits(per_user=2)), crowd.refusal(asked(), Limits(per_guild=3))
    assert own is not None
    assert of_all is not None
    assert (own.retry_after, of_all.retry_after) == (60.0, 30.0)


def test_it_may_change_while_it_is_gone_through() -> None:
    """What is taken back leaves at once."""
    crowd = Crowd[Letter](Limits())
    letters = [entered(crowd) for _ in range(3)]
    for letter in crowd:
        crowd.leave(letter.request)
    assert list(crowd) == []
    assert len(letters) == 3
