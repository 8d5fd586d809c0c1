"""Compares `glint bench model` with the wheel's benchmark_app: the same lines of options, in turns.

    .venv/bin/pip install openvino==2026.4.1 openvino-telemetry
    .venv/bin/python benchmark_app.py MODEL… [--rounds 7] [--seconds 3] [-- options of both]

For each model and API it prints the ratio of glint's throughput to benchmark_app's, the median of the rounds, beside the noise of the
pair: the spread that benchmark_app has with itself from one round to the next.
"""
import argparse
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETTINGS = {"sync": ["-api", "sync", "-hint", "latency"], "async": ["-api", "async", "-hint", "throughput"]}


def arguments():
    own, _, common = " ".join(sys.argv[1:]).partition(" -- ")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--glint", default=str(ROOT / "glint"))
    parser.add_argument("--app", default=shutil.which("benchmark_app", path=str(pathlib.Path(sys.executable).parent)))
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (default: 7)")
    parser.add_argument("--seconds", type=int, default=3, help="a turn (default: 3)")
    parser.add_argument("--api", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    return parser.parse_args(own.split()), common.split()


def run(command, model, options):
    """Throughput, and the median latency in ms."""
    done = subprocess.run([*command, "-m", model, *options], capture_output=True, text=True)
    text = done.stdout
    throughput = re.search(r"Throughput:\s+([\d.]+) FPS", text)
    latency = re.search(r"Median:\s+([\d.]+) (ms|us)", text)
    if done.returncode or not throughput or not latency:
        sys.exit(f"{' '.join(command)} -m {model} {' '.join(options)} ended with {done.returncode}:\n{text}\n{done.stderr}")
    return float(throughput[1]), float(latency[1]) * (0.001 if latency[2] == "us" else 1)


def compare(model, api, options, common):
    settings = [*SETTINGS[api], "-t", str(options.seconds), *common]
    sides = {"app": [options.app], "glint": [options.glint, "bench", "model"]}
    found = {side: [] for side in sides}
    for number in range(options.rounds):
        for side in list(sides) if number % 2 == 0 else reversed(sides):
            found[side].append(run(sides[side], model, settings))
    ratios = [glint[0] / app[0] for app, glint in zip(found["app"], found["glint"])]
    latencies = [glint[1] / app[1] for app, glint in zip(found["app"], found["glint"])]
    own = [value[0] for value in found["app"]]
    middle = statistics.median(own)
    noise = statistics.median(abs(later - earlier) for earlier, later in zip(own, own[1:])) / middle
    return middle, statistics.median(v[0] for v in found["glint"]), ratios, statistics.median(latencies), noise


def main():
    options, common = arguments()
    print("| model | API | benchmark_app (FPS) | glint (FPS) | ratio (least to most) | ratio of median latencies | noise | agrees |")
    print("|---|---|---|---|---|---|---|---|")
    failed = False
    for model in options.models:
        for api in options.api:
            app, glint, ratios, latency, noise = compare(model, api, options, common)
            ratio = statistics.median(ratios)
            agrees = abs(ratio - 1) <= max(0.03, noise)
            failed |= not agrees
            print(
                f"| {pathlib.Path(model).name} | {api} | {app:.2f} | {glint:.2f} | {ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f}) "
                f"| {latency:.3f} | {100 * noise:.1f} % | {'yes' if agrees else 'NO'} |", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
