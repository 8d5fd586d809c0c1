"""Makes the goldens of Speech: the rules of decoding by openai-whisper, the cut of windows and of speech by faster-whisper, and
Silero's probabilities of speech by onnxruntime.

    python3 make.py

with the packages of ../requirements.txt.
"""
import importlib.util
import json
import pathlib
import random
import sys
import types

import numpy as np
import onnxruntime
import torch

numba = types.ModuleType("numba")  # for word times only
numba.jit = lambda *arguments, **options: lambda function: function
sys.modules["numba"] = numba

from faster_whisper import vad  # noqa: E402
from faster_whisper.transcribe import WhisperModel  # noqa: E402
from whisper.decoding import ApplyTimestampRules, SuppressBlank  # noqa: E402

FOLDER = pathlib.Path(__file__).parent
SILERO = pathlib.Path(importlib.util.find_spec("silero_vad").origin).parent / "data/silero_vad_openvino_16k.onnx"
VOCABULARY = 320
TIMESTAMPS = 300


class Tokenizer:
    """256 bytes, special tokens, and timestamps up to 0.38 s."""
    eot, no_timestamps, timestamp_begin = 256, 299, TIMESTAMPS

    def encode(self, text):
        return list(text.encode())


def sequence():
    """Text and timestamps as they come in windows, in any order."""
    tokens, time = [], 0
    for _ in range(random.randint(0, 6)):
        if random.random() < 0.5:
            time = min(time + random.randint(0, 4), 19)
            tokens.append(TIMESTAMPS + time)
        else:
            tokens.append(random.randint(32, 126))
    return tokens


def logits(case, lift):
    """Numbers that the tests make in the same way."""
    return [(token * 7919 + case * 104_729) % 1009 / 64 - 8 + (lift if token >= TIMESTAMPS else 0) for token in range(VOCABULARY)]


def ranges(tokens):
    """Runs of tokens, as [first, last]."""
    runs = []
    for token in tokens:
        if runs and runs[-1][1] == token - 1:
            runs[-1][1] = token
        else:
            runs.append([token, token])
    return runs


def rules():
    cases = []
    for case in range(80):
        tokens, maximum, lift = sequence(), random.choice([None, 4]), random.choice([-12, 0, 4])
        values = torch.tensor([logits(case, lift)])
        context = torch.tensor([[257, *tokens]])
        SuppressBlank(Tokenizer(), 1).apply(values, context)
        ApplyTimestampRules(Tokenizer(), 1, maximum).apply(values, context)
        allowed = [token for token, logit in enumerate(values[0].tolist()) if logit > float("-inf")]
        cases.append({"tokens": tokens, "lift": lift, "maximum": maximum, "allowed": ranges(allowed)})
    return cases


def windows():
    model = object.__new__(WhisperModel)
    model.input_stride, model.time_precision, model.frames_per_second, model.tokens_per_second = 2, 0.02, 100, 50
    cases = []
    for _ in range(80):
        tokens = [TIMESTAMPS, *sequence()]
        frames = random.choice([3000, 1234, 40])
        segments, seek, _ = model._split_segments_by_timestamps(
            tokenizer=Tokenizer(), tokens=tokens, time_offset=10.0, segment_size=frames, segment_duration=frames * 0.01, seek=0)
        parts = [[segment["start"], segment["end"], segment["tokens"]] for segment in segments]
        cases.append({"tokens": tokens, "frames": frames, "seek": seek, "parts": parts})
    return cases


def synthetic_speech():
    """Four seconds of vowels with pauses, at 16 kHz, which the tests make in the same way."""
    time = np.arange(64_000) / 16_000
    phase = 2 * np.pi * 110 * time + 20 / 0.7 * np.sin(2 * np.pi * 0.7 * time)
    sound = sum(
        sum(np.exp(-(((110 * harmonic - formant) / 150) ** 2)) for formant in (400, 2000, 2700)) * np.sin(harmonic * phase)
        for harmonic in range(1, 30))
    return (0.15 * sound * np.clip(np.sin(2 * np.pi * 4 * time), 0, 1) * (time % 3 < 2)).astype(np.float32)


def probabilities():
    """Of the form of Silero's network that takes one window a run."""
    sound = np.pad(synthetic_speech(), (0, 512))
    session = onnxruntime.InferenceSession(SILERO)
    state, context, result = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32), []
    for window in sound.reshape(-1, 512):
        output, state = session.run(None, {"input": np.concatenate([context, window])[None], "state": state})
        context = window[-64:]
        result.append(round(float(output[0, 0]), 6))
    return result


def speech():
    """Ranges of samples by probabilities in 64ths, which change slowly."""
    cases = []
    for _ in range(60):
        values, level = [], random.randint(0, 64)
        for _ in range(random.randint(1, 160)):
            level = min(64, max(0, level + random.randint(-24, 24)))
            values.append(level)
        options = {
            "threshold": random.choice([16, 32, 40]) / 64, "min_speech_duration_ms": random.choice([0, 100, 250]),
            "min_silence_duration_ms": random.choice([0, 50, 100, 160, 300]), "speech_pad_ms": random.choice([0, 30, 100, 400]),
            "max_speech_duration_s": random.choice([1.2, 2, 4, 1e9])}
        count = len(values) * 512 - random.randint(1, 511)
        vad.get_vad_model = lambda: lambda audio: np.array(values, np.float32) / 64
        found = vad.get_speech_timestamps(np.zeros(count, np.float32), vad.VadOptions(**options))
        cases.append({
            "probabilities": values, "count": count, "options": list(options.values()),
            "ranges": [[part["start"], part["end"]] for part in found]})
    return cases


random.seed(1)
torch.manual_seed(1)
for name, value in (
        ("rules", rules()), ("windows", windows()), ("speech", speech()), ("probabilities", probabilities())):
    (FOLDER / f"{name}.json").write_text(json.dumps(value, separators=(",", ":")))
