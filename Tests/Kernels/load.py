#!/usr/bin/env python3
"""Loads the library of custom operations into OpenVINO's Python: IR that Glint wrote, and an ONNX file, give NumPy's values.

    load.py libGlintOperations.so channel-swish.xml Tests/Goldens/Inference/channel-swish
"""
import sys

import numpy
import openvino


def main():
    library, written, golden = sys.argv[1:]
    x, expected = numpy.load(f"{golden}.npy")
    core = openvino.Core()
    try:
        core.read_model(written)
        sys.exit("the operation is known without its library")
    except RuntimeError:
        pass
    core.add_extension(library)
    for model in (written, f"{golden}.onnx"):
        y = core.compile_model(model, "CPU")([x])[0]
        difference = numpy.abs(y - expected).max()
        print(f"{model}: largest difference {difference:.1e}")
        if difference > 1e-6:
            sys.exit(1)


if __name__ == "__main__":
    main()
