"""The tokenizer: from a text to what the model is given, equal to upstream on Linux."""

import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.tts.indextts.faults import WHERE, CheckpointError
from bot.tts.indextts.text import Tokenizer

SURROGATES = st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF), max_size=40)
ODD = (
    "\0",
    "a\0b",
    "\ud800",
    "5\udfff 中",
    "\x01\x02\x1b[0m",
    "\u202eמה 5 \u202c",
    "[",
    "5]",
    "a ]5[ b",
    "\\",
    '\\"5',
    '中\\"5"',
    'w { v: "x" }',
    '中 char { value: "x" } 5',
    "<<>>5",
    "\ue000ni3 hao3\ue001",
    "😂" * 50,
    "5]" * 100,
)


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Tokenizer:
    return Tokenizer(folder / "bpe.model")


def test_normalised_texts_are_upstreams(tokenizer: Tokenizer, told: Mapping[str, Any]) -> None:
    """Each golden text reads as upstream reads it on Linux, with nothing left that differs."""
    expected = {text["id"]: text["normalized"] for text in told["texts"] if text["normalized"] is not None}
    texts = {text["id"]: text["text"] for text in told["texts"]}
    assert {name: tokenizer.normalize(texts[name]) for name in expected} == expected


def test_prepared_texts_are_upstreams(tokenizer: Tokenizer, told: Mapping[str, Any]) -> None:
    """What SentencePiece is given is the same string; for the empty text there is nothing to give."""
    expected = {text["id"]: text["prepared"] or "" for text in told["texts"]}
    assert {text["id"]: tokenizer.prepare(text["text"]) for text in told["texts"]} == expected


def test_pieces_and_ids_are_upstreams(tokenizer: Tokenizer, told: Mapping[str, Any]) -> None:
    """So are the pieces, and their ids."""
    expected = {text["id"]: (text["pieces"], text["ids"]) for text in told["texts"]}
    found = {text["id"]: (tokenizer.pieces(text["text"]), tokenizer.ids(text["text"])) for text in told["texts"]}
    assert found == expected


@pytest.mark.parametrize("limit", [120, 40, 12])
def test_sentences_are_upstreams(tokenizer: Tokenizer, told: Mapping[str, Any], limit: int) -> None:
    """So are the sentences, whatever the limit."""
    expected = {text["id"]: text["split"][str(limit)] for text in told["texts"]}
    assert {text["id"]: tokenizer.sentences(text["text"], limit) for text in told["texts"]} == expected


def test_a_sentence_has_upstreams_limit_by_default(tokenizer: Tokenizer, told: Mapping[str, Any]) -> None:
    """Nobody who asks for sentences need know it."""
    text = next(text for text in told["texts"] if text["id"] == "long_en")
    assert tokenizer.sentences(text["text"]) == text["split"]["120"]


def test_a_quote_may_be_spoken_once(tokenizer: Tokenizer, told: Mapping[str, Any]) -> None:
    """Upstream says the quote after a mark in both sentences; who asks for it gets each piece once."""
    text = next(text for text in told["texts"] if text["id"] == "quote_after_stop")["text"]
    ids = tokenizer.ids(text)
    assert list(chain(*tokenizer.sentences(text, 120))) != ids
    for limit in (120, 40, 12, 3):
        assert list(chain(*tokenizer.sentences(text, limit, repeat_quotes=False))) == ids


def test_a_character_alone_stays_as_it_is(tokenizer: Tokenizer) -> None:
    """Neither its case nor the white space around it is touched."""
    assert tokenizer.prepare("  b ") == "  b "
    assert tokenizer.prepare("5") == "5"


def test_each_cjk_character_stands_apart(tokenizer: Tokenizer) -> None:
    """Ideographs, kana and hangul, with Latin words in capitals between them."""
    assert tokenizer.prepare("我love你") == "我 LOVE 你"
    assert tokenizer.prepare("かな and 안녕") == "か な AND 안 녕"


def test_unknown_ids_are_counted(tokenizer: Tokenizer) -> None:
    """Of the ids of a text, those that stand for nothing the model knows."""
    assert tokenizer.unknown(tokenizer.ids("hello 😂")) == 1
    assert tokenizer.unknown(tokenizer.ids("hello")) == 0
    assert tokenizer.unknown([]) == 0


@pytest.mark.parametrize("text", ["hello", "你好", "5", "こんにちは世界", "mm? 😂", "ni3"])
def test_what_the_model_knows_can_be_spoken(tokenizer: Tokenizer, text: str) -> None:
    """One letter, character or number that it knows is enough."""
    assert tokenizer.speakable(text)


@pytest.mark.parametrize("text", ["", "   ", "!?…", "'\"'", "😂😂", "こんにちは", "안녕하세요", "Привет", "-"])
def test_what_the_model_does_not_know_cannot_be_spoken(tokenizer: Tokenizer, text: str) -> None:
    """Punctuation says nothing, and unknown pieces would be noise."""
    assert not tokenizer.speakable(text)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_no_odd_text_raises(tokenizer: Tokenizer, text: str) -> None:
    """Control characters, halves of characters, brackets and what looks like the grammar's own notation pass."""
    assert list(chain(*tokenizer.sentences(text, 12, repeat_quotes=False))) == tokenizer.ids(text)


@settings(max_examples=150, deadline=None)
@given(text=SURROGATES)
def test_no_text_raises(folder: Path, text: str) -> None:
    """Nor does any other, and sentences hold every id once."""
    tokenizer = _kept(folder)
    sentences = tokenizer.sentences(text, 7, repeat_quotes=False)
    assert list(chain(*sentences)) == tokenizer.ids(text)
    assert all(0 < len(sentence) <= 7 for sentence in sentences)


def test_a_very_long_text_is_taken_whole(tokenizer: Tokenizer) -> None:
    """Ten thousand characters come in sentences, all of them there."""
    assert tokenizer.normalize("word " * 2000).split() == ["word"] * 2000
    assert tokenizer.normalize("好的。" * 3333) == "好的." * 3333


def test_threads_do_not_disturb_each_other(tokenizer: Tokenizer, told: Mapping[str, Any]) -> None:
    """What many ask for at once is what each would get alone."""
    texts = [text["text"] for text in told["texts"] if len(text["text"]) < 60]
    alone = list(map(tokenizer.ids, texts))
    with ThreadPoolExecutor(4) as crew:
        assert list(crew.map(tokenizer.ids, texts * 3)) == alone * 3


@pytest.mark.parametrize("content", [None, b"", b"no model", b"\0" * 64], ids=["missing", "empty", "text", "noughts"])
def test_a_wrong_file_is_refused_with_what_to_do(tmp_path: Path, content: bytes | None) -> None:
    """It is named, and where a right one is."""
    file = tmp_path / "bpe.model"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CheckpointError) as refused:
        Tokenizer(file)
    assert str(file) in str(refused.value)
    assert WHERE in str(refused.value)


def test_a_limit_must_leave_room(tokenizer: Tokenizer) -> None:
    """A sentence of no tokens is none."""
    with pytest.raises(ValueError, match="at least 1"):
        tokenizer.sentences("hello", 0)


def test_neither_torch_nor_the_grammars_are_loaded_before_they_are_needed(folder: Path) -> None:
    """A tokenizer is made in a moment; the grammars are read at the first text, and torch never."""
    script = (
        "import sys; from pathlib import Path; from bot.tts.indextts.text import Tokenizer;"
        "tokenizer = Tokenizer(Path(sys.argv[1])); assert 'wetext' not in sys.modules;"
        "tokenizer.ids('5 cats'); assert 'wetext' in sys.modules; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script, str(folder / "bpe.model")], check=True, timeout=60)


_tokenizers: dict[Path, Tokenizer] = {}


def _kept(folder: Path) -> Tokenizer:
    return _tokenizers.setdefault(folder, Tokenizer(folder / "bpe.model"))
