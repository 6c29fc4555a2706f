"""What Sayso costs, measured: each module here has ``measure() -> dict[str, float]`` and prints it when run."""
