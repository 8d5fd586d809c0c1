"""The comparisons: both sides take turns in one run, and each comparison becomes rows of the report."""
import json
import subprocess

from processes import Failed, Worker, environment, run_once
from report import Row


def turns(pairs):
    """Who comes first in each pair: the two sides alternate in that too, so that a drift of the machine favours none."""
    return [(0, 1) if pair % 2 == 0 else (1, 0) for pair in range(pairs)]


def runs(title, ours, theirs, request, pairs, log, their_request=None):
    """One request, again and again, of two workers that stay loaded. The first answer of each warms it up."""
    requests = (request, their_request or request)
    with Worker(ours, log) as first, Worker(theirs, log) as second:
        workers = (first, second)
        for worker, name in zip(workers, requests):
            worker.run(name)
        answers = ([], [])
        for turn in turns(pairs):
            for side in turn:
                answers[side].append(workers[side].run(requests[side]))
    return [Row.of(title, "seconds", theirs.name, *answers)]


def starts(title, ours, theirs, request, pairs, log):
    """Two fresh processes a pair: from the start of each to its first answer, and its memory then."""
    answers = ([], [])
    for turn in turns(pairs):
        for side in turn:
            with Worker((ours, theirs)[side], log) as worker:
                answers[side].append(worker.run(request))
    rows = [Row.of(f"{title}, from start to first result", "since_start_seconds", theirs.name, *answers)]
    for key, words in ("ready_seconds", "until ready to compile"), ("compile_seconds", "compile"):
        if all(key in answer for side in answers for answer in side):
            rows.append(Row.of(f"{title}, {words}", key, theirs.name, *answers))
    return rows + [Row.of(f"{title}, peak memory", "peak_memory_bytes", theirs.name, *answers)]


def commands(title, ours, theirs, pairs, log):
    """Two whole commands a pair, from the shell to the picture on disk."""
    answers = ([], [])
    for turn in turns(pairs):
        for side in turn:
            answers[side].append(run_once((ours, theirs)[side], log))
    return [
        Row.of(title, "seconds", theirs.name, *answers),
        Row.of(f"{title}, peak memory", "peak_memory_bytes", theirs.name, *answers),
    ]


def export(sides, exported):
    """Once: the exporter's run, and what glint does in its place (folder, graphs and mapped weights, ready to compile)."""
    done = subprocess.run(sides.glint_bench().command, capture_output=True, text=True, env=environment())
    if done.returncode:
        raise Failed(f"glint bench pipeline: {done.stderr.strip()}")
    bench = json.loads(done.stdout)
    ready = bench["load_seconds"] + sum(part["graph_seconds"] + part["read_seconds"] for part in bench["networks"])
    when = "" if exported["measured_in_this_run"] else " (when it was exported)"
    return [
        Row.of(f"from the folder to models ready to compile{when}", "seconds", "optimum-intel",
               [{"seconds": ready}], [exported]),
        Row.alone(f"the exporter's peak memory{when}", "peak_memory_bytes", "optimum-intel", [exported]),
    ]


def quantized(sides, body):
    """The INT8 networks that quantization/fullsize.py wrote."""
    for folder in sides.nncf_int8, sides.glint_int8:
        if not (folder / "unet" / "openvino_model.xml").exists():
            raise Failed(f"there is no INT8 UNet in {folder}; quantization/fullsize.py writes it")
    return body(sides.glint_worker(sides.glint_int8), sides.nncf())


def comparisons(sides, exported, pairs, log):
    """Name to what runs it. Only the components of one comparison are in memory at a time."""
    glint, traced = sides.glint_worker(), sides.traced()
    return {
        "export": lambda: export(sides, exported),
        "text-encoder": lambda: runs("text encoder", glint, traced, "text-encoder", pairs, log),
        "unet-step": lambda: runs("UNet step", glint, traced, "unet-step", pairs, log),
        "vae-decode": lambda: runs("VAE decode", glint, traced, "vae-decode", pairs, log),
        "tiny-vae-decode": lambda: runs(
            "tiny VAE decode", sides.glint_worker(sides.model_with_tiny_vae), traced, "vae-decode", pairs, log, "tiny-vae-decode"),
        "unet-load": lambda: starts("UNet", glint, traced, "unet-step", pairs, log),
        "vae-load": lambda: starts("VAE", glint, traced, "vae-decode", pairs, log),
        "unet-step-int8": lambda: quantized(sides, lambda ours, theirs: runs(
            "INT8 UNet step", ours, theirs, "unet-step", pairs, log)),
        "unet-load-int8": lambda: quantized(sides, lambda ours, theirs: starts(
            "INT8 UNet", ours, theirs, "unet-step", pairs, log)),
        "picture": lambda: runs("picture, models loaded", glint, sides.genai(), "picture", pairs, log),
        "picture-optimum": lambda: runs("picture, models loaded", glint, sides.optimum(), "picture", pairs, log),
        "command": lambda: commands(
            "one picture from the shell", sides.glint_generate(), sides.genai_once(), pairs, log),
    }
