"""A no is said in the asker's language, with what to do instead."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot import errors
from bot.adapters.words import LOCALES, failure, refusal
from bot.errors import Cancelled, EngineError, EngineTimeout, EngineUnavailable, Expired, SaysoError, UnknownVoice
from bot.queue import Dispatcher, Limits
from bot.queue.job import Job
from bot.speaker import Speaker
from bot.speech import Priority, Reason, Refusal, Request


def every_error(kind: type[SaysoError] = SaysoError) -> Iterator[type[SaysoError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from every_error(below)


def made(kind: type[SaysoError]) -> SaysoError:
    return kind("edge", "own words") if issubclass(kind, EngineError) else kind("own words")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_in_every_language(reason: Reason, locale: str) -> None:
    """A refusal without any details is still said in the asker's language."""
    said = refusal(Refusal(reason, "own words"), locale)
    assert said
    assert "{" not in said
    own = locale == "en" and reason in (Reason.NOT_ALLOWED, Reason.INVALID)
    assert (said == "own words") is own


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", list(every_error()), ids=lambda kind: kind.__name__)
def test_every_error_has_words_in_every_language(kind: type[SaysoError], locale: str) -> None:
    """Each class of the tree of errors has its own phrase."""
    said = failure(made(kind), locale)
    assert "own words" not in said
    assert "{" not in said
    assert kind is SaysoError or said != failure(SaysoError("own words"), locale)


def test_the_details_are_in_the_words() -> None:
    """Limits and lengths are named where they are known."""
    refused = Refusal(Reason.TOO_LONG, "own words", {"length": 5000, "limit": 4000})
    assert refusal(refused, "en-US").startswith("That is 5000 characters, and at most 4000")
    assert "5000" in refusal(refused, "ja")
    assert "4000" in refusal(refused, "ja")
    assert "5000" not in refusal(Refusal(Reason.TOO_LONG, "own words", {"limit": 4000}), "ja")


@pytest.mark.parametrize(("waiting", "said"), [(1, "1 запрос,"), (3, "3 запроса,"), (12, "12 запросов,")])
def test_a_limit_is_counted_as_the_language_counts(waiting: int, said: str) -> None:
    """A Russian word has the form that goes with its number."""
    assert said in refusal(Refusal(Reason.USER_QUEUE_FULL, "own words", {"limit": waiting}), "ru")


def test_names_are_listed_as_the_language_does() -> None:
    """The nearest names stand in the words, and a braced name is nothing but a name."""
    refused = Refusal(Reason.UNKNOWN_VOICE, "own words", {"name": "{limit}", "nearest": ["xiaoyi", "heart"]})
    assert "“{limit}”" in refusal(refused, "en")
    assert "xiaoyi, heart" in refusal(refused, "en")
    assert "xiaoyi、heart" in refusal(refused, "zh-CN")
    nobody = Refusal(Reason.UNKNOWN_VOICE, "own words", {"name": "x", "nearest": []})
    assert refusal(nobody, "en") == refusal(Refusal(Reason.UNKNOWN_VOICE, ""), "en")


def test_a_language_is_called_by_its_name() -> None:
    """A code is for machines."""
    refused = Refusal(Reason.LANGUAGE_NOT_SPOKEN, "own words", {"language": "ru", "engine": "offline"})
    assert "Russian" in refusal(refused, "en")
    assert "俄语" in refusal(refused, "zh")
    assert "ロシア語" in refusal(refused, "ja")
    assert "русский" in refusal(refused, "ru")


def test_a_cause_has_its_own_words() -> None:
    """Where the refusal says more closely why, so does the answer; a cause that nobody has heard of does no harm."""
    assert "blocked" in refusal(Refusal(Reason.NOT_ALLOWED, "own words", {"cause": "blocked"}), "en")
    assert "锁定" in refusal(Refusal(Reason.NOT_ALLOWED, "own words", {"cause": "locked"}), "zh-CN")
    assert refusal(Refusal(Reason.NOT_ALLOWED, "own words", {"cause": "moon"}), "en") == "own words"


def test_a_detail_finds_its_phrase() -> None:
    """What a refusal is about decides which of the phrases for its reason is said."""
    refused = Refusal(Reason.NOT_ALLOWED, "own words", {"engine": "edge", "allowed": ["offline", "steam"]})
    assert refusal(refused, "en") == "The engine “edge” is not allowed here. Choose one of these: offline, steam."
    assert "edge" in refusal(refused, "ja")
    nothing = Refusal(Reason.NOT_ALLOWED, "own words", {"engine": "edge", "allowed": []})
    assert refusal(nothing, "en") == "own words"


def test_when_to_try_again_is_said() -> None:
    """A refusal that is over by itself says when."""
    later = Refusal(Reason.GUILD_QUEUE_FULL, "own words", {"limit": 3}, retry_after=41.2)
    assert refusal(later, "en").endswith("Try again in about 42 s.")
    assert refusal(later, "ja").endswith("約42秒後にもう一度試してください。")
    assert refusal(later, "ru").endswith(" Попробуйте ещё раз примерно через 42 с.")
    assert refusal(Refusal(Reason.CLOSING, "own words"), "en").endswith("Try again in a minute.")
    assert "Try again in" not in refusal(Refusal(Reason.TOO_LONG, "own words"), "en")


def test_a_failure_says_which_engine_and_when() -> None:
    """Who is to blame, and for how long."""
    said = failure(EngineUnavailable("edge", "own words", retry_after=120), "en")
    assert "edge" in said
    assert said.endswith("Try again in about 2 min.")
    assert "edge" in failure(EngineTimeout("edge", "x"), "zh-CN")
    assert failure(Cancelled("x"), "en") != failure(Expired("x"), "en")


def test_an_error_of_another_house_is_said_as_its_nearest_cause() -> None:
    """An engine of a plug-in may have errors of its own."""

    class Muted(UnknownVoice):
        pass

    assert failure(Muted("edge", "own words"), "ja") == failure(UnknownVoice("edge", ""), "ja")


async def test_the_speakers_own_refusals_are_said(speaker: Speaker) -> None:
    """What the house refuses with, as it is today, leaves nothing untranslated."""
    wanted = (
        Request("discord:1", "discord:2", "..."),
        Request("discord:1", "discord:2", "x" * 5000),
        Request("discord:1", "discord:2", "hello", voice="nobody-of-that-name"),
        Request("discord:1", "discord:2", "hello", engine="steam"),
        Request("discord:1", "discord:2", "Привет, как дела?"),
        Request("discord:1", "discord:2", "hello", rate=9.0),
    )
    for request in wanted:
        refused = await speaker.say(request)
        assert isinstance(refused, Refusal)
        assert refused.message not in {refusal(refused, locale) for locale in ("ja", "ru", "zh-CN")}
        assert "sayso voices" not in refusal(refused, "en"), "the command line is no help in a chat"


def test_the_queues_own_refusals_are_said() -> None:
    """A full queue says its bound and when there may be room."""
    dispatcher = Dispatcher({"edge": 1}, limits=Limits(per_user=1))
    dispatcher.admit(Job("a", "g", "u", Priority.NORMAL, 0.0, None), "edge")
    refused = dispatcher.admit(Job("b", "g", "u", Priority.NORMAL, 0.0, None), "edge")
    assert isinstance(refused, Refusal)
    assert refusal(refused, "en").startswith("You already have 1 waiting")
    assert "Try again in about" in refusal(refused, "en")
