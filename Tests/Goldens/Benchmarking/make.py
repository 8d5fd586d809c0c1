"""Makes a small network in every format that the runtime reads: a convolution, a rectifier, a mean over the picture, and a matrix.

    python3 make.py             # onnx and openvino
    python3 make.py tensorflow  # tensorflow-cpu, in an environment of its own
    python3 make.py paddle      # paddlepaddle==2.6.2: the runtime reads its .pdmodel, and not the .json of version 3

Its input is [1, 3, 16, 16], or [1, 16, 16, 3] in TensorFlow's formats; `dynamic.onnx` takes any batch and size. All compute the
same function of the same weights. `python3 make.py onnx FOLDER 224 64` makes one of that size, with 64 channels, in FOLDER.
"""

import os
import shutil
import sys

import numpy as np

KIND = (sys.argv + ["onnx"])[1]
FOLDER = sys.argv[2] if len(sys.argv) > 2 else os.path.dirname(os.path.abspath(__file__))
SIDE, CHANNELS = (int(sys.argv[3]), int(sys.argv[4])) if len(sys.argv) > 4 else (16, 4)

random = np.random.default_rng(7)
KERNEL = random.normal(0, 0.2, (CHANNELS, 3, 3, 3)).astype(np.float32)  # out, in, height, width
MATRIX = random.normal(0, 0.5, (CHANNELS, 10)).astype(np.float32)


def onnx_models():
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def model(shape):
        nodes = [
            helper.make_node("Conv", ["input", "kernel"], ["conv"], pads=[1, 1, 1, 1], name="conv"),
            helper.make_node("Relu", ["conv"], ["relu"], name="relu"),
            helper.make_node("ReduceMean", ["relu", "axes"], ["mean"], keepdims=0, name="mean"),
            helper.make_node("MatMul", ["mean", "matrix"], ["output"], name="matmul"),
        ]
        constants = [
            numpy_helper.from_array(KERNEL, "kernel"),
            numpy_helper.from_array(np.array([2, 3], np.int64), "axes"),
            numpy_helper.from_array(MATRIX, "matrix"),
        ]
        graph = helper.make_graph(
            nodes, "small", [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, [shape[0], 10])], constants)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9, producer_name="make.py")
        onnx.checker.check_model(made)
        return made

    onnx.save(model([1, 3, SIDE, SIDE]), "model.onnx")
    onnx.save(model(["batch", 3, "height", "width"]), "dynamic.onnx")

    import openvino

    ir = openvino.convert_model("model.onnx")
    openvino.save_model(ir, "model.xml", compress_to_fp16=False)
    value = np.linspace(-1, 1, 3 * SIDE * SIDE, dtype=np.float32).reshape(1, 3, SIDE, SIDE)
    np.save("input.npy", value)
    np.save("output.npy", openvino.compile_model(ir, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(value)[0])


def tensorflow_models():
    import tensorflow as tf

    kernel = tf.constant(KERNEL.transpose(2, 3, 1, 0))

    @tf.function(input_signature=[tf.TensorSpec([1, SIDE, SIDE, 3], tf.float32, name="input")])
    def small(input):
        mean = tf.reduce_mean(tf.nn.relu(tf.nn.conv2d(input, kernel, 1, "SAME")), [1, 2])
        return {"output": tf.matmul(mean, MATRIX)}

    module = tf.Module()
    module.small = small
    shutil.rmtree("saved_model", ignore_errors=True)
    tf.saved_model.save(module, "saved_model", signatures=small)
    for name in ("fingerprint.pb", "assets"):  # not needed to read it
        path = os.path.join("saved_model", name)
        shutil.rmtree(path) if os.path.isdir(path) else os.path.exists(path) and os.remove(path)

    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    frozen = convert_variables_to_constants_v2(small.get_concrete_function())
    tf.io.write_graph(frozen.graph.as_graph_def(), ".", "frozen.pb", as_text=False)
    converter = tf.lite.TFLiteConverter.from_saved_model("saved_model")
    with open("model.tflite", "wb") as file:
        file.write(converter.convert())


def paddle_models():
    import paddle

    paddle.enable_static()
    main, start = paddle.static.Program(), paddle.static.Program()
    with paddle.static.program_guard(main, start):
        initial = paddle.nn.initializer.Assign
        data = paddle.static.data("input", [1, 3, SIDE, SIDE], "float32")
        kernel = paddle.static.create_parameter([CHANNELS, 3, 3, 3], "float32", default_initializer=initial(KERNEL))
        matrix = paddle.static.create_parameter([CHANNELS, 10], "float32", default_initializer=initial(MATRIX))
        hidden = paddle.nn.functional.relu(paddle.nn.functional.conv2d(data, kernel, padding=1))
        output = paddle.matmul(paddle.mean(hidden, axis=[2, 3]), matrix)
        executor = paddle.static.Executor(paddle.CPUPlace())
        executor.run(start)
        paddle.static.save_inference_model("paddle/inference", [data], [output], executor, program=main)


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    os.chdir(FOLDER)
    {"onnx": onnx_models, "tensorflow": tensorflow_models, "paddle": paddle_models}[KIND]()
