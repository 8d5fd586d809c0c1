"""Makes the goldens of times of words, by openai-whisper and faster-whisper.

    python3 make.py [models recordings]

with the packages of ../../requirements.txt. With the folder of the published models (tiny.en, base; CTranslate2) and that of the
recordings, published.json is made too: faster-whisper's words in f32.
"""
import io
import json
import pathlib
import random
import sys
import types

import numpy as np
import torch

numba = types.ModuleType("numba")  # makes the same, slower
numba.jit = lambda *arguments, **options: lambda function: function
sys.modules["numba"] = numba

from faster_whisper.transcribe import TranscriptionOptions, WhisperModel  # noqa: E402
from whisper import timing, tokenizer, utils  # noqa: E402

FOLDER = pathlib.Path(__file__).parent
END, START, NO_TIMESTAMPS, TIMESTAMPS = 256, 257, 299, 300
MARKS = [" \"", " (", " ¿", " -", ",", ".", "?", "!", "。", "、", "...", "\"", " '", " ", "”"]


class Tokenizer:
    """256 bytes and special tokens."""
    eot, no_timestamps, timestamp_begin, sot_sequence = END, NO_TIMESTAMPS, TIMESTAMPS, (START,)
    split_to_word_tokens = tokenizer.Tokenizer.split_to_word_tokens
    split_tokens_on_spaces = tokenizer.Tokenizer.split_tokens_on_spaces
    split_tokens_on_unicode = tokenizer.Tokenizer.split_tokens_on_unicode

    def __init__(self, language="en"):
        self.language = language

    def decode(self, tokens):
        return bytes(token for token in tokens if token < END).decode(errors="replace")

    def decode_with_timestamps(self, tokens):
        texts = b"".join(bytes([token]) if token < END else b"<|endoftext|>" for token in tokens)
        return texts.decode(errors="replace")


def number(case, index):
    """A number from -8 to 8 that the tests make in the same way."""
    return (index * index * 31 + index * 7919 + case * 104_729) % 1009 / 64 - 8


class Attention(torch.nn.Module):
    def forward(self, scores):
        return None, scores


class Decoder(torch.nn.Module):
    """Attends with the numbers of a case, and gives each token a probability."""

    def __init__(self, case, heads, positions, probabilities):
        super().__init__()
        self.decoder = torch.nn.Module()
        self.decoder.blocks = torch.nn.ModuleList([torch.nn.Module() for _ in range(2)])
        for block in self.decoder.blocks:
            block.cross_attn = Attention()
        self.dims = types.SimpleNamespace(n_text_layer=2)
        # Two heads of the first layer, the rest of the second.
        chosen = torch.zeros(2, heads, dtype=torch.bool)
        chosen[0, :1] = True
        chosen[1, 1:] = True
        self.alignment_heads = chosen.to_sparse()
        self.case, self.heads, self.positions, self.probabilities = case, heads, positions, probabilities
        self.device = "cpu"

    def forward(self, mel, tokens):
        count = tokens.shape[1]
        size = count * self.positions
        scores = torch.tensor([number(self.case, index) for index in range(self.heads * size)])
        scores = scores.reshape(self.heads, count, self.positions)
        # The heads in the order in which they are chosen: layer by layer.
        first, second = torch.zeros(1, *scores.shape), torch.zeros(1, *scores.shape)
        first[0, 0], second[0, 1:] = scores[0], scores[1:]
        for block, given in zip(self.decoder.blocks, (first, second)):
            block.cross_attn(given)
        logits = torch.zeros(1, count, 320)
        logits[:, :, END:] = 50  # tokens that are no text do not count
        for place, probability in enumerate(self.probabilities):
            logits[0, place + 1, tokens[0, place + 2]] = np.log(255 * probability / (1 - probability))
        return logits


def text(japanese):
    """Words and punctuation, as tokens."""
    words = []
    for _ in range(random.randint(1, 9)):
        kind = random.random()
        if kind < 0.3:
            words.append(random.choice(MARKS))
        elif japanese:
            words.append(random.choice(["時", "は", "あ", "a", "金"]))
        else:
            words.append(random.choice([" a", " the", " word", "s", " él"]))
    tokens = list("".join(words).encode())
    # A character that stays incomplete.
    return tokens + ([0xE6, 0x99] if random.random() < 0.2 else [])


def alignments():
    cases = []
    for case in range(40):
        language = random.choice(["en", "ja"])
        tokens, heads, positions = text(language == "ja"), random.randint(2, 4), random.choice([3, 20, 40])
        frames = random.choice([2 * positions, 2 * positions - 3, 7]) if positions > 3 else random.choice([4, 6])
        probabilities = [round(0.02 + 0.96 * random.random(), 3) for _ in tokens]
        model = Decoder(case, heads, positions, probabilities)
        found = timing.find_alignment(model, Tokenizer(language), tokens, torch.zeros(1, 1), frames)
        cases.append({
            "language": language, "tokens": tokens, "heads": heads, "positions": positions, "frames": frames,
            "probabilities": probabilities,
            "words": [[word.word, len(word.tokens), word.start, word.end, float(word.probability)] for word in found]})
    return cases


def warpings():
    cases = []
    for case in range(30):
        rows, columns = random.randint(1, 9), random.randint(1, 20)
        # Whole numbers make equal ways.
        scale = random.choice([1, 1000])
        matrix = np.array([round(number(case, index) * scale) for index in range(rows * columns)], dtype=float)
        path = timing.dtw_cpu(-matrix.reshape(rows, columns))
        starts = path[1][np.pad(np.diff(path[0]), (1, 0), constant_values=1).astype(bool)]
        cases.append({"rows": rows, "columns": columns, "scale": scale, "starts": starts.tolist()})
    return cases


def medians():
    rows = [[number(count, index) for index in range(count)] for count in range(1, 25)]
    return [timing.median_filter(torch.tensor(row), 7).tolist() for row in rows]


def merged():
    cases = []
    for _ in range(60):
        words = [random.choice([*MARKS, *MARKS, " a", "b", " c "]) for _ in range(random.randint(1, 8))]
        alignment = [timing.WordTiming(word, [0] * random.randint(1, 3), 0, 0, 0) for word in words]
        counts = [len(word.tokens) for word in alignment]
        timing.merge_punctuations(alignment, "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、")
        cases.append({"words": words, "counts": counts, "merged": [[word.word, len(word.tokens)] for word in alignment]})
    return cases


def aligned_words(start=0.0):
    words, time = [], start
    for _ in range(random.randint(0, 12)):
        time += random.choice([0, 0, 0, 0.5, 3])
        end = time + random.choice([0, 0.1, 0.2, 0.24, 0.3, 0.9, 2.5, 4])
        word = random.choice([*MARKS, " a", " word", " other", "s"])
        words.append({"word": word, "tokens": [1] * random.randint(1, 3), "start": round(time, 2), "end": round(end, 2),
                      "probability": random.choice([0.05, 0.5, 0.9])})
        time = end
    return words


def model():
    found = object.__new__(WhisperModel)
    found.frames_per_second, found.tokens_per_second = 100, 50
    found.feature_extractor = types.SimpleNamespace(time_per_frame=0.01, nb_max_frames=3000)
    found.logger = types.SimpleNamespace(isEnabledFor=lambda level: False, debug=lambda *arguments: None)
    return found


def segments():
    cases = []
    for _ in range(80):
        words = aligned_words()
        counts = [len(word["tokens"]) for word in words]
        seek = random.choice([0, 1234])
        parts, left, time = [], sum(counts), seek / 100
        while left > 0 or not parts:
            count = min(left, random.randint(0, 8))
            time += random.choice([0, 0.3, 1])
            end = time + random.choice([0.2, 1, 4])
            parts.append({"seek": seek, "start": round(time, 2), "end": round(end, 2), "tokens": [1] * count + [TIMESTAMPS]})
            left, time = left - count, end
        last = random.choice([0, seek / 100, max(0, seek / 100 - 4)])
        given = {"words": [[word["word"], count, word["start"], word["end"], word["probability"]]
                           for word, count in zip(words, counts)],
                 "parts": [[part["start"], part["end"], len(part["tokens"]) - 1] for part in parts], "seek": seek, "last": last}
        whisper = model()
        whisper.find_alignment = lambda *arguments: [words]
        whisper.add_word_timestamps([parts], Tokenizer(), None, 3000, "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、", last)
        given["found"] = [
            [part["start"], part["end"],
             [[word["word"], word["start"], word["end"], word["probability"]] for word in part["words"]]] for part in parts]
        cases.append(given)
    return cases


def silences():
    """Windows with words, and what faster-whisper makes of them."""
    cases = []
    fields = {name: None for name in TranscriptionOptions.__dataclass_fields__}
    for _ in range(30):
        threshold, windows, seeks, frames = random.choice([0.5, 2]), [], [], random.choice([2500, 7000])
        options = TranscriptionOptions(**{
            **fields, "clip_timestamps": "0", "word_timestamps": True, "hallucination_silence_threshold": threshold,
            "prompt_reset_on_temperature": 0.5, "condition_on_previous_text": True})
        whisper = model()
        whisper.encode = lambda segment: None
        whisper.get_prompt = lambda *arguments, **options: []
        whisper.generate_with_fallback = lambda *arguments: (
            types.SimpleNamespace(no_speech_prob=0, sequences_ids=[[]]), 0, 0, 1)

        def split(tokens, seek, segment_size, **options):
            time, parts = seek / 100 + random.choice([0, 0.3, 4]), []
            for _ in range(random.randint(1, 4)):
                words = []
                scale = random.choice([1, 1, 0.01, 8])
                for _ in range(random.randint(0, 10)):
                    end = time + random.choice([0.1, 0.2, 0.4]) * scale
                    words.append({"word": random.choice([" a", " b", ".", ","]), "start": round(time, 2), "end": round(end, 2),
                                  "probability": random.choice([0.1, 0.2, 0.9])})
                    time = end
                parts.append({"seek": seek, "start": words[0]["start"] if words else round(time, 2),
                              "end": words[-1]["end"] if words else round(time + 0.5, 2), "tokens": [97], "words": words})
                time = parts[-1]["end"] + random.choice([0, 0.3, 3])
            parts = [part for part in parts if part["start"] < part["end"]]
            seeks.append(seek)
            return parts, seek + segment_size, True

        def add(given, tokenizer, output, size, *rest, last_speech_timestamp):
            part = given[0]
            windows.append({
                "seek": seeks[-1], "size": size, "last": last_speech_timestamp,
                "parts": [[p["start"], p["end"], [[w["word"], w["start"], w["end"], w["probability"]] for w in p["words"]]]
                          for p in part], "kept": 0})

        whisper._split_segments_by_timestamps, whisper.add_word_timestamps = split, add
        for _ in whisper.generate_segments(np.zeros((80, frames + 1)), Tokenizer(), options, False):
            windows[-1]["kept"] += 1
        for window, after in zip(windows, [*seeks[1:], None]):
            window["next"] = after
        cases.append({"threshold": threshold, "frames": frames, "windows": windows})
    return cases


def subtitles():
    layouts = [{}, {"highlight_words": True}, {"max_line_width": 12}, {"max_line_width": 12, "max_line_count": 1},
               {"max_line_width": 20, "max_line_count": 2, "highlight_words": True}, {"max_words_per_line": 3}]
    cases = []
    for layout in layouts:
        for _ in range(3):
            given, time = [], 3590.0
            for _ in range(4):
                words = []
                for _ in range(random.randint(0, 8)):
                    time += random.choice([0, 0, 0.5, 4])
                    end = round(time + random.choice([0.2, 0.4]), 2)
                    words.append({"word": random.choice([" a", " word", " longer", "s", " -->"]).replace("-->", "->"),
                                  "start": round(time, 2), "end": end})
                    time = end
                given.append({"start": words[0]["start"] if words else time, "end": time, "words": words,
                              "text": "".join(word["word"] for word in words)})
            texts = []
            for writer in (utils.WriteSRT, utils.WriteVTT):
                file = io.StringIO()
                writer(".").write_result({"segments": given}, file, **layout)
                texts.append(file.getvalue())
            cases.append({
                "layout": layout, "files": texts,
                "segments": [[part["start"], part["end"], [[w["word"], w["start"], w["end"]] for w in part["words"]]]
                             for part in given]})
    return cases


def published(models, recordings):
    cases = []
    for name, files in (("tiny.en", ["jfk.wav", "ted_60.m4a"]), ("base", ["ted_60.m4a", "es_test_clip.wav", "ja_test_clip.wav"])):
        whisper = WhisperModel(str(models / name), device="cpu", compute_type="float32")
        for file in files:
            for beams in (1, 5):
                found, _ = whisper.transcribe(str(recordings / file), beam_size=beams, word_timestamps=True)
                words = [[word.word, round(word.start, 2), round(word.end, 2), round(word.probability, 3)]
                         for segment in found for word in segment.words]
                cases.append({"model": name, "recording": file, "beams": beams, "words": words})
    return cases


random.seed(1)
made = {
    "alignments": alignments(), "warpings": warpings(), "medians": medians(), "merged": merged(), "segments": segments(),
    "silences": silences(), "subtitles": subtitles()}
for name, value in made.items():
    (FOLDER / f"{name}.json").write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
if len(sys.argv) == 3:
    value = published(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
    (FOLDER / "published.json").write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
