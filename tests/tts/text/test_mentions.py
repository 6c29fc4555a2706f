"""What stands in angle brackets."""

from __future__ import annotations

import pytest

from bot.tts.text import Options, clean

NAMES = {"<@42>": "Ann", "<@!43>": "Bo_b", "<#7>": "general", "<@&9>": "the admins"}


def said(text: str, **options: object) -> str:
    """What is said of an English text."""
    return " ".join(sentence.text for sentence in clean(text, Options(language="en", names=NAMES, **options)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("hi <@42>!", "hi Ann!"),
        ("hi <@!42>!", "hi Ann!"),
        ("hi <@43>!", "hi Bo b!"),
        ("in <#7> please", "in general please"),
        ("ask <@&9> now", "ask the admins now"),
        ("hi <@99>!", "hi someone!"),
        ("in <#99> please", "in a channel please"),
        ("ask <@&99> now", "ask a role now"),
    ],
)
def test_a_mention_is_a_name(typed: str, spoken: str) -> None:
    """With or without the exclamation mark; nobody hears nineteen digits."""
    assert said(typed) == spoken


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("nice <:pepe_laugh:123456> indeed", "nice pepe laugh indeed"),
        ("nice <a:party:123456> indeed", "nice party indeed"),
        ("use </play song:123> now", "use play song now"),
        ("see <id:customize> there", "see customize there"),
        ("at <t:1618953630:t> sharp", "at twenty-one twenty sharp"),
        ("on <t:1618953630:d> then", "on April twentieth, twenty twenty-one then"),
        ("since <t:1618953630:R> ok", "since April twentieth, twenty twenty-one ok"),
        ("at <t:1618953630> ok", "at April twentieth, twenty twenty-one, twenty-one twenty ok"),
        ("never <t:9999999999999> ok", "never ok"),
    ],
)
def test_discord_tokens_are_said_as_shown(typed: str, spoken: str) -> None:
    """Custom emoji, commands, guides and times (in UTC)."""
    assert said(typed) == spoken


def test_custom_emoji_are_emoji() -> None:
    """Who skips emoji skips these too."""
    assert said("nice <:pepe_laugh:123456> indeed", emoji="skip") == "nice indeed"


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("<b>bold</b>ly <i>go</i>", "boldly go"),
        ('<a href="https://example.com">a link</a> here', "a link here"),
        ("<td>one</td><td>two</td>", "one, two"),
        ("a List<String> of them", "a List String of them"),
        ("say <text> here", "say text here"),
        ("if a < b and c > d", "if a is less than b and c is greater than d"),
        ("Tom &amp; Jerry", "Tom and Jerry"),
        ("5 &lt; 6", "five is less than six"),
        ("&lt;b&gt; is bold", "b is bold"),
        ("a&nbsp;b &eacute;t&eacute;", "a b été"),
        ("<3 for you", "red heart for you"),
    ],
)
def test_html_is_its_words(typed: str, spoken: str) -> None:
    """Tags go, placeholders and comparisons stay, entities are what they stand for."""
    assert said(typed) == spoken


def test_an_escaped_tag_is_not_a_tag() -> None:
    """Entities are read after tags, so its content is said."""
    assert "not a tag" in said("&lt;script&gt;not a tag&lt;/script&gt;")
