#!/usr/bin/python3
"""Runs the GPU kernel of ChannelSwish by PoCL, OpenCL on processors, with the definitions that OpenVINO's GPU plugin puts before a
kernel, and compares with NumPy. The plugin itself is not run: that needs an Intel GPU.

    channel_swish.py KERNEL.cl
"""
import os
import sys

# PoCL does not know the newest processors; any x86-64 runs this one's code.
os.environ.setdefault("POCL_CPU_TARGET_CPU", "x86-64")
os.environ.setdefault("PYOPENCL_NO_CACHE", "1")
import numpy  # noqa: E402
import pyopencl  # noqa: E402

TYPES = {"float": numpy.float32, "half": numpy.float16}


def definitions(name, shape, pitches, offset, kind):
    """What the plugin defines for a buffer: https://docs.openvino.ai, "Custom OpenVINO Operations" for GPU devices."""
    def numbers(values):
        return "(int[]){" + ",".join(map(str, values)) + "}"

    return [f"-D{name}_TYPE={kind}", f"-D{name}_DIMS={numbers(shape)}", f"-D{name}_PITCHES={numbers(pitches)}",
            f"-D{name}_OFFSET={offset}"]


def padded(array, padding):
    """An array in memory with rows padded at their ends and some elements before it: (memory, pitches, offset)."""
    batch, channels, height, width = array.shape
    memory = numpy.full((batch, channels, height, width + padding), 99, array.dtype)
    memory[..., :width] = array
    offset = 3 if padding else 0
    flat = numpy.concatenate([numpy.full(offset, 99, array.dtype), memory.reshape(-1)])
    row = width + padding
    return flat, [channels * height * row, height * row, row, 1], offset


def check(context, queue, source, shape, padding, kind):
    random = numpy.random.default_rng(1)
    x = random.standard_normal(shape).astype(TYPES[kind])
    slope = random.standard_normal(shape[1]).astype(TYPES[kind])
    memory, pitches, offset = padded(x, padding)
    result, result_pitches, result_offset = padded(numpy.zeros_like(x), padding)
    options = definitions("INPUT0", shape, pitches, offset, kind) + definitions("OUTPUT0", shape, result_pitches, result_offset, kind)
    options += [f"-DINPUT1_TYPE={kind}", "-cl-mad-enable"]
    program = pyopencl.Program(context, source).build(options)
    flags = pyopencl.mem_flags
    buffers = [pyopencl.Buffer(context, flags.READ_WRITE | flags.COPY_HOST_PTR, hostbuf=array) for array in (memory, slope, result)]
    # WorkSizes of the XML: X, Y*F, B.
    batch, channels, height, width = shape
    program.channel_swish(queue, (width, height * channels, batch), None, *buffers)
    pyopencl.enqueue_copy(queue, result, buffers[2])
    rows = result[result_offset:].reshape(batch, channels, height, width + padding)
    wide, slopes = x.astype(numpy.float64), slope.astype(numpy.float64)[None, :, None, None]
    expected = wide / (1 + numpy.exp(-slopes * wide))
    error = numpy.abs(rows[..., :width] - expected).max()
    untouched = (rows[..., width:] == 99).all() and (result[:result_offset] == 99).all()
    limit = 1e-6 if kind == "float" else 2e-3
    print(f"{shape}, padding {padding}, {kind}: largest difference {error:.1e}{'' if untouched else ', writes outside'}")
    return error <= limit and untouched


def main():
    platforms = [platform for platform in pyopencl.get_platforms() if "Portable Computing" in platform.name]
    if not platforms:
        sys.exit("there is no PoCL: apt install pocl-opencl-icd")
    context = pyopencl.Context(platforms[0].get_devices()[:1])
    queue = pyopencl.CommandQueue(context)
    with open(sys.argv[1], encoding="utf-8") as file:
        source = file.read()
    results = [check(context, queue, source, shape, padding, kind)
               for shape in [(1, 1, 1, 1), (2, 3, 4, 5), (1, 7, 9, 3)] for padding in (0, 2)
               for kind in (["float", "half"] if "cl_khr_fp16" in context.devices[0].extensions else ["float"])]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
