"""An ONNX file with a node of Glint's own operations, and an input with the output that NumPy computes.

Needs numpy and onnx.
"""
import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
SHAPE = [2, 3, 5]


def main():
    x = numpy.random.default_rng(0).standard_normal(SHAPE).astype(numpy.float32)
    slope = numpy.array([0.5, 1, -2], numpy.float32)
    # The input and the output are the halves of one array.
    y = x / (1 + numpy.exp(-slope[None, :, None] * x))
    numpy.save(HERE / "channel-swish.npy", numpy.stack([x, y]))
    node = helper.make_node("ChannelSwish", ["x", "slope"], ["y"], domain="glint", axis=1)
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in ("x", "y")]
    graph = helper.make_graph([node], "graph", value[:1], value[1:], [numpy_helper.from_array(slope, "slope")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("glint", 1)])
    model.ir_version = 8
    onnx.save(model, HERE / "channel-swish.onnx")


if __name__ == "__main__":
    main()
