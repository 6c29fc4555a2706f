"""The weights in a model folder: found, checked against what the configuration says, and read without running code."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor

from bot.tts.indextts import conditioning, files, gpt, speaker, vocoder
from bot.tts.indextts.config import CONFIG, Config, GptConfig, Shapes
from bot.tts.indextts.faults import refused

_COUNTER = ".num_batches_tracked"
"""What batch norm counts while it is trained; it means nothing afterwards, and some savers leave it out."""
_NAMED = 3
"""How many tensors a message names, of those that are wrong."""
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80\x02"
"""How a file begins that torch 1.6 or a later one wrote, and one that an earlier one did."""
_CHUNK = 1 << 22
_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What comes out of torch's reader when bytes are not what they were: all of these were seen."""


def weights(folder: Path, config: Config) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
    """The tensors of the GPT file (with the conditioning encoder) and of the vocoder file (with the speaker encoder).

    Read with ``weights_only=True`` and mapped, not copied; names and shapes are those that the parts ask for. Raises
    CheckpointError.
    """
    files.complete(folder, (config.gpt_file, config.vocoder_file))
    language, sound = shapes(config)
    return (
        _fitting(folder / config.gpt_file, "model", language),
        _fitting(folder / config.vocoder_file, "generator", sound),
    )


def shapes(config: Config) -> tuple[Shapes, Shapes]:
    """Every tensor of the GPT file and of the vocoder file."""
    language = {**conditioning.shapes(config.conditioning), **gpt.shapes(config.gpt), **_solo(config.gpt)}
    return language, {**vocoder.shapes(config.vocoder), **speaker.shapes(config.vocoder)}


def _solo(config: GptConfig) -> Shapes:
    """Two tensors that a training may leave in the file; upstream makes no use of them."""
    names = ("mel_solo_embedding", "text_solo_embedding") if config.solo_embeddings else ()
    return dict.fromkeys(names, (1, 1, config.dim))


def _fitting(file: Path, key: str, expected: Shapes) -> dict[str, Tensor]:
    """The tensors of a file, lying there by themselves or under this key, if they are those that are expected."""
    found = _loaded(file)
    if isinstance(found, dict):
        found = found.get(key, found)
    if not isinstance(found, dict):
        raise refused(file, f"there are no tensors by name in it, but a {type(found).__name__}.")
    tensors = {str(name): value for name, value in found.items() if not str(name).endswith(_COUNTER)}
    expected = {name: shape for name, shape in expected.items() if not name.endswith(_COUNTER)}
    _check_names(file, tensors, expected)
    _check_values(file, tensors)
    _check_shapes(file, tensors, expected)
    return {name: tensor.detach() for name, tensor in tensors.items()}


def _check_names(file: Path, tensors: Mapping[str, object], expected: Shapes) -> None:
    lacking = [name for name in expected if name not in tensors]
    spare = [name for name in tensors if name not in expected]
    wrong = [f"{len(lacking)} of {len(expected)} tensors are missing ({_some(lacking)})"] if lacking else []
    wrong += [f"{len(spare)} of its tensors do not belong there ({_some(spare)})"] if spare else []
    if wrong:
        raise refused(file, f"by {CONFIG}, {' and '.join(wrong)}: the two are not of one model.")


def _check_values(file: Path, tensors: Mapping[str, object]) -> None:
    """Refuse what lies under a tensor's name and holds no real numbers, one beside the other, on the processor."""
    for name, value in tensors.items():
        if not isinstance(value, Tensor):
            raise refused(file, f"{name} is no tensor, but a {type(value).__name__}.")
        if not value.is_floating_point() or value.layout is not torch.strided or value.device.type != "cpu":
            kind = f"{value.dtype}, {value.layout}, {value.device}".replace("torch.", "")
            raise refused(file, f"{name} is a tensor of another kind ({kind}); expected floating-point numbers.")


def _check_shapes(file: Path, tensors: Mapping[str, Tensor], expected: Shapes) -> None:
    wrong = [name for name, tensor in tensors.items() if tuple(tensor.shape) != tuple(expected[name])]
    if not wrong:
        return
    first = f"{wrong[0]} is {tuple(tensors[wrong[0]].shape)} and should be {tuple(expected[wrong[0]])}"
    more = f", and {len(wrong) - 1} more tensors have another shape ({_some(wrong[1:])})" if len(wrong) > 1 else ""
    raise refused(file, f"by {CONFIG}, {first}{more}: the two are not of one model.")


def _some(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _loaded(file: Path) -> object:
    """Whatever the file holds, as long as it is data."""
    mapped = _is_archive(file)
    if mapped:
        _check_sums(file)
    try:
        return torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
    except UnpicklingError as error:
        raise refused(
            file, "the file holds more than plain tensors, which could be a program, or is damaged; it was not read."
        ) from error
    except _DAMAGE as error:
        if "cannot allocate memory" in str(error).casefold():
            raise MemoryError("there is not enough memory to map the file") from error
        raise refused(
            file, f"the file is damaged, or was not written by torch ({type(error).__name__}). Download it again."
        ) from error


def _check_sums(file: Path) -> None:
    """Refuse an archive whose records are not what its directory says: torch does not look at them in a file that it
    maps, and a voice of damaged weights would be kept as one of these."""
    try:
        with zipfile.ZipFile(file) as archive:
            # torch compresses nothing, and writes 0 where it was told to spare the sums.
            for record in archive.infolist():
                if record.CRC and record.compress_type == zipfile.ZIP_STORED:
                    _read_through(archive, record)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise refused(file, "the file is damaged: its content is not what it was. Download it again.") from error


def _read_through(archive: zipfile.ZipFile, record: zipfile.ZipInfo) -> None:
    with archive.open(record) as stream:
        while stream.read(_CHUNK):
            pass


def _is_archive(file: Path) -> bool:
    """Whether the file is a zip archive, which can be mapped; one of the older form can be read. Refuses all others."""
    files.check(file)
    start = files.beginning(file)
    if start.startswith(_PICKLE):
        return False
    if not start.startswith(_ZIP):
        raise refused(file, "this is no file that torch wrote.")
    # The directory of an archive is at its end.
    if not zipfile.is_zipfile(file):
        size = file.stat().st_size / 1e6
        raise refused(
            file, f"the file breaks off after {size:,.1f} MB: its download did not come to the end. Download it again."
        )
    return True
