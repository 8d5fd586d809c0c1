"""The pictures and masks that image to image and inpainting start from, drawn with NumPy: no library decides on a pixel."""
import cases
import numpy
from PIL import Image


def picture(height, width):
    """Gradients, a disc and a bar."""
    y, x = numpy.mgrid[0:height, 0:width] / [[[height]], [[width]]]
    red = 255 * x
    green = 255 * y
    blue = 128 + 127 * numpy.sin(9 * (x + y))
    pixels = numpy.stack([red, green, blue], axis=-1)
    pixels[(x - 0.6) ** 2 + (y - 0.4) ** 2 < 0.05] = [250, 220, 30]
    pixels[(y > 0.75) & (y < 0.85) & (x < 0.7)] = [20, 30, 200]
    return Image.fromarray(pixels.round().astype(numpy.uint8))


def mask(height, width, soft):
    """White where it is painted anew: a rectangle that no 8×8 cell bounds; `soft` gives it edges to binarize at one half."""
    y, x = numpy.mgrid[0:height, 0:width] / [[[height]], [[width]]]
    inside = numpy.minimum(numpy.minimum(x - 0.3, 0.8 - x), numpy.minimum(y - 0.2, 0.7 - y))
    values = numpy.clip(0.5 + 4 * inside, 0, 1) if soft else inside > 0
    return Image.fromarray((255 * values).round().astype(numpy.uint8))


def save(folder):
    cases.clean(folder)
    picture(40, 32).save(folder / "scene.png", optimize=True)
    picture(45, 51).save(folder / "scene-odd.png", optimize=True)  # no multiples of 8
    picture(72, 64).save(folder / "scene-large.png", optimize=True)
    mask(40, 32, soft=False).save(folder / "mask.png", optimize=True)
    mask(61, 57, soft=True).save(folder / "mask-soft.png", optimize=True)
