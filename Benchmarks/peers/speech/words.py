"""Compares the times of words: glint's with faster-whisper's, over the words that both have.

    .venv/bin/python words.py talk.m4a --model FOLDER --language en

Prints the median absolute difference of starts and of ends in seconds. See ../README.md.
"""
import argparse
import difflib
import json
import pathlib
import statistics
import subprocess
import sys

from scoring import normalizer

HERE = pathlib.Path(__file__).resolve().parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+", type=pathlib.Path)
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--language")
    parser.add_argument("--beam-size", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--glint", type=pathlib.Path, default=HERE.parents[2] / "glint")
    parser.add_argument("--work", type=pathlib.Path, default=HERE / "work")
    return parser.parse_args()


def common(options):
    both = ["--model", str(options.model), "--beam-size", str(options.beam_size), "--threads", str(options.threads)]
    return both + (["--language", options.language] if options.language else [])


def glint(options, recording):
    """Words with their times, from the transcript's JSON."""
    subprocess.run(
        [str(options.glint), "transcribe", str(recording), "--word-timestamps", "--output-format", "json", "--output-dir",
         str(options.work), "--quiet", *common(options)], check=True, stdout=subprocess.DEVNULL)
    transcript = json.loads((options.work / f"{recording.stem}.json").read_text("utf-8"))
    words = [word for segment in transcript["segments"] for word in segment.get("words", [])]
    if transcript["segments"] and not words:
        raise SystemExit("glint's transcript has no times of words")
    return words


def faster_whisper(options, recording):
    manifest, output = options.work / "words.jsonl", options.work / "words-faster-whisper.jsonl"
    manifest.write_text(json.dumps({"audio": str(recording.resolve()), "text": ""}) + "\n", "utf-8")
    subprocess.run(
        [sys.executable, str(HERE / "workers" / "faster_whisper_side.py"), str(manifest), "--words", "--output", str(output),
         *common(options)], check=True, stdout=subprocess.DEVNULL)
    return json.loads(output.read_text("utf-8"))["words"]


def differences(ours, theirs, normalize):
    """Pairs of (start, end) differences of words that both sides have in the same place of the text."""
    texts = [[normalize(word["word"]).strip() for word in words] for words in (ours, theirs)]
    for block in difflib.SequenceMatcher(None, *texts, autojunk=False).get_matching_blocks():
        for index in range(block.size):
            our, their = ours[block.a + index], theirs[block.b + index]
            yield our["start"] - their["start"], our["end"] - their["end"]


def main():
    options = arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    pairs, counts = [], [0, 0]
    for recording in options.recordings:
        sides = glint(options, recording), faster_whisper(options, recording)
        counts = [count + len(words) for count, words in zip(counts, sides)]
        pairs += differences(*sides, normalizer(options.language))
    if not pairs:
        raise SystemExit("the two sides have no word in common")
    starts, ends = ([abs(difference) for difference in column] for column in zip(*pairs))
    print(f"{counts[0]} words of glint, {counts[1]} of faster-whisper, {len(pairs)} in common")
    for name, values in (("starts", starts), ("ends", ends)):
        ordered = sorted(values)
        print(f"{name}: median difference {statistics.median(values):.3f} s, 95th percentile "
              f"{ordered[int(0.95 * (len(ordered) - 1))]:.3f} s, largest {ordered[-1]:.3f} s")


if __name__ == "__main__":
    main()
