"""Under what terms IndexTTS-1.5 may be used, in plain words beside the words of the licence itself.

Upstream's code at tag v1.5.0 is under Apache-2.0 (``LICENSE``), its weights under a licence of their own
(``INDEX_MODEL_LICENSE``, Chinese, and the Chinese counts). Whether the former covers the weights too was asked in
upstream's issue 228 and is open; this goes by the stricter reading. Neither weights nor licence are ours to
ship.
"""

from __future__ import annotations

from dataclasses import dataclass

NAME = "bilibili Index-TTS model licence 1.0 (17 March 2025)"
CODE = "Apache-2.0"
"""Upstream's own code; Sayso's, which is not upstream's, is under the same."""
TEXT = "https://github.com/index-tts/index-tts/blob/v1.5.0/INDEX_MODEL_LICENSE"
CONTACT = "xuanwu@bilibili.com"
"""Whom the licence names for registration and written permission."""


@dataclass(frozen=True, slots=True)
class Term:
    """One term in plain words, and where it stands: ``quoted`` is the licence's own Chinese, to the letter."""

    plain: str
    quoted: str
    part: str


TERMS = (
    Term("Use that is not commercial is free of charge.", "您可以出于非商业用途使用此许可。", "part 2"),
    Term(
        "Commercial is what runs, promotes or earns for anybody, directly or not.",
        "“商业用途”是指使用 bilibili Index-TTS 模型，"
        "直接或间接为实体或个人进行运营、推广或产生收入，或用于任何其他盈利目的。",
        "part 1",
    ),
    Term(
        f"Commercial use needs registration and written permission beforehand: {CONTACT}.",
        "如果您计划将 bilibili Index-TTS 模型及模型衍生品用作商业用途，应当按照本协议附则提供的联络方式，"
        "事先向许可方登记并获得许可方的书面授权。",
        "part 2, 2",
    ),
    Term(
        "To host it for others, behind an API or a web page, is to distribute it; a bot that others use may be that.",
        "“分发”是指将模型或模型的衍生物传输、复制、发布或以其他方式共享给第三方，"
        "包括通过电子或其他远程方式提供模型作为托管服务 - 例如基于 API 或 Web 访问。",
        "part 1",
    ),
    Term(
        "Whoever uses it through you must be told where the model comes from, and be given the licence.",
        "您必须向 bilibili Index-TTS 模型或其模型衍生品的任何第三方使用者提供 "
        "bilibili Index-TTS 模型的来源以及本协议的副本。",
        "part 2, 4",
    ),
    Term(
        "Forbidden are, among others: what breaks a law or anybody's rights; military use; harm to minors; falsehoods "
        "meant to hurt; slander and harassment; others' personal data without leave; discrimination.",
        "您同意不以下述目的和方式使用模型或模型的衍生物：",
        "annex A",
    ),
)

VOICES = Term(
    "Clone only the voices of people who have agreed to it.",
    "用户不得使用本项目： a) 合成政治人物、公众人物或任何未经授权的个人声音；",
    "DISCLAIMER, 2.2",
)
"""Upstream's disclaimer asks for it, and so do we."""

DOUBT = (
    "Upstream was asked whether Apache-2.0, which its code is under, holds for the weights as well (index-tts, issue "
    "228); that is open. Sayso goes by the stricter reading. This is a summary; what counts is the licence."
)
