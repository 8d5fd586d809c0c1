"""Goldens of Audio: mel filters and features as transformers and OpenAI's whisper compute them, and small files of sound.

The sound of the features is not stored: `sound` is whole numbers throughout, and Tests/AudioTests/Sound.swift makes the same.
Of the features, some frames and each bin's mean over all frames are kept.

Files of sound are written by libsndfile (through soundfile) and ffmpeg.
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest.mock

import numpy
import soundfile
import torch
from safetensors.numpy import save_file

sys.modules["torchvision"] = None  # transformers would import it
for name in ["numba", "tiktoken"]:  # whisper imports them, for other parts
    sys.modules[name] = unittest.mock.MagicMock()
from transformers import WhisperFeatureExtractor  # noqa: E402
from whisper.audio import N_SAMPLES, log_mel_spectrogram  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
RATE = 16000
BINS = [80, 128]
# Samples of sounds, and the frames of each that are kept: both ends, where reflection and padding show, and some between.
WINDOWS = {"short": 17 * RATE // 10 + 77, "one-sample": 1, "full": 30 * RATE, "longer": 30 * RATE + 12345}
WHOLE = {"short": 17 * RATE // 10 + 77, "long": 37 * RATE + 5}


def sound(count):
    """`count` samples of 16 bits: a rising triangle wave, noise that comes and goes, and silence. Louder from 31 s on."""
    samples = numpy.zeros(count, dtype=numpy.int64)
    phase, noise = 0, 1
    for index in range(count):
        noise = (noise * 1664525 + 1013904223) % 2**32
        phase = (phase + 2**22 + 29 * index) % 2**32
        triangle = abs((phase >> 16) - 2**15) - 2**14  # -16384 ... 16384
        part = index // 4000 % 8
        value = 0 if part == 5 else triangle // 16 if part < 4 else triangle // 512
        value += ((noise >> 16) - 2**15) // (64 if part in (2, 6) else 8192) if part != 5 else 0
        samples[index] = value * 8 if index >= 31 * RATE else value
    return samples.astype(numpy.int16)


def floats(count):
    return sound(count).astype(numpy.float32) / 32768


def kept(features):
    """Frames by their index, and the mean of each bin."""
    frames = features.shape[1]
    wanted = {0, 1, 77, frames // 2, frames - 1}
    indices = sorted(index for index in wanted if 0 <= index < frames)
    return {
        "indices": numpy.array(indices, dtype=numpy.int64),
        "frames": numpy.ascontiguousarray(features[:, indices].T, dtype=numpy.float32),
        "means": features.mean(axis=1, dtype=numpy.float64).astype(numpy.float32),
    }


def write_features():
    tensors = {}
    for bins in BINS:
        extractor = WhisperFeatureExtractor(feature_size=bins)
        filters = extractor.mel_filters.T  # [bins, 201]
        tensors[f"filters.{bins}.positions"] = numpy.flatnonzero(filters > 0).astype(numpy.int16)
        tensors[f"filters.{bins}.weights"] = filters[filters > 0].astype(numpy.float32)
        for name, count in WINDOWS.items():
            if bins == 128 and name != "full":
                continue
            features = extractor(floats(count), sampling_rate=RATE, return_tensors="np").input_features[0]
            for key, value in kept(features).items():
                tensors[f"window.{bins}.{name}.{key}"] = value
        for name, count in WHOLE.items():
            if bins == 128 and name != "long":
                continue
            features = log_mel_spectrogram(torch.from_numpy(floats(count)), n_mels=bins, padding=N_SAMPLES).numpy()
            for key, value in kept(features[:, : features.shape[1] - N_SAMPLES // 160]).items():
                tensors[f"whole.{bins}.{name}.{key}"] = value
    save_file(tensors, HERE / "features.safetensors")


def ffmpeg(source, *arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact",
                    *arguments], check=True)


def write_files():
    """A tenth of a second of two tones, one a channel, in each format; at 8 or 16 kHz, so that files stay small."""
    at = numpy.arange(800) / 8000
    tones = numpy.stack([0.5 * numpy.sin(2 * numpy.pi * 440 * at), 0.25 * numpy.sin(2 * numpy.pi * 1000 * at)], axis=1)
    tone = numpy.round(tones[:, 0] * 32767).astype(numpy.int16)
    stereo = numpy.round(tones * 32767).astype(numpy.int16)
    soundfile.write(HERE / "pcm16.wav", tone, 8000, "PCM_16")
    soundfile.write(HERE / "pcm24.wav", tone[:400].astype(numpy.int32) << 16, 8000, "PCM_24")
    soundfile.write(HERE / "pcm8.wav", tone, 8000, "PCM_U8")
    soundfile.write(HERE / "float.wav", tone[:200].astype(numpy.float32) / 32768, 8000, "FLOAT")
    soundfile.write(HERE / "stereo.flac", stereo, 8000, "PCM_16")
    soundfile.write(HERE / "sample.wav", tone[5:6], 16000, "PCM_16")
    soundfile.write(HERE / "none.wav", tone[:0], 16000, "PCM_16")
    with tempfile.TemporaryDirectory() as folder:
        write_lossy_files(pathlib.Path(folder), tone)


def write_lossy_files(folder, tone):
    # Tests/AudioTests/Sound.swift has the source of these too: the tone, played at twice its rate.
    source, second = folder / "tone.wav", folder / "second.wav"
    soundfile.write(source, numpy.concatenate([tone, tone])[:1200], 16000, "PCM_16")
    ffmpeg(source, "-c:a", "libopus", "-b:a", "24k", HERE / "tone.opus")
    ffmpeg(source, "-c:a", "libmp3lame", "-b:a", "32k", HERE / "tone.mp3")
    ffmpeg(source, "-c:a", "aac", "-b:a", "32k", HERE / "tone.m4a")
    ffmpeg(source, "-c:a", "libopus", "-b:a", "24k", HERE / "tone.webm")
    ffmpeg(source, "-c:a", "libvorbis", "-ar", "8000", "-q:a", "0", HERE / "tone.ogg")
    # Several frames, to be cut.
    soundfile.write(second, numpy.tile(tone // 256, 10), 8000, "PCM_16")
    ffmpeg(second, "-c:a", "libmp3lame", "-b:a", "8k", HERE / "second.mp3")
    soundfile.write(HERE / "second.flac", numpy.tile(tone // 256, 10), 8000, "PCM_16")


if __name__ == "__main__":
    write_features()
    write_files()
    for file in sorted(HERE.iterdir()):
        print(f"{file.stat().st_size:>8,} bytes  {file.name}")
