"""What INT8 costs emoji-lcm: PSNR of 256 pictures against f32, for NNCF's quantization and for folders of `glint quantize`.

    ../.venv-optimum/bin/python accuracy.py --glint-folder DIR [DIR ...]

Only the UNet is INT8; every side draws through the same pipeline with the same seeds, and is judged by the same code. See
../README.md.
"""
import argparse
import json
import pathlib
import shutil
import subprocess

import offline  # noqa: F401

import numpy
import openvino
from PIL import Image

import export
import nncf_variants
import prompts
import quality
from answers import answers
from drawing import GUIDANCE_SCALE, STEPS, Drawing

PEERS = pathlib.Path(__file__).resolve().parent.parent
REPOSITORY = PEERS.parent.parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, default=REPOSITORY / "Models" / "emoji-lcm", help="default: emoji-lcm")
    parser.add_argument("--work", type=pathlib.Path, default=PEERS / "work" / "quantization", help="where exports are kept")
    parser.add_argument("--glint-folder", nargs="+", type=pathlib.Path, default=[], help="folders written by glint quantize")
    parser.add_argument("--glint", type=pathlib.Path, default=REPOSITORY / "glint",
                        help="the command (default: the repository's)")
    parser.add_argument("--glint-pictures", type=int, default=32,
                        help="how many pictures glint draws of each folder (default: 32)")
    parser.add_argument("--variants", nargs="*", choices=list(nncf_variants.VARIANTS), metavar="VARIANT",
                        default=list(nncf_variants.VARIANTS), help=", ".join(nncf_variants.VARIANTS))
    parser.add_argument("--pictures", type=int, default=256, help="how many of the 256 prompts (default: all)")
    parser.add_argument("--again", action="store_true", help="export and quantize although that was done before")
    parser.add_argument("--json", action="store_true", help="print one JSON object a row, with every picture's PSNR in it")
    return parser.parse_args()


class Judge:
    """The f32 pictures, and every other UNet against them."""

    def __init__(self, options):
        self.options = options
        self.exported = options.work / "f32"
        self.prepare()
        self.evaluation = prompts.read(prompts.EVALUATION)[:options.pictures]
        self.calibration = prompts.read(prompts.CALIBRATION)
        self.drawing = Drawing(self.exported)
        self.references = self.drawing.pictures(self.evaluation)
        self.inputs = None
        self.fp16_bytes = self.half_size()

    def prepare(self):
        """Exports, unless the same was done before; NNCF's files are kept as long as the export they came from."""
        record = self.options.work / "made-from.json"
        files = sorted(file for file in self.options.model.resolve().rglob("*") if file.is_file())
        made_from = json.dumps({
            "files": [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files],
            "calibration": prompts.read(prompts.CALIBRATION),
            "variants": nncf_variants.VARIANTS,
        }, indent=1)
        if record.exists() and record.read_text() == made_from and not self.options.again:
            return
        for part in "f32", "fp16", "nncf":
            shutil.rmtree(self.options.work / part, ignore_errors=True)
        export.export(self.options.model, self.exported)
        record.write_text(made_from)

    def half_size(self):
        """Bytes of the UNet's weights as optimum-intel's FP16 has them."""
        file = self.options.work / "fp16" / "openvino_model.xml"
        if not file.exists():
            model = openvino.Core().read_model(self.exported / "unet" / "openvino_model.xml")
            openvino.save_model(model, file, compress_to_fp16=True)
        return weights(file).stat().st_size

    def row(self, name, pictures, file=None):
        row = {"name": name} | quality.summary(pictures, self.references[:len(pictures)])
        if file:
            size = weights(file).stat().st_size
            row |= {"weights_bytes": size, "of_fp16": size / self.fp16_bytes} | quantized(file)
        return row

    def nncf(self, name):
        """NNCF's quantization with one set of options, on what the f32 pipeline gave the UNet for the calibration prompts."""
        file = self.options.work / "nncf" / name.replace(" ", "-").replace(",", "").replace("'", "") / "openvino_model.xml"
        if not file.exists():
            if self.inputs is None:
                self.inputs = self.drawing.unet_inputs(self.calibration, prompts.CALIBRATION_SEED)
            file.parent.mkdir(parents=True, exist_ok=True)
            nncf_variants.quantize_file(
                self.exported / "unet" / "openvino_model.xml", self.inputs, file, **nncf_variants.VARIANTS[name])
        return self.row(f"NNCF: {name}", Drawing(self.exported, file).pictures(self.evaluation), file)

    def glint(self, folder):
        """A folder of `glint quantize`: its UNet in the same pipeline as all others, and the whole folder drawn by glint."""
        file = folder / "unet" / "openvino_model.xml"
        yield self.row(f"glint's {folder.name}, drawn by OpenVINO in Python",
                       Drawing(self.exported, file).pictures(self.evaluation), file)
        if self.options.glint_pictures:
            yield self.row(f"glint's {folder.name}, drawn by glint", self.drawn_by_glint(folder))

    def drawn_by_glint(self, model):
        return [self.draw(model, prompt, seed) for seed, prompt in enumerate(self.evaluation[:self.options.glint_pictures])]

    def draw(self, model, prompt, seed):
        picture = self.options.work / "glint.png"
        command = [self.options.glint.absolute(), "generate", prompt, "--model", model, "--seed", seed, "--steps", STEPS,
                   "--guidance-scale", GUIDANCE_SCALE, "--precision", "f32", "--output", picture]
        done = subprocess.run([str(argument) for argument in command], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"glint generate: {done.stderr.strip()}")
        return numpy.asarray(Image.open(picture).convert("RGB"))


def weights(file):
    return file.with_suffix(".bin")


def quantized(file):
    """How many constants of 8 bits and how many FakeQuantize a file has."""
    counts = {"int8_constants": 0, "fake_quantize": 0}
    for node in openvino.Core().read_model(file).get_ops():
        if node.get_type_name() == "FakeQuantize":
            counts["fake_quantize"] += 1
        elif node.get_type_name() == "Constant" and node.get_element_type() in (openvino.Type.i8, openvino.Type.u8):
            counts["int8_constants"] += 1
    return counts


def rows(options):
    judge = Judge(options)
    if options.glint_pictures:
        yield judge.row("f32, drawn by glint", judge.drawn_by_glint(options.model))
    for folder in options.glint_folder:
        yield from judge.glint(folder)
    for name in options.variants:
        yield judge.nncf(name)


def line(row):
    size = f"{row['of_fp16']:.3f} | {row['int8_constants']} / {row['fake_quantize']}" if "of_fp16" in row else " | "
    return (f"| {row['name']} | {row['pictures']} | **{row['mean_db']:.2f}** | {row['standard_deviation_db']:.2f} | "
            f"{row['minimum_db']:.2f} | {row['median_db']:.2f} | {size} |")


def main():
    options = arguments()
    output = answers()
    if not options.json:
        print("| UNet | pictures | mean PSNR, dB | standard deviation | minimum | median | .bin of FP16's | "
              "INT8 constants / FakeQuantize |\n|---|---|---|---|---|---|---|---|", file=output, flush=True)
    for row in rows(options):
        print(json.dumps(row) if options.json else line(row), file=output, flush=True)


if __name__ == "__main__":
    main()
