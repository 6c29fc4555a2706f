"""How fast text is cleaned: ordinary text of several kinds, hostile text of 100 KB, and a stream of small pieces.

Medians of several runs in milliseconds of processor time: the work never waits, so on a machine with others on it wall
time would measure the others.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import process_time

from bench.report import main
from bot.tts.text import SentenceStream, clean

_ORDINARY = 2_000
_HOSTILE = 100_000
_TIMES = 7

_LLM = """## How to set it up

Here's what you **need** to do, in order:

1. Install `uv` with `pip install uv` (it takes ~5 seconds).
2. Run the *server*: see [the docs](https://docs.example.com/setup?x=1#run).
3. Open http://127.0.0.1:8888 in your browser.

```python
import asyncio
asyncio.run(main())
```

| Model | Size | Price |
|-------|-----:|------:|
| small | 2 GB | $0.50 |
| large | 16 GB | $12.50 |

> **Note:** on 2024-03-05 the API changed, e.g. `voice_id` is now `voice`. Dr. Smith's benchmark shows a 35% gain.

That's it! Let me know if you have questions \N{SMILING FACE WITH SMILING EYES}
"""
_CHAT = (
    "lol <@123456789012345678> did you see https://youtu.be/dQw4w9WgXcQ ??? sooooo good \N{FACE WITH TEARS OF JOY}"
    "\N{FACE WITH TEARS OF JOY}\nyeah i saw it yesterday at 9:30pm, cost me $3k hahahaha\n"
    "||he dies|| :thumbs_up: ok brb\n"
)
_PROSE = (
    "The old man had been walking for three hours when he saw the house. It stood alone, as Mrs. Bell had said it "
    'would, with its back to the sea. "Is anybody there?" he called. Nobody answered; only the gulls did, and they '
    "had nothing new to say. "
)
_CHINESE = (
    "我昨天和朋友去了一家新开的书店，里面人不多，灯光也很舒服。我们在窗边坐了一个下午，聊起小时候的事情，笑个不停！你还记得吗？"
    "他说：“那时候真好。”然后就不说话了……后来下雨了，我们只好等雨停。\n"
)
_FIGURES = (
    "我昨天用了3个GPU跑了一整天，结果还不错。2024年3月5日上午9:30，价格是¥199.8元！你觉得怎么样？"
    "这个模型的速度提高了35%，大家都很高兴😀。\n"
)
_JAPANESE = "昨日は３時間も歩きました。「疲れた。」と彼は言った。本当ですか？すごいwwww 明日も頑張りましょう！\n"

_KINDS = {
    "prose": _PROSE,
    "llm": _LLM,
    "chat": _CHAT,
    "chinese": _CHINESE,
    "chinese figures": _FIGURES,
    "japanese": _JAPANESE,
}

_UNITS = {
    "stars": "*", "underscores": "_", "backquotes": "`", "bars": "|", "brackets": "[", "parentheses": "(",
    "less-than": "<",
    "digits": "1234567890", "dots": ".", "tildes": "~", "hashes": "#", "dollars": "$", "backslashes": "\\",
    "ats": "@", "colons": ":",
    "slashes": "/", "quotes": '"', "newlines": "\n", "blanks": " ", "letters": "a", "no blanks": "qwertzuiop",
    "han": "的",
    "full stops": "。", "one emoji": "\N{GRINNING FACE}", "combining marks": "\u0301", "joiners": "\u200d",
    "zalgo": "Z\u0338\u0327\u0322\u0347\u0301\u0302\u0303", "stars apart": "*a ", "backquotes apart": "`a",
    "links": "[a](", "images": "![a]",
    "tags": "<a ", "thoughts": "<think>", "spoilers": "||a", "mails": "a@a.", "domains": "a.", "mentions": "<@1>",
    "entities": "&a;",
    "dates": "1/2/", "numbers": "1,234,", "money": "$1", "times": "1:2:", "maths": "$x^", "fences": "```\n",
    "rows": "|a|b|\n", "lists": "1. a\n",
    "laughs": "ha", "shouts": "!?", "words": "spam ", "urls": "http://a.b/", "shortcodes": ":ab",
    "abbreviations": "e.g. ", "initials": "A. ",
}  # fmt: skip


def measure() -> dict[str, float]:
    """Medians in milliseconds by name."""
    clean("Warm the language model up. Und auch ein zweites Mal \N{GRINNING FACE}")
    found = {f"clean 2000 {kind}": _median_of(_cut(text, _ORDINARY)) for kind, text in _KINDS.items()}
    found |= {f"hostile 100k {kind}": _median_of(_cut(text, _HOSTILE), times=3) for kind, text in hostile().items()}
    found["stream 2000 llm by 4"] = _timed(lambda: _streamed(_cut(_LLM, _ORDINARY), 4))
    found["stream 100k unclosed by 1"] = _timed(lambda: _streamed("||" + "a b" * (_HOSTILE // 3), 1), times=1)
    return found


def hostile() -> dict[str, str]:
    """The unit of each hostile text: long runs of what markup is made of."""
    every = "".join(_UNITS[name] for name in ("stars", "brackets", "less-than", "bars", "backquotes", "digits", "dots"))
    distinct = "".join(chr(code) for code in range(0x1F600, 0x1F640))
    return {**_UNITS, "all of them": every, "many emoji": distinct}


def _median_of(text: str, times: int = _TIMES) -> float:
    return _timed(lambda: clean(text), times)


def _timed(work: Callable[[], object], times: int = _TIMES) -> float:
    seconds = []
    for _ in range(times):
        start = process_time()
        work()
        seconds.append(process_time() - start)
    return round(median(seconds) * 1000, 3)


def _streamed(text: str, size: int) -> None:
    stream = SentenceStream()
    for at in range(0, len(text), size):
        stream.feed(text[at : at + size])
    stream.finish()


def _cut(unit: str, length: int) -> str:
    return (unit * (length // len(unit) + 1))[:length]


if __name__ == "__main__":
    main(measure)
