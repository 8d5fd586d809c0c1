"""Measures live transcription: feeds a recording to `glint transcribe -` at the pace of speech, and compares with the recording
transcribed as a whole. Prints the delay of words behind their end in the sound, the word error rate and processor time.

Needs faster-whisper (for the times of words; the same model in CTranslate2's layout) and openai-whisper (for its normalizer):
python3 -m venv .venv && .venv/bin/pip install faster-whisper openai-whisper
.venv/bin/python delay.py talk.m4a --model MODEL [-- --threads 2 …]"""
import argparse
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PIECE = 0.1  # seconds


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=pathlib.Path)
    parser.add_argument("--model", required=True, help="a folder in CTranslate2's layout")
    parser.add_argument("--language", default="en")
    parser.add_argument("options", nargs="*", help="of glint transcribe, after --")
    return parser.parse_intermixed_args()


def reference_words(args):
    """Words with their ends in seconds."""
    from faster_whisper import WhisperModel
    model = WhisperModel(args.model, device="cpu", compute_type="float32")
    segments, _ = model.transcribe(str(args.recording), language=args.language, word_timestamps=True)
    return [(word.word, word.end) for segment in segments for word in segment.words]


def live(command, samples):
    """Pieces of text with the seconds at which they came, and the process's processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    # Loading is no delay of words: the sound starts when the model has had time to load.
    time.sleep(5)
    start = time.monotonic()

    def feed():
        step = int(16000 * PIECE) * 2
        for index, offset in enumerate(range(0, len(samples), step)):
            time.sleep(max(0, start + (index + 1) * PIECE - time.monotonic()))
            process.stdin.write(samples[offset:offset + step])
            process.stdin.flush()
        process.stdin.close()

    threading.Thread(target=feed, daemon=True).start()
    pieces = []
    while data := os.read(process.stdout.fileno(), 1 << 16):
        pieces.append((time.monotonic() - start, data.decode(errors="replace")))
    if process.wait() != 0:
        sys.exit("glint failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return pieces, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def aligned(a, b):
    """The number of edits from a to b, and pairs of indices of equal items."""
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a):
        row = [i + 1]
        for j, y in enumerate(b):
            row.append(min(rows[i][j] + (x != y), rows[i][j + 1] + 1, row[j] + 1))
        rows.append(row)
    i, j, pairs = len(a), len(b), []
    while i and j:
        if rows[i][j] == rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]):
            i, j = i - 1, j - 1
            if a[i] == b[j]:
                pairs.append((i, j))
        elif rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
    return rows[len(a)][len(b)], pairs


def plain(word):
    return re.sub(r"\W", "", word.lower())


def main():
    args = arguments()
    from whisper.normalizers import EnglishTextNormalizer
    normalize = EnglishTextNormalizer()
    samples = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", args.recording, "-f", "s16le", "-ac", "1", "-ar", "16000", "-"],
        check=True, stdout=subprocess.PIPE).stdout
    glint = [ROOT / "glint", "transcribe"]
    options = ["--model", args.model, "--language", args.language, "--quiet", *args.options]
    whole = subprocess.run([*glint, args.recording, "--beam-size", "1", *options], check=True, stdout=subprocess.PIPE).stdout
    pieces, processor = live([*glint, "-", "--live", *options], samples)
    print(f"load average {os.getloadavg()[0]:.1f} of {os.cpu_count()} processors")
    text = "".join(piece for _, piece in pieces)
    expected, found = normalize(whole.decode()).split(), normalize(text).split()
    edits, _ = aligned(expected, found)
    print(f"word error rate to the whole recording's text: {100 * edits / len(expected):.1f} % ({edits} of {len(expected)})")
    words = [(plain(word), end) for word, end in reference_words(args) if plain(word)]
    heard = []
    for at, piece in pieces:
        heard += [(plain(word), at) for word in piece.split() if plain(word)]
    _, pairs = aligned([word for word, _ in words], [word for word, _ in heard])
    delays = sorted(heard[j][1] - words[i][1] for i, j in pairs)
    print(f"delay of {len(delays)} words: mean {statistics.mean(delays):.2f} s, median {statistics.median(delays):.2f} s, "
          f"95 % {delays[int(0.95 * len(delays))]:.2f} s, largest {delays[-1]:.2f} s")
    print(f"processor time {processor:.1f} s, loading included, for {len(samples) / 32000:.0f} s of sound")


if __name__ == "__main__":
    main()
