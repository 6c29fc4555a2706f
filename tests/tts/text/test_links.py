"""Links, addresses and handles."""

from __future__ import annotations

import pytest

from bot.tts.text import Options, clean
from bot.tts.text.links import plain


def said(text: str, options: Options | None = None) -> str:
    """What is said of an English text."""
    return " ".join(sentence.text for sentence in clean(text, options or Options(language="en")))


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("see https://example.com", "see example dot com"),
        ("see https://www.example.com/a/b_c?x=1&y=*2*#z now", "see example dot com now"),
        ("see https://example.com.", "see example dot com."),
        ("is it https://example.com/a?", "is it example dot com?"),
        ("(see https://en.wikipedia.org/wiki/Foo_(bar))", "(see en dot wikipedia dot org)"),
        ("go to <https://example.com/x> now", "go to example dot com now"),
        ("www.example.com is up", "example dot com is up"),
        ("HTTPS://EXAMPLE.COM is loud", "EXAMPLE dot COM is loud"),
        ("just example.com/path here", "just example dot com here"),
        ("hidden in https://user:pass@example.com/ ok", "hidden in example dot com ok"),
        ("my-site.co.uk is mine", "my dash site dot co dot uk is mine"),
        ("看https://example.com/a这个", "看 example点com 这个"),
        ("https://xn--fsq.com is a link", "link is a link"),
        (f"https://{'a' * 80}.com is long", "link is long"),
        ("**https://example.com** is bold", "example dot com is bold"),
    ],
)
def test_a_url_is_the_name_of_its_host(typed: str, spoken: str) -> None:
    """No scheme, no path, no punctuation that belongs to the sentence."""
    assert said(typed) == spoken


@pytest.mark.parametrize(
    ("links", "spoken"), [("domain", "see example dot com ok"), ("say", "see link ok"), ("skip", "see ok")]
)
def test_links_are_read_as_wished(links: str, spoken: str) -> None:
    """By name, by one word, or not at all."""
    assert said("see https://example.com/x ok", Options(language="en", links=links)) == spoken  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("read [the docs](https://example.com/x) first", "read the docs first"),
        ("read [the docs](https://example.com/a_(b)) first", "read the docs first"),
        ('read [the docs](https://example.com "A title") first', "read the docs first"),
        ("read [the docs](<https://example.com>) first", "read the docs first"),
        ("read [the docs][1] first", "read the docs first"),
        ("look ![a cat](https://example.com/cat.png) here", "look image a cat here"),
        ("[![badge](https://a.b/c)](https://d.e/f) text", "image badge text"),
        ("a fact[^1] and more", "a fact and more"),
        ("[1]: https://example.com/x", ""),
        ("[^1]: The footnote itself", "The footnote itself"),
        ("an [aside] stays", "an aside stays"),
    ],
)
def test_a_markdown_link_is_its_text(typed: str, spoken: str) -> None:
    """Links, references, images and footnotes."""
    assert said(typed) == spoken


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("mail ann@example.com now", "mail ann at example dot com now"),
        ("mail ann.lee@example.com.", "mail ann dot lee at example dot com."),
        ("mail a_b-c+d@mail.example.org ok", "mail a underscore b dash c plus d at mail dot example dot org ok"),
        ("<ann@example.com> wrote", "ann at example dot com wrote"),
        ("write to mailto:ann@example.com ok", "write to ann at example dot com ok"),
    ],
)
def test_an_address_is_said_as_people_say_it(typed: str, spoken: str) -> None:
    """At and dot, in the language of the sentence."""
    assert said(typed) == spoken


def test_an_address_in_chinese_is_said_in_chinese() -> None:
    """The words for at and dot are not English for everybody."""
    assert said("请发邮件到 ann@example.com 谢谢大家") == "请发邮件到 ann 艾特 example点com 谢谢大家"


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("hey @ann_lee look", "hey Ann look"),
        ("hey @some_user look", "hey some user look"),
        ("thanks @ann_lee.", "thanks Ann."),
        ("@everyone come", "everyone come"),
    ],
)
def test_a_handle_is_a_name(typed: str, spoken: str) -> None:
    """The name it stands for where that is known, else its own words."""
    assert said(typed, Options(language="en", names={"@ann_lee": "Ann"})) == spoken


@pytest.mark.parametrize(
    ("name", "left"), [("*star*", "star"), ("x_y", "x y"), ("||a||", "a"), ("a\nb", "a b"), ("Ann", "Ann")]
)
def test_a_name_is_not_markup(name: str, left: str) -> None:
    """A name may look like Markdown, and is still a name."""
    assert plain(name) == left


@pytest.mark.parametrize("unit", ["http://a.b/", "a.", "a@a.", "[a](", "](", "![", "@a", "(http://x"])
def test_many_links_are_read_to_the_end(unit: str) -> None:
    """What follows a heap of half links is still said."""
    assert said(f"{unit * 200} the end").endswith("the end")
