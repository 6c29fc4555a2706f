"""What may be asked for, and in words what is wrong with it otherwise."""

from __future__ import annotations

import json

import pytest

from bot.adapters.http.answers import Answer
from bot.adapters.http.body import SpeechRequest, parsed

JSON = "application/json"


def read(**body: object) -> SpeechRequest:
    """A body as it comes over the wire."""
    return parsed(JSON, json.dumps({"input": "Hello."} | body).encode())


def wrong(data: bytes, content_type: str = JSON) -> Answer:
    """What is answered to it."""
    with pytest.raises(Answer) as raised:
        parsed(content_type, data)
    assert raised.value.status_code == 400
    return raised.value


def test_only_the_text_is_needed() -> None:
    """All else has a default, which null is too: clients that have no value send that."""
    fields = ("model", "voice", "response_format", "speed", "instructions", "stream_format", "language")
    for body in (read(), read(**dict.fromkeys(fields))):
        assert (body.input, body.voice, body.format, body.rate, body.streamed) == ("Hello.", None, "mp3", None, False)


def test_fields_that_nobody_knows_are_ignored() -> None:
    """Other servers have their own."""
    assert read(lang_code="a", volume=3, download_format="zip", nested={"a": [1]}).input == "Hello."


@pytest.mark.parametrize("voice", ["alloy", {"id": "alloy"}, {"id": "alloy", "name": "x"}])
def test_a_voice_is_a_name_or_an_object_with_one(voice: object) -> None:
    """As OpenAI has it for voices of one's own."""
    assert read(voice=voice).voice == "alloy"


@pytest.mark.parametrize(("speed", "rate"), [(0.25, 0.5), (0.5, 0.5), (1, 1.0), (2.0, 2.0), (4, 2.0)])
def test_openais_speeds_are_brought_into_the_range_of_the_engines(speed: float, rate: float) -> None:
    """None is refused that OpenAI takes."""
    assert read(speed=speed).rate == rate


@pytest.mark.parametrize("language", ["en", "zh-CN", "zh_CN", "yue", "zh-Hant-TW", "en-US-x-twain"])
def test_languages_are_those_of_bcp_47(language: str) -> None:
    """With either dash."""
    assert read(language=language).language == language


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        ({"input": 5}, "input", "string"),
        ({"input": None}, "input", "string"),
        ({"input": ["a"]}, "input", "string"),
        ({"response_format": "midi"}, "response_format", "'mp3', 'opus', 'aac', 'flac', 'wav' or 'pcm'"),
        ({"response_format": "MP3"}, "response_format", "'mp3'"),
        ({"stream_format": "ws"}, "stream_format", "'audio' or 'sse'"),
        ({"speed": 9}, "speed", "less than or equal to 4"),
        ({"speed": 0.1}, "speed", "greater than or equal to 0.25"),
        ({"speed": float("nan")}, "speed", "finite"),
        ({"speed": "fast"}, "speed", "number"),
        ({"speed": True}, "speed", "number"),
        ({"voice": 3}, "voice", "string"),
        ({"voice": {"name": "alloy"}}, "voice", "string"),
        ({"voice": {"id": 3}}, "voice", "string"),
        ({"model": []}, "model", "string"),
        ({"language": "English please"}, "language", "match"),
        ({"instructions": {}}, "instructions", "string"),
    ],
)
def test_a_field_that_is_wrong_is_named_with_what_it_may_be(body: dict[str, object], param: str, words: str) -> None:
    """And nothing of what was sent is repeated."""
    answer = wrong(json.dumps({"input": "Hello."} | body).encode())
    assert (answer.code, answer.param) == ("invalid_request", param)
    assert answer.detail.startswith(f"{param}: ")
    assert words in answer.detail


def test_a_text_that_is_missing_is_asked_for() -> None:
    """By its name."""
    answer = wrong(b"{}")
    assert (answer.detail, answer.param) == ("input: This field is needed.", "input")


@pytest.mark.parametrize("data", [b"", b"{", b"hello", b'{"input": "a"', b'{"input": "\xff"}', b'{"input": "\\ud800"}'])
def test_what_is_not_json_is_told_where(data: bytes) -> None:
    """And not repeated."""
    answer = wrong(data)
    assert answer.code == "invalid_json"
    assert answer.detail.startswith("The body is not JSON: ")
    assert "hello" not in answer.detail


def test_a_mark_of_the_order_of_bytes_is_no_part_of_json() -> None:
    """Windows puts one before what it writes."""
    assert parsed(JSON, b'\xef\xbb\xbf{"input": "Hello."}').input == "Hello."
    assert wrong(b'\xef\xbb\xbf\xef\xbb\xbf{"input": "Hello."}').code == "invalid_json"


@pytest.mark.parametrize("data", [b"[]", b'"Hello."', b"5", b"null"])
def test_what_is_not_an_object_is_shown_one(data: bytes) -> None:
    """Whatever else of JSON it is."""
    assert '{"input": "Hello."}' in wrong(data).detail


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json"])
def test_only_json_is_taken(kind: str) -> None:
    """Above all not what a page of anybody's may send without being asked for leave."""
    answer = wrong(b'{"input": "Hello."}', kind)
    assert answer.code == "unsupported_content_type"
    assert "'Content-Type: application/json'" in answer.detail


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON", "application/json; charset=utf-8"])
def test_json_may_say_how_it_is_written(kind: str) -> None:
    """In any case of letters."""
    assert parsed(kind, b'{"input": "Hello."}').input == "Hello."


def test_the_object_form_of_a_voice_is_in_the_schema() -> None:
    """And so is that an empty text is nothing."""
    schema = SpeechRequest.model_json_schema()["properties"]
    assert [kind["type"] for kind in schema["voice"]["anyOf"]] == ["string", "object", "null"]
    assert schema["input"]["minLength"] == 1
