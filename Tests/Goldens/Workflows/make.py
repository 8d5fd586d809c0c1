"""Goldens of Workflows: pictures with parameters as AUTOMATIC1111's web UI saves them, by Pillow's text chunks and piexif.

The pictures are 8x8; only their metadata matter.
"""
import pathlib

import piexif
import piexif.helper
from PIL import Image, PngImagePlugin

HERE = pathlib.Path(__file__).resolve().parent

LATIN = """a (red:1.2) fox in the snow, Steps: none

by an old master, caf\u00e9
Negative prompt: blurry, (ugly:1.3)
low quality, text
Steps: 3, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 3747013451, Size: 32x40, Model hash: 6ce0161689, \
Model: v1-5-pruned-emaonly, Denoising strength: 0.5, Clip skip: 2, ControlNet 0: "Module: canny, Model: control [d14c], Weight: 1", \
TI hashes: "easynegative: c74b4e810b03", Version: v1.10.1"""

UNICODE = """\u732b, a pink \U0001f984
Steps: 2, Sampler: Euler a, CFG scale: 5.5, Seed: 1, Size: 40x32, Model: sd15, RNG: CPU, Version: v1.6.0"""


def save(name, text):
    image = Image.new("RGB", (8, 8), (200, 30, 60))
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", text)
    image.save(HERE / f"{name}.png", pnginfo=info)
    image.save(HERE / f"{name}.jpg", quality=80)
    comment = piexif.helper.UserComment.dump(text, encoding="unicode")
    piexif.insert(piexif.dump({"Exif": {piexif.ExifIFD.UserComment: comment}}), str(HERE / f"{name}.jpg"))
    (HERE / f"{name}.txt").write_text(text)


def main():
    save("latin", LATIN)
    save("unicode", UNICODE)


if __name__ == "__main__":
    main()
