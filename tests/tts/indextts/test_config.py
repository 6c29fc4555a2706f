"""Config: what config.yaml says of a model, as upstream would understand it, and what it must not say."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.errors import ConfigError
from bot.tts.indextts.config import ConditioningConfig, Config, GptConfig, MelConfig, VocoderConfig, read
from bot.tts.indextts.faults import WHERE, CheckpointError

Changed = Callable[..., Path]
LEFT_OUT = object()

OFFICIAL = Config(
    version="1.5",
    mel=MelConfig(rate=24_000, fft=1024, hop=256, bands=100, lowest=0.0, highest=12_000.0),
    conditioning=ConditioningConfig(
        bands=100, width=512, inner=2048, heads=8, blocks=6, perceiver_mult=2, dim=1280, latents=32
    ),
    gpt=GptConfig(
        dim=1280,
        layers=24,
        heads=20,
        text_tokens=12_000,
        codes=8194,
        most_text=600,
        most_codes=800,
        start_text=0,
        stop_text=1,
        start_code=8192,
        stop_code=8193,
    ),
    vocoder=VocoderConfig(
        dim=1280,
        bands=100,
        channels=1536,
        rates=(4, 4, 4, 4, 2, 2),
        kernels=(8, 8, 4, 4, 4, 4),
        block_kernels=(3, 7, 11),
        block_dilations=((1, 3, 5),) * 3,
        speaker=512,
        conditioned_levels=True,
        log_scale=True,
    ),
    gpt_file="gpt.pth",
    vocoder_file="bigvgan_generator.pth",
    bpe_file="bpe.model",
)
"""The published IndexTTS-1.5."""

PUBLISHED = {
    "gpt.model_dim": 1280,
    "gpt.layers": 24,
    "gpt.heads": 20,
    "gpt.max_mel_tokens": 800,
    "gpt.max_text_tokens": 600,
    "gpt.number_text_tokens": 12_000,
    "gpt.number_mel_codes": 8194,
    "gpt.start_mel_token": 8192,
    "gpt.stop_mel_token": 8193,
    "gpt.condition_module.output_size": 512,
    "gpt.condition_module.linear_units": 2048,
    "gpt.condition_module.attention_heads": 8,
    "gpt.condition_module.num_blocks": 6,
    "bigvgan.gpt_dim": 1280,
    "bigvgan.upsample_initial_channel": 1536,
    "bigvgan.speaker_embedding_dim": 512,
}
"""What the published file says otherwise than the tiny one."""


@pytest.fixture
def changed(folder: Path, tmp_path: Path) -> Changed:
    """Makes a folder like the tiny one, with settings by their places changed or left out."""

    def change(settings: dict[str, Any] | None = None) -> Path:
        tree = yaml.safe_load((folder / "config.yaml").read_text("utf-8"))
        for place, value in (settings or {}).items():
            *sections, key = place.split(".")
            section = tree
            for name in sections:
                section = section[name]
            if value is LEFT_OUT:
                section.pop(key, None)
            else:
                section[key] = value
        return written(tmp_path, yaml.safe_dump(tree))

    return change


def written(folder: Path, config: str) -> Path:
    """A folder with this config.yaml; its other files are there, and that is all of them that counts here."""
    (folder / "config.yaml").write_text(config, "utf-8")
    for name in ("gpt.pth", "bigvgan_generator.pth", "bpe.model"):
        (folder / name).write_bytes(b"\n\x0c\x00content")
    return folder


def refusal(folder: Path) -> str:
    """What is said of the folder; every refusal says where it is, and where a right one is."""
    with pytest.raises(CheckpointError) as caught:
        read(folder)
    text = str(caught.value)
    assert str(folder) in text
    assert WHERE in text
    return text


class TestReading:
    def test_tiny(self, folder: Path) -> None:
        """The sizes of every part are those that its folder says."""
        config = read(folder)
        assert config.conditioning == ConditioningConfig(100, 32, 64, 4, 2, 2, 64)
        assert config.gpt == GptConfig(64, 3, 4, 900, 514, 160, 200, 0, 1, 512, 513)
        assert config.vocoder == replace(OFFICIAL.vocoder, dim=64, channels=128, speaker=48)

    def test_official(self, changed: Changed) -> None:
        """The published file is that of IndexTTS-1.5 in every number."""
        assert read(changed(PUBLISHED)) == OFFICIAL

    def test_tables(self) -> None:
        """The tables of positions and the samples of a latent are what the published weights have."""
        assert (OFFICIAL.gpt.text_positions, OFFICIAL.gpt.mel_positions) == (602, 803)
        assert OFFICIAL.vocoder.samples_per_latent == 1024

    @pytest.mark.parametrize(
        ("place", "value", "part", "field", "read_as"),
        [
            ("gpt.layers", 5, "gpt", "layers", 5),
            ("gpt.heads", 16, "gpt", "heads", 16),
            ("gpt.number_text_tokens", 77, "gpt", "text_tokens", 77),
            ("gpt.types", 2, "gpt", "text_tokens", 1800),
            ("gpt.number_mel_codes", 600, "gpt", "codes", 600),
            ("gpt.max_text_tokens", 33, "gpt", "text_positions", 35),
            ("gpt.max_mel_tokens", 44, "gpt", "mel_positions", 47),
            ("gpt.max_conditioning_inputs", 3, "gpt", "mel_positions", 205),
            ("gpt.start_text_token", 2, "gpt", "start_text", 2),
            ("gpt.stop_text_token", 900, "gpt", "stop_text", 900),
            ("gpt.start_mel_token", 7, "gpt", "start_code", 7),
            ("gpt.stop_mel_token", 0, "gpt", "stop_code", 0),
            ("gpt.train_solo_embeddings", True, "gpt", "solo_embeddings", True),
            ("gpt.condition_num_latent", 16, "conditioning", "latents", 16),
            ("gpt.condition_module.output_size", 48, "conditioning", "width", 48),
            ("gpt.condition_module.linear_units", 80, "conditioning", "inner", 80),
            ("gpt.condition_module.attention_heads", 2, "conditioning", "heads", 2),
            ("gpt.condition_module.num_blocks", 4, "conditioning", "blocks", 4),
            ("gpt.condition_module.perceiver_mult", 2.5, "conditioning", "perceiver_mult", 2.5),
            ("bigvgan.upsample_initial_channel", 192, "vocoder", "channels", 192),
            ("bigvgan.speaker_embedding_dim", 24, "vocoder", "speaker", 24),
            ("bigvgan.cond_d_vector_in_each_upsampling_layer", False, "vocoder", "conditioned_levels", False),
            ("bigvgan.snake_logscale", False, "vocoder", "log_scale", False),
            ("bigvgan.upsample_kernel_sizes", [6, 8, 4, 10, 2, 4], "vocoder", "kernels", (6, 8, 4, 10, 2, 4)),
            (
                "bigvgan.resblock_dilation_sizes",
                [[1, 2, 3], [2, 4, 6], [1, 3, 5, 7]],
                "vocoder",
                "block_dilations",
                ((1, 2, 3), (2, 4, 6), (1, 3, 5)),
            ),
        ],
        ids=str,
    )
    def test_honoured(
        self, changed: Changed, place: str, value: object, part: str, field: str, read_as: object
    ) -> None:
        """Whatever upstream makes of a setting, we make of it."""
        assert getattr(getattr(read(changed({place: value})), part), field) == read_as

    def test_levels(self, changed: Changed) -> None:
        """A vocoder may have another number of levels, and of blocks on each."""
        folder = changed(
            {
                "bigvgan.upsample_rates": [8, 4],
                "bigvgan.upsample_kernel_sizes": [16, 8],
                "bigvgan.resblock_kernel_sizes": [5],
                "bigvgan.resblock_dilation_sizes": [[1, 1, 2]],
            }
        )
        vocoder = read(folder).vocoder
        assert (vocoder.rates, vocoder.kernels, vocoder.samples_per_latent) == ((8, 4), (16, 8), 32)
        assert (vocoder.block_kernels, vocoder.block_dilations) == ((5,), ((1, 1, 2),))

    def test_left_out(self, changed: Changed) -> None:
        """What upstream knows without being told may be left out, and what it does not look at may be anything."""
        config = read(
            changed(
                dict.fromkeys(
                    (
                        "dvae_checkpoint",
                        "gpt_checkpoint",
                        "bigvgan_checkpoint",
                        "dataset",
                        "gpt.use_mel_codes_as_input",
                        "gpt.train_solo_embeddings",
                        "gpt.start_text_token",
                        "gpt.stop_text_token",
                    ),
                    LEFT_OUT,
                )
                | {"gpt.mel_length_compression": "?", "bigvgan.sampling_rate": 1, "gpt.checkpointing": 7}
            )
        )
        assert (config.gpt_file, config.vocoder_file, config.bpe_file) == (
            "gpt.pth",
            "bigvgan_generator.pth",
            "bpe.model",
        )
        assert (config.gpt.start_text, config.gpt.stop_text) == (0, 1)

    def test_published_codes(self, changed: Changed) -> None:
        """Of the codes, those of the published model are meant where the file says nothing."""
        codes = ("gpt.number_mel_codes", "gpt.start_mel_token", "gpt.stop_mel_token")
        config = read(changed(dict.fromkeys(codes, LEFT_OUT)))
        assert (config.gpt.codes, config.gpt.start_code, config.gpt.stop_code) == (8194, 8192, 8193)

    def test_dataset_without_pieces(self, changed: Changed) -> None:
        """A section that does not name the model of pieces leaves it where it is."""
        assert read(changed({"dataset.bpe_model": LEFT_OUT})).bpe_file == "bpe.model"

    def test_mel_is_fixed(self, changed: Changed) -> None:
        """The spectrogram is the extractor's own, whatever the file says of it."""
        assert read(changed({"dataset.mel": {"n_mels": 80}})).mel == MelConfig()

    @pytest.mark.parametrize("version", [1.5, "1.5"], ids=["number", "text"])
    def test_version(self, changed: Changed, version: object) -> None:
        """The version may be written as a number or as a text."""
        assert read(changed({"version": version})).version == "1.5"

    @pytest.mark.parametrize("activation", [None, "gelu_new", "gelu_pytorch_tanh", "gelu_fast"])
    def test_activation(self, changed: Changed, activation: str | None) -> None:
        """All names of the one activation are understood."""
        assert read(changed({"gpt.activation_function": activation})).gpt.layers == 3

    def test_other_names(self, changed: Changed) -> None:
        """Files may have other names, and lie deeper in the folder."""
        folder = changed({"gpt_checkpoint": "weights/a.pth", "dataset.bpe_model": "b.model"})
        (folder / "weights").mkdir()
        (folder / "gpt.pth").rename(folder / "weights" / "a.pth")
        (folder / "bpe.model").rename(folder / "b.model")
        config = read(folder)
        assert (config.gpt_file, config.bpe_file) == ("weights/a.pth", "b.model")


class TestFolder:
    def test_no_folder(self, tmp_path: Path) -> None:
        """A folder that is not there is told by its path."""
        assert "no such folder" in refusal(tmp_path / "nowhere")

    def test_a_file_is_no_folder(self, folder: Path) -> None:
        """One of its files in place of the folder is no folder."""
        assert "no such folder" in refusal(folder / "gpt.pth")

    def test_empty(self, tmp_path: Path) -> None:
        """An empty folder is told everything that it lacks at once, and nothing that it does not need."""
        text = refusal(tmp_path)
        assert "config.yaml, gpt.pth, bigvgan_generator.pth, bpe.model are missing" in text
        assert "dvae" not in text

    def test_some_missing(self, changed: Changed) -> None:
        """All files that are missing are told at once, by the names that the settings give them."""
        folder = changed({"gpt_checkpoint": "mine.pth"})
        (folder / "bpe.model").unlink()
        assert "mine.pth, bpe.model are missing" in refusal(folder)

    def test_one_missing(self, changed: Changed) -> None:
        """One missing file is told as one."""
        folder = changed()
        (folder / "config.yaml").unlink()
        assert f"{folder}: config.yaml is missing." in refusal(folder)

    def test_error_is_a_setting(self, tmp_path: Path) -> None:
        """Whoever catches wrong settings catches a wrong folder."""
        with pytest.raises(ConfigError):
            read(tmp_path / "nowhere")

    def test_pieces_are_a_pointer(self, changed: Changed) -> None:
        """A model of pieces that is only a Git LFS pointer is told as that."""
        folder = changed()
        (folder / "bpe.model").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 476000\n")
        assert "bpe.model: this is a Git LFS pointer" in refusal(folder)

    def test_nothing_is_written(self, folder: Path, tmp_path: Path) -> None:
        """Reading leaves the folder as it was."""
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        copy.chmod(0o555)
        before = sorted((item.name, item.stat().st_mtime_ns) for item in copy.iterdir())
        read(copy)
        assert sorted((item.name, item.stat().st_mtime_ns) for item in copy.iterdir()) == before
        copy.chmod(0o755)


class TestVersions:
    @pytest.mark.parametrize(
        ("version", "words"),
        [
            (LEFT_OUT, "names no version: IndexTTS-1.0 is another model"),
            (1.0, "is of version 1.0: IndexTTS-1.0 is another model"),
            (2.0, "is of version 2.0: IndexTTS-2 is another model"),
            ("2.5", "is of version 2.5: IndexTTS-2.5 is another model"),
            (7, "version is 7; expected 1.5"),
            (True, "version is true; expected 1.5"),
        ],
        ids=["none", "1.0", "2.0", "2.5", "7", "true"],
    )
    def test_another_version(self, changed: Changed, version: object, words: str) -> None:
        """Another version is told as the model that it is of."""
        assert words in refusal(changed({"version": version}))

    def test_before_what_is_missing(self, tmp_path: Path) -> None:
        """A folder of IndexTTS-2 is told as one, and not by the files and settings that it lacks."""
        (tmp_path / "config.yaml").write_text("version: 2.0\ngpt: {}\n")
        text = refusal(tmp_path)
        assert "IndexTTS-2 is another model than IndexTTS-1.5" in text
        assert "are missing" not in text


class TestRefusals:
    @pytest.mark.parametrize(
        ("place", "value", "words"),
        [
            ("gpt", LEFT_OUT, "gpt is missing; expected a section"),
            ("gpt", [1], "gpt is [1]; expected a section"),
            ("gpt.layers", LEFT_OUT, "gpt.layers is missing; expected a whole number from 1"),
            ("gpt.layers", "many", "gpt.layers is 'many'; expected a whole number"),
            ("gpt.layers", 24.0, "gpt.layers is 24.0; expected a whole number"),
            ("gpt.layers", True, "gpt.layers is true; expected a whole number"),
            ("gpt.layers", None, "gpt.layers is empty; expected a whole number"),
            ("gpt.layers", 0, "gpt.layers is 0; expected"),
            ("gpt.layers", 10**9, "expected a whole number from 1 to 1,000"),
            ("gpt.model_dim", 10**9, "expected a whole number from 1 to 1,000,000"),
            ("gpt.heads", 5, "gpt.heads is 5; expected a number that divides gpt.model_dim, 64"),
            ("gpt.stop_text_token", 901, "gpt.stop_text_token is 901; expected a whole number from 0 to 900"),
            ("gpt.start_mel_token", 514, "gpt.start_mel_token is 514; expected a whole number from 0 to 513"),
            ("gpt.use_mel_codes_as_input", False, "gpt.use_mel_codes_as_input is false; expected empty or true"),
            ("gpt.activation_function", "relu", "gpt.activation_function is 'relu'; expected"),
            ("gpt.train_solo_embeddings", "no", "gpt.train_solo_embeddings is 'no'; expected true or false"),
            ("gpt.condition_type", "perceiver", "gpt.condition_type is 'perceiver'; expected 'conformer_perceiver'"),
            ("gpt.condition_type", LEFT_OUT, "gpt.condition_type is missing; expected 'conformer_perceiver'"),
            ("gpt.condition_module", None, "gpt.condition_module is empty; expected a section"),
            ("gpt.condition_module.input_layer", "conv2d", "input_layer is 'conv2d'; expected 'conv2d2'"),
            ("gpt.condition_module.attention_heads", 3, "that divides gpt.condition_module.output_size, 32"),
            ("gpt.condition_module.perceiver_mult", 0, "perceiver_mult is 0; expected a number above 0"),
            ("gpt.condition_module.perceiver_mult", "two", "perceiver_mult is 'two'; expected a number"),
            ("gpt.condition_module.perceiver_mult", True, "perceiver_mult is true; expected a number"),
            ("bigvgan.resblock", 1, "bigvgan.resblock is 1; expected '1'"),
            ("bigvgan.resblock", "2", "bigvgan.resblock is '2'; expected '1'"),
            ("bigvgan.activation", "snake", "bigvgan.activation is 'snake'; expected 'snakebeta'"),
            ("bigvgan.feat_upsample", True, "bigvgan.feat_upsample is true; expected false"),
            ("bigvgan.gpt_dim", 65, "bigvgan.gpt_dim is 65; expected 64"),
            ("bigvgan.num_mels", 80, "bigvgan.num_mels is 80; expected 100"),
            ("bigvgan.upsample_rates", [4, 4], "upsample_kernel_sizes is [8, 8, 4, 4, 4, 4]; expected 2 numbers"),
            ("bigvgan.upsample_rates", [], "bigvgan.upsample_rates is []; expected a list of whole numbers"),
            ("bigvgan.upsample_rates", 4, "bigvgan.upsample_rates is 4; expected a list of whole numbers"),
            ("bigvgan.upsample_kernel_sizes", [7, 8, 4, 4, 4, 4], "upsample_kernel_sizes is [7, 8"),
            ("bigvgan.upsample_kernel_sizes", [2, 8, 4, 4, 4, 4], "upsample_kernel_sizes is [2, 8"),
            ("bigvgan.upsample_initial_channel", 63, "expected a whole number from 64"),
            ("bigvgan.resblock_kernel_sizes", [3, 7], "resblock_dilation_sizes is [[1, 3, 5], [1, 3, 5], [1, 3, 5]]"),
            ("bigvgan.resblock_kernel_sizes", [3, 8, 11], "resblock_kernel_sizes is [3, 8, 11]; expected odd numbers"),
            ("bigvgan.resblock_dilation_sizes", [[1, 3]] * 3, "expected a list of lists of 3 whole numbers each"),
            ("bigvgan.resblock_dilation_sizes", [1, 3, 5], "expected a list of lists of 3 whole numbers each"),
            ("bigvgan.resblock_dilation_sizes", None, "resblock_dilation_sizes is empty; expected a list of lists"),
            ("bigvgan.snake_logscale", 1, "bigvgan.snake_logscale is 1; expected true or false"),
            ("dataset", "bpe.model", "dataset is 'bpe.model'; expected a section"),
            ("gpt_checkpoint", "/etc/passwd", "gpt_checkpoint is '/etc/passwd'; expected the name of a file in this"),
            ("gpt_checkpoint", "../gpt.pth", "gpt_checkpoint is '../gpt.pth'; expected the name of a file in this"),
            ("bigvgan_checkpoint", "", "bigvgan_checkpoint is ''; expected the name of a file"),
            ("dataset.bpe_model", 7, "dataset.bpe_model is 7; expected the name of a file in this folder"),
        ],
        ids=lambda value: value if isinstance(value, str) and "." in value and " " not in value else None,
    )
    def test_wrong_setting(self, changed: Changed, place: str, value: object, words: str) -> None:
        """A setting that cannot be is told by its place, with what it is and what it should be."""
        text = refusal(changed({place: value}))
        assert "config.yaml: " in text
        assert words in text

    def test_long_value(self, changed: Changed) -> None:
        """A wrong value that goes on and on is shown by its beginning."""
        text = refusal(changed({"gpt.layers": "x" * 1000}))
        assert "x" * 50 in text
        assert "x" * 100 not in text


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"], ids=["long", "nul"])
def test_a_folder_that_cannot_be_looked_at_is_told(tmp_path: Path, name: str) -> None:
    """A name that is none, or somebody else's home: nothing else comes to harm."""
    with pytest.raises(CheckpointError, match="cannot be read") as raised:
        read(tmp_path / name)
    assert len(str(raised.value)) < 700


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_of_somebody_elses_is_told(folder: Path, tmp_path: Path) -> None:
    """The service's user may not look into it."""
    shutil.copytree(folder, tmp_path / "home" / "model")
    (tmp_path / "home").chmod(0)
    try:
        with pytest.raises(CheckpointError, match="cannot be read: Permission denied"):
            read(tmp_path / "home" / "model")
    finally:
        (tmp_path / "home").chmod(0o700)
