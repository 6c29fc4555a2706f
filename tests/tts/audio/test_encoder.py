"""A whole speech: what people hear of it."""

from __future__ import annotations

import asyncio
import io
import itertools
from concurrent.futures import ThreadPoolExecutor

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import AudioError
from bot.speech import PACKET_SAMPLES, SAMPLE_RATE, Pcm, Samples
from bot.tts.audio import Loudness, SpeechEncoder, packets
from bot.tts.audio.opus import PRE_SKIP
from tests.tts.audio.signals import (
    heard,
    lufs,
    onsets,
    pieces,
    real,
    silence,
    sine,
    speech,
    spoken,
    true_peak,
    utterance,
)

EDGE_PIECE = 2_880
"""Samples that edge-tts delivers at a time: 120 ms at 24 kHz."""


def scaled(sound: Samples, peak: float) -> Samples:
    """The sound with its crest at ``peak`` dBFS."""
    return sound * np.float32(10 ** (peak / 20) / np.abs(sound).max())


class TestLoudness:
    @pytest.mark.parametrize("peak", [-40.0, -20.0, -6.0, 0.0])
    @pytest.mark.parametrize("seed", range(4))
    def test_a_whole_sentence_comes_out_at_minus_16_whatever_it_came_in_at(self, peak: float, seed: int) -> None:
        """Within 1.5 LU, from a whisper of an engine to one that fills the scale."""
        packets, _ = spoken(speech(1.5 + seed, peak=peak, seed=seed))

        assert lufs(heard(packets)) == pytest.approx(-16, abs=1.5)

    @pytest.mark.parametrize("peak", [-40.0, -6.0, 0.0])
    def test_a_real_sentence_comes_out_at_minus_16(self, peak: float) -> None:
        """The same of a voice as it is, with the silence that its engine leaves."""
        sound, rate = real()
        packets, _ = spoken(scaled(sound, peak), rate)

        assert lufs(heard(packets)) == pytest.approx(-16, abs=1.5)

    @pytest.mark.parametrize("peak", [-40.0, -20.0, -6.0, 0.0])
    @pytest.mark.parametrize("seed", range(4))
    def test_a_stream_of_a_new_voice_gets_there_in_a_second(self, peak: float, seed: int) -> None:
        """Within 2.5 LU from then on, with nothing known of the voice and 120 ms at a time."""
        packets, _ = spoken(pieces(speech(5, peak=peak, seed=seed), EDGE_PIECE))

        assert lufs(heard(packets)[SAMPLE_RATE:]) == pytest.approx(-16, abs=2.5)

    @pytest.mark.parametrize("peak", [-30.0, -6.0, 0.0])
    def test_a_stream_of_a_known_voice_begins_at_the_right_level(self, peak: float) -> None:
        """Once a voice was heard, the first second of its next speech is as loud as it would be if it came whole."""
        memory = Loudness()
        spoken(pieces(speech(5, peak=peak, seed=1), EDGE_PIECE), encoder=SpeechEncoder(loudness=memory))
        again = speech(4, peak=peak, seed=2)

        streamed, _ = spoken(pieces(again, EDGE_PIECE), encoder=SpeechEncoder(loudness=memory))
        whole, _ = spoken(again)

        first = slice(0, SAMPLE_RATE)
        assert lufs(heard(streamed)[first]) == pytest.approx(lufs(heard(whole)[first]), abs=2.0)

    def test_every_utterance_of_a_speech_has_the_same_loudness(self) -> None:
        """Engines of different levels and rates in one speech are not told apart by their loudness."""
        encoder = SpeechEncoder()
        rates = (16_000, 22_050, 24_000, 48_000)
        fed: list[bytes] = []
        for rate, peak in zip(rates, (-30, -3, -15, 0), strict=True):
            fed += encoder.feed(Pcm(speech(2.5, rate=rate, peak=peak, seed=rate), rate, utterance(engine=f"{rate}")))
        last, clip = encoder.finish()
        sound = heard(fed + last)
        starts = [round(part.start * SAMPLE_RATE) for part in clip.spoken]

        for part in np.split(sound, starts[1:]):
            assert lufs(part) == pytest.approx(-16, abs=1.5)

    def test_the_target_can_be_chosen(self) -> None:
        """Somebody who wants it quieter gets it."""
        packets, _ = spoken(speech(3), encoder=SpeechEncoder(target_lufs=-23))

        assert lufs(heard(packets)) == pytest.approx(-23, abs=1.0)

    def test_a_short_word_is_as_loud_as_its_voice_and_not_blown_up(self) -> None:
        """Of "OK" too little is heard to judge; a word said softly by a known voice stays softer than its sentences."""
        memory = Loudness()
        memory.learn("fake", "heart", lufs(speech(4, rate=48_000, peak=-6)), 10)
        word = speech(0.4, peak=-26)
        packets, _ = spoken(word, encoder=SpeechEncoder(loudness=memory))

        assert lufs(heard(packets)) < -24

    def test_the_gain_does_not_pump(self) -> None:
        """In a real sentence that comes in pieces, a known voice's gain moves by no more than 6 dB a second."""
        memory = Loudness()
        sound, rate = real()
        spoken(sound, rate, encoder=SpeechEncoder(loudness=memory))
        streamed, _ = spoken(pieces(sound, EDGE_PIECE), rate, encoder=SpeechEncoder(loudness=memory, target_lufs=-23))
        whole, _ = spoken(sound, rate, encoder=SpeechEncoder(target_lufs=-23))
        gains = _levels(heard(streamed)) - _levels(heard(whole))

        assert np.abs(np.diff(gains)).max() <= 0.6 + 0.5
        assert np.abs(gains).max() < 3


class TestPeaks:
    @pytest.mark.parametrize("peak", [-40.0, 0.0, 6.0])
    @pytest.mark.parametrize("whole", [True, False])
    def test_nothing_passes_minus_1_dbfs(self, peak: float, whole: bool) -> None:
        """Not even between the samples, after the codec, and when the engine itself went over full scale."""
        for seed in range(3):
            sound = speech(3, peak=peak, seed=seed)
            packets, _ = spoken(sound if whole else pieces(sound, EDGE_PIECE))

            assert true_peak(heard(packets)) <= -1.0

    def test_a_burst_in_quiet_speech_is_caught(self) -> None:
        """A shout of 30 dB over what came before is turned down in time."""
        sound = np.concatenate((speech(3, peak=-36), speech(1, peak=-3, seed=1)))
        packets, _ = spoken(pieces(sound, EDGE_PIECE))

        assert true_peak(heard(packets)) <= -1.0


class TestEdges:
    @pytest.mark.parametrize("whole", [True, False])
    @pytest.mark.parametrize("lead", [0.0, 0.3])
    def test_the_first_consonant_is_whole(self, whole: bool, lead: float) -> None:
        """A hiss of 80 ms, 26 dB under the vowel that follows, is as loud against it at the end as at the beginning."""
        random = np.random.default_rng(3)
        hiss = (random.standard_normal(1_920) * 0.02).astype(np.float32)
        sound = np.concatenate((silence(lead), hiss, sine(200, 1.5, rate=24_000, dbfs=-6) * _swell(36_000)))

        packets, clip = spoken(sound if whole else pieces(sound, EDGE_PIECE))
        out = heard(packets)
        begin = round(clip.spoken[0].start * SAMPLE_RATE) + 144 + (960 if lead else 0)
        ours = [out[begin + 480 * part : begin + 480 * (part + 1)].std() for part in range(8)]

        # Equal power from the first hundredth of a second to the last: neither dropped nor faded in.
        assert min(ours) > 0.5 * float(np.mean(ours))
        assert out[begin : begin + 3_840].std() > 0.001

    def test_the_first_sample_is_not_faded(self) -> None:
        """A sentence that begins at full strength keeps its first milliseconds; the bridge lies before them."""
        sound = sine(400, 2, rate=48_000, dbfs=-12)
        packets, _ = spoken(sound[30:], 48_000)
        out = heard(packets)[144 : 144 + 480]

        assert np.abs(out[:240]).max() == pytest.approx(np.abs(out[240:]).max(), rel=0.25)

    def test_the_silence_around_a_sentence_is_dropped(self) -> None:
        """An engine that leaves a second on both sides makes no longer clip than one that leaves none."""
        bare = speech(2)
        _, clip = spoken(np.concatenate((silence(1), bare, silence(1))))

        assert clip.seconds == pytest.approx(2.1, abs=0.06)
        assert clip.spoken[0].start == 0

    def test_pauses_inside_a_sentence_stay(self) -> None:
        """A comma is the voice's own."""
        sound = np.concatenate((speech(1), silence(0.6), speech(1, seed=1)))
        for fed in (sound, pieces(sound, EDGE_PIECE)):
            _, clip = spoken(fed)

            assert clip.seconds == pytest.approx(2.6, abs=0.05)

    @pytest.mark.parametrize(("before", "after"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.9), (0.05, 0.04), (1.2, 1.2)])
    def test_the_breath_between_sentences_is_even(self, before: float, after: float) -> None:
        """A quarter of a second from the last sound to the next first one, whatever silence the engine left."""
        encoder = SpeechEncoder()
        tone = sine(300, 1, rate=24_000, dbfs=-12)
        for text in ("one", "two", "three"):
            fed = np.concatenate((silence(before), tone, silence(after)))
            encoder.feed(Pcm(fed, 24_000, utterance(text)))
        _, clip = encoder.finish()
        found = onsets(heard(packets(clip.ogg)))

        gaps = [begin - end for (_, end), (begin, _) in itertools.pairwise(found)]
        assert gaps == pytest.approx([0.25, 0.25], abs=0.02)

    @pytest.mark.parametrize("pause", [0.0, 0.4, 1.0])
    def test_the_breath_can_be_chosen(self, pause: float) -> None:
        """Whoever reads slowly asks for more; none is possible too."""
        encoder = SpeechEncoder(pause=pause)
        for text in ("one", "two"):
            encoder.feed(Pcm(sine(300, 1, rate=24_000), 24_000, utterance(text)))
        _, clip = encoder.finish()

        assert clip.spoken[1].start == pytest.approx(1.0 + pause, abs=0.02)

    def test_there_is_no_click_between_sentences(self) -> None:
        """Sentences cut off in mid-wave are joined without a step, which would reach the highest frequencies."""
        encoder = SpeechEncoder()
        fed = []
        for text in ("one", "two"):
            fed += encoder.feed(Pcm(sine(300, 1, rate=24_000, dbfs=-6)[17:-23], 24_000, utterance(text)))
        last, clip = encoder.finish()
        out = heard(fed + last)
        join = round(clip.spoken[1].start * SAMPLE_RATE)
        around = np.diff(out[join - SAMPLE_RATE // 3 : join + 2_400], 3)

        # A step of the wave's own height would show as a third difference of at least that height.
        assert np.abs(around).max() < 0.02

    def test_an_offset_is_no_sound(self) -> None:
        """An engine with a constant in its samples is trimmed all the same."""
        sound = np.concatenate((silence(0.5), speech(1), silence(0.5))) + np.float32(0.02)
        _, clip = spoken(sound)

        assert clip.seconds == pytest.approx(1.1, abs=0.06)


class TestUtterances:
    def test_each_utterance_says_where_it_begins(self) -> None:
        """The starts in the clip are where the sound starts."""
        encoder = SpeechEncoder()
        fed = []
        for text in ("one", "two", "three"):
            fed += encoder.feed(Pcm(sine(300, 0.8, rate=24_000), 24_000, utterance(text)))
        last, clip = encoder.finish()

        starts = [begin for begin, _ in onsets(heard(fed + last))]
        assert [part.start for part in clip.spoken] == pytest.approx(starts, abs=0.01)
        assert [part.utterance.text for part in clip.spoken] == ["one", "two", "three"]
        assert encoder.spoken == clip.spoken

    def test_pieces_of_one_utterance_are_one(self) -> None:
        """Equal utterances that are other objects go on; only :meth:`begin` says that they start anew."""
        encoder = SpeechEncoder()
        for _ in range(3):
            encoder.feed(Pcm(sine(300, 0.5, rate=24_000), 24_000, utterance("ha")))
        assert len(encoder.spoken) == 1

        encoder.begin()
        encoder.feed(Pcm(sine(300, 0.5, rate=24_000), 24_000, utterance("ha")))
        _, clip = encoder.finish()

        assert [part.start for part in clip.spoken] == pytest.approx([0, 1.75], abs=0.02)

    def test_the_very_same_utterance_may_be_said_twice(self) -> None:
        """One object, begun twice, is two utterances with a breath between."""
        encoder = SpeechEncoder()
        same = utterance("ha")
        for _ in range(2):
            encoder.begin()
            encoder.feed(Pcm(sine(300, 0.5, rate=24_000), 24_000, same))
        _, clip = encoder.finish()

        assert [part.start for part in clip.spoken] == pytest.approx([0, 0.75], abs=0.02)

    def test_a_fallback_in_mid_speech_is_told(self) -> None:
        """The engine that really spoke stands in the clip."""
        encoder = SpeechEncoder()
        encoder.feed(Pcm(speech(1), 24_000, utterance("a", engine="edge")))
        encoder.feed(Pcm(speech(1, rate=22_050), 22_050, utterance("b", engine="offline")))
        _, clip = encoder.finish()

        assert [part.utterance.engine for part in clip.spoken] == ["edge", "offline"]

    def test_an_utterance_without_a_sample_leaves_no_trace(self) -> None:
        """An engine that yields only empty pieces adds neither a breath nor a line to what was spoken."""
        encoder = SpeechEncoder()
        encoder.feed(Pcm(sine(300, 1, rate=24_000), 24_000, utterance("one")))
        encoder.feed(Pcm(silence(0), 24_000, utterance("two")))
        encoder.feed(Pcm(sine(300, 1, rate=24_000), 24_000, utterance("three")))
        _, clip = encoder.finish()

        assert [part.utterance.text for part in clip.spoken] == ["one", "three"]
        assert clip.seconds == pytest.approx(2.25, abs=0.05)

    def test_a_silent_utterance_is_a_moment_of_silence(self) -> None:
        """Sound that is none is not blown up, nor is its voice thought to be that quiet."""
        memory = Loudness()
        noise = np.random.default_rng(0).standard_normal(48_000).astype(np.float32) * np.float32(1e-4)
        packets, clip = spoken(noise, encoder=SpeechEncoder(loudness=memory))

        assert clip.seconds < 0.2
        assert np.abs(heard(packets)).max() < 0.01
        assert memory.of("fake", "heart") is None

    def test_nothing_fed_is_no_speech(self) -> None:
        """There is no clip of nothing."""
        with pytest.raises(AudioError, match="no sound"):
            SpeechEncoder().finish()
        encoder = SpeechEncoder()
        encoder.feed(Pcm(silence(0), 24_000, utterance()))
        with pytest.raises(AudioError, match="no sound"):
            encoder.finish()


class TestPackets:
    def test_every_packet_is_one_frame_of_20_ms_in_mono(self) -> None:
        """RFC 6716, 3.1: configuration 15 or 31 (or any other of 20 ms), mono, frame count code 0."""
        fed, _ = spoken(speech(3))
        twenty = {1, 5, 9, 13, 15, 19, 23, 27, 31}

        assert {packet[0] >> 3 for packet in fed} <= twenty
        assert {packet[0] & 0b111 for packet in fed} == {0}

    def test_the_bit_rate_is_about_what_was_asked_for(self) -> None:
        """Variable, but 32 kbit/s within a third on real speech, and less when less is asked for."""
        sound, rate = real()
        rates = []
        for bitrate in (16_000, 32_000):
            fed, clip = spoken(sound, rate, encoder=SpeechEncoder(bitrate=bitrate))
            rates.append(sum(map(len, fed)) * 8 / clip.seconds)

        assert rates == pytest.approx([16_000, 32_000], rel=0.34)

    @pytest.mark.parametrize("seconds", [0.02, 0.5, 1.0, 1.2345])
    def test_the_clip_is_exactly_as_long_as_it_says(self, seconds: float) -> None:
        """Its Ogg decodes, in FFmpeg's reader and from its packets, to that many samples, and holds these packets."""
        fed, clip = spoken(sine(300, seconds, rate=24_000))
        with av.open(io.BytesIO(clip.ogg), "r") as container:
            read = sum(frame.samples for frame in container.decode(audio=0))

        assert packets(clip.ogg) == tuple(fed)
        assert read == heard(fed).size == len(fed) * PACKET_SAMPLES - PRE_SKIP
        assert clip.seconds == read / SAMPLE_RATE
        assert 0 <= clip.seconds - seconds < 0.035

    def test_the_first_packet_is_not_kept_waiting(self) -> None:
        """A new voice that trickles in 10 ms at a time is heard after at most 150 ms of it; a known one after 50 ms."""
        known = Loudness()
        known.learn("fake", "heart", -25.0, 10.0)
        sound = sine(300, 1, rate=24_000)
        waits = []
        for memory in (Loudness(), known):
            encoder = SpeechEncoder(loudness=memory)
            fed = (bool(encoder.feed(Pcm(part, 24_000, utterance()))) for part in pieces(sound, 240))
            waits.append(10 * (1 + next(at for at, ready in enumerate(fed) if ready)))

        assert waits[0] <= 150
        assert waits[1] <= 50

    def test_a_speech_in_flow_is_never_far_behind(self) -> None:
        """All but 60 ms of what was fed is out, all along."""
        encoder = SpeechEncoder()
        sound = sine(300, 3, rate=24_000)
        out = 0
        behind = []
        for at, part in enumerate(pieces(sound, 2_400), 1):
            out += len(encoder.feed(Pcm(part, 24_000, utterance())))
            behind.append(at * 0.1 - out * 0.02)

        assert max(behind[2:]) <= 0.06

    def test_silence_at_the_start_is_not_waited_for(self) -> None:
        """The first packet of an engine that begins with half a second of silence is the first sound, not silence."""
        fed, _ = spoken(np.concatenate((silence(0.5), sine(300, 1, rate=24_000))))

        assert np.abs(heard(fed[:3])).max() > 0.05

    async def test_each_call_may_run_in_another_thread(self) -> None:
        """As asyncio.to_thread has it, one after the other: the packets are those of one thread."""
        sound = speech(2)
        encoder = SpeechEncoder()
        fed = []
        for part in pieces(sound, EDGE_PIECE):
            with ThreadPoolExecutor(1) as thread:
                fed += thread.submit(encoder.feed, Pcm(part, 24_000, utterance())).result()
        last, _ = await asyncio.to_thread(encoder.finish)

        assert fed + last == spoken(pieces(sound, EDGE_PIECE))[0]


class TestSeams:
    @pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100, 48_000])
    def test_pieces_sound_like_the_whole(self, rate: int) -> None:
        """Cut anywhere, a tone at a known level stays as pure as it is in one piece."""
        memory = Loudness()
        memory.learn("fake", "heart", lufs(sine(1_000, 2, dbfs=-26)), 60)
        tone = sine(1_000, 2, rate=rate, dbfs=-26)
        whole, _ = spoken(tone, rate, encoder=SpeechEncoder(loudness=_copy(memory)))
        cut, _ = spoken(pieces(tone, 997), rate, encoder=SpeechEncoder(loudness=_copy(memory)))

        assert _impurity(heard(cut)) < _impurity(heard(whole)) + 1.0
        assert len(cut) == len(whole)

    def test_the_rate_may_change_inside_an_utterance(self) -> None:
        """Whatever was still in the old converter is not lost."""
        parts = ((speech(1), 24_000), (speech(1, rate=48_000), 48_000), (speech(1, rate=16_000), 16_000))
        encoder = SpeechEncoder()
        for sound, rate in parts:
            encoder.feed(Pcm(sound, rate, utterance()))
        _, clip = encoder.finish()

        assert clip.seconds == pytest.approx(3.0, abs=0.04)
        assert len(clip.spoken) == 1


class TestGarbage:
    def test_what_is_no_number_is_silence(self) -> None:
        """NaN and infinity neither raise nor spread to the rest of the speech."""
        sound = speech(3)
        sound[10_000:10_100] = np.nan
        sound[20_000] = np.inf
        sound[30_000] = -np.inf
        for fed in (sound, pieces(sound, EDGE_PIECE)):
            out = heard(spoken(fed)[0])

            assert np.isfinite(out).all()
            assert lufs(out) == pytest.approx(-16, abs=2)

    @pytest.mark.parametrize("huge", [1e3, 1e20, 3e38])
    def test_a_broken_sample_does_not_deafen(self, huge: float) -> None:
        """One absurd value does not mute the rest for long, nor pass the ceiling."""
        sound = speech(3)
        sound[30_000] = huge
        out = heard(spoken(sound)[0])

        assert true_peak(out) <= -1.0
        assert lufs(out) > -22

    def test_integers_columns_and_views_are_taken(self) -> None:
        """What an engine calls mono samples may be a column, of doubles, or every other sample of something."""
        sound = speech(1)
        plain, _ = spoken(sound)
        strided = np.repeat(sound, 2)[::2]
        for other in (sound[:, np.newaxis], sound.astype(np.float64), strided):
            fed, _ = spoken([other])  # type: ignore[list-item]

            assert fed == plain

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.integers(0, 4_000), min_size=1, max_size=12), st.floats(-60, 12), st.integers(0, 99))
    def test_any_cutting_of_any_sound_makes_a_sound_clip(self, sizes: list[int], peak: float, seed: int) -> None:
        """Packets and clip agree, the picture fits, and the crest stays below, whatever is fed."""
        sound = speech(max(0.1, sum(sizes) / 24_000), peak=peak, seed=seed)
        fed, clip = spoken(np.split(sound, np.cumsum(sizes)))

        assert packets(clip.ogg) == tuple(fed)
        assert clip.seconds == (len(fed) * PACKET_SAMPLES - PRE_SKIP) / SAMPLE_RATE
        assert 1 <= len(clip.waveform) <= min(256, max(1, int(clip.seconds * 10)))
        # The codec may add some to what the limiter let through; noise at full scale is its worst case.
        assert true_peak(heard(fed)) <= 0.5


def _swell(samples: int) -> Samples:
    """From one to a third and back, once a second, as a voice goes up and down."""
    time = np.arange(samples) / 24_000
    return (0.67 + 0.33 * np.cos(2 * np.pi * time)).astype(np.float32)


def _copy(memory: Loudness) -> Loudness:
    copied = Loudness()
    copied.learn("fake", "heart", memory.of("fake", "heart") or 0.0, 60)
    return copied


def _levels(sound: Samples) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The level of each tenth of a second in dB, as far as there is any."""
    tenths = sound[: sound.size // 4_800 * 4_800].reshape(-1, 4_800).std(axis=1)
    levels: np.ndarray[tuple[int], np.dtype[np.float64]] = 20 * np.log10(tenths[tenths > 0.005], dtype=np.float64)
    return levels


def _impurity(tone: Samples) -> float:
    """What is not the 1 kHz tone, in dB under it."""
    middle = tone[24_000:72_000].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(middle.size))) ** 2
    line = spectrum[990:1011].sum()
    return float(10 * np.log10((spectrum.sum() - line) / line))
