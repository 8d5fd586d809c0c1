"""Compares the UNet step of any diffusers folder with the traced UNet's on the plain runtime.

    python3 unet_step.py --model FOLDER

For UNets too large to have two in memory: sides take turns as whole processes, each loading its network and running it a few times.
See README.md.
"""
import argparse
import pathlib
import statistics
import sys

from comparisons import turns
from processes import Failed, Worker, run_once
from report import Row, machine, table
from sides import HERE, WORKERS, Side, Sides


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True, help="a diffusers folder")
    parser.add_argument("--pairs", type=int, default=3, help="alternating pairs of processes (default: 3)")
    parser.add_argument("--runs", type=int, default=3, help="runs a process, after one that is not counted (default: 3)")
    parser.add_argument("--work", type=pathlib.Path, default=HERE / "work", help="where the export is kept (default: work)")
    parser.add_argument("--python", type=pathlib.Path, default=HERE / ".venv" / "bin" / "python")
    parser.add_argument("--python-optimum", type=pathlib.Path, default=HERE / ".venv-optimum" / "bin" / "python")
    return parser.parse_args()


def measured(side, count, log):
    """One process: the median of its runs, and what loading took."""
    with Worker(side, log) as worker:
        first = worker.run("unet-step")
        answers = [worker.run("unet-step") for _ in range(count)]
    return first | {key: statistics.median(answer[key] for answer in answers) for key in ("seconds", "cpu_seconds") if key in first}


def main():
    options = arguments()
    work = options.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    log = work / "log.txt"
    sides = Sides(options.model.resolve(), work, options.python.absolute(), options.python_optimum.absolute(), 0)
    try:
        if not (sides.exported / "unet" / "openvino_model.bin").exists():
            exporter = [str(sides.python_optimum), str(WORKERS / "export_unet.py"), str(sides.model), str(sides.exported)]
            run_once(Side("export_unet.py", exporter), log)
        pair = sides.glint_worker(), sides.traced()
        answers = ([], [])
        for turn in turns(options.pairs):
            for side in turn:
                answers[side].append(measured(pair[side], options.runs, log))
    except Failed as failure:
        sys.exit(f"unet_step.py: {failure}")
    print(", ".join(f"{key.replace('_', ' ')} {value}" for key, value in machine().items()), end="\n\n")
    print(table([
        Row.of("UNet step", "seconds", pair[1].name, *answers),
        Row.of("UNet, compile", "compile_seconds", pair[1].name, *answers),
        Row.of("UNet, peak memory", "peak_memory_bytes", pair[1].name, *answers),
    ]))


if __name__ == "__main__":
    main()
