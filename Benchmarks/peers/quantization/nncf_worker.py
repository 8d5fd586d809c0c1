"""NNCF's quantization of an exported folder's UNet, in two processes, so that the memory of one is not counted for the other.

    python nncf_worker.py collect FOLDER PROMPT INPUTS.npz      the UNet's inputs at each step of one prompt
    python nncf_worker.py quantize FOLDER INPUTS.npz OUTPUT     prints one JSON object: seconds and peak memory
"""
import json
import pathlib
import shutil
import sys
import time

import numpy

from answers import answers


def collect(folder, prompt, file):
    from drawing import Drawing

    evaluations = Drawing(folder).unet_inputs([prompt], 0)
    numpy.savez(file, **{f"{index}/{name}": value for index, inputs in enumerate(evaluations) for name, value in inputs.items()})


def evaluations(file):
    loaded = {}
    for key, value in numpy.load(file).items():
        index, name = key.split("/")
        loaded.setdefault(int(index), {})[name] = value
    return [loaded[index] for index in sorted(loaded)]


def quantize(folder, file, output):
    start = time.perf_counter()
    import openvino

    import nncf_variants
    from memory import AnonymousPeak, peak_memory_bytes

    folder, output = pathlib.Path(folder), pathlib.Path(output) / "unet"
    output.mkdir(parents=True, exist_ok=True)
    inputs = evaluations(file)
    with AnonymousPeak("self") as anonymous:
        model = openvino.Core().read_model(folder / "unet" / "openvino_model.xml")
        before = time.perf_counter()
        quantized = nncf_variants.quantize(model, inputs, **nncf_variants.ARTICLES)
        seconds = time.perf_counter() - before
        openvino.save_model(quantized, output / "openvino_model.xml", compress_to_fp16=False)
    shutil.copy(folder / "unet" / "config.json", output)
    return {
        "evaluations": len(inputs), "quantize_seconds": seconds, "seconds": time.perf_counter() - start,
        "peak_memory_bytes": peak_memory_bytes("self"), "peak_anonymous_bytes": anonymous.bytes,
    }


def main():
    output = answers()
    if sys.argv[1] == "collect":
        collect(*sys.argv[2:])
    else:
        print(json.dumps(quantize(*sys.argv[2:])), file=output)


if __name__ == "__main__":
    main()
