"""Makes the goldens of Speech: the rules of decoding by openai-whisper, and the cut of windows by faster-whisper.

    python3 make.py

with the packages of ../requirements.txt.
"""
import json
import pathlib
import random
import sys
import types

import torch

numba = types.ModuleType("numba")  # for word times only
numba.jit = lambda *arguments, **options: lambda function: function
sys.modules["numba"] = numba

from faster_whisper.transcribe import WhisperModel  # noqa: E402
from whisper.decoding import ApplyTimestampRules, SuppressBlank  # noqa: E402

FOLDER = pathlib.Path(__file__).parent
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


random.seed(1)
torch.manual_seed(1)
for name, value in (("rules", rules()), ("windows", windows())):
    (FOLDER / f"{name}.json").write_text(json.dumps(value, separators=(",", ":")))
