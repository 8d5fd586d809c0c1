#!/usr/bin/env python3
"""Compares two builds of glint: the pixels of their pictures, and the speed of their stages in alternating pairs.

    compare.py pixels OLD NEW [--int8 FOLDER]
    compare.py speed OLD NEW [--pairs 7] [--synthetic lcm-dreamshaper-v7]

OLD and NEW are `glint` binaries. `pixels` needs Pillow and NumPy and ends with status 1 where a picture differs. It draws with
the model of the repository and, with `--int8`, with a quantized folder of it. `speed` prints ratios NEW / OLD of medians.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks" / "peers"))
from comparisons import turns  # noqa: E402
from processes import Worker  # noqa: E402

MODEL = str(ROOT / "Models" / "emoji-lcm")
PROMPT = "a red heart on a white background"
PHOTO = str(ROOT / "docs" / "pictures" / "emoji-lcm.png")

# The name of each picture, and the options that draw it.
PICTURES = {
    "default": [],
    "seeds": ["--seed", "11", "--count", "3"],
    "numpy": ["--noise", "numpy"],
    "one step": ["--steps", "1"],
    "odd size": ["--width", "136", "--height", "152"],
    "euler": ["--scheduler", "euler", "--steps", "6"],
    "negative prompt": ["--scheduler", "ddim", "--negative-prompt", "blue", "--guidance-scale", "5", "--steps", "3"],
    "clip skip": ["--clip-skip", "1"],
    "image to image": ["--image", PHOTO, "--strength", "0.6", "--width", "128", "--height", "128"],
    "inpainting": ["--image", PHOTO, "--mask", PHOTO, "--width", "128", "--height", "128"],
}


def draw(binary, model, options, folder):
    command = [binary, "generate", PROMPT, "--model", model, "--precision", "f32", "--output", f"{folder}/"]
    seed = [] if "--seed" in options else ["--seed", "7"]
    done = subprocess.run(command + seed + options, capture_output=True, text=True)
    if done.returncode:
        return f"exit code {done.returncode}: {done.stderr.strip().splitlines()[-1]}"
    from PIL import Image
    import numpy
    return [numpy.asarray(Image.open(file)) for file in sorted(pathlib.Path(folder).glob("*.png"))]


def pixels(old, new, models):
    differing = 0
    for model in models:
        for name, options in PICTURES.items():
            with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
                before, after = draw(old, model, options, a), draw(new, model, options, b)
            if isinstance(before, str) or isinstance(after, str):
                # A picture that both refuse in the same words is no difference.
                same = before == after
                print(f"{os.path.basename(model)}, {name}: not drawn ({before if isinstance(before, str) else after})")
            else:
                same = len(before) == len(after) > 0 and all((x == y).all() for x, y in zip(before, after))
                largest = max((int(abs(x.astype(int) - y).max()) for x, y in zip(before, after) if x.shape == y.shape), default=0)
                print(f"{os.path.basename(model)}, {name}: {'identical' if same else f'differs, by {largest} of 255 at most'}")
            differing += not same
    return differing


class Side:
    def __init__(self, name, command):
        self.name, self.command = name, command


def spread(values):
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def speed(old, new, pairs, synthetic, log):
    def side(name, binary):
        return Side(name, [binary, "bench", "worker", "--synthetic", synthetic, "--precision", "f32"])
    sides = (side("old", old), side("new", new))
    # A step of a loaded network, by processor time.
    with Worker(sides[0], log) as first, Worker(sides[1], log) as second:
        workers = (first, second)
        for worker in workers:
            worker.run("unet-step")
        answers = ([], [])
        for turn in turns(pairs):
            for index in turn:
                answers[index].append(workers[index].run("unet-step"))
    report("UNet step, processor time", "cpu_seconds", answers)
    report("UNet step, clock", "seconds", answers)
    # From a fresh process: ready, compile, peak memory.
    answers = ([], [])
    for turn in turns(pairs):
        for index in turn:
            with Worker(sides[index], log) as worker:
                answers[index].append(worker.run("unet-step"))
    for title, key in (
        ("until ready to compile", "ready_seconds"), ("compile", "compile_seconds"), ("peak memory", "peak_memory_bytes"),
    ):
        report(title, key, answers)


def report(title, key, answers):
    before, after = ([answer[key] for answer in side] for side in answers)
    ratios = [b / a for a, b in zip(before, after)]
    unit = 1e9 if key.endswith("bytes") else 1
    print(f"{title}: old {spread([v / unit for v in before])}, new {spread([v / unit for v in after])}, "
          f"ratio of pairs {spread(ratios)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["pixels", "speed"])
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--int8", help="a quantized folder to draw with, too")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--synthetic", default="lcm-dreamshaper-v7")
    options = parser.parse_args()
    if options.what == "pixels":
        sys.exit(1 if pixels(options.old, options.new, [MODEL] + ([options.int8] if options.int8 else [])) else 0)
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        speed(options.old, options.new, options.pairs, options.synthetic, log.name)


main()
