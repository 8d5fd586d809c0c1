"""Runs the program on files that are well formed and wrong: valid zips, chunks with right checksums, JSON of right types.

    python3 Tests/Fuzz/fuzz.py PROGRAM [--seconds 120] [--seed N] [--kind KIND ...]

A run fails where a signal ends the program, or where it takes longer than a minute. Files of failures are kept, and the
command is printed. Nothing but Python's own library is needed.
"""
import argparse
import json
import math
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
import zipfile
import zlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
GOLDENS = REPOSITORY / "Tests" / "Goldens"
PIPELINES = GOLDENS / "Diffusion" / "pipeline"
MODEL = PIPELINES / "sd15" / "model"
SECONDS_OF_A_RUN = 60
NUMBERS = [
    0, 1, -1, 2, 3, 7, 8, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -(2**31), 2**32, 2**40, 2**53, 2**61, 2**62, 2**63 - 1,
    -(2**63), 2**64 - 1, 2**64]
DRAW = ["generate", "a cat", "--steps", "1", "--width", "32", "--height", "32", "--guidance-scale", "1", "-o", "out.png"]


# MARK: Formats

def other_number(number):
    """A number of the same type: a notable one, or one near the old."""
    if isinstance(number, float):
        return random.choice([0.0, -0.0, 1e-300, 1e300, -1.0, number * 2, float(2**63)])
    return random.choice(NUMBERS + [number + 1, number - 1, number * 2, -number])


def changed_json(value, chance=0.15):
    """The value with some leaves changed to others of their type, and some members left out or doubled."""
    if isinstance(value, dict):
        members = {key: changed_json(item, chance) for key, item in value.items() if random.random() > 0.02}
        return members
    if isinstance(value, list):
        items = [changed_json(item, chance) for item in value]
        return items * 2 if items and random.random() < 0.03 else items[:-1] if random.random() < 0.03 else items
    if random.random() > chance:
        return value
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return other_number(value)
    if isinstance(value, str):
        return random.choice(["", value[::-1], value + value, "x" * 5000, "\u0000", "é" * 40, value.upper()])
    return random.choice([None, {}, [], 0])


def safetensors(data):
    """A file whose header is JSON of the right form, of the right length, with other names, shapes, types and ranges."""
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    alike = [["F16", "BF16", "I16", "U16"], ["F32", "I32", "U32"], ["F64", "I64", "U64"], ["F8_E4M3", "F8_E5M2", "I8", "U8", "BOOL"]]
    for name in random.sample([name for name in header if name != "__metadata__"], k=min(3, len(header) - 1)):
        entry = header[name]
        # As many bytes as before, so that the header is right and the network is not, or anything.
        change = random.choice(["shape", "type", "name", "any"] if random.random() < 0.7 else ["any"])
        if change == "shape":
            shape = entry["shape"]
            entry["shape"] = random.choice([shape[::-1], shape + [1], [1] + shape, sorted(shape), [math.prod(shape)]])
        elif change == "type":
            entry["dtype"] = random.choice(next((types for types in alike if entry["dtype"] in types), [entry["dtype"]]))
        elif change == "name":
            header[random.choice([name[:-1], name.replace("0", "1"), name + ".alpha", "x." + name, name.upper()])] = header.pop(name)
        else:
            part = random.choice(["shape", "data_offsets"])
            entry[part] = changed_json(entry[part], 0.6)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + size:]


def pickle_numbers(data):
    """A pickle with other numbers in place of some, as opcodes of their own."""
    out, position, number = bytearray(), 0, 0
    sizes = {ord("K"): 1, ord("M"): 2, ord("J"): 4}
    # Few and neighbours, so that what is read before them is as it was, and sizes and strides go together.
    first = random.randrange(95)
    changed = {first + offset for offset in random.sample(range(4), k=random.randint(1, 3))}
    text_sizes = {ord("X"): 4, ord("\x8c"): 1}
    while position < len(data):
        code = data[position]
        if code in sizes:
            size = sizes[code]
            number += 1
            if number in changed:
                out += pickled(random.choice(NUMBERS))
            else:
                out += data[position:position + 1 + size]
            position += 1 + size
        elif code in text_sizes:
            size = text_sizes[code]
            length = int.from_bytes(data[position + 1:position + 1 + size], "little")
            out += data[position:position + 1 + size + length]
            position += 1 + size + length
        elif code == ord("c"):
            end = data.index(b"\n", data.index(b"\n", position) + 1) + 1
            out += data[position:end]
            position = end
        elif code in (ord("q"), ord("h"), ord("\x80")):
            out += data[position:position + 2]
            position += 2
        elif code in (ord("r"), ord("j")):
            out += data[position:position + 5]
            position += 5
        else:
            out.append(code)
            position += 1
    return bytes(out)


def pickled(number):
    """A whole number, of 8 bytes where they hold it."""
    size = 8 if -(2**63) <= number < 2**63 else 9
    return bytes([0x8A, size]) + number.to_bytes(size, "little", signed=True)


def tensor_pickle():
    """A pickle of one tensor, as torch.save writes it, of a shape and strides that need not fit the storage."""
    def text(word):
        return b"X" + struct.pack("<I", len(word)) + word.encode()

    def numbers(values):
        return b"(" + b"".join(map(pickled, values)) + b"t"

    def mostly(*usual):
        return random.choice(usual if random.random() < 0.75 else NUMBERS)

    # As they were when the tensor was whole, but for one of them.
    rank = random.randint(1, 4)
    sizes = [random.choice([1, 1, 2, 3]) for _ in range(rank)]
    if random.random() < 0.3:
        sizes = [0] + [random.choice(NUMBERS[-9:])] * rank
    strides, step = [], 1
    for size in reversed(sizes):
        strides.insert(0, max(-(2**63), min(step, 2**63 - 1)))
        step *= max(size, 1)
    for _ in range(random.randint(0, 2)):
        strides[random.randrange(len(strides))] = mostly(0, 1, 2, 3)
    ones = [axis for axis, size in enumerate(sizes) if size == 1]
    if ones and random.random() < 0.5:
        strides[random.choice(ones)] = random.choice(NUMBERS)
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + pickled(mostly(6)) + b"tQ"
    empty = b"ccollections\nOrderedDict\n)R"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + pickled(mostly(0)) + numbers(sizes) + numbers(strides)
    return b"\x80\x02" + empty + b"(" + text("0.weight") + tensor + b"\x89" + empty + b"tRu."


def pth(path, target):
    """A valid zip with another pickle."""
    own = random.random() < 0.6
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename.endswith("data.pkl"):
                content = tensor_pickle() if own else pickle_numbers(content)
            new.writestr(item.filename, content)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png():
    """A PNG whose checksums are right, and whose sizes, forms and texts need not fit."""
    width, height = random.choice([0, 1, 8, 31, 32, 2**16, 2**31 - 1]), random.choice([1, 8, 32, 2**20, 2**31])
    if random.random() < 0.8:
        width, height = 32, 32
    depth, color = random.choice([1, 2, 4, 8, 16]), random.choice([0, 2, 3, 4, 6, 5])
    header = struct.pack(">IIBBBBB", width & 0xFFFFFFFF, height & 0xFFFFFFFF, depth, color, 0, 0, random.choice([0, 1]))
    rows = b"".join(bytes([random.choice([0, 1, 2, 3, 4, 9])]) + random.randbytes(32 * 8) for _ in range(random.choice([1, 32])))
    extra = [
        (b"tEXt", b"parameters\0" + web_ui_text().encode("latin-1", "replace")),
        (b"iTXt", b"glint\0\0\0\0\0" + json.dumps(changed_json({"prompt": "a", "steps": 4, "seed": 1, "width": 32})).encode()),
        (b"tEXt", b"glint\0" + json.dumps(changed_json({"prompt": "a", "seed": 1, "lora": ["x:1"]}, 0.5)).encode()),
        (b"eXIf", exif()), (b"gAMA", struct.pack(">I", random.choice([0, 1, 45455, 2**32 - 1]))),
        (b"PLTE", random.randbytes(random.choice([0, 3, 768, 5]))), (b"tRNS", random.randbytes(random.choice([1, 2, 6, 300]))),
        (b"pHYs", random.randbytes(9)), (b"zTXt", b"x\0\0" + zlib.compress(b"a" * 10**6))]
    chunks = [chunk(*one) for one in random.sample(extra, k=random.randint(0, 3))]
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def exif():
    """A TIFF header with tags whose types, counts and offsets need not fit."""
    little = random.random() < 0.5
    mark = "<" if little else ">"
    tags = []
    for _ in range(random.randint(0, 4)):
        tags.append(struct.pack(
            mark + "HHII", random.choice([0x112, 0x8769, 0x9286, 0x10F]), random.choice([1, 2, 3, 4, 5, 7, 99]),
            random.choice([0, 1, 8, 2**31, 2**32 - 1]), random.choice([0, 1, 3, 6, 8, 26, 2**32 - 1])))
    count = random.choice([len(tags), len(tags), 65535])
    return (b"II*\0" if little else b"MM\0*") + struct.pack(mark + "IH", random.choice([8, 8, 0, 2**32 - 1]), count) + b"".join(tags)


def jpeg():
    """The photo with a segment of EXIF, and another of comment, put before its tables."""
    photo = (GOLDENS / "Imaging").rglob("*.jp*g")
    data = random.choice(sorted(photo)).read_bytes()
    segments = b""
    for kind, content in ((0xE1, b"Exif\0\0" + exif()), (0xFE, web_ui_text().encode()[:60000]), (0xE2, random.randbytes(40))):
        if random.random() < 0.7:
            segments += bytes([0xFF, kind]) + struct.pack(">H", len(content) + 2) + content
    return data[:2] + segments + data[2:]


def web_ui_text():
    """What the web UI writes about a picture, with numbers and marks that need not fit."""
    number = lambda: random.choice(NUMBERS + [0.5, "1e999", "x", ""])
    prompt = "".join(random.choice(["a cat", "(", ")", "[", "]", ":", "|", "0.5", "<lora:x:1>", "\n", "BREAK", "\\", "1e9", '"', ","])
                     for _ in range(random.randint(1, 12)))
    return (f"{prompt}\nNegative prompt: {prompt[::-1]}\nSteps: {number()}, Sampler: {random.choice(['Euler a', 'DPM++ 2M Karras', 'x'])}"
            f", CFG scale: {number()}, Seed: {number()}, Size: {number()}x{number()}, Clip skip: {number()}"
            f", Denoising strength: {number()}, Lora hashes: \"a: 1, b: {number()}\", Version: v1.10")


def npy():
    """A NumPy file with a well-formed header."""
    shape = tuple(random.choice(NUMBERS + [4, 4, 32]) for _ in range(random.randint(0, 6)))
    if random.random() < 0.4:
        shape = (1, 4, random.choice([4, 5]), 4)
    header = str({"descr": random.choice(["<f4", "<f8", ">f4", "<f2", "|O", "<i8"]), "fortran_order": random.random() < 0.3, "shape": shape})
    header = header.encode() + b" " * (63 - (len(header) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) & 0xFFFF) + header + random.randbytes(1024)


def changed_ir(source, target):
    """IR in which some numbers of attributes and shapes are others."""
    tree = xml.parse(source)
    # By what they are called, so that the few strides are as likely as the many names.
    places = {}
    for element in tree.iter():
        for key, value in element.attrib.items():
            if any(letter.isdigit() for letter in value):
                places.setdefault((element.tag, key), []).append((element, key))
        if element.tag == "dim":
            places.setdefault("dim", []).append((element, None))
    large = [2**40, 2**50, 2**61, 2**62, 2**63 - 1]
    for _ in range(random.randint(1, 2)):
        element, key = random.choice(places[random.choice(list(places))])
        parts = ((element.text if key is None else element.attrib[key]) or "").split(",")
        number = str(random.choice(random.choice([NUMBERS, large])))
        parts = [number if random.random() < 0.6 else part for part in parts]
        if key is None:
            element.text = parts[0]
        else:
            element.attrib[key] = ",".join(parts)
    tree.write(target)


# MARK: Kinds: each makes a file and gives the arguments of a run

def with_link(folder, name, source):
    """A copy of a model, in links, in which one file can be replaced."""
    copy = folder / name
    shutil.copytree(source, copy, symlinks=False)
    return copy


class Kinds:
    def __init__(self, program, folder):
        self.folder = folder
        self.quantized = folder / "quantized"
        subprocess.run(
            [program, "quantize", MODEL, self.quantized, "--weights-only", "int8", "--network", "unet"], check=True,
            capture_output=True)
        self.pictures = folder / "pictures"
        self.pictures.mkdir()
        for name in ("scene.png", "mask.png"):
            shutil.copy(PIPELINES / "pictures" / name, self.pictures)

    def lora(self, place):
        (place / "x.safetensors").write_bytes(safetensors((PIPELINES / "sd15" / "lcm-lora.safetensors").read_bytes()))
        return [*DRAW, "--model", MODEL, "--lora", "x.safetensors", *random.choice([[], ["--lora-lenient"]])]

    def checkpoint(self, place):
        model = with_link(place, "model", MODEL)
        file = random.choice(sorted(model.rglob("*.safetensors")))
        file.write_bytes(safetensors(file.read_bytes()))
        return [*DRAW, "--model", "model"]

    def single_file(self, place):
        file = random.choice(sorted((GOLDENS / "ModelLoading" / "single-file").glob("*.safetensors")))
        (place / "x.safetensors").write_bytes(safetensors(file.read_bytes()))
        return ["model", "x.safetensors"]

    def config(self, place):
        model = with_link(place, "model", random.choice([MODEL, PIPELINES / "sdxl" / "model"]))
        file = random.choice([one for one in sorted(model.rglob("*.json")) if one.stat().st_size < 1 << 16])
        file.write_text(json.dumps(changed_json(json.loads(file.read_text()))))
        return random.choice([["model", "model"], [*DRAW, "--model", "model"]])

    def ir(self, place):
        model = with_link(place, "model", self.quantized)
        name = random.choice(["unet", "unet", "vae_decoder", "text_encoder"])
        file = model / name / "openvino_model.xml"
        changed_ir(file, file)
        return [*DRAW, "--model", "model"]

    def pth(self, place):
        pth(GOLDENS / "Evaluation" / "state.pth", place / "x.pth")
        return ["fid", self.pictures, self.pictures, "--inception", "x.pth"]

    def png(self, place):
        (place / "x.png").write_bytes(png())
        return random.choice([
            [*DRAW, "--model", MODEL, "--image", "x.png", "--strength", "1"], ["generate", "--from", "x.png", "--steps", "1", "-o", "out.png"],
            [*DRAW, "--model", MODEL, "--image", self.pictures / "scene.png", "--mask", "x.png"]])

    def jpeg(self, place):
        (place / "x.jpg").write_bytes(jpeg())
        return random.choice([
            [*DRAW, "--model", MODEL, "--image", "x.jpg", "--strength", "1"], ["generate", "--from", "x.jpg", "--steps", "1", "-o", "out.png"]])

    def npy(self, place):
        (place / "x.npy").write_bytes(npy())
        return [*DRAW, "--model", MODEL, "--noise", "x.npy"]

    def prompts(self, place):
        line = {"prompt": "a cat", "seed": 1, "steps": 1, "width": 32, "height": 32, "guidance_scale": 1.0, "count": 1,
                "timesteps": [999], "clip_skip": 0, "output": "x.png", "precision": "f", "lora_scales": [1.0],
                "original_size": [32, 32], "eta": 0.0, "batch_size": 1}
        keys = random.sample(list(line), k=random.randint(1, 6)) + ["prompt"]
        lines = [json.dumps(changed_json({key: line[key] for key in keys}, 0.5)) for _ in range(2)]
        (place / "x.jsonl").write_text("\n".join(lines))
        return ["generate", "--prompts", "x.jsonl", "--model", MODEL, "--steps", "1", "--width", "32", "--height", "32", "--output", "out/"]

    def text(self, place):
        return [DRAW[0], web_ui_text().replace("\0", " "), *DRAW[2:], "--model", MODEL]


ALL = [name for name, value in vars(Kinds).items() if not name.startswith("_") and callable(value)]


# MARK: Runs

def run(program, arguments, place):
    """None, or what was wrong with a run."""
    command = [str(program)] + [str(argument) for argument in arguments]
    try:
        found = subprocess.run(command, cwd=place, capture_output=True, timeout=SECONDS_OF_A_RUN, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return f"it takes longer than {SECONDS_OF_A_RUN} s"
    if found.returncode < 0:
        return f"signal {signal.Signals(-found.returncode).name}"
    if found.returncode not in (0, 1, 64):
        return f"exit status {found.returncode}"
    if found.returncode and not found.stderr.strip():
        return "an error without a message"
    if len(found.stderr) > 1 << 16:
        return f"{len(found.stderr)} bytes of messages"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--kind", action="append", choices=ALL)
    asked = parser.parse_args()
    random.seed(asked.seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="glint-fuzz-"))
    program = asked.program.resolve()
    kinds = Kinds(program, folder)
    counts, failures = {}, 0
    end = time.monotonic() + asked.seconds
    while time.monotonic() < end:
        kind = random.choice(asked.kind or ALL)
        place = folder / "case"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        arguments = getattr(kinds, kind)(place)
        fault = run(program, arguments, place)
        counts[kind] = counts.get(kind, 0) + 1
        if fault:
            failures += 1
            kept = folder / f"failure-{failures}"
            place.rename(kept)
            print(f"{kind}: {fault}: cd {kept} && {program} {' '.join(map(str, arguments))!s:.500}", flush=True)
    print(f"seed {asked.seed}: {sum(counts.values())} files ({', '.join(f'{count} {kind}' for kind, count in sorted(counts.items()))}), "
          f"{failures} failures")
    if not failures:
        shutil.rmtree(folder)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
