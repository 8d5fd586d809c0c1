"""Small models as OpenVINO's own tools save them, with inputs and what OpenVINO computes from them.

<case>.xml, <case>.bin, and <case>.safetensors: tensors run<r>.input.<i> and run<r>.output.<i>, i in the model's order.
"""
import multiprocessing
import pathlib
import re

import numpy as np
import openvino as ov
from openvino import opset15 as op
from openvino import opset6
from safetensors.numpy import save as dump

HERE = pathlib.Path(__file__).resolve().parent
EXACT = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0", "KV_CACHE_PRECISION": "f32"}


def rng(case):
    return np.random.default_rng(sum(case.encode()))


def normal(random, *shape):
    return random.standard_normal(shape).astype(np.float32)


def parameter(name, shape, kind=np.float32):
    node = op.parameter(shape, kind, name=name)
    node.output(0).set_names({name})
    return node


def named(node, *names, port=0):
    node.output(port).set_names(set(names))
    return node


def record(case, runs):
    """Runs the saved model on each list of inputs, one request for all, and keeps what goes in and out."""
    request = ov.Core().compile_model(HERE / f"{case}.xml", "CPU", EXACT).create_infer_request()
    tensors = {}
    for run, inputs in enumerate(runs):
        for index, value in enumerate(np.array(value, order="C") for value in inputs):
            request.set_input_tensor(index, ov.Tensor(value))
            tensors[f"run{run}.input.{index}"] = value
        request.infer()
        for index in range(len(request.model_outputs)):
            tensors[f"run{run}.output.{index}"] = request.get_output_tensor(index).data.copy()
    (HERE / f"{case}.safetensors").write_bytes(dump(tensors))


def save(case, results, parameters, runs, f16=False, change=None, sinks=None):
    model = ov.Model(results, sinks, parameters, case) if sinks else ov.Model(results, parameters, case)
    if change:
        change(model)
    ov.save_model(model, HERE / f"{case}.xml", compress_to_fp16=f16)
    record(case, runs)


def mlp(random, x):
    hidden = op.add(op.matmul(x, normal(random, 6, 8), False, False), normal(random, 8))
    return op.add(op.matmul(op.gelu(hidden, "erf"), normal(random, 8, 4), False, False), normal(random, 4))


def mlp_f16():
    random = rng("mlp-f16")
    x = parameter("x", [-1, 6])
    save("mlp-f16", [named(mlp(random, x), "y")], [x], [[normal(random, 3, 6)]], f16=True)


def dynamic():
    """Bounded and open axes, shapes computed in the graph, scalars."""
    random = rng("dynamic")
    x = parameter("x", ov.PartialShape("?,1..8,4"))
    shape = op.shape_of(x)
    rows = op.gather(shape, np.int64(1), np.int64(0))
    flat = op.reshape(x, op.concat([op.unsqueeze(rows, np.int64(0)), np.array([-1])], 0), False)
    total = op.reduce_sum(x, np.array([0, 1, 2]), False)
    results = [named(flat, "flat"), named(op.sqrt(op.abs(total)), "total")]
    save("dynamic", results, [x], [[normal(random, 2, 3, 4)], [normal(random, 1, 8, 4)]])


def conditional():
    random = rng("if")
    flag, x = parameter("flag", [], bool), parameter("x", [2, 3])
    one, other = op.parameter([2, 3], np.float32), op.parameter([2, 3], np.float32)
    then_body = ov.Model([op.add(one, normal(random, 3))], [one], "then")
    else_body = ov.Model([op.multiply(other, normal(random, 2, 1))], [other], "else")
    node = op.if_op(flag)
    node.set_then_body(then_body)
    node.set_else_body(else_body)
    node.set_input(x.output(0), one, other)
    node.set_output(then_body.results[0], else_body.results[0])
    values = normal(random, 2, 3)
    save("if", [named(node, "y")], [flag, x], [[np.array(True), values], [np.array(False), values]])


def loop():
    """Five times state = tanh(state * w + b), each state put out too."""
    random = rng("loop")
    x = parameter("x", [1, 4])
    state = op.parameter([1, 4], np.float32)
    step = op.tanh(op.add(op.multiply(state, normal(random, 4)), normal(random, 4)))
    body = ov.Model([op.constant(np.array(True)), step], [state], "body")
    node = op.loop(op.constant(np.int64(5)), op.constant(np.array(True)))
    node.set_function(body)
    node.set_special_body_ports([-1, 0])
    node.set_merged_input(state, x.output(0), body.results[1].output(0))
    last = node.get_iter_value(body.results[1].output(0), -1)
    states = node.get_concatenated_slices(body.results[1].output(0), 0, 1, 1, -1, 0)
    save("loop", [op.result(last), op.result(states)], [x], [[normal(random, 1, 4)]])


def tensor_iterator():
    """A running sum of the rows of x, scaled."""
    random = rng("tensor-iterator")
    x, start = parameter("x", [5, 3]), parameter("start", [1, 3])
    row, total = op.parameter([1, 3], np.float32), op.parameter([1, 3], np.float32)
    after = op.add(op.multiply(row, normal(random, 3)), total)
    body = ov.Model([after], [row, total], "body")
    node = op.tensor_iterator()
    node.set_body(body)
    node.set_sliced_input(row, x.output(0), 0, 1, 1, -1, 0)
    node.set_merged_input(total, start.output(0), body.results[0].output(0))
    sums = node.get_concatenated_slices(body.results[0].output(0), 0, 1, 1, -1, 0)
    save("tensor-iterator", [op.result(sums)], [x, start], [[normal(random, 5, 3), normal(random, 1, 3)]])


def state():
    random = rng("state")
    x = parameter("x", [1, 3])
    before = opset6.read_value(op.constant(np.zeros((1, 3), np.float32)), "total", np.float32, [1, 3])
    total = op.add(x, before)
    keep = opset6.assign(total, "total")
    runs = [[normal(random, 1, 3)] for _ in range(3)]
    save("state", [op.result(named(total, "total"))], [x], runs, sinks=[keep])


def compressed():
    """Weights as i8 with a scale a channel, and as u4 with zero points in groups."""
    random = rng("compressed")
    x = parameter("x", [-1, 16])
    i8 = op.constant(random.integers(-127, 128, (8, 16), np.int8))
    first = op.multiply(op.convert(i8, "f32"), random.uniform(0.01, 0.02, (8, 1)).astype(np.float32))
    u4 = op.constant(random.integers(0, 16, (6, 2, 4), np.uint8), dtype=ov.Type.u4)
    zeros = op.constant(random.integers(0, 16, (6, 2, 1), np.uint8), dtype=ov.Type.u4)
    scale = random.uniform(0.1, 0.2, (6, 2, 1)).astype(np.float16)
    second = op.multiply(op.subtract(op.convert(u4, "f16"), op.convert(zeros, "f16")), scale)
    second = op.convert(op.reshape(second, np.array([6, 8]), False), "f32")
    y = op.matmul(op.relu(op.matmul(x, first, False, True)), second, False, True)
    save("compressed", [named(y, "y")], [x], [[normal(random, 2, 16)]])


def types():
    """A constant of every type that fits a file, each as f32."""
    random = rng("types")
    results = []
    for kind in ["boolean", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f16", "bf16", "f32", "f64", "u4", "i4", "nf4",
                 "f8e4m3", "f8e5m2"]:
        values = random.integers(0, 2 if kind == "boolean" else 8, (2, 3))
        constant = op.constant(values, dtype=getattr(ov.Type, kind))
        constant.set_friendly_name(kind)
        results.append(named(op.convert(constant, "f32"), f"{kind} as f32"))
    x = parameter("x", [1])
    results.append(named(op.add(x, np.float32(1)), "y"))
    save("types", results, [x], [[normal(random, 1)]])


def strings():
    """A constant of strings, and an operation of opset15 that takes them apart."""
    x = parameter("x", [1])
    texts = op.constant(ov.Tensor(["a pink unicorn", "", "ünïcödé"]))
    parts = op.string_tensor_unpack(texts)
    results = [op.result(parts.output(index)) for index in range(3)] + [op.result(op.relu(x))]
    save("strings", results, [x], [[normal(rng("strings"), 1)]])


def names():
    """Names that need care in XML or in lists, and rt_info at the model, at layers and at ports."""
    random = rng("names")
    x = parameter("x", [1, 3, 4, 5])
    x.output(0).set_names({"x", "with,comma", "back\\slash", "q\"u<o>t&e's", "ünïcödé"})
    x.set_friendly_name("input \"<&>' ,\\ näme")
    x.set_layout(ov.Layout("NCHW"))
    y = op.multiply(x, normal(random, 3, 1, 1))
    y.set_friendly_name("scope/with.dots/Multiply,1")
    y.get_rt_info()["fused_names_0"] = "ignored when saved"
    result = op.result(named(y, "y,1", "y"))
    result.set_layout(ov.Layout("N...C"))

    def change(model):
        model.set_rt_info("1 < 2 & \"so\"", ["model_info", "labels", "deep"])
        model.set_rt_info("f32", ["conversion_parameters", "precision"])
        model.set_rt_info("", ["empty"])
        model.inputs[0].get_rt_info()["old_api_map_order_0"] = "ignored when saved"

    save("names", [result], [x], [[normal(random, 1, 3, 4, 5)]], change=change)


def outputs():
    """Operations with several outputs, one of them not used, one used twice."""
    random = rng("outputs")
    x = parameter("x", [4, 9])
    thirds = op.split(x, np.int64(1), 3)
    parts = op.variadic_split(x, np.int64(0), np.array([1, 3]))
    top = op.topk(thirds.output(2), np.int64(2), 1, "max", "value")
    results = [thirds.output(0), op.add(thirds.output(2), thirds.output(2)),
               parts.output(1), top.output(0), top.output(1)]
    save("outputs", [op.result(result) for result in results], [x], [[normal(random, 4, 9)]])


def traced():
    """What tracing a network of convolution, normalization and attention leaves."""
    import torch

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 8, 3, padding=1)
            self.norm = torch.nn.GroupNorm(4, 8)
            self.attention = torch.nn.MultiheadAttention(8, 2, batch_first=True)
            self.out = torch.nn.Linear(8, 16)

        def forward(self, picture, scale):
            hidden = torch.nn.functional.silu(self.norm(self.conv(picture)))
            tokens = hidden.flatten(2).transpose(1, 2)
            tokens = tokens + self.attention(tokens, tokens, tokens, need_weights=False)[0]
            left, right = self.out(tokens).chunk(2, -1)
            return left * torch.nn.functional.gelu(right) * scale

    torch.manual_seed(0)
    network = Network().eval()
    inputs = (torch.randn(2, 3, 6, 5), torch.rand(1))
    with torch.no_grad():
        model = ov.convert_model(network, example_input=inputs)
    ov.save_model(model, HERE / "traced.xml", compress_to_fp16=True)
    record("traced", [[tensor.numpy() for tensor in inputs]])


def version_10():
    """An MLP as IR version 10 has it: no tensor names, layers in no order, ids with gaps."""
    random = rng("version-10")
    x = parameter("x", [2, 6])
    runs = [[normal(random, 2, 6)]]
    save("version-10", [mlp(random, x)], [x], runs)
    path = HERE / "version-10.xml"
    text = path.read_text().replace('version="11"', 'version="10"')
    text = re.sub(r'\s(names|output_names)="[^"]*"', "", text)
    text = re.sub(r'((?:from|to)-layer|<layer id)="(\d+)"', lambda found: f'{found[1]}="{int(found[2]) * 7 + 100}"', text)
    text = re.sub(r'((?:from|to)-port|<port id)="(\d+)"', lambda found: f'{found[1]}="{int(found[2]) * 2 + 5}"', text)
    layers = re.findall(r"\t\t<layer .*?</layer>\n", text, re.S)
    head, tail = text[:text.index(layers[0])], text[text.index(layers[-1]) + len(layers[-1]):]
    path.write_text(head + "".join(reversed(layers)) + tail)
    record("version-10", runs)


CASES = [mlp_f16, dynamic, conditional, loop, tensor_iterator, state, compressed, types, strings, names, outputs, traced, version_10]


def main():
    # Each in a process of its own: OpenVINO numbers the nodes of a process, and a new case is not to rename those of others.
    for make in CASES:
        process = multiprocessing.get_context("spawn").Process(target=make)
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(f"{make.__name__} failed")


if __name__ == "__main__":
    main()
