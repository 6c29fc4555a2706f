"""Every phrase that Sayso says is there in every language, and can be filled in in each alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
import yaml

from bot.adapters import words
from bot.adapters.words import LOCALES, catalogue, closest, duration, language, listed, translated, word

HERE = Path(words.__file__).parent
SECTIONS = sorted({path.stem for path in HERE.glob("*/*.yaml")})


def phrases(locale: str, section: str) -> dict[str, str]:
    """A section by dotted keys, read by itself and strictly: a key that stands there twice is an error."""
    path = HERE / locale / f"{section}.yaml"
    if not path.is_file():
        return {}
    tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return dict(leaves(tree, f"{section}.", f"{locale}/{section}.yaml"))


def leaves(node: yaml.Node | None, above: str, file: str) -> Iterator[tuple[str, str]]:
    assert isinstance(node, yaml.MappingNode), f"{file}: {above[:-1]} must be a mapping"
    names = [key.value for key, _ in node.value]
    assert len(names) == len(set(names)), f"{file}: {above} has a key twice: {sorted(names)}"
    for key, value in node.value:
        if isinstance(value, yaml.ScalarNode):
            yield above + key.value, value.value
        else:
            yield from leaves(value, f"{above}{key.value}.", file)


def placeholders(phrase: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(phrase) if name is not None}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_language_has_the_same_phrases(section: str) -> None:
    """No section lacks a phrase in any language, nor has one that English lacks."""
    english = phrases("en", section).keys()
    missing = {locale: sorted(english - phrases(locale, section).keys()) for locale in LOCALES}
    surplus = {locale: sorted(phrases(locale, section).keys() - english) for locale in LOCALES}
    assert not any(missing.values()), f"{section}.yaml lacks {missing}"
    assert not any(surplus.values()), f"{section}.yaml has what English lacks: {surplus}"


@pytest.mark.parametrize("section", SECTIONS)
def test_a_phrase_has_the_same_placeholders_in_every_language(section: str) -> None:
    """What is filled in in one language is filled in in all, and by plain names only."""
    english = phrases("en", section)
    for locale in LOCALES:
        for key, phrase in phrases(locale, section).items():
            wanted = placeholders(english[key]) if key in english else set()
            assert placeholders(phrase) == wanted, f"{locale}: {key} has other placeholders than English: {phrase!r}"
            assert all(name.isidentifier() for name in placeholders(phrase)), f"{locale}: {key}: {phrase!r}"


@pytest.mark.parametrize("section", SECTIONS)
def test_phrases_are_tidy(section: str) -> None:
    """No phrase is empty, has blanks at its ends or, by a folded line, inside of Chinese or Japanese."""
    torn = re.compile(r"[぀-ヿ一-鿿。、，] +[぀-ヿ一-鿿]")
    for locale in LOCALES:
        for key, phrase in phrases(locale, section).items():
            assert phrase.strip(), f"{locale}: {key} is empty"
            assert key == "common.comma" or phrase == phrase.strip(), f"{locale}: {key} is {phrase!r}"
            assert not torn.search(re.sub("`[^`]*`", "x", phrase)), (
                f"{locale}: {key} has a blank where a line was folded: {phrase!r}"
            )


FORMS = {"en": 2, "ru": 3}
"""How many forms a counted word has; in other languages it has one."""


@pytest.mark.parametrize("section", SECTIONS)
def test_a_counted_word_has_the_forms_of_its_language(section: str) -> None:
    """Two in English and three in Russian, none of them empty; nothing else is asked of a placeholder."""
    for locale in LOCALES:
        for key, phrase in phrases(locale, section).items():
            specs = [spec for _, _, spec, _ in Formatter().parse(phrase) if spec]
            for forms in (spec.split("|") for spec in specs):
                assert len(forms) == FORMS.get(locale), f"{locale}: {key} has {len(forms)} forms: {phrase!r}"
                assert all(forms), f"{locale}: {key} has an empty form: {phrase!r}"


def commands(locale: str) -> dict[str, str]:
    """What each command is called, by its place in the catalogues: ``voice_command.set`` is ``voice set``."""
    says, steers = phrases(locale, "say"), phrases(locale, "control")
    chooses, decides = phrases(locale, "voice_command"), phrases(locale, "admin")
    voice, privacy, admin = (chooses["voice_command.group.name"], chooses["voice_command.privacy.name"],
                             decides["admin.group.name"])  # fmt: skip
    found = {key: name for key, name in {**says, **steers}.items() if key.count(".") == 2}
    found |= {key: f"{voice} {name}" for key, name in chooses.items() if key.count(".") == 2}
    found |= {f"voice_command.{own}.name": f"{voice} {privacy} {chooses[f'voice_command.{own}.name']}"
              for own in ("export", "forget")}  # fmt: skip
    found |= {key: f"{admin} {name}" for key, name in decides.items() if key.count(".") == 2}
    return {key.removesuffix(".name"): name for key, name in found.items() if key.endswith(".name")}


@pytest.mark.parametrize("section", [section for section in SECTIONS if not section.startswith("telegram")])
def test_a_command_goes_by_its_name_in_each_language(section: str) -> None:
    """Discord's clients list commands by their names in one's own language: another is not found there.

    Telegram's are typed alike in all.
    """
    english = {name: key for key, name in commands("en").items()}
    named = re.compile("/({})(?![-\\w])".format("|".join(sorted(map(re.escape, english), key=len, reverse=True))))
    for locale in LOCALES:
        own, said = commands(locale), phrases(locale, section)
        for key, phrase in phrases("en", section).items():
            for name in named.findall(phrase):
                assert f"/{own[english[name]]}" in said[key], f"{locale}: {key} calls /{name} otherwise: {said[key]!r}"


PLATFORM = re.compile(
    r"/\w|discord|telegram|slash|server|channel|while you type|сервер|канал"
    r"|服务器|频道|身份组|输入时|サーバー|チャンネル|ロール|入力中",
    re.IGNORECASE,
)
"""A command, or what only one platform has."""


@pytest.mark.parametrize("locale", LOCALES)
def test_a_refusal_is_right_on_every_platform(locale: str) -> None:
    """The speaker's refusals are said on Discord and on Telegram: they name no command and nothing of one of them."""
    for key, phrase in phrases(locale, "refusals").items():
        assert not PLATFORM.search(phrase), f"{locale}: {key} is not right on every platform: {phrase!r}"


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("reading.asked.hidden", "say.menu"),
        ("say.refused.no_voice", "say.where.note"),
        ("say.refused.direct", "say.where.note"),
        ("say.refused.not_here", "say.where.note"),
        ("control.refused.where", "control.join.channel"),
        ("admin.engine.allowed.description", "admin.value.all"),
        ("admin.global.allowed.description", "admin.value.all"),
        ("admin.language.language.description", "admin.value.default"),
        ("admin.autoread.prefix.description", "admin.value.none"),
        ("admin.autoread.ignore_mark.description", "admin.value.none"),
        ("admin.refused.mark", "admin.value.none"),
        ("admin.refused.everyone", "admin.roles.clear.name"),
        ("admin.refused.both", "admin.channel.anywhere.name"),
        ("admin.refused.no_channel", "admin.channel.channel.name"),
    ],
)
def test_what_is_to_be_chosen_goes_by_its_name(phrase: str, name: str) -> None:
    """Who is told to choose something finds it under that name, in the language in which they are told."""
    for locale in LOCALES:
        named, said = translated(name, locale), translated(phrase, locale)
        assert named is not None
        assert said is not None
        assert named in said, f"{locale}: {phrase} does not speak of {named!r}: {said!r}"


@pytest.mark.parametrize(
    ("tag", "catalogue"),
    [
        ("en", "en"), ("en-US", "en"), ("en-GB", "en"), ("ja", "ja"), ("ja-JP", "ja"), ("zh-CN", "zh-CN"),
        ("zh-TW", "zh-CN"), ("zh", "zh-CN"), ("zh_cn", "zh-CN"), ("ZH-Hant-HK", "zh-CN"), ("de", "en"), ("", "en"),
        ("jam", "en"), ("ru", "ru"), ("ru-RU", "ru"), ("run", "en"),
    ],
)  # fmt: skip
def test_the_nearest_catalogue_answers(tag: str, catalogue: str) -> None:
    """A tag is answered from its own catalogue, else from that of its language, else in English."""
    assert closest(tag) == catalogue


def test_english_comes_first() -> None:
    """The catalogues are the folders there are, English before the others."""
    assert LOCALES[0] == "en"
    assert set(LOCALES) == {path.parent.name for path in HERE.glob("*/common.yaml")} >= {"en", "zh-CN", "ja", "ru"}


def test_a_phrase_is_filled_in() -> None:
    """Values are put in as they are: braces in them mean nothing."""
    assert word("refusals.again", "en", time="{20 s}") == "Try again in about {20 s}."
    assert word("refusals.again", "zh-TW", time="20 秒") == "请在大约 20 秒后再试。"


def test_english_stands_in() -> None:
    """A language without a catalogue is answered in English."""
    assert word("refusals.soon", "de") == "Try again in a minute."
    assert translated("refusals.nonsense", "ja") is None


@pytest.mark.parametrize("key", ["refusals.nonsense", "nonsense.at.all", "refusals", "nonsense", "refusals.failure"])
def test_a_key_that_nobody_has_is_an_error(key: str) -> None:
    """A key without a phrase is a mistake of the caller, not an empty answer."""
    with pytest.raises(KeyError):
        word(key, "en")


def test_a_value_that_is_not_given_is_an_error() -> None:
    """A placeholder without its value is a mistake of the caller."""
    with pytest.raises(KeyError, match="time"):
        word("refusals.again", "en")


@pytest.mark.parametrize(
    ("seconds", "english", "chinese", "japanese", "russian"),
    [
        (0.0, "1 s", "1 秒", "1秒", "1 с"),
        (19.2, "20 s", "20 秒", "20秒", "20 с"),
        (99.0, "99 s", "99 秒", "99秒", "99 с"),
        (99.5, "2 min", "2 分钟", "2分", "2 мин"),
        (121.0, "3 min", "3 分钟", "3分", "3 мин"),
        (6000.0, "2 h", "2 小时", "2時間", "2 ч"),
        (172_801.0, "3 d", "3 天", "3日", "3 дня"),
        (400_000.0, "5 d", "5 天", "5日", "5 дней"),
    ],
)
def test_a_time_is_rounded_up_to_what_people_count_in(
    seconds: float, english: str, chinese: str, japanese: str, russian: str
) -> None:
    """Nobody is told to come back too early."""
    found = [duration(seconds, locale) for locale in ("en", "zh-CN", "ja", "ru")]
    assert found == [english, chinese, japanese, russian]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "файлов"), (1, "файл"), (2, "файла"), (4, "файла"), (5, "файлов"), (10, "файлов"), (11, "файлов"),
        (12, "файлов"), (14, "файлов"), (19, "файлов"), (20, "файлов"), (21, "файл"), (22, "файла"), (25, "файлов"),
        (100, "файлов"), (101, "файл"), (111, "файлов"), (112, "файлов"), (1003, "файла"), (1.5, "файла"),
    ],
)  # fmt: skip
def test_a_counted_word_goes_with_its_number(number: float, said: str) -> None:
    """As Russian counts: one file, two of a file, five of files, and in each ten but the second the same again."""
    assert word("reading.files", "ru", number=number) == f"{number} {said}"


@pytest.mark.parametrize(("number", "said"), [(0, "days"), (1, "day"), (2, "days"), (21, "days"), (1.5, "days")])
def test_a_word_of_two_forms_is_singular_or_plural(number: float, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As English counts."""
    monkeypatch.setattr(catalogue, "_section", lambda *_: {"left": "{number} {number:day|days} left"})
    assert word("made_up.left", "en", number=number) == f"{number} {said} left"


def test_languages_have_names() -> None:
    """A language is called what people call it; a rarer one by its own name, one that nobody knows by its code."""
    assert language("sw", "en") == "Swahili"
    assert language("sw-KE", "ja") == "Kiswahili"
    assert language("tlh", "ja") == "tlh"
    assert language("ja", "zh-CN") == "日语"
    assert language("zh-TW", "en") == "Chinese"
    assert language("no", "en") == "Norwegian"
    assert language("NO", "ja") == "ノルウェー語"
    assert language("de-AT", "ru") == "немецкий"
    assert language("no", "ru") == "норвежский"
    assert language("tlh", "en") == "tlh"


def test_a_list_is_parted_as_the_language_does() -> None:
    """Commas in English and Russian, enumeration commas in Chinese and Japanese."""
    assert listed(["a", "b"], "en") == "a, b"
    assert listed(["a", "b"], "ru") == "a, b"
    assert listed(("a", "b"), "ja") == "a、b"
    assert listed([], "en") == ""
