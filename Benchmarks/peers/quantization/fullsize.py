"""Quantizing the full-size UNet: NNCF on the traced network, and `glint quantize` on the checkpoint. Time, memory, size.

    python3 quantization/fullsize.py

Both get four evaluations: each step of one prompt. What they write stays in the work folder, where
`compare.py --only unet-step-int8 unet-load-int8` finds it. See README.md.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

PEERS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PEERS))

import preparation  # noqa: E402
from memory import AnonymousPeak  # noqa: E402
from processes import Failed, environment  # noqa: E402
from sides import PROMPT, STEPS, Sides  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, help="a diffusers folder of an LCM (default: the synthetic checkpoint)")
    parser.add_argument("--work", type=pathlib.Path, default=PEERS / "work", help="where exports are kept (default: ../work)")
    parser.add_argument("--only", nargs="+", choices=["nncf", "glint"], default=["nncf", "glint"])
    parser.add_argument("--python", type=pathlib.Path, default=PEERS / ".venv" / "bin" / "python")
    parser.add_argument("--python-optimum", type=pathlib.Path, default=PEERS / ".venv-optimum" / "bin" / "python")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser.parse_args()


def measured(command, log):
    """Runs a command to its end: its answer, if it printed one, seconds, and peak memory with and without mapped files."""
    start = time.perf_counter()
    with open(log, "ab") as errors, subprocess.Popen(
            [str(argument) for argument in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
            text=True, env=environment()) as process, AnonymousPeak(process.pid) as peak:
        answer = process.stdout.read()
    if process.returncode:
        raise Failed(f"{' '.join(map(str, command[:3]))} … failed with exit code {process.returncode}; see {log}")
    last = answer.strip().splitlines()[-1:] or [""]
    return {
        "seconds": time.perf_counter() - start,
        "peak_memory_bytes": peak.peak_bytes,
        "peak_anonymous_bytes": peak.bytes,
    } | ({"worker": json.loads(last[0])} if last[0].startswith("{") else {})


def nncf(sides, log):
    worker = pathlib.Path(__file__).with_name("nncf_worker.py")
    inputs = sides.work / "unet-inputs.npz"
    collecting = measured([sides.python_optimum, worker, "collect", sides.exported, PROMPT, inputs], log)
    quantizing = measured([sides.python_optimum, worker, "quantize", sides.exported, inputs, sides.nncf_int8], log)
    worker = quantizing["worker"]
    return {
        "quantize_seconds": worker["quantize_seconds"],
        "seconds": collecting["seconds"] + quantizing["seconds"],
        "peak_memory_bytes": worker["peak_memory_bytes"],
        "peak_anonymous_bytes": worker["peak_anonymous_bytes"],
        "unet_bytes": size(sides.nncf_int8 / "unet"),
    }


def glint(sides, log):
    prompts = sides.work / "one-prompt.txt"
    prompts.write_text(PROMPT + "\n")
    shutil.rmtree(sides.glint_int8, ignore_errors=True)
    done = measured(sides.glint_quantize(prompts).command, log)
    return {
        # Everything: start, reading the checkpoint, collecting, quantizing, writing.
        "quantize_seconds": done["seconds"],
        "seconds": done["seconds"],
        "peak_memory_bytes": done["peak_memory_bytes"],
        "peak_anonymous_bytes": done["peak_anonymous_bytes"],
        "unet_bytes": size(sides.glint_int8 / "unet"),
    }


def size(folder):
    """Bytes of a network's folder: its graph, weights and configuration."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.suffix in (".xml", ".bin", ".json", ".safetensors"))


ROWS = {
    "quantize_seconds": ("nncf.quantize alone, beside glint's whole command", "{:.1f} s", 1),
    "seconds": ("whole processes, NNCF's with the collecting of inputs", "{:.1f} s", 1),
    "peak_anonymous_bytes": ("peak memory that is no mapped file", "{:.2f} GB", 1e9),
    "peak_memory_bytes": ("peak memory, mapped files included", "{:.2f} GB", 1e9),
    "unet_bytes": ("folder of the UNet", "{:.3f} GB", 1e9),
    "of_fp16": ("the same, of the FP16 folder", "{:.4f}", 1),
}


def table(result):
    """Sides beside each other, and glint's part of NNCF's."""
    def text(side, key, form, unit):
        return form.format(side[key] / unit) if side else ""

    yield "| | glint | NNCF | ratio |\n|---|---|---|---|"
    ours, theirs = result.get("glint"), result.get("nncf")
    for key, (title, form, unit) in ROWS.items():
        ratio = f"**{ours[key] / theirs[key]:.3f}**" if ours and theirs else ""
        yield f"| {title} | {text(ours, key, form, unit)} | {text(theirs, key, form, unit)} | {ratio} |"


def run(options):
    work = options.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    log = work / "log.txt"
    model = options.model.resolve() if options.model else None
    sides = Sides(model, work, options.python.absolute(), options.python_optimum.absolute(), 0)
    sides.model = sides.model or preparation.synthetic_checkpoint(work, log)
    preparation.check_model(sides)
    result = {"load_average": os.getloadavg()[0]}
    if "nncf" in options.only:
        preparation.check_environments(sides)
        preparation.export(sides, False, log)
    for name, side in (("nncf", nncf), ("glint", glint)):
        if name in options.only:
            result[name] = side(sides, log)
            result[name]["of_fp16"] = result[name]["unet_bytes"] / size(sides.model / "unet")
    return result


def main():
    options = arguments()
    try:
        result = run(options)
    except Failed as failure:
        sys.exit(f"fullsize.py: {failure}")
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        print(f"load average {result['load_average']:.2f}", *table(result), sep="\n")


if __name__ == "__main__":
    main()
