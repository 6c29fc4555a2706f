"""Settings: layers, places, secrets."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import HIDDEN, Loaded, Settings, ids, load, read_secrets, show
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
        ("speak.voice=???", ["'???' is not a text"]),
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


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hun/ter2@h/db",
        "postgresql://u:hun@ter2@h/db",
        "postgresql://u:hun?ter2=@h/db",
        "postgresql://u@corp:hunter2@h/db",
        "postgresql://:hunter2@h/db",
        "postgresql://h/db?user=u&password=hunter2&ssl=true",
        "postgresql://h/db?sslPassword=hun@ter2",
        "postgresql://h/db?pass%77ord=hunter2",
        "postgresql://u:hunter2@h/db?password=hun@ter2",
        "postgresql://u:hun?password=ter2@h/db",
    ],
)
def test_no_part_of_a_password_in_a_url_is_shown(tmp_path: Path, url: str) -> None:
    """Wherever in the URL it stands and whatever characters it has; the rest of the settings stays readable."""
    shown = show(loaded(tmp_path, f"store.url={url}"))
    assert "hun" not in shown
    assert "ter2" not in shown
    assert f"postgresql://{'u:' if '://u:' in url else ''}" in shown


def test_a_url_without_a_password_is_shown_whole(tmp_path: Path) -> None:
    """Hiding is for secrets: who has none in the URL sees what is in force."""
    url = "postgresql+asyncpg://sayso@db:5432/sayso?ssl=require"
    assert f'url: "{url}"' in show(loaded(tmp_path, f"store.url={url}"))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('store:\n  url: "postgresql://u:hunter2@h/db\nfoo: [\n', "line 4, column 1"),
        ("store: {url: postgresql://u:hunter2@h/db, pool: [}\n", "line 1, column 50"),
        ("store: {url: *hunter2}\n", "line 1, column 14"),
        ("store: {url: [postgresql://u:hunter2@h/db]}\n", "store.url"),
        ("hunter2: 2026-13-45\n", "YAML"),
        ("hunter2: '\x07'\n", "YAML"),
    ],
)
def test_a_broken_settings_file_is_told_by_its_place_not_by_its_content(tmp_path: Path, text: str, where: str) -> None:
    """The broken line may be the one with the password; it is neither in the message nor in the cause."""
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"config\.yaml") as error:
        loaded(tmp_path)
    assert where in str(error.value)
    assert "hunter2" not in str(error.value)
    assert error.value.__suppress_context__


def test_an_override_without_an_equals_sign_does_not_repeat_a_password(tmp_path: Path) -> None:
    """`--set store.url:postgresql://...` is a typing error that ends in a terminal's log."""
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, "store.url:postgresql://u:hunter2@h/db")
    assert "hunter2" not in str(error.value)


@given(text=st.text("${}\\abc:.@'\"?", max_size=20).filter(lambda text: text != "???"))
def test_a_text_means_itself(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """`${...}` in a password or a folder is neither filled in nor refused."""
    folder = tmp_path_factory.getbasetemp()
    assert loaded(folder, f"store.url={text}").settings.store.url == text


def test_no_layer_pulls_a_secret_into_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`${oc.env:DISCORD_TOKEN}` and `${DISCORD_TOKEN}` would else be shown by `config show`."""
    monkeypatch.setenv("DISCORD_TOKEN", "hunter2")
    (tmp_path / "config.yaml").write_text('speak: {voice: "${oc.env:DISCORD_TOKEN}"}\n')
    (tmp_path / ".env").write_text("DISCORD_TOKEN=hunter2\nSAYSO__DATA_DIR=${DISCORD_TOKEN}\n")
    got = load(folder=tmp_path, overrides=["http.host=${oc.env:DISCORD_TOKEN}"])
    assert "hunter2" not in show(got)
    assert got.settings.speak.voice == "${oc.env:DISCORD_TOKEN}"
    assert got.settings.data_dir == "${DISCORD_TOKEN}"


def test_a_dotenv_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    """An editor that saves Latin-1 is told what to change."""
    (tmp_path / ".env").write_bytes(b"SAYSO__SPEAK__VOICE=\xe9\n")
    with pytest.raises(ConfigError, match=r"\.env: not written in UTF-8"):
        loaded(tmp_path)


def test_a_secret_in_the_environment_overrules_the_one_in_dotenv_in_either_form(tmp_path: Path) -> None:
    """Layers overrule each other; only within one is it unclear which token is meant."""
    (tmp_path / "token").write_text("from-file")
    path = str(tmp_path / "token")
    (tmp_path / ".env").write_text("DISCORD_TOKEN=dotenv\n")
    assert loaded(tmp_path, DISCORD_TOKEN_FILE=path).secrets.discord_token == "from-file"
    assert loaded(tmp_path, DISCORD_TOKEN_FILE="").secrets.discord_token == "dotenv"
    (tmp_path / ".env").write_text(f"DISCORD_TOKEN_FILE={path}\n")
    assert loaded(tmp_path, DISCORD_TOKEN="environment").secrets.discord_token == "environment"
    (tmp_path / ".env").write_text(f"DISCORD_TOKEN_FILE={path}\nDISCORD_TOKEN=dotenv\n")
    with pytest.raises(ConfigError, match="both DISCORD_TOKEN"):
        loaded(tmp_path)


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


def test_ids_are_read_or_refused_by_the_name_of_their_setting() -> None:
    """Spaces do no harm, words do."""
    assert ids(" 1,22 ,", "discord.owners") == {1, 22}
    with pytest.raises(ConfigError, match=r"discord\.owners: must be ids"):
        ids("me", "discord.owners")
