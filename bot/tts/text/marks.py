"""Marks: single characters that stand for something to be said in words, until the language is known.

They are private code points, which no typed text can hold once it has passed the filter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.tts.text.block import Block

CODE = "\ue000"
SPOILER = "\ue001"
LINK = "\ue002"
IMAGE = "\ue003"
FORMULA = "\ue004"
SOMEONE = "\ue005"
CHANNEL = "\ue006"
ROLE = "\ue007"
DOT = "\ue008"
AT = "\ue009"
DASH = "\ue00a"
UNDERSCORE = "\ue00b"
PLUS = "\ue00c"

ALL = "\ue000-\ue00c"
"""All of them, for a regular expression's brackets."""

_SAID = {
    "en": ("code block, spoiler, link, image, formula, someone, a channel, a role, dot, at, dash, underscore, plus"),
    "zh": "代码块, 剧透, 链接, 图片, 公式, 某人, 频道, 身份组, 点, 艾特, 杠, 下划线, 加",
    "ja": (
        "コードブロック, ネタバレ, リンク, 画像, 数式, 誰か, チャンネル, ロール, ドット, アット, ハイフン, "
        "アンダーバー, プラス"
    ),
    "ko": "코드 블록, 스포일러, 링크, 이미지, 수식, 누군가, 채널, 역할, 점, 골뱅이, 대시, 밑줄, 더하기",
    "es": (
        "bloque de código, spoiler, enlace, imagen, fórmula, alguien, un canal, un rol, punto, arroba, guion, "
        "guion bajo, más"
    ),
    "fr": (
        "bloc de code, divulgâchage, lien, image, formule, quelqu'un, un salon, un rôle, point, arobase, "
        "tiret, tiret bas, plus"
    ),
    "de": (
        "Codeblock, Spoiler, Link, Bild, Formel, jemand, ein Kanal, eine Rolle, Punkt, at, minus, Unterstrich, plus"
    ),
    "it": (
        "blocco di codice, spoiler, collegamento, immagine, formula, qualcuno, un canale, un ruolo, punto, "
        "chiocciola, trattino, trattino basso, più"
    ),
    "pt": (
        "bloco de código, spoiler, link, imagem, fórmula, alguém, um canal, um cargo, ponto, arroba, traço, "
        "sublinhado, mais"
    ),
    "ru": (
        "блок кода, спойлер, ссылка, картинка, формула, кто-то, канал, роль, точка, собака, тире, подчёркивание, плюс"
    ),
}
"""What the marks are in words, by language, in the order of their code points; other languages borrow English."""


_ANY = re.compile(f"[{ALL}]")


def words(language: str) -> dict[int, str]:
    """A table for :meth:`str.translate` that puts words for the marks."""
    return _TABLES.get(language, _TABLES["en"])


def said(text: str, language: str) -> str:
    """The text with words for its marks."""
    return text.translate(words(language)) if _ANY.search(text) else text


def near_marks(block: Block) -> Iterable[int]:
    """The sentences that hold a mark."""
    return block.holding_any(block.having(_ANY))


def _table(language: str, said: str) -> dict[int, str]:
    blank = "" if language in ("zh", "ja") else " "
    return {ord(CODE) + at: f"{blank}{word}{blank}" for at, word in enumerate(said.split(", "))}


_TABLES = {language: _table(language, said) for language, said in _SAID.items()}
