"""English names of what numbers count: currencies, units, and the signs between numbers."""

from __future__ import annotations

from bot.tts.text.wordlist import wordlist

CURRENCIES = {
    "$": ("dollar", "dollars", "cent"), "€": ("euro", "euros", "cent"), "£": ("pound", "pounds", "penny"),
    "¥": ("yen", "yen", ""), "￥": ("yen", "yen", ""), "₩": ("won", "won", ""), "₹": ("rupee", "rupees", "paisa"),
    "₽": ("ruble", "rubles", "kopeck"), "₿": ("bitcoin", "bitcoin", ""),
    "USD": ("US dollar", "US dollars", "cent"), "EUR": ("euro", "euros", "cent"), "GBP": ("pound", "pounds", "penny"),
    "JPY": ("yen", "yen", ""), "CNY": ("yuan", "yuan", ""), "RMB": ("yuan", "yuan", ""), "KRW": ("won", "won", ""),
    "CAD": ("Canadian dollar", "Canadian dollars", "cent"),
    "AUD": ("Australian dollar", "Australian dollars", "cent"),
    "CHF": ("Swiss franc", "Swiss francs", ""), "INR": ("rupee", "rupees", "paisa"),
    "BTC": ("bitcoin", "bitcoin", ""),
}  # fmt: skip
UNITS = {
    "%": "percent", "‰": "per mille", "°C": "degrees Celsius", "°F": "degrees Fahrenheit", "℃": "degrees Celsius",
    "°": "degrees",
    "km/h": "kilometers per hour", "kph": "kilometers per hour", "mph": "miles per hour", "m/s": "meters per second",
    "km²": "square kilometers", "m²": "square meters", "cm²": "square centimeters", "m³": "cubic meters",
    "km": "kilometers", "cm": "centimeters", "mm": "millimeters", "nm": "nanometers", "µm": "micrometers",
    "m": "meters", "mi": "miles",
    "ft": "feet", "in": "inches", "yd": "yards", "kg": "kilograms", "mg": "milligrams", "g": "grams",
    "lb": "pounds", "lbs": "pounds",
    "oz": "ounces", "ml": "milliliters", "mL": "milliliters", "L": "liters", "l": "liters",
    "ms": "milliseconds", "µs": "microseconds", "ns": "nanoseconds", "s": "seconds", "sec": "seconds",
    "min": "minutes",
    "h": "hours", "hr": "hours", "hrs": "hours", "d": "days",
    "B": "B", "KB": "kilobytes", "kB": "kilobytes", "MB": "megabytes", "GB": "gigabytes", "TB": "terabytes",
    "PB": "petabytes",
    "KiB": "kibibytes", "MiB": "mebibytes", "GiB": "gibibytes", "TiB": "tebibytes",
    "MB/s": "megabytes per second", "GB/s": "gigabytes per second", "kbps": "kilobits per second",
    "Mbps": "megabits per second",
    "Gbps": "gigabits per second", "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz",
    "W": "watts", "kW": "kilowatts", "MW": "megawatts", "kWh": "kilowatt hours", "V": "volts", "A": "amps",
    "mAh": "milliamp hours",
    "dB": "decibels", "px": "pixels", "fps": "frames per second", "rpm": "R P M", "kcal": "kilocalories",
    "cal": "calories",
}  # fmt: skip
CLOSE_ONLY = frozenset(wordlist("m g l L s h d B W V A in"))
"""Units that are also words or letters: only when nothing stands between them and the number."""

FRACTIONS = {
    "½": "one half",
    "⅓": "one third",
    "⅔": "two thirds",
    "¼": "one quarter",
    "¾": "three quarters",
    "⅛": "one eighth",
}
SIGNS = {
    "×": "times", "÷": "divided by", "±": "plus or minus", "≈": "approximately", "≤": "at most", "≥": "at least",
    "≠": "is not",
    "=": "equals", "+": "plus", "²": "squared", "³": "cubed", "√": "the square root of", "∞": "infinity",
    "&": "and", "→": "to",
    "%": "percent", "°": "degrees", "@": "at", "€": "euros", "£": "pounds", "−": "minus", "^": "to the power of",
}  # fmt: skip
