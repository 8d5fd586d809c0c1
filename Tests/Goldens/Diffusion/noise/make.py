"""Writes noise.json: numbers of torch.randn on the CPU (x86 with AVX2 or more) and of numpy.random.RandomState.

Every case is one generator and several draws from it. A draw has its size and either all its bit patterns or, where
it is long, their FNV-1a hash over little-endian bytes, and the first and last four.
"""

import json
import pathlib

import numpy as np
import torch

FULL = 40


def fnv1a(data: bytes) -> str:
    state = 0xCBF29CE484222325
    for byte in data:
        state = ((state ^ byte) * 0x100000001B3) & (2**64 - 1)
    return f"{state:016x}"


def draw(values: np.ndarray) -> dict:
    bits = values.view(np.uint32 if values.dtype == np.float32 else np.uint64)
    record = {"count": len(values), "hash": fnv1a(values.tobytes())}
    record["bits"] = [str(b) for b in (bits if len(bits) <= FULL else np.concatenate([bits[:4], bits[-4:]]))]
    return record


def torch_case(seed: int, counts: list[int]) -> dict:
    generator = torch.Generator().manual_seed(seed)
    return {"seed": str(seed), "draws": [draw(torch.randn(n, generator=generator).numpy()) for n in counts]}


def numpy_case(seed: int, counts: list[int]) -> dict:
    state = np.random.RandomState(seed)
    return {"seed": str(seed), "draws": [draw(np.atleast_1d(state.randn(n))) for n in counts]}


def main() -> None:
    capability = torch.backends.cpu.get_cpu_capability()
    assert capability.startswith("AVX"), f"PyTorch runs at {capability} here; these goldens are of AVX2"
    cases = {
        "torch": [
            torch_case(0, [16384, 16384]),
            torch_case(1, [1, 2, 3, 4, 5, 15]),
            torch_case(42, [16, 17, 31, 32, 33, 40, 100]),
            torch_case(7, [3, 16, 1, 5, 1000, 2, 0, 15, 17, 4]),
            torch_case(1234567890, [4096]),
            torch_case(2**32, [16, 3]),
            torch_case(2**32 + 5, [20]),
            torch_case(2**64 - 1, [20, 2]),
            torch_case(-1, [20, 2]),
            torch_case(-(2**63), [18]),
            torch_case(-987654321, [100, 7]),
            torch_case(2023, [65536]),
        ],
        "numpy": [
            numpy_case(0, [16384]),
            numpy_case(42, [1, 2, 3, 16, 17, 4]),
            numpy_case(2**32 - 1, [1001, 9]),
        ],
    }
    path = pathlib.Path(__file__).with_name("noise.json")
    path.write_text(json.dumps(cases, indent=0, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
