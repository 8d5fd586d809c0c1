"""Compares Glint with optimum-intel and OpenVINO GenAI on the same checkpoint, in one run. See README.md."""
import argparse
import json
import pathlib
import sys

import preparation
from comparisons import comparisons
from processes import Failed
from report import machine, table
from sides import HERE, Sides

NAMES = ["export", "text-encoder", "unet-step", "vae-decode", "tiny-vae-decode", "unet-load", "vae-load", "picture",
         "picture-optimum", "command"]
# Of what quantization/fullsize.py wrote: run when they are asked for.
INT8_NAMES = ["unet-step-int8", "unet-load-int8"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=pathlib.Path,
                        help="a diffusers folder of an LCM (default: the full-size architecture with random weights)")
    parser.add_argument("--only", nargs="+", choices=NAMES + INT8_NAMES, default=NAMES, metavar="COMPARISON",
                        help=", ".join(NAMES) + "; and of INT8 networks: " + ", ".join(INT8_NAMES))
    parser.add_argument("--pairs", type=int, default=7, help="alternating pairs of each comparison (default: 7)")
    parser.add_argument("--threads", type=int, default=0, help="threads of both sides (default: each one's own choice)")
    parser.add_argument("--work", type=pathlib.Path, default=HERE / "work", help="where exports are kept (6 GB; default: work)")
    parser.add_argument("--export-again", action="store_true", help="export although that was done before")
    parser.add_argument("--python", type=pathlib.Path, default=HERE / ".venv" / "bin" / "python",
                        help="the environment of requirements.txt")
    parser.add_argument("--python-optimum", type=pathlib.Path, default=HERE / ".venv-optimum" / "bin" / "python",
                        help="the environment of requirements-optimum.txt")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    if options.pairs < 1:
        parser.error("--pairs must be 1 or more")
    return options


def compare(options):
    work = options.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    log = work / "log.txt"
    log.write_bytes(b"")
    # The environments' links are kept as they are: resolved, they would lead to the Python that made them.
    model = options.model.resolve() if options.model else None
    sides = Sides(model, work, options.python.absolute(), options.python_optimum.absolute(), options.threads)
    preparation.check_environments(sides)
    sides.model = sides.model or preparation.synthetic_checkpoint(work, log)
    preparation.check_model(sides)
    about = machine() | {"model": sides.model.name, "size_pixels": sides.size, "pairs": options.pairs}
    say("exporting")
    exported = preparation.export(sides, options.export_again, log)
    preparation.tiny_autoencoder(sides, log)
    rows = []
    for name, body in comparisons(sides, exported, options.pairs, log).items():
        if name in options.only:
            say(name)
            rows += body()
    return about, rows


def say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    options = arguments()
    try:
        about, rows = compare(options)
    except Failed as failure:
        sys.exit(f"compare.py: {failure}")
    if options.json:
        print(json.dumps(about | {"comparisons": [row.json() for row in rows]}, indent=2))
    else:
        print(", ".join(f"{key.replace('_', ' ')} {value}" for key, value in about.items()), end="\n\n")
        print(table(rows))


if __name__ == "__main__":
    main()
