"""The language of a sentence."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.text import Options, clean
from bot.tts.text.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How are you doing today?", "en"),
        ("Je ne sais pas ce que tu veux dire.", "fr"),
        ("Ich weiß nicht, was du meinst.", "de"),
        ("No sé lo que quieres decir con eso.", "es"),
        ("Non so cosa vuoi dire con questo.", "it"),
        ("Não sei o que você quer dizer com isso.", "pt"),
        ("Jag vet inte vad du menar med det.", "sv"),
        ("Jeg skjønner ikke hva dere mener med dette, dessverre.", "nb"),
        ("Tôi không biết bạn muốn nói gì.", "vi"),
        ("Ne demek istediğini bilmiyorum.", "tr"),
        ("我不知道你在说什么。", "zh"),
        ("何を言っているのかわかりません。", "ja"),
        ("무슨 말인지 모르겠어요.", "ko"),
        ("Я не знаю, что ты имеешь в виду.", "ru"),
        ("Я не знаю, що ти маєш на увазі, друже.", "uk"),
        ("لا أعرف ماذا تقصد.", "ar"),
        ("نمی‌دانم منظورت چیست.", "fa"),
        ("אני לא יודע למה אתה מתכוון.", "he"),
        ("ฉันไม่รู้ว่าคุณหมายถึงอะไร", "th"),
        ("मुझे नहीं पता कि आपका क्या मतलब है।", "hi"),
        ("Δεν ξέρω τι εννοείς.", "el"),
        ("நீங்கள் என்ன சொல்கிறீர்கள்", "ta"),
        ("არ ვიცი რას გულისხმობ", "ka"),
    ],
)
def test_whole_sentences_are_recognised(text: str, language: str) -> None:
    """By their script where it is one language's own, by the model where it is shared."""
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("我用了3个GPU", "zh"),
        ("请帮我 debug 这个 Python 脚本", "zh"),
        ("OpenAI 发布了 GPT", "zh"),
        ("iPhone 真棒", "zh"),
        ("このGPUはすごいです", "ja"),
        ("please say 你好 to my friend", "en"),
        ("What does 我爱你 mean in your language?", "en"),
        ("Скачай Python здесь, пожалуйста", "ru"),
    ],
)
def test_a_mixed_sentence_has_the_language_of_most_of_it(text: str, language: str) -> None:
    """Foreign words in Chinese do not make it English, nor a quotation English Chinese."""
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("OK.", "fr", "fr"),
        ("ok", None, "en"),
        ("lol", "de", "de"),
        ("123", "zh", "zh"),
        ("123", None, "en"),
        ("東京大学", "ja", "ja"),
        ("東京大学", None, "zh"),
        ("东京大学是日本最好的大学之一，我们都知道", "ja", "zh"),
        ("Hello there, how are you doing?", "ja", "en"),
        ("Bonjour tout le monde, comment allez-vous ?", "en", "fr"),
        ("hi", "zh-CN", "zh"),
        ("ok", "EN", "en"),
        ("так", "uk", "uk"),
        ("wwww", "ja", "ja"),
        ("运行 pip install sayso now", "zh", "zh"),
        ("fin", "en", "en"),
    ],
)
def test_a_hint_decides_what_is_too_short_to_tell(text: str, hint: str | None, language: str) -> None:
    """And nothing that is long enough to tell."""
    assert language_of(text, hint) == language


def test_an_answer_keeps_its_language() -> None:
    """A short "OK." within a French answer is French."""
    found = clean("Merci beaucoup pour votre aide. OK. Hello there, how are you doing? OK.")
    assert [sentence.language for sentence in found] == ["fr", "fr", "en", "en"]


def test_a_chinese_sentence_is_never_english() -> None:
    """Whatever the speaker is known to use."""
    assert {language_of("你好，今天天气很好", hint) for hint in (None, "en", "fr", "zh", "ru")} == {"zh"}


def test_nothing_is_asked_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is on this machine."""

    def refuse(*arguments: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert language_of("Je voudrais un café, s'il vous plaît.") == "fr"


@pytest.mark.parametrize("text", ["", " ", "...", "\ue000", "😀", "٣", "Ⅳ"])
def test_without_words_it_is_the_hint_or_english(text: str) -> None:
    """There is always an answer."""
    assert language_of(text) == "en"
    assert language_of(text, "ko") == "ko"


def test_the_speaker_is_told_by_the_options() -> None:
    """The hint of the options reaches the sentence."""
    assert clean("ok", Options(language="de"))[0].language == "de"


@pytest.mark.parametrize("text", ["see ya", "im back", "ez", "hello ja", "Berlin"])
def test_a_few_letters_are_no_evidence_for_a_language_that_nobody_here_speaks(text: str) -> None:
    """What people type in chat is read in a language that there is, or in that of who types it, and not refused."""
    assert language_of(text, None, frozenset({"en", "zh"})) == "en"
    assert language_of(text, "zh", frozenset({"en", "zh"})) == "zh"


def test_a_whole_sentence_is_evidence_enough() -> None:
    """To read it in the wrong language would help nobody."""
    assert language_of("Wir sehen uns morgen früh am Bahnhof.", None, frozenset({"en", "zh"})) == "de"


def test_a_language_that_is_spoken_here_may_be_short() -> None:
    """Where German is spoken, a German word is German."""
    assert language_of("im back", None, frozenset({"en", "de"})) == language_of("im back")


CHAT = """
json parse error
some words 500 json
null pointer again lol
git push failed
docker build broken again
npm install hangs
my api key expired
server returns 502 bad gateway
check readme.md please
open main.py line 42
pull request merged
segfault in libc
kernel panic on boot
update nginx config
regex does not match
stack overflow error
cannot import numpy
python traceback attached
ssh timeout again
reboot the router
sudo apt install ffmpeg
commit message typo
merge conflict in package.json
unit tests pass locally
prod is down
deploy to staging now
cpu usage 100 percent
gpu driver crashed
memory leak in worker
async await bug
postgres index missing
sql query too slow
redis cache miss
cron job did not run
kubectl get pods
pod keeps restarting
yaml indent error
invalid token in header
http 404 not found
html css layout broken
utf8 decode error
ffmpeg codec missing
bitrate too low
opus audio stutter
discord bot offline
telegram webhook timeout
sqlite database locked
config.yaml missing field
permission denied on data dir
disk full on server
raid array degraded
vpn tunnel drops
dns lookup failed
tls cert expired
cors blocked request
websocket closed 1006
lint errors everywhere
mypy strict passes
ci green finally
release tag v2 pushed
rebase onto main
cherry pick hotfix
hotfix in prod
patch notes soon
fps drop after patch
lag spike in ranked
ping 300 ms lol
gg wp no re
brb coffee
afk 5 min
nice clutch bro
report jungler pls
nerf this champ
loot drop rate sucks
raid at nine tonight
queue pop ready up
tank heal dps
mic check one two
mute your mic
stream starts soon
good game everyone
omw home
idk maybe later
same here tbh
that meme is gold
new keyboard arrived
backup script finished
parse json
error code 17
test run ok
debug build crash
login page blank
todo fix parser
broken link in docs
typo in docs
random seed matters
tensor shape mismatch
cuda out of memory
batch size 32
epoch 12 loss nan
latency p99 spikes
""".strip().splitlines()
"""What people write to each other about machines and games, in English."""

HERE = frozenset({"en", "zh", "ja"})


@pytest.mark.parametrize("text", CHAT)
def test_words_of_machines_make_no_chat_a_language_that_nobody_here_speaks(text: str) -> None:
    """It was refused as Czech, or Turkish; whoever writes it, and also within a longer text."""
    for hint in (None, "en", "zh"):
        assert language_of(text, hint, HERE) in HERE
        assert language_of(f"{text.capitalize()}.", hint, HERE) in HERE
    assert {sentence.language for sentence in clean(text, Options(spoken=HERE))} <= HERE


@given(st.lists(st.sampled_from(CHAT), min_size=1, max_size=3))
def test_neither_do_several_of_them_in_a_row(lines: list[str]) -> None:
    """However they are put together."""
    assert {sentence.language for sentence in clean("\n".join(lines), Options(spoken=HERE))} <= HERE
    assert language_of(" ".join(lines), None, HERE) in HERE


@pytest.mark.parametrize(
    "name",
    ["package.json", "src/parser/json_util.c", "jsou_data_2", "v1.2.3-rc1", "json.parse", "user@host", "a=b", "json"],
)
def test_a_name_in_a_program_is_no_word(name: str) -> None:
    """A sentence has the language of the rest of it, and where there is no rest that of its speaker."""
    assert (language_of(name), language_of(name, "fr")) == ("en", "fr")
    assert language_of(f"Ich habe {name} gestern leider gelöscht.") == "de"
    assert language_of(f"words {name}", None, HERE) == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Zítra přijdu trochu později, protože mi ujel vlak. Nevím, co s tím mám dělat.", "cs"),
        ("Dneska jsem opravil parser na JSON. Nevím, proč to předtím nefungovalo.", "cs"),
        ("Je suis en retard aujourd'hui. On se retrouve demain matin devant la gare.", "fr"),
        ("Peut-être allez-vous comprendre. Est-ce que vous pensez revenir demain avec lui ?", "fr"),
        ("Ik heb geen tijd vandaag. Misschien kunnen we elkaar morgen op kantoor spreken.", "nl"),
        ("Nie mam dzisiaj czasu. Zobaczymy się jutro rano na dworcu.", "pl"),
        ("Bugün hiç zamanım yok. Yarın sabah istasyonda görüşürüz.", "tr"),
        ("Saya tidak punya waktu hari ini, mungkin besok pagi saya bisa datang ke rumah kamu.", "id"),
    ],
)
def test_two_sentences_in_a_language_that_nobody_here_speaks_are_known_as_that(text: str, language: str) -> None:
    """To read them as if they were English would help nobody."""
    assert {sentence.language for sentence in clean(text, Options(spoken=HERE))} == {language}


@pytest.mark.parametrize("text", ["Mitt namn er Ola", "bitrate too low"])
def test_where_it_is_spoken_less_is_evidence(text: str) -> None:
    """Only what would be refused is doubted."""
    plain = language_of(text)
    assert plain != "en"
    assert language_of(text, None, HERE) == "en"
    assert language_of(text, None, HERE | {plain}) == plain


@pytest.mark.parametrize("text", ["Was machst du heute Abend?", "Guten Tag, wie geht es dir?", "Hoe gaat het met je?"])
def test_a_short_sentence_that_is_surely_foreign_is_not_read_in_english(text: str) -> None:
    """It is refused by name, for nobody would understand it."""
    assert language_of(text, None, HERE) in ("de", "nl")


def test_a_word_without_end_is_weighed_in_no_time() -> None:
    """Neither letters nor dots make it look at them again and again."""
    for text in ("a" * 200_000, "a." * 100_000, "." * 200_000, "é=" * 100_000):
        assert language_of(text, "en", HERE) in {"en", "fr"} | HERE
