"""The language of a sentence."""

from __future__ import annotations

import socket

import pytest

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
