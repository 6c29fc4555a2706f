"""Names: what people type when they mean a voice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.voices.names import edits, fold, nearest, nicknames

WORDS = st.text("abcxyz", max_size=8)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("zh-CN-XiaoxiaoNeural", "zh cn xiaoxiao neural"),
        ("AVA", "ava"),
        ("ａｖａ", "Ava"),
        ("zf_xiaoxiao", "zf-xiaoxiao"),
    ],
)
def test_case_width_spaces_and_dashes_do_not_matter(one: str, other: str) -> None:
    """Two ways to write a name fold into one."""
    assert fold(one) == fold(other)


def test_names_in_other_scripts_stay_names() -> None:
    """A Chinese name does not fold away."""
    assert fold("晓晓") == "晓晓"
    assert fold("け・いた") == "けいた"


@given(st.text())
def test_folding_twice_is_folding_once(name: str) -> None:
    """A folded name can be looked up as it is, and holds nothing but letters and digits."""
    assert fold(fold(name)) == fold(name)


@pytest.mark.parametrize(
    ("voice", "names"),
    [
        ("en-US-AvaMultilingualNeural", ("enusavamultilingualneural", "avamultilingual", "ava")),
        ("en-IN-NeerjaExpressiveNeural", ("eninneerjaexpressiveneural", "neerjaexpressive", "neerja")),
        ("zh-CN-liaoning-XiaobeiNeural", ("zhcnliaoningxiaobeineural", "xiaobei")),
        ("iu-Cans-CA-SiqiniqNeural", ("iucanscasiqiniqneural", "siqiniq")),
        ("fil-PH-AngeloNeural", ("filphangeloneural", "angelo")),
        ("zf_xiaoxiao", ("zfxiaoxiao", "xiaoxiao")),
        ("sayso.wav", ("saysowav", "sayso")),
        ("heart", ("heart",)),
    ],
)
def test_a_voice_goes_by_its_short_names_too(voice: str, names: tuple[str, ...]) -> None:
    """The full name comes first, the most clipped last."""
    assert nicknames(voice) == names


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("", "", 0),
        ("ava", "ava", 0),
        ("ava", "", 3),
        ("ava", "eva", 1),
        ("nanaim", "nanami", 1),
        ("kitten", "sitting", 3),
    ],
)
def test_edits_are_counted(one: str, other: str, count: int) -> None:
    """Inserting, dropping, changing and swapping neighbours cost one each."""
    assert edits(one, other) == count


@given(WORDS, WORDS)
def test_edits_are_the_same_in_both_directions(one: str, other: str) -> None:
    """And never more than the longer word, nor fewer than the difference in length."""
    assert edits(one, other) == edits(other, one)
    assert abs(len(one) - len(other)) <= edits(one, other) <= max(len(one), len(other))


KNOWN = {name: name for name in ("xiaoxiao", "xiaoyi", "yunxi", "ava", "andrew", "andrea", "christopher", "nanami")}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("xiaoxao", "xiaoxiao"), ("nanaim", "nanami"), ("chris", "christopher"), ("Andru", "andrew"), ("aav", "ava")],
)
def test_the_one_that_was_meant_is_the_nearest(typed: str, meant: str) -> None:
    """Typing errors, swapped letters and beginnings are understood."""
    assert nearest(typed, KNOWN, dear={"andrew"})[0] == meant


def test_a_name_that_is_dear_goes_before_one_as_near() -> None:
    """Of two that are as near, the persona is offered first."""
    assert nearest("andre", KNOWN, dear={"andrew"})[0] == "andrew"
    assert nearest("andre", KNOWN, dear={"andrea"})[0] == "andrea"


@given(st.sampled_from(sorted(KNOWN)), WORDS)
def test_looking_at_the_likely_ones_only_loses_nobody(typed: str, noise: str) -> None:
    """The one that everybody would find by counting all edits is found among two hundred others."""
    crowd = {f"{noise}{number:03}": "stranger" for number in range(200)} | KNOWN
    misspelt = typed[:-1] + "q"
    assert nearest(misspelt, crowd)[0] == nearest(misspelt, KNOWN)[0]


@given(st.text(max_size=60))
def test_there_are_always_three_and_no_two_the_same(typed: str) -> None:
    """Whatever is typed, three different names are offered."""
    assert len(set(nearest(typed, KNOWN))) == 3


def test_a_voice_with_many_names_is_offered_once() -> None:
    """What is shown is not repeated."""
    assert nearest("ava", {"ava": "Ava", "avaneural": "Ava", "eva": "Eva"}) == ("Ava", "Eva")
