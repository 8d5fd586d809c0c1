"""Compares glint with faster-whisper over recordings: time, memory, and word errors by one normalizer.

    .venv/bin/python compare.py SETS/nl-40.jsonl --model FOLDER --language nl
    .venv/bin/python compare.py talk.m4a --model FOLDER --language en --beam-size 1 5 --variant "--precision bf16"

Every run is a process of its own with the run's number as its seed, and sides take turns. See ../README.md.
"""
import argparse
import dataclasses
import json
import pathlib
import shlex
import statistics
import sys

import scoring

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from processes import Failed, run_once  # noqa: E402
from report import amount, duration, machine  # noqa: E402


@dataclasses.dataclass
class Side:
    """A way of transcribing the set, and its runs."""
    name: str
    beam_size: int
    command: list
    transcripts: pathlib.Path
    runs: list = dataclasses.field(default_factory=list)

    def run(self, seed, log, normalize):
        """Transcribes the set; the figures of the run, and what its transcripts are worth."""
        log.write_bytes(b"")
        figures = run_once(dataclasses.replace(self, command=[*self.command, "--seed", str(seed)]), log)
        # Warnings may stand before the report.
        lines = log.read_text("utf-8").splitlines()
        report = json.loads("\n".join(lines[next(index for index, line in enumerate(lines) if line.startswith("{")):]))
        figures |= {key: report["variants"][0][key] for key in ("load_seconds", "transcription_seconds")}
        wer, accuracy = scoring.score(scoring.records(self.transcripts), normalize)
        self.runs.append(figures | {"wer_percent": wer, "accuracy_percent": accuracy})

    def median(self, key):
        return statistics.median(run[key] for run in self.runs)

    def mean(self, key):
        values = [run[key] for run in self.runs]
        return None if None in values else statistics.mean(values)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+", type=pathlib.Path, help="a manifest (.jsonl), or recordings")
    parser.add_argument("--model", required=True, type=pathlib.Path, help="faster-whisper's folder, which glint reads too")
    parser.add_argument("--language", help="of the recordings (default: detected)")
    parser.add_argument("--beam-size", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--compute-type", nargs="*", default=["float32", "int8"],
                        help="of faster-whisper; the first is the baseline")
    parser.add_argument("--transformers", action="store_true",
                        help="with PyTorch through transformers too, which is then the baseline; greedy, no window but the first")
    parser.add_argument("--variant", action="append", metavar="ARGUMENTS",
                        help="arguments of glint eval wer; --model in them replaces the model; repeatable (default: none)")
    parser.add_argument("--temperature", type=float, help="the only one, for both sides (default: each side's list)")
    parser.add_argument("--runs", type=int, default=3, help="alternating runs of each side (default: 3)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--glint-model", help="the model for glint, if it is not the peer's folder")
    parser.add_argument("--glint", type=pathlib.Path, default=HERE.parents[2] / "glint")
    parser.add_argument("--work", type=pathlib.Path, default=HERE / "work", help="where transcripts are kept (default: work)")
    parser.add_argument("--differences", action="store_true", help="also print the words that differ from the baseline's")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    options.variant = options.variant or [""]
    options.work = options.work.resolve()
    if options.runs < 1:
        parser.error("--runs must be 1 or more")
    return options


def manifest(options):
    """The set as JSON Lines; recordings get no text."""
    if len(options.recordings) == 1 and options.recordings[0].suffix == ".jsonl":
        return options.recordings[0].resolve()
    path = options.work / "recordings.jsonl"
    lines = [json.dumps({"audio": str(recording.resolve()), "text": ""}) for recording in options.recordings]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def sides(options, beam_size):
    """All that take turns; the first one is the baseline."""
    recordings = str(manifest(options))
    both = ["--beam-size", str(beam_size), "--threads", str(options.threads)]
    both += ["--language", options.language] if options.language else []
    both += ["--temperature", str(options.temperature)] if options.temperature is not None else []
    result = []
    if options.transformers:
        transcripts = options.work / "transformers.jsonl"
        command = [sys.executable, str(HERE / "workers" / "transformers_side.py"), recordings, "--model", str(options.model),
                   "--output", str(transcripts), *both]
        result.append(Side("torch, transformers", beam_size, command, transcripts))
    for kind in options.compute_type:
        transcripts = options.work / f"faster-whisper-{kind}-{beam_size}.jsonl"
        command = [sys.executable, str(HERE / "workers" / "faster_whisper_side.py"), recordings, "--model", str(options.model),
                   "--compute-type", kind, "--output", str(transcripts), *both]
        result.append(Side(f"faster-whisper {kind}", beam_size, command, transcripts))
    for index, variant in enumerate(options.variant):
        words = shlex.split(variant)
        transcripts = options.work / f"glint-{index}-{beam_size}.jsonl"
        model = [] if "--model" in words else ["--model", options.glint_model or str(options.model)]
        command = [str(options.glint), "eval", "wer", recordings, "--quiet", "--json", "--output", str(transcripts), *model, *both,
                   *words]
        result.append(Side(f"glint {variant}".strip(), beam_size, command, transcripts))
    return result


def rows(compared, normalize):
    baseline = compared[0]
    first = scoring.records(baseline.transcripts)
    for side in compared:
        samples = scoring.records(side.transcripts)
        characters, differences = scoring.character_difference(samples, first, normalize)
        seconds = side.median("transcription_seconds")
        yield {
            "side": side.name, "beam_size": side.beam_size, "seconds": seconds,
            "time_ratio": seconds / baseline.median("transcription_seconds"), "load_seconds": side.median("load_seconds"),
            "peak_memory_bytes": side.median("peak_memory_bytes"), "wer_percent": side.mean("wer_percent"),
            "wer_percent_range": [choose(run["wer_percent"] or 0 for run in side.runs) for choose in (min, max)],
            "accuracy_percent": side.mean("accuracy_percent"),
            "characters_differing_percent": characters, "differences": differences, "runs": side.runs}


def table(results):
    def number(value):
        return "" if value is None else f"{value:.2f}"

    head = ["side", "beams", "time", "ratio", "load", "peak memory", "WER %", "of runs", "accuracy %", "characters differing %"]
    lines = [head, ["---"] * len(head)]
    for row in results:
        lines.append([
            row["side"], str(row["beam_size"]), duration(row["seconds"]), f"{row['time_ratio']:.3f}", duration(row["load_seconds"]),
            amount(row["peak_memory_bytes"]), number(row["wer_percent"]),
            " … ".join(map(number, row["wer_percent_range"])) if row["wer_percent"] is not None else "", number(row["accuracy_percent"]),
            number(row["characters_differing_percent"])])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main():
    options = arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    about = machine() | {"runs": options.runs, "threads": options.threads}
    normalize = scoring.normalizer(options.language)
    results = []
    for beam_size in options.beam_size:
        compared = sides(options, beam_size)
        for turn in range(options.runs):
            for side in compared if turn % 2 == 0 else reversed(compared):
                print(f"run {turn + 1} of {options.runs}: {side.name}, {beam_size} beams", file=sys.stderr)
                side.run(turn, options.work / "log.txt", normalize)
        results += rows(compared, normalize)
    if options.json:
        print(json.dumps(about | {"results": results}, indent=2, ensure_ascii=False))
        return
    print(", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in about.items()) + "\n")
    print(table(results))
    if options.differences:
        print()
        for row in results:
            for audio, theirs, ours in row["differences"]:
                print(f"{row['side']}, {row['beam_size']} beams, {audio}: '{ours}' where the baseline has '{theirs}'")


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        sys.exit(f"compare.py: {error}")
