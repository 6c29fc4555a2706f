"""Settings: layers, places, secrets."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from bot.config import HIDDEN, Loaded, Settings, load, read_secrets, show
from bot.errors import ConfigError


def loaded(folder: Path, *overrides: str, **environ: str) -> Loaded:
    return load(environ=environ, overrides=overrides, folder=folder)


def test_defaults_stand_when_nothing_is_set(tmp_path: Path) -> None:
    """A machine with no settings at all gets the defaults."""
    assert loaded(tmp_path).settings == Settings()


def test_each_layer_overrules_the_one_before(tmp_path: Path) -> None:
    """defaults < config.yaml < .env < environment < command line."""
    (tmp_path / "config.yaml").write_text(
        "http: {port: 1, host: file}\nspeak: {voice: file, rate: 1.5}\nqueue: {total: 7}\n"
    )
    (tmp_path / ".env").write_text("SAYSO__HTTP__PORT=2\nSAYSO__HTTP__HOST=dotenv\nSAYSO__SPEAK__VOICE=dotenv\n")
    got = loaded(tmp_path, "http.port=4", SAYSO__HTTP__PORT="3", SAYSO__HTTP__HOST="environment")
    settings = got.settings
    assert (settings.http.port, settings.http.host) == (4, "environment")
    assert (settings.speak.voice, settings.speak.rate, settings.queue.total) == ("dotenv", 1.5, 7)
    assert got.sources["http.port"] == "command line"
    assert got.sources["http.host"] == got.sources["speak.voice"] == "environment"
    assert got.sources["queue.total"] == "config.yaml"


def test_settings_cannot_be_changed_afterwards(tmp_path: Path) -> None:
    """What was validated once stays as it is."""
    with pytest.raises(FrozenInstanceError):
        loaded(tmp_path).settings.http.port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("http.prot=1", ["http.prot", "did you mean http.port?", "http.host"]),
        ("htp.port=1", ["htp.port", "did you mean http.port?", "speak"]),
        ("http=3", ["no such setting", "http.port"]),
        ("http.port=abc", ["http.port", "'abc' is not a whole number"]),
        ("http.port=1.5", ["'1.5' is not a whole number"]),
        ("http.port=70000", ["70000 is not between 0 and 65535"]),
        ("speak.rate=nan", ["nan is not between 0.5 and 2.0"]),
        ("speak.engine=loud", ["'loud' is not one of offline, edge"]),
        ("edge.fallback=perhaps", ["'perhaps' is not true or false"]),
        ("http.port", ["not of the form section.key=value"]),
    ],
)
def test_a_wrong_key_or_value_is_named_with_what_is_allowed(tmp_path: Path, override: str, words: list[str]) -> None:
    """The message says where it stands and what may stand there."""
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, override)
    assert str(error.value).startswith("command line: ")
    assert all(word in str(error.value) for word in words), str(error.value)


def test_the_place_of_an_environment_variable_is_its_own_name(tmp_path: Path) -> None:
    """Who set a variable finds it by its name."""
    with pytest.raises(ConfigError, match="environment: SAYSO__HTTP__PORT"):
        loaded(tmp_path, SAYSO__HTTP__PORT="x")


@pytest.mark.parametrize("text", ["- a\n- b\n", "http: [1, 2\n", "speak:\n  rate: [1]\n", "nonsense: {}\n1: 2\n"])
def test_a_settings_file_that_makes_no_sense_is_refused_by_name(tmp_path: Path, text: str) -> None:
    """Broken YAML and lists where a value belongs are said to be in config.yaml."""
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"config\.yaml"):
        loaded(tmp_path)


def test_an_empty_section_or_file_changes_nothing(tmp_path: Path) -> None:
    """`http:` with everything below it commented out is how people leave files."""
    (tmp_path / "config.yaml").write_text("http:\n# port: 1\n")
    assert loaded(tmp_path).settings == Settings()
    (tmp_path / "config.yaml").write_text("")
    assert loaded(tmp_path).settings == Settings()


def test_a_settings_file_that_was_named_must_exist(tmp_path: Path) -> None:
    """A typing error in --config must not pass for the defaults."""
    with pytest.raises(ConfigError, match="no such settings file"):
        load(config=tmp_path / "other.yaml", environ={}, folder=tmp_path)
    with pytest.raises(ConfigError, match="no such settings file"):
        loaded(tmp_path, SAYSO_CONFIG=str(tmp_path / "other.yaml"))


def test_an_optional_setting_can_be_unset_again(tmp_path: Path) -> None:
    """`null` overrules a language that a lower layer set."""
    (tmp_path / "config.yaml").write_text("speak: {language: zh}\n")
    assert loaded(tmp_path).settings.speak.language == "zh"
    assert loaded(tmp_path, "speak.language=null").settings.speak.language is None


@pytest.mark.parametrize("key", ["discord_token", "discord.token", "speak.llm_api_key", "SAYSO_API_KEYS"])
def test_a_secret_in_a_settings_file_is_refused(tmp_path: Path, key: str) -> None:
    """Files are copied, shown and committed; secrets belong in the environment."""
    with pytest.raises(ConfigError, match="secret"):
        loaded(tmp_path, f"{key}=hunter2")


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    """Each secret has a _FILE form, as containers want it; API keys are a list."""
    (tmp_path / "token").write_text("from-file\n")
    environ = {"DISCORD_TOKEN_FILE": str(tmp_path / "token"), "TELEGRAM_TOKEN": "direct", "SAYSO_API_KEYS": "a, b,,"}
    secrets = read_secrets(environ)
    assert (secrets.discord_token, secrets.telegram_token, secrets.api_keys) == ("from-file", "direct", ("a", "b"))


def test_a_secret_given_twice_or_unreadable_is_refused(tmp_path: Path) -> None:
    """Which of two tokens is meant cannot be guessed."""
    with pytest.raises(ConfigError, match="both DISCORD_TOKEN and DISCORD_TOKEN_FILE"):
        read_secrets({"DISCORD_TOKEN": "x", "DISCORD_TOKEN_FILE": "y"})
    with pytest.raises(ConfigError, match="DISCORD_TOKEN_FILE"):
        read_secrets({"DISCORD_TOKEN_FILE": str(tmp_path / "nowhere")})


def test_what_is_shown_holds_no_secret_and_says_where_values_come_from(tmp_path: Path) -> None:
    """`sayso config show` may be pasted into an issue."""
    got = loaded(
        tmp_path, "store.url=postgresql+asyncpg://sayso:hunter3@db/sayso", "http.port=9", DISCORD_TOKEN="hunter2"
    )
    shown = show(got)
    assert "hunter" not in shown
    assert "hunter" not in repr(got)
    assert f"DISCORD_TOKEN: {HIDDEN}" in shown
    assert "TELEGRAM_TOKEN: not set" in shown
    assert "port: 9  # from command line" in shown


def test_what_is_shown_can_be_loaded_again(tmp_path: Path) -> None:
    """The output is a settings file."""
    first = loaded(tmp_path, "http.port=9", 'speak.voice=a "b"', "data_dir=/x")
    (tmp_path / "config.yaml").write_text(show(first))
    assert loaded(tmp_path).settings == first.settings


def test_the_data_folder_follows_the_system_unless_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG's place on Linux; `~` is the home folder."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert loaded(tmp_path).settings.data == tmp_path / "xdg" / "sayso"
    assert loaded(tmp_path, "data_dir=~/here").settings.data == tmp_path / "here"
