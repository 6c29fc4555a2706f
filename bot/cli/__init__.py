"""The command ``sayso``. Each command imports what it needs when it runs, so that ``--help`` is quick."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.config import Loaded

cli = typer.Typer(
    name="sayso",
    help="Gives any chat a voice.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_cli = typer.Typer(help="The settings.", no_args_is_help=True)
cli.add_typer(config_cli, name="config")
models_cli = typer.Typer()
cli.add_typer(models_cli, name="models")

Config = Annotated[Path | None, typer.Option("--config", "-c", help="Settings file (default: ./config.yaml).")]
Overrides = Annotated[list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="Override a setting.")]
OUTPUT = "x.ogg|mp3|wav|opus|flac|aac, or - for a pipe."
RECORDING = "Who it speaks like: a recording of somebody who agreed (default: our own offline voice)."
VOICE = "A persona, an alias or an engine's own voice; `sayso voices` lists them."

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@cli.command()
def say(
    text: Annotated[str | None, typer.Argument(help="What to say; '-' or nothing reads standard input.")] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the text from a file.")] = None,
    output: Annotated[str, typer.Option("--output", "-o", help=OUTPUT)] = "sayso.ogg",
    voice: Annotated[str | None, typer.Option("--voice", "-v", help=VOICE)] = None,
    engine: Annotated[str | None, typer.Option("--engine", "-e", help="offline, edge, indextts or remote.")] = None,
    rate: Annotated[float | None, typer.Option("--rate", "-r", help="0.5 to 2.0; 1.0 is the voice's own.")] = None,
    language: Annotated[str | None, typer.Option("--language", "-l", help="Language of the text, such as zh.")] = None,
    format: Annotated[str | None, typer.Option("--format", help="Format where the name does not say it.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show how it would be said; speak nothing.")] = False,
    as_json: Json = False,
    config: Config = None,
    overrides: Overrides = None,
) -> None:
    """Speak a text into a file or a pipe."""
    from bot.cli.say import Wanted, run

    run(_loaded(config, overrides), Wanted(text, file, output, voice, engine, rate, language, format, explain, as_json))


@cli.command()
def voices(
    query: Annotated[str, typer.Argument(help="Only voices whose name or description has this.")] = "",
    engine: Annotated[str | None, typer.Option("--engine", "-e", help="Only this engine.")] = None,
    language: Annotated[str | None, typer.Option("--language", "-l", help="Only this language, such as zh.")] = None,
    as_json: Json = False,
    config: Config = None,
    overrides: Overrides = None,
) -> None:
    """List the personas, and the voices by engine and language."""
    from bot.cli.voices import run

    run(_loaded(config, overrides), query, engine, language, as_json)


@cli.command()
def doctor(as_json: Json = False, config: Config = None, overrides: Overrides = None) -> None:
    """Check what is installed, reachable and configured, and say what to do about each failure."""
    from bot.cli.doctor import run

    run(_loaded(config, overrides), as_json)


@cli.command()
def run(config: Config = None, overrides: Overrides = None) -> None:
    """Start Sayso: the adapters whose token is set, and always the HTTP adapter."""
    from bot.cli.run import run

    run(_loaded(config, overrides))


@cli.command()
def serve(
    engine: Annotated[str | None, typer.Option("--engine", "-e", help="The engine that speaks by default.")] = None,
    socket: Annotated[Path | None, typer.Option("--socket", help="Listen at this unix socket, not at a port.")] = None,
    attached: Annotated[bool, typer.Option("--attached", hidden=True)] = False,
    cpus: Annotated[str, typer.Option("--cpus", metavar="0,1,…", help="Run on these processors only.")] = "",
    config: Config = None,
    overrides: Overrides = None,
) -> None:
    """Start a speech server: the HTTP adapter over the engines, and no chats."""
    _pin(cpus)
    from bot.cli.run import Duty, run

    chosen = [f"speak.engine={engine}"] if engine else []
    run(_loaded(config, [*(overrides or ()), *chosen]), Duty(chats=False, socket=socket, attached=attached))


@config_cli.command("show")
def config_show(config: Config = None, overrides: Overrides = None) -> None:
    """Print the settings in force, secrets hidden."""
    from bot.config import show

    typer.echo(show(_loaded(config, overrides)), nl=False)


@models_cli.callback(invoke_without_command=True)
def models(context: typer.Context, as_json: Json = False, config: Config = None, overrides: Overrides = None) -> None:
    """IndexTTS-1.5: what it is, its licence, how to get it, and whether it speaks."""
    if context.invoked_subcommand is None:
        from bot.cli.models import run

        run(_loaded(config, overrides), as_json)


@models_cli.command("get")
def models_get(
    folder: Annotated[Path | None, typer.Argument(help="Where to (default: in the data folder).")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: this accepts the licence of the weights.")] = False,
    config: Config = None,
    overrides: Overrides = None,
) -> None:
    """Fetch the model folder (1.7 GB) from Hugging Face, or from the mirror that HF_ENDPOINT names; asks first."""
    from bot.cli.models import get

    get(_loaded(config, overrides), folder, yes)


@models_cli.command("check")
def models_check(
    folder: Annotated[Path | None, typer.Argument(help="The model folder (default: the configured one).")] = None,
    voice: Annotated[Path | None, typer.Option("--voice", "-v", help=RECORDING)] = None,
    device: Annotated[str | None, typer.Option("--device", help="auto, cpu, cuda, cuda:1, … or mps.")] = None,
    precision: Annotated[str | None, typer.Option("--precision", help="auto, fp32, fp16, bf16 or int8.")] = None,
    keep: Annotated[Path | None, typer.Option("--keep", metavar="DIR", help="Keep the sound, to listen to it.")] = None,
    as_json: Json = False,
    config: Config = None,
    overrides: Overrides = None,
) -> None:
    """Load a model folder, have it speak, measure it, and say whether it speaks as it should."""
    from bot.cli.trial import Wanted, run

    run(_loaded(config, overrides), Wanted(folder, voice, device, precision, keep, as_json))


def _pin(cpus: str) -> None:
    """Keep to these processors. Numerical libraries count, when they are loaded, what they may use: nothing is yet."""
    if not cpus:
        return
    try:
        os.sched_setaffinity(0, {int(cpu) for cpu in cpus.split(",")})
    except ValueError:
        raise typer.BadParameter("write the numbers of processors, such as 0,1", param_hint="--cpus") from None
    except (AttributeError, OSError) as error:
        from bot.errors import ConfigError

        raise ConfigError("--cpus: this system cannot keep to them; name others, or leave it out") from error


def _loaded(config: Path | None, overrides: list[str] | None) -> Loaded:
    from bot.config import load

    return load(config=config, overrides=overrides or ())


def main() -> None:
    """The entry point: what Sayso raises on purpose is told in one line, exit status 1. A reader that went away ends
    it quietly, with the status of a command that a closed pipe killed."""
    from bot.errors import SaysoError

    try:
        _command()
    except SaysoError as error:
        typer.secho(f"sayso: {error}", fg=typer.colors.RED, err=True)
        raise SystemExit(1) from None
    except BrokenPipeError:
        # Python flushes once more on its way out, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise SystemExit(141) from None


def _command() -> None:
    """Run the command line; raises BrokenPipeError where Typer and Rich make an exit with status 1 of it."""
    try:
        cli()
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            raise end.__context__ from None
        if sys.stdout:
            sys.stdout.flush()
        raise
