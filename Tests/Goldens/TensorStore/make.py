"""Files by safetensors, NumPy and huggingface_hub, and what safetensors says of broken headers."""
import json
import pathlib
import struct

import huggingface_hub
import numpy as np
import safetensors
import safetensors.torch
import torch

HERE = pathlib.Path(__file__).resolve().parent
FLOAT8 = [torch.float8_e4m3fn, torch.float8_e5m2]
TYPES = [
    torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int8, torch.int16, torch.int32, torch.int64,
    torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.bool,
]


def every_type():
    """Each type with the numbers 0…5 as [2, 3] (booleans: not zero), and tensors of unusual shapes."""
    tensors = {str(kind).removeprefix("torch."): torch.arange(6).reshape(2, 3).to(kind) for kind in TYPES + FLOAT8}
    tensors["scalar"] = torch.tensor(2.5)
    tensors["empty"] = torch.zeros(0, 4)
    tensors["odd"] = torch.arange(3, dtype=torch.uint8)
    tensors['na"me\\ é\n'] = torch.arange(4, dtype=torch.float32)
    safetensors.torch.save_file(tensors, HERE / "types.safetensors", metadata={"format": "pt"})


def sharded():
    """A checkpoint in three files with their index."""
    state = {f"layer.{i}.weight": torch.full((4, 8), float(i)) for i in range(5)}
    folder = HERE / "sharded"
    folder.mkdir(exist_ok=True)
    huggingface_hub.save_torch_state_dict(state, folder, max_shard_size=300)


def halves():
    """f32 numbers of all sizes, and what torch makes of them in f16 and bf16."""
    numbers = np.random.RandomState(0).randint(0, 1 << 32, 600, dtype=np.uint32)
    numbers[:300] = numbers[:300] % (40 << 23) + (100 << 23)  # most of them within f16's range
    numbers = torch.from_numpy(numbers.view(np.float32))
    numbers = numbers[~numbers.isnan()]
    doubles = numbers.double() * (1 + 2.0 ** -30)
    with np.errstate(over="ignore"):
        from_doubles = doubles.numpy().astype(np.float16)
    safetensors.torch.save_file(
        {
            "f32": numbers, "f16": numbers.half(), "bf16": numbers.bfloat16(), "f64": doubles,
            "f64.f16": torch.from_numpy(from_doubles),
        }, HERE / "halves.safetensors")


def arrays():
    folder = HERE / "numpy"
    folder.mkdir(exist_ok=True)
    for name in ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]:
        np.save(folder / f"{'b1' if name == '?' else name}.npy", np.arange(6).reshape(2, 3).astype(name))
    np.save(folder / "scalar.npy", np.float32(2.5))
    np.save(folder / "empty.npy", np.zeros((0, 4), np.float32))
    np.save(folder / "vector.npy", np.arange(5, dtype=np.float32))
    np.save(folder / "fortran.npy", np.asfortranarray(np.arange(24, dtype=np.int32).reshape(2, 3, 4)))
    np.save(folder / "big-endian.npy", np.arange(6).astype(">f4"))
    np.save(folder / "complex.npy", np.zeros(2, np.complex64))
    np.save(folder / "record.npy", np.zeros(2, [("x", "<f4")]))
    for version in [2, 3]:
        with open(folder / f"version{version}.npy", "wb") as file:
            np.lib.format.write_array(file, np.arange(6, dtype=np.float32).reshape(2, 3), version=(version, 0))


def headers():
    """Small files, most of them broken, and whether safetensors takes them."""
    def file(header, data=b"", length=None):
        header = header if isinstance(header, bytes) else header.encode()
        return struct.pack("<Q", len(header) if length is None else length) + header + data

    def entry(name="a", dtype="F32", shape="[1]", offsets="[0,4]"):
        return f'"{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}'

    def one(data=b"1234", **fields):
        return file("{" + entry(**fields) + "}", data)

    huge = 2 ** 63 - 1
    cases = {
        "no tensors": file("{}"),
        "one tensor": one(),
        "spaces after": file("{" + entry() + "}   ", b"1234"),
        "line feed and tab after": file("{" + entry() + "}\n\t", b"1234"),
        "space before": file(" {" + entry() + "}", b"1234"),
        "NUL after": file("{" + entry() + "}\0", b"1234"),
        "the same key twice": file("{" + entry() + "," + entry() + "}", b"1234"),
        "a key twice": file("{" + entry() + "," + entry(offsets="[4,8]") + "}", b"12345678"),
        "a key twice, once escaped": file("{" + entry() + "," + entry("\\u0061", offsets="[4,8]") + "}", b"12345678"),
        "metadata twice": file('{"__metadata__":{"x":"1"},"__metadata__":{"x":"2"}}'),
        "a key twice in metadata": file('{"__metadata__":{"x":"1","x":"2"}}'),
        "dtype twice": file('{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', b"1234"),
        "unknown field": file('{"a":{"dtype":"F32","x":null,"shape":[1],"data_offsets":[0,4]}}', b"1234"),
        "no shape": file('{"a":{"dtype":"F32","data_offsets":[0,4]}}', b"1234"),
        "no dtype": file('{"a":{"shape":[1],"data_offsets":[0,4]}}', b"1234"),
        "no offsets": file('{"a":{"dtype":"F32","shape":[1]}}', b"1234"),
        "fields as a list": file('{"a":["F32",[1],[0,4]]}', b"1234"),
        "a tensor that is a string": file('{"a":"F32"}', b"1234"),
        "shape 1.0": one(shape="[1.0]"),
        "shape 1e0": one(shape="[1e0]"),
        "shape -1": one(shape="[-1]"),
        "shape -0": one(b"", shape="[-0]", offsets="[0,0]"),
        "shape with a string": one(shape='["1"]'),
        "shape a number": one(shape="1"),
        "axis of zero": one(b"", shape="[0,3]", offsets="[0,0]"),
        "zero, then overflow": one(b"", shape=f"[0,{huge},{huge}]", offsets="[0,0]"),
        "overflow, then zero": one(b"", shape=f"[{huge},{huge},0]", offsets="[0,0]"),
        "bits overflow": one(b"", shape=f"[{2 ** 62}]", offsets="[0,0]"),
        "axis of 2^64-1": one(b"", shape=f"[{2 ** 64 - 1},0]", offsets="[0,0]"),
        "axis of 2^64": one(b"", shape=f"[{2 ** 64},0]", offsets="[0,0]"),
        "scalar": one(shape="[]"),
        "metadata": file('{"__metadata__":{"x":"y"}}'),
        "metadata null": file('{"__metadata__":null}'),
        "metadata with a number": file('{"__metadata__":{"x":1}}'),
        "metadata a list": file('{"__metadata__":[]}'),
        "name empty": one(name=""),
        "one offset": one(offsets="[0]"),
        "three offsets": one(offsets="[0,4,4]"),
        "offsets reversed": one(offsets="[4,0]"),
        "offsets too far": one(offsets="[0,8]", shape="[2]"),
        "offsets huge": one(offsets=f"[0,{huge}]"),
        "hole before": one(b"12345678", offsets="[4,8]"),
        "hole between": file("{" + entry() + "," + entry("b", offsets="[8,12]") + "}", b"123456789012"),
        "overlap": file("{" + entry() + "," + entry("b", offsets="[2,6]") + "}", b"123456"),
        "the same bytes": file("{" + entry() + "," + entry("b") + "}", b"1234"),
        "bytes after": one(b"12345"),
        "data cut off": one(b"123"),
        "no data": one(b""),
        "size too small": one(b"12345678", offsets="[0,8]"),
        "size too large": one(shape="[2]"),
        "F4": one(b"1", dtype="F4", shape="[2]", offsets="[0,1]"),
        "half a byte": one(b"1", dtype="F4", shape="[1]", offsets="[0,1]"),
        "F6_E2M3": one(b"123", dtype="F6_E2M3", shape="[4]", offsets="[0,3]"),
        "C64": one(b"12345678", dtype="C64", offsets="[0,8]"),
        "F8_E8M0": one(b"1", dtype="F8_E8M0", offsets="[0,1]"),
        "F8_E4M3FNUZ": one(b"1", dtype="F8_E4M3FNUZ", offsets="[0,1]"),
        "dtype f32": one(dtype="f32"),
        "dtype unknown": one(dtype="F33"),
        "dtype escaped": one(dtype="F\\u0033\\u0032"),
        "not UTF-8": file(b'{"\xff":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', b"1234"),
        "not UTF-8, overlong": file(b'{"__metadata__":{"x":"\xc0\x80"}}'),
        "half a surrogate pair": one(name="\\ud800"),
        "surrogate pair": one(name="\\ud83e\\udd84"),
        "control character": one(name="\x01"),
        "escape unknown": one(name="\\x"),
        "byte order mark": file(b"\xef\xbb\xbf{}"),
        "no bytes": b"",
        "seven bytes": bytes(7),
        "header empty": bytes(8),
        "header cut off": file("{" + entry() + "}", length=100),
        "header {": file("{"),
        "header a list": file("[]"),
        "header a string": file('"x"'),
        "length 100000000": file("{}", length=100_000_000),
        "length 100000001": file("{}", length=100_000_001),
        "length 2^63": file("{}", length=2 ** 63),
        "length 2^64-1": file("{}", length=2 ** 64 - 1),
        "empty tensors at both ends": file(
            "{" + entry("b", shape="[0]", offsets="[0,0]") + "," + entry() + "," + entry("c", shape="[0]", offsets="[4,4]") + "}", b"1234"),
        "empty tensor within another": file("{" + entry("b", shape="[0]", offsets="[2,2]") + "," + entry() + "}", b"1234"),
        "number with a leading zero": one(offsets="[0,04]"),
        "comma at the end": file("{" + entry() + ",}", b"1234"),
        "odd offset": file("{" + entry("b", "U8", "[1]", "[0,1]") + "," + entry(offsets="[1,5]") + "}", b"12345"),
        "composed and decomposed": file(
            "{" + entry("\u00e9", "U8", "[1]", "[0,1]") + "," + entry("e\u0301", "U8", "[1]", "[1,2]") + "}", b"12"),
        "nested 200 deep": file('{"a":' + "[" * 200 + "]" * 200 + "}"),
    }
    verdicts = []
    for name, content in cases.items():
        try:
            tensors = {key: [value["dtype"], list(value["shape"])] for key, value in safetensors.deserialize(content)}
        except safetensors.SafetensorError:
            tensors = None
        verdicts.append({"case": name, "bytes": content.hex(), "tensors": tensors})
    lines = ",\n".join(json.dumps(verdict, sort_keys=True) for verdict in verdicts)
    (HERE / "headers.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    every_type()
    sharded()
    halves()
    arrays()
    headers()
