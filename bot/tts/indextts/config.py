"""``config.yaml`` of a model folder: the sizes of every part, and what stands for what."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

from bot.tts.indextts import files
from bot.tts.indextts.faults import refused
from bot.tts.indextts.settings import Settings, opened

CONFIG = "config.yaml"
VERSION = "1.5"

Shapes = Mapping[str, tuple[int, ...]]
"""The name and the shape of every tensor that a part has in its file."""


@dataclass(frozen=True, slots=True)
class MelConfig:
    """The mel spectrogram: ``rate`` in Hz, ``fft`` and ``hop`` in samples (the Hann window is as long as the FFT),
    ``bands`` between ``lowest`` and ``highest`` Hz."""

    rate: int = 24_000
    fft: int = 1024
    hop: int = 256
    bands: int = 100
    lowest: float = 0.0
    highest: float = 12_000.0


@dataclass(frozen=True, slots=True)
class ConditioningConfig:
    """The encoder of a reference: ``width``, ``heads`` and ``blocks`` of the conformer, ``inner`` of its feed-forward;
    ``latents`` of ``dim`` come out of the perceiver, whose feed-forward is ``perceiver_mult`` times as wide."""

    bands: int
    width: int
    inner: int
    heads: int
    blocks: int
    perceiver_mult: float
    dim: int
    latents: int = 32


@dataclass(frozen=True, slots=True)
class GptConfig:
    """The language model over text tokens and mel codes. ``text_positions`` and ``mel_positions`` are the rows of the
    two learned tables of positions; a code beyond ``most_codes`` is beyond what it was trained on. ``references`` is
    how many recordings it was trained to hear; with ``solo_embeddings`` its file has two tensors more, of no use."""

    dim: int
    layers: int
    heads: int
    text_tokens: int
    codes: int
    most_text: int
    most_codes: int
    start_text: int
    stop_text: int
    start_code: int
    stop_code: int
    references: int = 1
    solo_embeddings: bool = False

    @property
    def text_positions(self) -> int:
        return self.most_text + 2

    @property
    def mel_positions(self) -> int:
        return self.most_codes + 2 + self.references


@dataclass(frozen=True, slots=True)
class VocoderConfig:
    """BigVGAN: ``channels`` before the first of the upsampling levels, each with its ``rates`` and ``kernels``; on each
    level a block for each of ``block_kernels`` with its ``block_dilations``. ``speaker`` is the size of the vector."""

    dim: int
    bands: int
    channels: int
    rates: tuple[int, ...]
    kernels: tuple[int, ...]
    block_kernels: tuple[int, ...]
    block_dilations: tuple[tuple[int, ...], ...]
    speaker: int
    conditioned_levels: bool
    log_scale: bool

    @property
    def samples_per_latent(self) -> int:
        """Samples of sound for each latent, that is for each code: 1024."""
        return prod(self.rates)


@dataclass(frozen=True, slots=True)
class Config:
    """A model folder's ``config.yaml``, as far as inference goes; ``gpt_file`` and so on are names in it."""

    version: str
    mel: MelConfig
    conditioning: ConditioningConfig
    gpt: GptConfig
    vocoder: VocoderConfig
    gpt_file: str
    vocoder_file: str
    bpe_file: str


def read(folder: Path) -> Config:
    """The configuration in the folder.

    Raises :class:`~bot.tts.indextts.faults.CheckpointError` that says what is missing, wrong, or of another version
    of the model, and where to get the right one.
    """
    if files.kind(folder) != stat.S_IFDIR:
        raise refused(folder, "there is no such folder.")
    if files.kind(folder / CONFIG) != stat.S_IFREG:
        files.complete(folder, (CONFIG, _GPT, _VOCODER, _BPE))
    settings = opened(folder / CONFIG)
    _check_version(settings)
    config = _config(settings)
    files.complete(folder, (config.gpt_file, config.vocoder_file, config.bpe_file))
    files.check(folder / config.bpe_file)
    return config


_GPT, _VOCODER, _BPE = "gpt.pth", "bigvgan_generator.pth", "bpe.model"
_OTHERS = {"None": "1.0", "1": "1.0", "1.0": "1.0", "2": "2", "2.0": "2", "2.5": "2.5"}
"""Which model a file is of that says another version: the first one's says none."""
_TANH_GELU = (None, "gelu_new", "gelu_pytorch_tanh", "gelu_fast")
"""All names for one function, and upstream's choice where none is named."""
_DEEPEST = 1000
"""More layers than any such model has."""
_DILATED = 3
"""Dilated convolutions in a block of the vocoder: upstream makes no use of a fourth."""


def _check_version(settings: Settings) -> None:
    # Before anything else: a folder of another model lacks files and settings, but that is not what is wrong with it.
    version = str(settings.values.get("version"))
    if version == VERSION:
        return
    if other := _OTHERS.get(version):
        says = "names no version" if version == "None" else f"is of version {version}"
        raise refused(settings.file, f"the file {says}: IndexTTS-{other} is another model than IndexTTS-{VERSION}.")
    raise settings.wrong("version", VERSION)


def _config(settings: Settings) -> Config:
    mel, gpt, vocoder = MelConfig(), settings.section("gpt"), settings.section("bigvgan")
    # A file without this section names no other model of pieces either.
    dataset = settings.section("dataset") if "dataset" in settings.values else Settings(settings.file, {}, "dataset.")
    return Config(
        version=VERSION,
        mel=mel,
        conditioning=_conditioning(gpt, mel.bands),
        gpt=_gpt(gpt),
        vocoder=_vocoder(vocoder, gpt, mel.bands),
        gpt_file=settings.name("gpt_checkpoint", _GPT),
        vocoder_file=settings.name("bigvgan_checkpoint", _VOCODER),
        bpe_file=dataset.name("bpe_model", _BPE),
    )


def _conditioning(gpt: Settings, bands: int) -> ConditioningConfig:
    gpt.only("condition_type", "conformer_perceiver")
    module = gpt.section("condition_module")
    module.only("input_layer", "conv2d2")
    return ConditioningConfig(
        bands=bands,
        width=module.whole("output_size"),
        inner=module.whole("linear_units"),
        heads=_heads(module, "attention_heads", "output_size"),
        blocks=module.whole("num_blocks", most=_DEEPEST),
        perceiver_mult=module.number("perceiver_mult"),
        dim=gpt.whole("model_dim"),
        latents=gpt.whole("condition_num_latent", 32),
    )


def _gpt(gpt: Settings) -> GptConfig:
    gpt.only("use_mel_codes_as_input", None, True)
    gpt.only("activation_function", *_TANH_GELU)
    text = gpt.whole("number_text_tokens") * gpt.whole("types", 1, most=_DEEPEST)
    codes = gpt.whole("number_mel_codes", 8194)
    return GptConfig(
        dim=gpt.whole("model_dim"),
        layers=gpt.whole("layers", most=_DEEPEST),
        heads=_heads(gpt, "heads", "model_dim"),
        text_tokens=text,
        codes=codes,
        most_text=gpt.whole("max_text_tokens"),
        most_codes=gpt.whole("max_mel_tokens"),
        start_text=gpt.whole("start_text_token", 0, least=0, most=text),
        stop_text=gpt.whole("stop_text_token", 1, least=0, most=text),
        start_code=gpt.whole("start_mel_token", 8192, least=0, most=codes - 1),
        stop_code=gpt.whole("stop_mel_token", 8193, least=0, most=codes - 1),
        references=gpt.whole("max_conditioning_inputs", 1, most=_DEEPEST),
        solo_embeddings=gpt.flag("train_solo_embeddings", False),
    )


def _vocoder(vocoder: Settings, gpt: Settings, bands: int) -> VocoderConfig:
    vocoder.only("resblock", "1")
    vocoder.only("activation", "snakebeta")
    vocoder.only("feat_upsample", False)
    vocoder.only("gpt_dim", gpt.whole("model_dim"))
    vocoder.only("num_mels", bands)
    rates, kernels = _levels(vocoder)
    block_kernels, block_dilations = _blocks(vocoder)
    return VocoderConfig(
        dim=vocoder.whole("gpt_dim"),
        bands=bands,
        channels=vocoder.whole("upsample_initial_channel", least=2 ** len(rates)),
        rates=rates,
        kernels=kernels,
        block_kernels=block_kernels,
        block_dilations=block_dilations,
        speaker=vocoder.whole("speaker_embedding_dim"),
        conditioned_levels=vocoder.flag("cond_d_vector_in_each_upsampling_layer"),
        log_scale=vocoder.flag("snake_logscale"),
    )


def _heads(settings: Settings, key: str, width: str) -> int:
    heads, whole = settings.whole(key), settings.whole(width)
    if whole % heads:
        raise settings.wrong(key, f"a number that divides {settings.place}{width}, {whole}")
    return heads


def _levels(vocoder: Settings) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rates and kernels: a level that is not as many times as long as its rate would leave samples over."""
    rates, kernels = vocoder.wholes("upsample_rates"), vocoder.wholes("upsample_kernel_sizes")
    if len(rates) != len(kernels):
        raise vocoder.wrong("upsample_kernel_sizes", f"{len(rates)} numbers, one for each of the upsample_rates")
    if any(kernel < rate or (kernel - rate) % 2 for rate, kernel in zip(rates, kernels, strict=True)):
        raise vocoder.wrong("upsample_kernel_sizes", f"each an even number above its rate, or the rate: {list(rates)}")
    return rates, kernels


def _blocks(vocoder: Settings) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    kernels = vocoder.wholes("resblock_kernel_sizes")
    dilations = vocoder.rows("resblock_dilation_sizes", least=_DILATED)
    if any(kernel % 2 == 0 for kernel in kernels):
        raise vocoder.wrong("resblock_kernel_sizes", "odd numbers")
    if len(dilations) != len(kernels):
        raise vocoder.wrong("resblock_dilation_sizes", f"{len(kernels)} lists, one for each of resblock_kernel_sizes")
    return kernels, tuple(row[:_DILATED] for row in dilations)
