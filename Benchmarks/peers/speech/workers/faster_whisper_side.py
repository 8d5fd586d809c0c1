"""Transcribes a manifest with faster-whisper; a process of its own, so that its peak memory is its own.

Writes a JSON object a recording to --output, and prints one with the figures of the run, as `glint eval wer --json` names them. Times
are wall clock: `load_seconds` from the start of the imports, `seconds` of `transcribe` with the reading of the file.
"""
import argparse
import json
import pathlib
import time

started = time.perf_counter()
import ctranslate2  # noqa: E402
from faster_whisper import WhisperModel  # noqa: E402


def words(segments):
    return [{"word": word.word, "start": word.start, "end": word.end} for segment in segments for word in segment.words or []]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=pathlib.Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--compute-type", default="float32")
    parser.add_argument("--beam-size", type=int, default=5)
    parser.add_argument("--language")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of tokens drawn where the most probable text is bad")
    parser.add_argument("--temperature", type=float, help="the only one (default: the peer's list)")
    parser.add_argument("--words", action="store_true", help="with the times of words")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    options = parser.parse_args()
    ctranslate2.set_random_seed(options.seed)
    model = WhisperModel(options.model, device="cpu", compute_type=options.compute_type, cpu_threads=options.threads)
    loaded = time.perf_counter()
    temperature = {} if options.temperature is None else {"temperature": options.temperature}
    total = audio = 0
    with open(options.output, "w", encoding="utf-8") as output:
        for line in options.manifest.read_text("utf-8").splitlines():
            sample = json.loads(line)
            start = time.perf_counter()
            segments, info = model.transcribe(
                str(options.manifest.parent / sample["audio"]), beam_size=options.beam_size, language=options.language,
                word_timestamps=options.words, **temperature)
            segments = list(segments)
            seconds = time.perf_counter() - start
            total += seconds
            audio += info.duration
            record = {"audio": sample["audio"], "reference": sample["text"],
                      "hypothesis": "".join(segment.text for segment in segments), "seconds": seconds}
            if options.words:
                record["words"] = words(segments)
            output.write(json.dumps(record, ensure_ascii=False) + "\n")
    figures = {"name": options.compute_type, "load_seconds": loaded - started, "transcription_seconds": total}
    print(json.dumps({"audio_seconds": audio, "variants": [figures]}))


if __name__ == "__main__":
    main()
