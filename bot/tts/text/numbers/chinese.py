"""Chinese (Mandarin): numbers, dates, times, money and units as one reads them aloud."""

from __future__ import annotations

import re
from functools import cache

from bot.tts.text.numbers.reader import NUMBER, Reader, Rule, flooded

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_SCALES = ("", "万", "亿", "万亿")
_ONE_BY_ONE = str.maketrans("0123456789", _DIGITS)
_LONGEST = 16

_CURRENCIES = {
    "¥": "元", "￥": "元", "RMB": "元", "CNY": "元", "元": "元", "块": "块", "块钱": "块钱", "$": "美元",
    "US$": "美元", "USD": "美元",
    "€": "欧元", "EUR": "欧元", "£": "英镑", "GBP": "英镑", "HK$": "港元", "HKD": "港元", "NT$": "新台币",
    "₩": "韩元", "KRW": "韩元",
    "₹": "卢比", "₽": "卢布", "JPY": "日元", "美元": "美元", "欧元": "欧元", "英镑": "英镑", "日元": "日元",
    "人民币": "人民币", "港元": "港元",
    "港币": "港币", "美金": "美金",
}  # fmt: skip
_SUFFIXES = {"k": 1_000, "K": 1_000, "w": 10_000, "W": 10_000, "m": 1_000_000, "M": 1_000_000, "bn": 10**9, "B": 10**9}
_UNITS = {
    "km/h": "公里每小时", "m/s": "米每秒", "MB/s": "兆每秒", "GB/s": "G每秒", "Mbps": "兆比特每秒",
    "km²": "平方公里", "m²": "平方米",
    "㎡": "平方米", "cm²": "平方厘米", "m³": "立方米",
    "km": "公里", "cm": "厘米", "mm": "毫米", "nm": "纳米", "µm": "微米", "m": "米", "kg": "公斤", "mg": "毫克",
    "g": "克",
    "ml": "毫升",
    "mL": "毫升", "L": "升", "l": "升", "°C": "摄氏度", "℃": "摄氏度", "°F": "华氏度", "°": "度", "ms": "毫秒",
    "s": "秒",
    "min": "分钟", "h": "小时",
    "Hz": "赫兹", "kHz": "千赫", "MHz": "兆赫", "GHz": "吉赫", "W": "瓦", "kW": "千瓦", "kWh": "千瓦时", "V": "伏",
    "A": "安",
    "mAh": "毫安时", "dB": "分贝",
}  # fmt: skip
_MEASURES = (
    "百千万亿点个只位次天年岁小杯本张条件块家间台辆把双对种样名人口头匹根支枝瓶碗份层座棵朵倍分秒周星公厘毫平斤两吨米升"
)
_SIGNS = {
    "×": "乘以", "÷": "除以", "±": "正负", "≈": "约等于", "≤": "小于等于", "≥": "大于等于", "≠": "不等于",
    "=": "等于", "+": "加",
    "²": "的平方", "³": "的立方", "√": "根号", "∞": "无穷大", "&": "和", "→": "到", "%": "百分之", "℃": "摄氏度",
    "½": "二分之一",
    "¼": "四分之一", "¾": "四分之三", "⅓": "三分之一", "⅔": "三分之二", "@": "艾特",
}  # fmt: skip


def spoken(text: str) -> str:
    """The text with its numbers and signs in words."""
    if _HAS_DIGITS.search(text):
        text = text.translate(_ONE_BY_ONE) if flooded(text) else _reader().read(text)
    text = _PER.sub("每", _COMMA.sub("，", text)) if "," in text or "/" in text else text
    return text if SIGNED.isdisjoint(text) else _SIGN.sub(lambda sign: _SIGNS[sign[0]], text)


def cardinal(number: int) -> str:
    """A number in words, below ten quadrillion."""
    if number < 10:
        return _DIGITS[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return f"{_DIGITS[tens] if tens > 1 else ''}十{_DIGITS[ones] if ones else ''}"
    groups: list[str] = []
    gap = False
    for scale in _SCALES:
        number, group = divmod(number, 10_000)
        if group:
            groups.append(_group(group) + scale + ("零" if gap else ""))
            gap = group < 1000
        elif groups:
            gap = True
    said = "".join(reversed(groups))
    said = said[1:] if said.startswith("一十") else said
    return _TWO.sub("两", said)


def digits(text: str, one: str = "一") -> str:
    """Digit by digit; other signs are dropped. Telephone numbers say 幺 for one."""
    if text.isascii() and text.isdecimal():
        said = text.translate(_ONE_BY_ONE)
    else:
        said = "".join(_DIGITS[int(digit)] for digit in text if digit.isdecimal())
    return said.replace("一", one)


def number(text: str) -> str:
    """A number as typed, with separators and decimals; a very long one digit by digit."""
    whole, point, decimals = text.replace(",", "").partition(".")
    long = len(whole) > _LONGEST or (len(whole) > 1 and whole[0] == "0")
    said = digits(whole) if long else cardinal(int(whole or "0"))
    return f"{said}点{digits(decimals)}" if point else said


def _group(number: int) -> str:
    """A number below ten thousand, without the zeros before it."""
    said, zero = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            said += ("零" if zero and said else "") + _DIGITS[digit] + _PLACES[place]
            zero = False
        else:
            zero = True
    return said


def _date(years: str, months: str, days: str) -> str:
    if not (1 <= int(months) <= 12 and 1 <= int(days) <= 31):
        return "".join(map(digits, (years, months, days)))
    said = f"{cardinal(int(months))}月{cardinal(int(days))}日"
    return f"{digits(years)}年{said}" if years else said


def _iso(years: str, months: str, days: str, hours: str, minutes: str) -> str:
    return _date(years, months, days) + (_clock(hours, minutes, "") if hours else "")


def _day_first(months: str, days: str, years: str) -> str:
    months, days = (days, months) if int(months) > 12 else (months, days)
    return _date(years, months, days)


def _year(text: str) -> str:
    return f"{digits(text)}年"


def _clock(hours: str, minutes: str, seconds: str) -> str:
    hour, minute = int(hours), int(minutes)
    if hour > 24 or minute > 59:
        return f"{cardinal(hour)}比{cardinal(minute)}"
    said = ("两" if hour == 2 else cardinal(hour)) + "点"
    if minute or seconds:
        said += f"{'零' if 0 < minute < 10 else ''}{cardinal(minute)}分"
    return f"{said}{cardinal(int(seconds))}秒" if seconds else (said if minute else f"{said}整")


def _clock_in_words(hours: str, minutes: str, tail: str) -> str:
    """With 上午 and the like before it; the minutes need no 分 of their own if one is typed."""
    said = _clock(hours, minutes, "")
    return said.removesuffix("分") + tail if tail and minutes != "00" else said + tail


def _ratio(first: str, second: str) -> str:
    return f"{number(first)}比{number(second)}"


def _phone(text: str) -> str:
    plus = "加" if text.startswith("+") else ""
    return plus + "，".join(digits(group, "幺") for group in re.findall(r"\d+", text))


def _money(minus: str, sign: str, amount: str, suffix: str, currency: str = "") -> str:
    """The amount once with its currency, whether that was typed before it, behind it, or both."""
    named = _CURRENCIES[sign or currency]
    if sign and currency and currency in ("元", "块", "块钱") and named != "元":
        named = _CURRENCIES[sign]
    elif currency and named == "元":
        named = _CURRENCIES[currency]
    return f"{'负' if minus else ''}{_scaled(amount, suffix)}{named}"


def _amount(minus: str, amount: str, suffix: str, currency: str) -> str:
    return _money(minus, "", amount, suffix, currency)


def _scaled(amount: str, suffix: str) -> str:
    amount = amount.replace(",", "")
    if suffix in _SUFFIXES:
        return _product(amount, _SUFFIXES[suffix])
    if "." in amount:
        amount = amount.rstrip("0").rstrip(".")
    return _pair(amount) + suffix


def _product(amount: str, factor: int) -> str:
    whole, _, decimals = amount.partition(".")
    places = len(decimals)
    scaled = int(whole + decimals) * factor
    rest = scaled % 10**places
    return cardinal(scaled // 10**places) + (f"点{digits(str(rest).zfill(places).rstrip('0'))}" if rest else "")


def _pair(amount: str) -> str:
    """A number before what it counts: two of a thing are 两."""
    return "两" if amount == "2" else number(amount)


def _percent(minus: str, amount: str) -> str:
    return f"{'负' if minus else ''}百分之{number(amount)}"


def _percent_range(low: str, high: str) -> str:
    return f"百分之{number(low)}到百分之{number(high)}"


def _range(minus: str, low: str, high: str, unit: str) -> str:
    return f"{'负' if minus else ''}{number(low)}到{number(high)}{_UNITS[unit] if unit else ''}"


def _measure(minus: str, amount: str, unit: str) -> str:
    if unit in ("°C", "℃", "°F", "°"):
        return f"{'零下' if minus else ''}{number(amount)}{_UNITS[unit]}"
    return f"{'负' if minus else ''}{_pair(amount)}{_UNITS[unit]}"


def _fraction(upper: str, lower: str) -> str:
    return f"{number(lower)}分之{number(upper)}"


def _counted(amount: str) -> str:
    return _pair(amount)


def _pointed(version: str) -> str:
    return "点".join(map(number, version.split(".")))


def _plain(minus: str, text: str) -> str:
    said = digits(text) if len(text) > 9 and text.isdecimal() else number(text)
    return f"{'负' if minus else ''}{said}"


def _in_word(text: str) -> str:
    return cardinal(int(text)) if len(text) < 3 and text[0] != "0" else digits(text)


def _hexadecimal(text: str) -> str:
    return "十六进制" + "".join(_DIGITS[int(digit)] if digit.isdecimal() else digit.upper() for digit in text)


_ALONE = r"(?<![A-Za-z0-9.,])"
_MINUS = r"(?<![A-Za-z0-9)\].,])([-−]?)"
_ANY_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_SIGN_BEFORE = r"(US\$|HK\$|NT\$|[¥￥$€£₩₹₽]|RMB|USD|EUR|GBP|CNY|JPY)"
_NAME_AFTER = "(USD|EUR|GBP|CNY|RMB|JPY|HKD|KRW|美元|欧元|英镑|日元|人民币|港元|港币|美金|块钱|块|元|[€£¥￥$₩₹₽])"
_SUFFIX = "(k|K|w|W|m|M|bn|B|万亿|亿|千万|百万|万|千)?"
_NO_LETTER = "(?![A-Za-z0-9])"

_UNIT_LETTERS = "".join({unit[0] for unit in _UNITS})
_NAME_LETTERS = "UEGCRJHK美欧英日人港块元€£¥￥$₩₹₽"
_RULES: tuple[Rule, ...] = (
    Rule(
        _ALONE + r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]?(\d{2})[:：](\d{2})(?:[:：]\d{2})?Z?)?(?![\d/-])",
        _iso,
        "-/.",
        follows="-/.",
    ),
    Rule(_ALONE + r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]", _date, "年", follows="年"),
    Rule(_ALONE + r"(\d{1,2})/(\d{1,2})/(\d{4})(?![\d/])", _day_first, "/", follows="/"),
    Rule(_ALONE + r"(\d{4})年", _year, "年", follows="年"),
    Rule(_ALONE + r"(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])", _pointed, ".", follows="."),
    Rule(
        r"(?:(?<![A-Za-z])[vV])?" + _ALONE.replace("A-Za-z", "") + r"(\d{1,6}(?:\.\d{1,6}){2,5})(?![\d.])",
        _pointed,
        ".",
        "0vV",
        ".",
    ),
    Rule(_ALONE + r"(\d{1,2})[:：](\d{2})[:：](\d{2})(?!\d)", _clock, ":：", follows=":："),
    Rule(_ALONE + r"(\d{1,2})[:：](\d{2})(?![\d:：])(分?)", _clock_in_words, ":：", follows=":："),
    Rule(_ALONE + r"(\d{1,9})[:：](\d{1,9})(?!\d)", _ratio, ":：", follows=":："),
    Rule(r"(?<![A-Za-z0-9])(\+\d{1,3}(?:[ -]?\d{2,4}){2,4})(?!\d)", _phone, begins="+"),
    Rule(_ALONE + r"(1[3-9]\d[ -]?\d{4}[ -]?\d{4}|0\d{2,3}-\d{7,8}|400-\d{3,4}-\d{3,4})(?!\d)", _phone),
    Rule(
        rf"{_MINUS}{_SIGN_BEFORE}\s?({NUMBER})\s?{_SUFFIX}\s?{_NAME_AFTER}?{_NO_LETTER}",
        _money,
        begins="-−UHNREGCJ¥￥$€£₩₹₽",
    ),
    Rule(
        rf"{_MINUS}({NUMBER})\s?{_SUFFIX}\s?{_NAME_AFTER}{_NO_LETTER}",
        _amount,
        _NAME_LETTERS,
        "0-−",
        f",. kKwWmMbB万亿千百{_NAME_LETTERS}",
    ),
    Rule(_ALONE + rf"({NUMBER})%?\s?[-–—~至到]\s?({NUMBER})\s?%", _percent_range, "%", follows=",.% -–—~至到"),
    Rule(rf"{_MINUS}({NUMBER})\s?%", _percent, "%", "0-−", ",. %"),
    Rule(
        rf"{_MINUS}({NUMBER})\s?[-–—~]\s?({NUMBER})\s?(?:({_ANY_UNIT}){_NO_LETTER})?(?![\d-])",
        _range,
        "-–—~",
        "0-−",
        ",. -–—~",
    ),
    Rule(rf"{_MINUS}({NUMBER})\s?({_ANY_UNIT}){_NO_LETTER}", _measure, _UNIT_LETTERS, "0-−", f",. {_UNIT_LETTERS}"),
    Rule(_ALONE + r"(\d{1,6})/(\d{1,6})(?![\d/])", _fraction, "/", follows="/"),
    Rule(r"(?<=第)(\d{1,12})", lambda text: cardinal(int(text)), "第"),
    Rule(_ALONE + rf"(2)(?=\s?[{_MEASURES}])", _counted, follows=f" {_MEASURES}"),
    Rule(r"(?<![A-Za-z0-9])0[xX]([0-9a-fA-F]{1,64})(?![A-Za-z0-9])", _hexadecimal, "xX", follows="xX"),
    Rule(rf"{_MINUS}({NUMBER})", _plain, begins="0-−"),
    Rule(r"(?<=[A-Za-z.])(\d{1,600})", _in_word),
    Rule(r"(\d{1,600})", digits),
)


@cache
def _reader() -> Reader:
    """Compiled when the first number is met."""
    return Reader(_RULES)


_HAS_DIGITS = re.compile(r"\d")
_TWO = re.compile("二(?=千|(?<!十二)万|(?<!十二)亿)")
_COMMA = re.compile(r"(?<=[\u4e00-\u9fff]), ?")
_PER = re.compile("/(?=[年月天日周人小个次])")
SIGNED = frozenset(_SIGNS)
_SIGN = re.compile(f"[{re.escape(''.join(_SIGNS))}]")
