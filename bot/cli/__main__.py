"""``python -m bot.cli`` is ``sayso``, of this very installation."""

from bot.cli import main

if __name__ == "__main__":
    main()
