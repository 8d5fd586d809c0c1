"""Goldens of Imaging: small files and their pixels as Pillow reads them, diffusers' conversion of floats to bytes, and
pictures resized, blurred, and made into what autoencoders and inpainting take.

`NAME.png`, `.jpg`, `.webp`, `.tif`, `.gif` or `.bmp` has its pixels in `NAME.ppm` (binary, P6). Pillow writes neither interlaced nor 16-bit RGB
files, so a small encoder here makes those.
"""
import pathlib
import struct
import zlib

import numpy
import torch
from diffusers.image_processor import VaeImageProcessor
from diffusers.utils import load_image
from PIL import Image, ImageDraw, ImageFilter, ImageOps, PngImagePlugin, TiffImagePlugin
from safetensors.numpy import save_file as save_bytes

HERE = pathlib.Path(__file__).resolve().parent
WIDTH, HEIGHT = 11, 7
# Adam7: x and y of the first pixel, and the steps between pixels.
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def expect(name, pixels):
    Image.fromarray(numpy.ascontiguousarray(pixels, dtype=numpy.uint8)).save(HERE / f"{name}.ppm")


def expect_pillow(name, path):
    with Image.open(path) as image:
        image = ImageOps.exif_transpose(image)
        # Through RGBA, as Pillow asks, where a palette has alpha; the colours stay.
        image = image.convert("RGBA") if "transparency" in image.info else image
        expect(name, numpy.asarray(image.convert("RGB")))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(name, samples, depth, color_type, interlaced=False, before=(), after=()):
    """`samples`: [H, W, channels], of `depth` bits. `before` and `after`: chunks around the picture's data."""
    height, width, channels = samples.shape

    def rows(part):
        data = b""
        for row in part:
            bits = "".join(f"{value:0{depth}b}" for value in row.reshape(-1))
            bits += "0" * (-len(bits) % 8)
            data += b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
        return data

    parts = [samples[y::dy, x::dx] for x, y, dx, dy in PASSES] if interlaced else [samples]
    data = zlib.compress(b"".join(rows(part) for part in parts if part.size), 9)
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, int(interlaced))
    chunks = [(b"IHDR", header), *before, (b"IDAT", data), *after, (b"IEND", b"")]
    path = HERE / f"{name}.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks))
    return path


def make_pngs(generator):
    def random(depth, channels):
        return generator.integers(0, 1 << depth, (HEIGHT, WIDTH, channels))

    for depth in (1, 2, 4, 8):
        expect_pillow(f"gray{depth}", write_png(f"gray{depth}", random(depth, 1), depth, 0, interlaced=depth == 2))
    palette = generator.integers(0, 256, 3 * 16, dtype=numpy.uint8).tobytes()
    for name, chunks in {"palette4": [(b"PLTE", palette)], "palette4-trns": [(b"PLTE", palette), (b"tRNS", b"\0\x80")]}.items():
        expect_pillow(name, write_png(name, random(4, 1), 4, 3, before=chunks))
    for name, channels, color_type in (("rgb8", 3, 2), ("gray-alpha8", 2, 4), ("rgba8", 4, 6)):
        expect_pillow(name, write_png(name, random(8, channels), 8, color_type))
        interlaced = f"{name}-interlaced"
        expect_pillow(interlaced, write_png(interlaced, random(8, channels), 8, color_type, interlaced=True))

    # Pillow cuts 16-bit RGB to its high bytes and gray to 255, so these are rounded here.
    for name, channels, color_type in (("rgb16", 3, 2), ("gray16", 1, 0), ("rgba16", 4, 6)):
        samples = random(16, channels)
        write_png(name, samples, 16, color_type, interlaced=name == "rgba16")
        rounded = (samples.astype(numpy.int64) * 255 + 32767) // 65535
        expect(name, numpy.broadcast_to(rounded, (HEIGHT, WIDTH, max(3, channels)))[..., :3])

    # Metadata by Pillow: tEXt, zTXt, iTXt and compressed iTXt; and a bomb of a megabyte.
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", "Gl\xfcnt")
    info.add_text("Description", "one\ntwo\n" * 20, zip=True)
    info.add_itxt("prompt", "a \U0001f984 on blue\nsecond line", "en", "prompt")
    info.add_itxt("prompt", "\u65e5\u672c\u8a9e" * 50, zip=True)
    pixels = random(8, 3).astype(numpy.uint8)
    Image.fromarray(pixels).save(HERE / "texts.png", pnginfo=info)
    expect("texts", pixels)
    bomb = b"a\0\0" + zlib.compress(b"x" * (1 << 20), 9)
    write_png("text-bomb", random(8, 3), 8, 2, before=[(b"zTXt", bomb)])
    write_png("text-after-data", random(8, 3), 8, 2, after=[(b"tEXt", b"late\0yes")])
    write_png("text-not-utf8", random(8, 3), 8, 2, before=[(b"iTXt", b"bad\0\0\0\0\0\xff\xfe")])
    write_png("keyword-80", random(8, 3), 8, 2, before=[(b"tEXt", b"k" * 80 + b"\0text")])

    exif = Image.Exif()
    exif[0x0112] = 8
    Image.fromarray(pixels).save(HERE / "orientation8.png", exif=exif)
    expect_pillow("orientation8", HERE / "orientation8.png")


def make_jpegs(generator):
    small = generator.integers(0, 256, (3, 4, 3), dtype=numpy.uint8)
    picture = Image.fromarray(small).resize((19, 13), Image.Resampling.BICUBIC)
    save = {
        "rgb420": (picture, {"quality": 85, "subsampling": 2}),
        "rgb444": (picture, {"quality": 95, "subsampling": 0, "comment": "made by hand: no, by Pillow"}),
        "progressive": (picture, {"quality": 85, "progressive": True, "comment": "a plain comment \u00e9"}),
        "gray": (picture.convert("L"), {"quality": 90}),
        "cmyk": (picture.convert("CMYK"), {"quality": 90}),
    }
    for name, (image, options) in save.items():
        image.save(HERE / f"{name}.jpg", **options)
        expect_pillow(name, HERE / f"{name}.jpg")
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x010F] = "Camera"
        exif[0x0112] = orientation
        path = HERE / f"orientation{orientation}.jpg"
        picture.save(path, exif=exif, quality=90)
        expect_pillow(f"orientation{orientation}-jpg", path)


def make_webps(generator, picture):
    alpha = picture.convert("RGBA")
    alpha.putalpha(Image.fromarray(generator.integers(1, 256, (HEIGHT, WIDTH), dtype=numpy.uint8)))
    exif = Image.Exif()
    exif[0x0112] = 6
    others = [picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    save = {
        "webp-lossy": (picture, {"quality": 80}),
        "webp-lossless": (picture, {"lossless": True}),
        "webp-alpha": (alpha, {"lossless": True, "exact": True}),
        "webp-orientation6": (picture, {"lossless": True, "exif": exif}),
        "webp-animated": (picture, {"lossless": True, "save_all": True, "append_images": others}),
    }
    for name, (image, options) in save.items():
        image.save(HERE / f"{name}.webp", **options)
        expect_pillow(name, HERE / f"{name}.webp")


def make_tiffs(generator, picture):
    def tags(values):
        directory = TiffImagePlugin.ImageFileDirectory_v2()
        directory.update(values)
        return directory

    alpha = picture.convert("RGBA")
    alpha.putalpha(Image.fromarray(generator.integers(0, 256, (HEIGHT, WIDTH), dtype=numpy.uint8)))
    multiplied = numpy.asarray(picture).astype(numpy.int64) * numpy.asarray(alpha)[..., 3:] // 255
    multiplied = numpy.concatenate([multiplied, numpy.asarray(alpha)[..., 3:]], 2).astype(numpy.uint8)
    save = {
        "tiff-rgb": (picture, {}),
        "tiff-lzw": (picture, {"compression": "tiff_lzw"}),
        "tiff-deflate": (picture, {"compression": "tiff_adobe_deflate"}),
        "tiff-gray": (picture.convert("L"), {"compression": "packbits"}),
        "tiff-palette": (picture.quantize(5), {}),
        "tiff-cmyk": (picture.convert("CMYK"), {}),
        "tiff-bilevel": (picture.convert("1"), {"compression": "group4"}),
        "tiff-alpha": (alpha, {}),
        "tiff-premultiplied": (Image.fromarray(multiplied), {"tiffinfo": tags({338: 1})}),
        "tiff-pages": (picture, {"save_all": True, "append_images": [picture.convert("L")]}),
    }
    for orientation in range(2, 9):
        save[f"tiff-orientation{orientation}"] = (picture, {"tiffinfo": tags({274: orientation})})
    for name, (image, options) in save.items():
        image.save(HERE / f"{name}.tif", **options)
        expect_pillow(name, HERE / f"{name}.tif")

    # Pillow cuts 16 bits to the high byte, so these are rounded here.
    samples = generator.integers(0, 1 << 16, (HEIGHT, WIDTH, 3))
    data = samples.astype("<u2").tobytes()
    entries = [(256, 3, 1, WIDTH), (257, 3, 1, HEIGHT), (258, 3, 3, 8 + len(data)), (259, 3, 1, 1), (262, 3, 1, 2),
               (273, 4, 1, 8), (277, 3, 1, 3), (278, 3, 1, HEIGHT), (279, 4, 1, len(data))]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    depths = struct.pack("<HHH", 16, 16, 16)
    header = struct.pack("<2sHI", b"II", 42, 8 + len(data) + len(depths))
    (HERE / "tiff-rgb16.tif").write_bytes(header + data + depths + directory)
    expect("tiff-rgb16", (samples.astype(numpy.int64) * 255 + 32767) // 65535)


def lzw(indices):
    """GIF's code without compression: the codes stay at 9 bits, as a clear code comes every 100 pixels."""
    codes = []
    for begin in range(0, len(indices), 100):
        codes += [256, *indices[begin : begin + 100]]
    bits = 0
    for position, code in enumerate([*codes, 257]):
        bits |= code << (9 * position)
    data = bits.to_bytes((9 * (len(codes) + 1) + 7) // 8, "little")
    blocks = [data[begin : begin + 255] for begin in range(0, len(data), 255)]
    return b"\x08" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def make_gifs(generator, picture):
    quantized = picture.quantize(16)
    others = [picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).quantize(16)]
    save = {
        "gif-plain": {"interlace": False}, "gif-interlaced": {"interlace": True}, "gif-transparent": {"transparency": 3},
        "gif-animated": {"save_all": True, "append_images": others},
    }
    for name, options in save.items():
        quantized.save(HERE / f"{name}.gif", **options)
        expect_pillow(name, HERE / f"{name}.gif")
    # A frame that is smaller than the picture, with and without a transparent colour, and one that is larger.
    palette = generator.integers(0, 256, 3 * 256, dtype=numpy.uint8).tobytes()
    for name, screen, control in (
        ("gif-offset", (WIDTH, HEIGHT), b""), ("gif-offset-transparent", (WIDTH, HEIGHT), b"!\xf9\x04\x01\0\0\x07\0"),
        ("gif-beyond", (4, 3), b""),
    ):
        indices = generator.integers(0, 256, 5 * 4).tolist()
        frame = b"," + struct.pack("<HHHHB", 3, 2, 5, 4, 0) + lzw(indices)
        header = b"GIF89a" + struct.pack("<HHBBB", *screen, 0xF7, 0, 0) + palette
        (HERE / f"{name}.gif").write_bytes(header + control + frame + b";")
        expect_pillow(name, HERE / f"{name}.gif")


def make_bmps(generator, picture):
    save = {
        "bmp-rgb": picture, "bmp-palette": picture.quantize(200), "bmp-gray": picture.convert("L"),
        "bmp-bilevel": picture.convert("1"), "bmp-alpha": picture.convert("RGBA"),
    }
    for name, image in save.items():
        image.save(HERE / f"{name}.bmp")
        expect_pillow(name, HERE / f"{name}.bmp")

    def write(name, height, bits, compression, tables, data):
        start = 54 + len(tables)
        information = struct.pack("<IiiHHIIiiII", 40, WIDTH, height, 1, bits, compression, len(data), 0, 0, 0, 0)
        header = struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start)
        (HERE / f"{name}.bmp").write_bytes(header + information + tables + data)
        expect_pillow(name, HERE / f"{name}.bmp")

    def colors(count):
        return generator.integers(0, 256, (count, 4), dtype=numpy.uint8).tobytes()

    row = (WIDTH * 16 + 31) // 32 * 4
    write("bmp-555", HEIGHT, 16, 0, b"", generator.integers(0, 256, row * HEIGHT, dtype=numpy.uint8).tobytes())
    write("bmp-565-top-down", -HEIGHT, 16, 3, struct.pack("<III", 0xF800, 0x7E0, 0x1F),
          generator.integers(0, 256, row * HEIGHT, dtype=numpy.uint8).tobytes())
    row = (WIDTH * 4 + 31) // 32 * 4
    write("bmp-palette4", HEIGHT, 4, 0, colors(16), generator.integers(0, 256, row * HEIGHT, dtype=numpy.uint8).tobytes())
    runs = b"".join(bytes([6, index, 0, 5, 9, 8, 7, index, 5, 0, 0, 0]) for index in range(HEIGHT)) + b"\0\1"
    write("bmp-runs8", HEIGHT, 8, 1, colors(256), runs)
    runs = b"".join(bytes([6, 0x12, 0, 5, 0x34, 0x5A, 0x70, 0, 0, 0]) for _ in range(HEIGHT)) + b"\0\1"
    write("bmp-runs4", HEIGHT, 4, 2, colors(16), runs)


def make_conversions(generator):
    """`NAME.f32` holds samples `[3, 7, 11]`, `NAME.ppm` diffusers' picture of them."""
    # As near to k + 1/2 as f32 gets, and their neighbours on both sides.
    ties = ((numpy.arange(255) + 0.5) / 255).astype(numpy.float32)
    near = numpy.concatenate([ties, numpy.nextafter(ties, numpy.float32(0)), numpy.nextafter(ties, numpy.float32(1))])
    count = 3 * HEIGHT * WIDTH
    unit = numpy.resize(near, 4 * count)[: 4 * count]
    signed = generator.normal(0, 0.8, count).astype(numpy.float32)
    signed[:6] = [-numpy.inf, numpy.inf, -1, 1, 0, -0.0]
    for index in range(4):
        convert(f"unit{index}", unit[index * count : (index + 1) * count], False)
    convert("signed", signed, True)


def convert(name, samples, denormalize):
    samples = samples.reshape(3, HEIGHT, WIDTH)
    (HERE / f"{name}.f32").write_bytes(samples.astype("<f4").tobytes())
    batch = torch.from_numpy(samples)[None]
    images = VaeImageProcessor().postprocess(batch, output_type="pil", do_denormalize=[denormalize])
    images[0].save(HERE / f"{name}.ppm")


def save_file(values, path):
    """Transposed arrays are stored as they lie in memory unless they are made contiguous."""
    save_bytes({name: numpy.ascontiguousarray(value) for name, value in values.items()}, path)


def hard_edges(width, height):
    """Edges, so that a kernel's negative parts overshoot, over a slope."""
    y, x = numpy.mgrid[0:height, 0:width]
    base = numpy.stack([x * 9 + y, 255 * ((x // 3 + y // 4) % 2), 255 - y * 13], axis=2)
    return numpy.clip(base, 0, 255).astype(numpy.uint8)


def make_resized():
    """`resized.safetensors`: `picture`, `tall` and `gray` `[H, W(, 3)]`, and `NAME.FILTER.WxH` of each."""
    # 22×5 takes height first, as it shrinks much more in height than in width.
    sizes = [(40, 31), (11, 9), (22, 5), (24, 9), (7, 17), (1, 1)]
    pictures = {"picture": (hard_edges(24, 17), sizes), "tall": (hard_edges(3, 40), [(5, 4), (2, 7)])}
    pictures["gray"] = (numpy.asarray(Image.fromarray(hard_edges(24, 17)).convert("L")), [(11, 9), (22, 5)])
    values = {}
    for name, (pixels, sizes) in pictures.items():
        values[name] = pixels
        for filter in ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"):
            for size in sizes:
                resized = Image.fromarray(pixels).resize(size, Image.Resampling[filter.upper()])
                values[f"{name}.{filter}.{size[0]}x{size[1]}"] = numpy.asarray(resized)
    # As image-to-image takes a picture: its own size, cut down to multiples of 8, and a given one.
    processor = VaeImageProcessor(vae_scale_factor=8)
    picture = Image.fromarray(pictures["picture"][0])
    values["planar.own"] = processor.preprocess(picture).numpy()
    values["planar.given"] = processor.preprocess(picture, height=33, width=14).numpy()
    save_file(values, HERE / "resized.safetensors")


def make_blurred():
    """`blurred.safetensors`: `picture` `[H, W, 3]`, and `blurred.RADIUS`, which for some is more than the picture."""
    pixels = hard_edges(24, 17)
    values = {"picture": pixels}
    for radius in (0, 0.3, 1, 2.5, 4, 9, 40):
        values[f"blurred.{radius}"] = numpy.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))
    save_file(values, HERE / "blurred.safetensors")


def make_masks():
    """`mask-KIND.png`, and in `masks.safetensors` what `StableDiffusionInpaintPipeline` makes of it at 32×24."""
    width, height = 32, 24
    soft = Image.new("L", (27, 19))
    ImageDraw.Draw(soft).ellipse((5, 3, 20, 15), fill=255)
    soft = soft.filter(ImageFilter.GaussianBlur(1.5))
    colors = Image.merge("RGB", [soft, soft.transpose(Image.Transpose.FLIP_LEFT_RIGHT), soft.rotate(180)])
    alpha = colors.convert("RGBA")
    alpha.putalpha(soft.point(lambda value: 255 - value))
    kinds = {
        "gray": soft, "rgb": colors, "rgba": alpha, "1bit": soft.convert("1", dither=Image.Dither.NONE),
        "palette": colors.quantize(7),
    }
    processor = VaeImageProcessor(vae_scale_factor=8, do_normalize=False, do_binarize=True, do_convert_grayscale=True)
    picture = Image.fromarray(hard_edges(width, height))
    samples = VaeImageProcessor(vae_scale_factor=8).preprocess(picture)
    values = {"picture": numpy.asarray(picture)}
    for kind, image in kinds.items():
        path = HERE / f"mask-{kind}.png"
        image.save(path)
        mask = processor.preprocess(load_image(str(path)), height=height, width=width)
        values[f"{kind}.mask"] = mask.numpy().astype(numpy.uint8)
        if kind == "rgb":
            values["rgb.kept"] = (samples * (mask < 0.5)).numpy()
        for size in [(3, 4), (5, 7), (24, 32), (50, 33)]:
            latents = torch.nn.functional.interpolate(mask, size=size)
            values[f"{kind}.latents.{size[0]}x{size[1]}"] = latents.numpy().astype(numpy.uint8)
    save_file(values, HERE / "masks.safetensors")


def main():
    for pattern in ("*.png", "*.jpg", "*.webp", "*.tif", "*.gif", "*.bmp", "*.ppm", "*.f32", "*.safetensors"):
        for path in HERE.glob(pattern):
            path.unlink()
    generator = numpy.random.default_rng(0)
    make_pngs(generator)
    make_jpegs(generator)
    make_conversions(generator)
    make_resized()
    make_blurred()
    make_masks()
    others = numpy.random.default_rng(1)
    picture = Image.fromarray(others.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=numpy.uint8))
    for make in (make_webps, make_tiffs, make_gifs, make_bmps):
        make(others, picture)


if __name__ == "__main__":
    main()
