r"""LaTeX: a short formula becomes the signs it is made of, a long one the word for it.

The signs (``×``, ``²``, ``≤``) are put into words later, in the language of the sentence.
"""

from __future__ import annotations

import re

from bot.tts.text import marks
from bot.tts.text.sentence import Options
from bot.tts.text.wordlist import wordlist

_SPAN = re.compile(
    r"\$\$([^$\n]{1,500}+)\$\$"
    r"|\\\(((?:[^\\\n]|\\(?!\))){1,500}+)\\\)"
    r"|(?<![\w$\\])\$(?=[^\s$])([^$\n]{1,200}+)\$(?![\d$])"
)
_MATHEMATICAL = re.compile(r"[\\^_={}]|\A\s*[A-Za-z]\s*\Z|\A[^\W\d_]\s*[-+*/<>]")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*+)\}\s*\{([^{}]*+)\}")
_COMMAND = re.compile(r"\\([A-Za-z]+)\s*")
_POWER = re.compile(r"\^\{?\s*([23])\s*\}?(?!\d)")
_RAISED = re.compile(r"\^\{([^{}]*+)\}")
_LONGEST = 60

_SIGNS = {
    "times": "×", "cdot": "×", "ast": "×", "div": "÷", "pm": "±", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥",
    "neq": "≠",
    "ne": "≠", "approx": "≈", "sim": "≈", "infty": "∞", "sqrt": "√", "to": "→", "rightarrow": "→", "degree": "°",
    "circ": "°",
    "quad": " ", "qquad": " ", "left": "", "right": "", "text": "", "mathrm": "", "mathbf": "", "mathbb": "",
    "mathit": "",
    "operatorname": "", "displaystyle": "", "ldots": "…", "dots": "…", "cdots": "…",
}  # fmt: skip
_NAMES = frozenset(
    wordlist(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi "
        "chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega sin cos tan log ln exp max min lim"
    )
)


def formulas(text: str, options: Options) -> str:
    """Each formula as signs, or the mark for one; dollars that are money stay."""
    return _SPAN.sub(_said, text)


def _said(span: re.Match[str]) -> str:
    tex = span[1] or span[2] or span[3] or ""
    if span[3] is not None and (span[3][-1].isspace() or not _MATHEMATICAL.search(span[3])):
        return span[0]
    signs = _signs(tex)
    readable = len(signs) <= _LONGEST and not re.search(r"[\\{}&]", signs)
    return f" {signs} " if readable else f" {marks.FORMULA} "


def _signs(tex: str) -> str:
    tex = _FRACTION.sub(r"\1 ÷ \2", tex)
    tex = _POWER.sub(lambda power: "²³"[power[1] == "3"], tex)
    tex = _RAISED.sub(r"^\1", tex).replace("\\,", " ").replace("\\;", " ").replace("\\%", "%")
    tex = _COMMAND.sub(_sign, tex)
    return (
        tex.replace("{", " ").replace("}", " ").replace("_", " ").strip() if tex.count("{") == tex.count("}") else tex
    )


def _sign(command: re.Match[str]) -> str:
    name = command[1]
    return f" {name} " if name in _NAMES else _SIGNS.get(name, command[0])
