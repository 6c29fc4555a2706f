"""Messages over the unpatched library: what Telegram gets, and what is done when it says no, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import telegram
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, RetryAfter
from telegram.ext import Defaults, ExtBot

from bot.adapters.telegram.messenger import Lost, Messenger, Place, Urgency
from bot.adapters.telegram.post import Post
from tests.adapters.telegram.quick import quick_post
from tests.adapters.telegram.sending import Desk, Leap, desk
from tests.doubles.telegram import Clock, FakeTelegram
from tests.doubles.telegram.client import a_bot

BUTTON = InlineKeyboardMarkup([[InlineKeyboardButton("Stop", callback_data="stop")]])


@pytest.fixture
async def at() -> AsyncIterator[Desk]:
    async with desk() as desk_:
        yield desk_


# -- texts


async def test_a_text_arrives_as_it_stands(at: Desk) -> None:
    """No markup is looked for in it, no link is shown; it answers the message, and its id is returned."""
    asked = await at.ann.say("/help")
    sent = await at.messenger.text(at.place, "*not* <b>bold</b> https://example.org", reply_to=asked.id)
    message = at.ann.private.by_id[sent]
    assert message.text == "*not* <b>bold</b> https://example.org"
    assert message.reply_to is asked
    (call,) = at.fake.of("sendMessage")
    assert "parse_mode" not in call.params
    assert call.params["link_preview_options"] == {"is_disabled": True}
    assert "disable_notification" not in call.params


async def test_what_the_host_has_set_for_all_does_not_change_what_people_wrote() -> None:
    """A host's default parse mode is not ours; whether its messages ring is."""
    async with FakeTelegram() as fake:
        defaults = Defaults(parse_mode="HTML", disable_notification=True)
        bot = ExtBot(fake.token, base_url=fake.base_url, base_file_url=fake.base_file_url, defaults=defaults)
        async with bot:
            ann = fake.person()
            time = Leap()
            messenger, place = Messenger(bot, Post(clock=time, sleep=time.sleep)), Place(ann.id)
            sent = await messenger.text(place, "1 < 2 & 3")
            assert await messenger.edit(place, sent, "<i>")
            assert ann.private.texts == ["<i>"]
            assert fake.of("sendMessage")[0].params["disable_notification"] is True


async def test_a_silent_text_rings_nowhere(at: Desk) -> None:
    """It is sent without a notification."""
    await at.messenger.text(at.place, "shh", silent=True)
    assert at.fake.of("sendMessage")[0].params["disable_notification"] is True


async def test_a_message_to_reply_to_that_is_gone_is_not_missed(at: Desk) -> None:
    """The text is sent without it, also where Telegram only notices late."""
    await at.messenger.text(at.place, "one", reply_to=77)
    at.fake.faults.refuse("sendMessage", 400, "Bad Request: REPLY_MESSAGE_ID_INVALID")
    await at.messenger.text(at.place, "two", reply_to=78)
    assert at.ann.private.texts == ["one", "two"]
    assert all(message.reply_to is None for message in at.ann.private.messages)


async def test_a_long_text_comes_in_pieces(at: Desk) -> None:
    """Only the first answers, only the last has the buttons, and its id is returned."""
    asked = await at.ann.say("/privacy")
    paragraphs = ["\N{GRINNING FACE}" * 1500, "b" * 3000, "c"]
    sent = await at.messenger.text(at.place, "\n\n".join(paragraphs), reply_to=asked.id, buttons=BUTTON)
    first, last = at.ann.private.messages[1:]
    assert (first.text, last.text) == (paragraphs[0], "\n\n".join(paragraphs[1:]))
    assert (first.reply_to, last.reply_to) == (asked, None)
    assert (first.markup, last.markup is None, last.id) == (None, False, sent)


async def test_a_text_in_a_topic_that_is_gone_goes_to_the_general_one(at: Desk) -> None:
    """It is not lost; in one that is closed it is refused."""
    forum = at.fake.group(members=[at.ann], forum=True)
    sent = await at.messenger.text(Place(forum.id, 99), "here")
    assert forum.by_id[sent].topic is None
    at.fake.faults.refuse("sendMessage", 400, "Bad Request: TOPIC_CLOSED")
    with pytest.raises(BadRequest, match="Topic_closed"):
        await at.messenger.text(Place(forum.id, 99), "here")


async def test_a_text_follows_its_group(at: Desk) -> None:
    """Where a group has become a supergroup it is sent there, replies to nothing, and the move is told."""
    group = at.fake.group(basic=True, members=[at.ann])
    new = await at.fake.migrate(group)
    await at.messenger.text(Place(group.id), "hello", reply_to=1)
    assert new.texts == ["hello"]
    assert at.moved == [(group.id, new.id)]


async def test_a_move_takes_no_more_time_than_there_is(at: Desk) -> None:
    """What is waited before a group has moved is not there any more afterwards."""
    group = at.fake.group(basic=True, members=[at.ann])
    new = await at.fake.migrate(group)
    for chat, seconds in ((group, 30), (new, 40)):
        description = f"Too Many Requests: retry after {seconds}"
        at.fake.faults.refuse("sendMessage", 429, description, chat=chat, retry_after=seconds)
    with pytest.raises(RetryAfter):
        await at.messenger.text(Place(group.id), "hello", within=60)
    assert at.time.now < 60


async def test_in_the_name_of_a_business_it_writes_to_its_customers(at: Desk) -> None:
    """A text, its edit and its end, each through the connection."""
    owner, customer = at.fake.person("Bo"), at.fake.person("Cy", started=False)
    business = await owner.connect()
    asked = await customer.say("hello", business=business)
    place = Place(customer.id, business=business.id)
    sent = await at.messenger.text(place, "one moment", reply_to=asked.id)
    assert await at.messenger.edit(place, sent, "ready")
    assert asked.chat.texts == ["hello", "ready"]
    await at.messenger.delete(place, sent)
    (call,) = at.fake.of("deleteBusinessMessages")
    assert call.params == {"business_connection_id": business.id, "message_ids": [sent]}
    assert at.fake.unknown == []


# -- what Telegram refuses or does not answer


@pytest.mark.parametrize(
    ("status", "description", "kind"),
    [
        (403, "Forbidden: bot was blocked by the user", Forbidden),
        (400, "Bad Request: chat not found", BadRequest),
        (413, "Request Entity Too Large", NetworkError),
    ],
)
async def test_a_refusal_is_raised_as_it_is(at: Desk, status: int, description: str, kind: type[Exception]) -> None:
    """Once, and not taken for an answer that was lost."""
    at.fake.faults.refuse("sendMessage", status, description, times=None)
    with pytest.raises(kind) as caught:
        await at.messenger.text(at.place, "hello")
    assert type(caught.value) is kind
    assert len(at.fake.of("sendMessage")) == 1


async def test_telegram_never_has_to_complain() -> None:
    """45 texts for a group, as fast as they may go, take more than two minutes and not one 429."""
    time = Leap()
    async with FakeTelegram(Clock(time)) as fake, a_bot(fake) as bot:
        fake.limits.on, fake.limits.burst = True, 1
        group = fake.group()
        messenger = Messenger(bot, Post(clock=time, sleep=time.sleep), clock=time)
        for number in range(45):
            await messenger.text(Place(group.id), str(number), within=100)
        assert group.texts == [str(number) for number in range(45)]
        assert fake.floods == 0
        assert 120 < time.now < 130
        await messenger.post.close()


async def test_what_was_too_fast_is_sent_later(at: Desk) -> None:
    """After a 429 the text waits as long as Telegram asks, and is there once."""
    at.fake.faults.refuse("sendMessage", 429, "Too Many Requests: retry after 17", retry_after=17)
    await at.messenger.text(at.place, "hello")
    assert at.ann.private.texts == ["hello"]
    assert 17 < at.time.now < 20


async def test_a_429_without_a_time_is_waited_out_too(at: Desk) -> None:
    """What a proxy in front of Telegram answers is no lost answer."""
    at.fake.faults.html("sendMessage", 429)
    await at.messenger.text(at.place, "hello")
    assert at.ann.private.texts == ["hello"]
    assert 5 < at.time.now < 10


async def test_a_429_that_lasts_too_long_is_raised(at: Desk) -> None:
    """There is no point in waiting for a turn that comes too late."""
    at.fake.faults.refuse("sendMessage", 429, "Too Many Requests: retry after 99", retry_after=99)
    with pytest.raises(RetryAfter):
        await at.messenger.text(at.place, "hello", within=30)


async def test_a_text_whose_answer_was_lost_is_sent_again(at: Desk) -> None:
    """To read an excuse twice is better than never; how it goes is not told twice."""
    at.fake.faults.lose("sendMessage", times=2)
    sent = await at.messenger.text(at.place, "hello")
    assert at.ann.private.texts == ["hello"] * 3
    assert at.ann.private.messages[-1].id == sent
    at.fake.faults.lose("sendMessage")
    with pytest.raises(Lost):
        await at.messenger.text(at.place, "soon", urgency=Urgency.STATUS)
    assert at.ann.private.texts[3:] == ["soon"]


async def test_a_cut_connection_and_a_proxys_page_are_lost_answers(at: Desk) -> None:
    """From here they look alike: nobody knows what Telegram has done."""
    at.fake.faults.cut("sendMessage")
    at.fake.faults.html("sendMessage", 502)
    at.fake.faults.refuse("sendMessage", 500, "Internal Server Error: Request aborted")
    for _ in range(3):
        with pytest.raises(Lost):
            await at.messenger.text(at.place, "hello", urgency=Urgency.STATUS)
    assert at.ann.private.texts == []
    assert len(at.fake.of("sendMessage")) == 3


async def test_an_answer_that_does_not_come_is_lost(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Telegram is given more time than the library's five seconds, but not for ever."""
    monkeypatch.setattr("bot.adapters.telegram.messenger.ANSWER_SECONDS", 0.05)
    hanging = at.fake.faults.hang("sendMessage")
    with pytest.raises(Lost):
        await at.messenger.text(at.place, "hello", urgency=Urgency.STATUS)
    assert hanging.hits == 1


async def test_where_there_is_no_connection_it_is_tried_until_there_is_one() -> None:
    """What could not reach Telegram is sent as soon as it is there, once."""
    async with FakeTelegram() as away:
        base_url, number = away.base_url, away.server
    bot = telegram.Bot(away.token, base_url=base_url)
    async with FakeTelegram() as fake:
        await bot._request[1].initialize()
        ann, tries = fake.person(), 0

        async def sleep(seconds: float) -> None:
            nonlocal tries
            tries += 1
            if tries == 3:  # the server is back, elsewhere: this one's port cannot be had again
                bot._base_url = f"{fake.base_url}{fake.token}"
            await asyncio.sleep(0)

        time = iter(range(10_000))
        messenger = Messenger(bot, Post(clock=lambda: float(next(time)), sleep=sleep))
        await messenger.text(Place(ann.id), "hello", within=1000)
        assert ann.private.texts == ["hello"]
        assert number not in fake.server
        await messenger.post.close()
        await bot._request[1].shutdown()


async def test_where_there_is_no_connection_for_too_long_that_is_told() -> None:
    """The last error is raised: it surely was not sent."""
    async with desk() as at:
        lost = at.bot._base_url
        at.bot._base_url = "http://127.0.0.1:1/bot"
        with pytest.raises(NetworkError, match="ConnectError") as caught:
            await at.messenger.text(at.place, "hello", within=40)
        assert not isinstance(caught.value, Lost)
        assert 13 < at.time.now < 50
        at.bot._base_url = lost


async def test_a_bot_that_was_shut_down_sends_nothing_and_says_so() -> None:
    """The library's own complaint is no lost answer."""
    async with desk() as at:
        await at.bot.shutdown()
        with pytest.raises(NetworkError, match="not initialized") as caught:
            await at.messenger.text(at.place, "hello")
        assert not isinstance(caught.value, Lost)
        await at.bot.initialize()


# -- editing


async def test_a_text_can_be_changed(at: Desk) -> None:
    """With other words and buttons; and is changed if it reads so already."""
    sent = await at.messenger.text(at.place, "one", buttons=BUTTON)
    assert await at.messenger.edit(at.place, sent, "two")
    assert at.ann.private.by_id[sent].text == "two"
    assert at.ann.private.by_id[sent].markup is None
    assert await at.messenger.edit(at.place, sent, "two")
    assert await at.messenger.edit(at.place, sent, "x" * 5000)
    assert at.ann.private.by_id[sent].text == "x" * 4095 + "…"


async def test_a_text_that_is_gone_cannot_be_changed(at: Desk) -> None:
    """Nor can another's, nor one in a group that has become another."""
    theirs = await at.ann.say("mine")
    assert not await at.messenger.edit(at.place, 4711, "two")
    assert not await at.messenger.edit(at.place, theirs.id, "two")
    group = at.fake.group(basic=True, members=[at.ann])
    sent = await at.messenger.text(Place(group.id), "hello")
    new = await at.fake.migrate(group)
    with pytest.raises(ChatMigrated):
        await at.messenger.edit(Place(group.id), sent, "two")
    assert at.moved == [(group.id, new.id)]


async def test_an_edit_is_made_again_although_its_answer_was_lost(at: Desk) -> None:
    """It adds nothing, so nobody sees it twice."""
    sent = await at.messenger.text(at.place, "one")
    at.fake.faults.lose("editMessageText")
    at.fake.faults.html("editMessageText", 502)
    assert await at.messenger.edit(at.place, sent, "two")
    assert len(at.fake.of("editMessageText")) == 3


async def test_an_edit_that_is_refused_is_raised(at: Desk) -> None:
    """Where the bot may not write, that is no edit of a message that is gone."""
    sent = await at.messenger.text(at.place, "one")
    at.fake.faults.refuse("editMessageText", 403, "Forbidden: user is deactivated")
    with pytest.raises(Forbidden):
        await at.messenger.edit(at.place, sent, "two")


async def test_only_the_newest_of_the_edits_that_wait_is_made(at: Desk) -> None:
    """Those before it are as good as made; another message's are left alone."""
    at.messenger.post = quick_post()
    one, two = [await at.messenger.text(at.place, text) for text in ("a", "b")]
    edits = [(one, "a1"), (two, "b1"), (one, "a2"), (one, "a3")]
    changes = [at.messenger.edit(at.place, message, text, urgency=Urgency.STATUS) for message, text in edits]
    assert await asyncio.gather(*changes) == [True] * 4
    assert at.ann.private.texts == ["a3", "b1"]
    assert len(at.fake.of("editMessageText")) == 2
    await at.messenger.post.close()


# -- deleting


async def test_a_message_can_be_taken_back(at: Desk) -> None:
    """At once, and once; what is gone cannot be."""
    sent = await at.messenger.text(at.place, "one")
    before = at.time.now
    assert await at.messenger.delete(at.place, sent)
    assert at.time.now == before
    assert at.ann.private.texts == []
    assert not await at.messenger.delete(at.place, sent)


async def test_what_is_too_old_stays(at: Desk) -> None:
    """Telegram takes back nothing that is older than two days."""
    sent = await at.messenger.text(at.place, "one")
    at.fake.clock.advance(49 * 3600)
    assert not await at.messenger.delete(at.place, sent)


async def test_deleting_is_tried_again(at: Desk) -> None:
    """After a 429 or a lost answer, which deletes nothing twice; but not for ever."""
    sent = await at.messenger.text(at.place, "one")
    at.fake.faults.refuse("deleteMessage", 429, "Too Many Requests: retry after 7", retry_after=7)
    at.fake.faults.html("deleteMessage", 502)
    before = at.time.now
    assert await at.messenger.delete(at.place, sent)
    assert at.time.now - before >= 7 + 3
    at.fake.faults.html("deleteMessage", 502, times=None)
    with pytest.raises(NetworkError):
        await at.messenger.delete(at.place, sent)
