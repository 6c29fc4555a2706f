"""What people call a language, in English and in its own words."""

from __future__ import annotations

_NAMES = {
    "af": ("Afrikaans", "Afrikaans"), "am": ("Amharic", "አማርኛ"), "ar": ("Arabic", "العربية"),
    "az": ("Azerbaijani", "azərbaycanca"), "be": ("Belarusian", "беларуская"),
    "bg": ("Bulgarian", "български"), "bn": ("Bengali", "বাংলা"), "bs": ("Bosnian", "bosanski"),
    "ca": ("Catalan", "català"), "cs": ("Czech", "čeština"), "cy": ("Welsh", "Cymraeg"),
    "da": ("Danish", "dansk"), "de": ("German", "Deutsch"), "el": ("Greek", "Ελληνικά"),
    "en": ("English", "English"), "es": ("Spanish", "español"), "et": ("Estonian", "eesti"),
    "eu": ("Basque", "euskara"), "fa": ("Persian", "فارسی"), "fi": ("Finnish", "suomi"),
    "fil": ("Filipino", "Filipino"), "fr": ("French", "français"), "ga": ("Irish", "Gaeilge"),
    "gl": ("Galician", "galego"), "gu": ("Gujarati", "ગુજરાતી"), "he": ("Hebrew", "עברית"),
    "hi": ("Hindi", "हिन्दी"), "hr": ("Croatian", "hrvatski"), "hu": ("Hungarian", "magyar"),
    "hy": ("Armenian", "հայերեն"), "id": ("Indonesian", "Bahasa Indonesia"), "is": ("Icelandic", "íslenska"),
    "it": ("Italian", "italiano"), "iu": ("Inuktitut", "ᐃᓄᒃᑎᑐᑦ"), "ja": ("Japanese", "日本語"),
    "jv": ("Javanese", "Jawa"), "ka": ("Georgian", "ქართული"), "kk": ("Kazakh", "қазақ тілі"),
    "km": ("Khmer", "ខ្មែរ"), "kn": ("Kannada", "ಕನ್ನಡ"), "ko": ("Korean", "한국어"), "lo": ("Lao", "ລາວ"),
    "lt": ("Lithuanian", "lietuvių"), "lv": ("Latvian", "latviešu"), "mk": ("Macedonian", "македонски"),
    "ml": ("Malayalam", "മലയാളം"), "mn": ("Mongolian", "монгол"), "mr": ("Marathi", "मराठी"),
    "ms": ("Malay", "Melayu"), "mt": ("Maltese", "Malti"), "my": ("Burmese", "မြန်မာ"),
    "nb": ("Norwegian", "norsk"), "ne": ("Nepali", "नेपाली"), "nl": ("Dutch", "Nederlands"),
    "no": ("Norwegian", "norsk"), "pl": ("Polish", "polski"), "ps": ("Pashto", "پښتو"),
    "pt": ("Portuguese", "português"), "ro": ("Romanian", "română"), "ru": ("Russian", "русский"),
    "si": ("Sinhala", "සිංහල"), "sk": ("Slovak", "slovenčina"), "sl": ("Slovenian", "slovenščina"),
    "so": ("Somali", "Soomaali"), "sq": ("Albanian", "shqip"), "sr": ("Serbian", "српски"),
    "su": ("Sundanese", "Basa Sunda"), "sv": ("Swedish", "svenska"), "sw": ("Swahili", "Kiswahili"),
    "ta": ("Tamil", "தமிழ்"), "te": ("Telugu", "తెలుగు"), "th": ("Thai", "ไทย"), "tr": ("Turkish", "Türkçe"),
    "uk": ("Ukrainian", "українська"), "ur": ("Urdu", "اردو"), "uz": ("Uzbek", "o‘zbek"),
    "vi": ("Vietnamese", "Tiếng Việt"), "zh": ("Chinese", "中文"), "zu": ("Zulu", "isiZulu"),
}  # fmt: skip
"""The languages that some voice speaks, and those that people are most often refused in: in English, and their own."""


def language_name(language: str) -> str:
    """A language as a person calls it, with its code: ``Russian (ru)``."""
    name = _NAMES.get(language)
    return f"{name[0]} ({language})" if name else f"the language {language!r}"


def language_names(language: str) -> tuple[str, ...]:
    """What the language is called in English and by who speaks it: ``("Japanese", "日本語")``; the code if unknown."""
    return _NAMES.get(language, (language,))
