"""An answer appears in a chat and grows there while it is written, and in the end reads exactly as it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from telegram import Bot
from telegram.error import Forbidden

from bot.adapters.telegram.messenger import Messenger
from bot.adapters.telegram.place import Place
from bot.adapters.telegram.shown import BETWEEN, BETWEEN_IN_GROUP, FIRST, SLOWEST, Shown
from bot.adapters.telegram.stream import Stream
from tests.adapters.telegram.quick import Pauses, quick_post
from tests.adapters.telegram.writer import Writer
from tests.doubles.telegram import Chat, FakeTelegram, Message

ARRIVED = {"sendmessage", "editmessagetext"}


@dataclass(slots=True)
class Scene:
    """An LLM that answers a question, and what is shown of it."""

    fake: FakeTelegram
    messenger: Messenger
    chat: Chat
    question: Message
    writer: Writer = field(default_factory=Writer)
    pauses: Pauses = field(default_factory=Pauses)
    stream: Stream = field(init=False)
    task: asyncio.Task[None] = field(init=False)

    async def begin(self, *pieces: str, ending: str = "") -> None:
        """It begins to write; nothing is shown yet."""
        self.stream = Stream(self.writer)
        self.writer.write(*pieces)
        assert await self.stream.begin()
        shown = Shown(self.messenger, Place(self.chat.id), self.question.id, sleep=self.pauses)
        self.task = asyncio.create_task(shown.follow(self.stream, ending))
        await self.rested()

    async def write(self, *pieces: str) -> None:
        """It writes on, and then a pause ends."""
        before = len(self.stream.pieces)
        self.writer.write(*pieces)
        await self.fake.until(lambda: len(self.stream.pieces) == before + len(pieces))
        await self.rested()
        self.pauses.end()

    async def end(self, *pieces: str | Exception) -> None:
        """It writes its last."""
        self.writer.write(*pieces, None)
        await asyncio.wait_for(self.task, 5)

    async def rested(self) -> None:
        await self.fake.until(lambda: self.pauses.sleeping)

    async def reads(self, *texts: str) -> None:
        """Wait until the bot's messages do."""
        await self.fake.until(lambda: self.texts == list(texts))

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]

    @property
    def messages(self) -> list[Message]:
        return [message for message in self.chat.messages if message.sender is self.fake.bot]


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


@pytest.fixture
async def messenger(fake: FakeTelegram) -> AsyncIterator[Messenger]:
    async with Bot(fake.token, base_url=fake.base_url, base_file_url=fake.base_file_url) as bot:
        messenger = Messenger(bot, quick_post())
        yield messenger
        await messenger.post.close()


@pytest.fixture
async def scene(fake: FakeTelegram, messenger: Messenger) -> Scene:
    ann = fake.person("Ann")
    return Scene(fake, messenger, ann.private, await ann.say("Who are you?"))


@pytest.fixture
async def group(fake: FakeTelegram, messenger: Messenger) -> Scene:
    ann = fake.person("Ann")
    team = fake.group("Team", members=[ann])
    return Scene(fake, messenger, team, await ann.say("Who are you?", team))


async def test_it_grows(scene: Scene) -> None:
    """One message, a reply to the question, that reads more and more."""
    await scene.begin("I", " am")
    assert scene.texts == []
    await scene.write(" a")
    await scene.reads("I am a")
    await scene.write(" bot")
    await scene.reads("I am a bot")
    await scene.end(" that speaks. ")
    assert scene.texts == ["I am a bot that speaks."]
    assert scene.messages[0].reply_to is scene.question
    assert [call.method.lower() for call in scene.fake.calls if call.method.lower() in ARRIVED] == [
        "sendmessage",
        "editmessagetext",
        "editmessagetext",
    ]


async def test_what_is_written_quickly_is_shown_at_once(scene: Scene) -> None:
    """No pause is waited for when there is nothing to wait for, and nothing is edited."""
    await scene.begin("I am a bot.")
    await scene.end()
    assert scene.texts == ["I am a bot."]
    assert scene.fake.of("editMessageText") == []


async def test_nothing_is_edited_that_did_not_change(scene: Scene) -> None:
    """Telegram would refuse it."""
    await scene.begin("Wait")
    await scene.write("\n")
    await scene.reads("Wait")
    await scene.write("\n\n")
    await scene.end(" ")
    assert scene.texts == ["Wait"]
    assert scene.fake.of("editMessageText") == []


async def test_the_longer_it_takes_the_seldomer_it_is_edited(scene: Scene) -> None:
    """Never sooner than Telegram likes, and never so late that it seems to have stopped."""
    await scene.begin("word")
    for count in range(2, 15):
        await scene.write(" word")
        await scene.reads(" ".join(["word"] * count))
    await scene.end()
    first, *between = scene.pauses.asked
    assert first == FIRST
    assert between == sorted(between)
    assert between[0] == BETWEEN
    assert between[-1] == SLOWEST


async def test_in_a_group_it_is_edited_seldomer(group: Scene) -> None:
    """Of twenty messages a minute some are for the voice."""
    await group.begin("word")
    await group.write(" word")
    await group.reads("word word")
    await group.write(" word")
    await group.end()
    assert group.pauses.asked[1] == BETWEEN_IN_GROUP
    assert group.texts == ["word word word"]


async def test_a_long_one_goes_on_in_further_messages(scene: Scene) -> None:
    """Each breaks at a word, and only the first is a reply."""
    text = " ".join(f"word{number}" for number in range(1200))
    await scene.begin(text[:3000])
    await scene.write(text[3000:3500])
    await scene.reads(text[:3500].strip())
    await scene.write(text[3500:6000])
    await scene.fake.until(lambda: len(scene.texts) == 2)
    await scene.end(text[6000:])
    assert len(scene.texts) == 3
    assert " ".join(scene.texts) == text
    assert all(len(each) <= 4096 for each in scene.texts)
    assert [message.reply_to for message in scene.messages] == [scene.question, None, None]


async def test_emoji_count_twice(scene: Scene) -> None:
    """Telegram counts UTF-16 units."""
    await scene.begin("🦜 " * 1500)
    await scene.end()
    assert [len(each.encode("utf-16-le")) // 2 <= 4096 for each in scene.texts] == [True, True]
    assert "".join(scene.texts).count("🦜") == 1500


async def test_what_breaks_off_is_shown_as_far_as_it_came(scene: Scene) -> None:
    """The reader has that much."""
    await scene.begin("Half of")
    await scene.end(" it", ConnectionError())
    assert scene.texts == ["Half of it"]


async def test_something_may_be_added_below(scene: Scene) -> None:
    """Once, when the text is whole, also where it needs another message."""
    await scene.begin("Good", ending="🔇 Not spoken.")
    await scene.write(" morning")
    await scene.reads("Good morning")
    await scene.end(".\n\n")
    assert scene.texts == ["Good morning.\n\n🔇 Not spoken."]


async def test_an_ending_that_does_not_fit_follows(scene: Scene) -> None:
    """A full message is not changed for it."""
    await scene.begin("x" * 4096, ending="🔇 Not spoken.")
    await scene.write("\n\n\n\n")
    await scene.reads("x" * 4096)
    await scene.end()
    assert scene.texts == ["x" * 4096, "🔇 Not spoken."]


async def test_what_was_deleted_does_not_come_back(scene: Scene) -> None:
    """Whoever took it away did not want it."""
    await scene.begin("Never")
    await scene.write(" mind")
    await scene.reads("Never mind")
    del scene.chat.by_id[scene.messages[0].id]
    await scene.end(", it was nothing. " + "words " * 1000)
    assert scene.texts == []


@pytest.mark.parametrize("ended", [False, True])
async def test_in_a_group_that_becomes_another_it_goes_on_there(
    fake: FakeTelegram, messenger: Messenger, ended: bool
) -> None:
    """What the bot wrote in the old one it cannot change any more; and nothing there is what it answered."""
    ann = fake.person("Ann")
    team = fake.group("Team", members=[ann], basic=True)
    scene = Scene(fake, messenger, team, await ann.say("Who are you?", team))
    await scene.begin("I")
    await scene.write(" am")
    await scene.reads("I am")
    new = await fake.migrate(team)
    before = list(new.by_id)
    if not ended:
        await scene.write(" a")
        await fake.until(lambda: len(new.by_id) > len(before))
    await scene.end(" bot", ".")
    (shown,) = [message for message in new.messages if message.sender is fake.bot]
    assert (shown.text, shown.reply_to) == ("I am bot." if ended else "I am a bot.", None)
    assert len(fake.of("sendMessage")) == 2


async def test_an_edit_that_fails_is_made_good(scene: Scene) -> None:
    """By the next one."""
    await scene.begin("One")
    await scene.write(" two")
    await scene.reads("One two")
    refused = scene.fake.faults.refuse("editMessageText", 400, "Bad Request: something new")
    await scene.write(" three")
    await scene.fake.until(refused.met.is_set)
    await scene.end(" four")
    assert scene.texts == ["One two three four"]


async def test_the_end_does_not_wait_for_an_edit_that_waits(scene: Scene) -> None:
    """What tells how it goes gives way to what it comes to."""
    await scene.begin("One")
    await scene.write(" two")
    await scene.reads("One two")
    hanging = scene.fake.faults.hang("editMessageText")
    await scene.write(" three")
    await scene.fake.until(hanging.met.is_set)
    await scene.end(" four")
    assert scene.texts == ["One two three four"]


@pytest.mark.parametrize("beginning", [True, False])
async def test_where_nobody_may_write_it_ends(scene: Scene, beginning: bool) -> None:
    """It is told, for the host to know; nothing is tried again and again."""
    await scene.begin("One")
    if not beginning:
        await scene.write(" two")
        await scene.reads("One two")
    scene.chat.blocked = True
    await scene.write(" three")
    with pytest.raises(Forbidden):
        await asyncio.wait_for(scene.task, 5)
    scene.writer.write(None)


async def test_a_beginning_that_may_be_lost_is_sent_again(scene: Scene) -> None:
    """To read it twice is better than not at all."""
    lost = scene.fake.faults.lose("sendMessage")
    await scene.begin("One")
    await scene.write(" two")
    await scene.fake.until(lost.met.is_set)
    await scene.end(" three")
    assert scene.texts == ["One two", "One two three"]


async def test_it_is_given_up_when_asked_to(scene: Scene) -> None:
    """Nothing of it stays behind in the background."""
    await scene.begin("One")
    await scene.write(" two")
    await scene.reads("One two")
    scene.task.cancel()
    await asyncio.wait([scene.task])
    assert scene.task.cancelled()
    assert scene.pauses.sleeping == 0
    scene.writer.write(None)


def test_nothing_else_is_asked_of_telegram(fake: FakeTelegram) -> None:
    """Whatever is called is known to the loopback."""
    assert fake.unknown == []
