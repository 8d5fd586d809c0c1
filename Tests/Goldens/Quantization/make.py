"""Small models, and what NNCF makes of them: `compress_weights` in every mode, and `quantize`.

Needs nncf==3.4.0 beside the packages of requirements.txt.
"""
import json
import pathlib
import tempfile
import xml.etree.ElementTree as ElementTree

import nncf
import numpy as np
import openvino as ov
from nncf.quantization.advanced_parameters import (
    AdvancedQuantizationParameters, AdvancedSmoothQuantParameters, OverflowFix)
from openvino import opset13 as op
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).resolve().parent


def constant(rng, name, shape, dtype, scale=1.0):
    values = (rng.standard_normal(shape) * scale).astype(dtype)
    node = op.constant(values)
    node.set_friendly_name(name)
    if dtype != np.float32:
        node = op.convert(node, "f32")
        node.set_friendly_name(name + "/decompressed")
    return node


def named(node, name):
    node.set_friendly_name(name)
    return node


def model():
    """Picture [1, 3, 5, 4] and tokens [1, 4]: convolutions, an embedding, products with weights in either order of axes."""
    rng = np.random.default_rng(7)
    image = op.parameter([1, 3, 5, 4], ov.Type.f32, name="image")
    tokens = op.parameter([1, 4], ov.Type.i64, name="tokens")

    kernel = rng.standard_normal((6, 3, 3, 3)).astype(np.float16)
    kernel[1] = 0
    kernel[2] = np.abs(kernel[2])
    kernel[3] = -np.abs(kernel[3])
    first = named(op.constant(kernel), "conv.weight")
    x = op.convolution(
        image, named(op.convert(first, "f32"), "conv.weight/decompressed"), [1, 1], [1, 1], [1, 1], [1, 1], name="conv")
    x = op.reshape(x, np.array([1, 20, 6]), False)
    x = op.matmul(x, constant(rng, "in.weight", (6, 64), np.float32, 0.05), False, False, name="in")

    table = constant(rng, "embedding.weight", (11, 64), np.float16, 0.02)
    e = op.gather(table, tokens, op.constant(np.int64(0)), name="embedding")

    up = rng.standard_normal((64, 64)).astype(np.float16)
    up[5] = 0
    up[6] = 1
    up[7, :32] = 0
    up[8] = np.abs(up[8]) * 3
    up[9] = -np.abs(up[9])
    up = named(op.constant(up), "up.weight")
    x = op.matmul(
        op.concat([x, e], 1), named(op.convert(up, "f32"), "up.weight/decompressed"), False, True, name="up")
    x = op.relu(x)
    x = op.matmul(x, constant(rng, "down.weight", (64, 64), np.float32, 0.3), False, False, name="down")
    x = op.matmul(x, constant(rng, "odd.weight", (50, 64), np.float32), False, True, name="odd")
    x = op.matmul(x, constant(rng, "narrow.weight", (64, 50), np.float32), False, True, name="narrow")
    x = op.matmul(x, constant(rng, "out.weight", (8, 64), np.float32), False, True, name="out")
    return ov.Model([op.result(x, name="y")], [image, tokens], "small")


def main():
    ov.save_model(model(), HERE / "original.xml", compress_to_fp16=False)
    modes = nncf.CompressWeightsMode
    cases = {
        "int8_sym": dict(mode=modes.INT8_SYM),
        "int8_asym": dict(mode=modes.INT8_ASYM),
        "int4_sym": dict(mode=modes.INT4_SYM, group_size=32),
        "int4_asym": dict(mode=modes.INT4_ASYM, group_size=32),
        "nf4": dict(mode=modes.NF4, group_size=32),
        "int4_sym_channel": dict(mode=modes.INT4_SYM, group_size=-1),
        "int4_sym_all": dict(mode=modes.INT4_SYM, group_size=32, all_layers=True),
        "int4_asym_half": dict(mode=modes.INT4_ASYM, group_size=32, ratio=0.6),
        "int4_sym_adjust": dict(
            mode=modes.INT4_SYM, group_size=64,
            advanced_parameters=nncf.AdvancedCompressionParameters(
                group_size_fallback_mode=nncf.GroupSizeFallbackMode.ADJUST, min_adjusted_group_size=16)),
    }
    fallback = nncf.GroupSizeFallbackMode
    for name, options in cases.items():
        if "group_size" in options and "advanced_parameters" not in options:
            options["advanced_parameters"] = nncf.AdvancedCompressionParameters(group_size_fallback_mode=fallback.IGNORE)
    core = ov.Core()
    tensors, types = {}, {}
    for name, options in cases.items():
        compressed = nncf.compress_weights(core.read_model(HERE / "original.xml"), **options)
        types[name] = {}
        for constant_name, (kind, data) in constants(compressed).items():
            types[name][constant_name] = kind
            # Weights in the backup mode are those of int8_asym, and those left alone the original's.
            if not kind.startswith("f32") and not np.array_equal(tensors.get(f"int8_asym/{constant_name}"), data):
                tensors[f"{name}/{constant_name}"] = data
    save_file(tensors, HERE / "nncf.safetensors")
    (HERE / "nncf.json").write_text(json.dumps(types, indent=1, sort_keys=True) + "\n")


CALIBRATION = [
    {"image": np.random.default_rng(seed).standard_normal((1, 3, 5, 4)).astype(np.float32), "tokens": np.array([[1, 2, 3, 4]])}
    for seed in range(2)]


def quantized(model, data, overflow_fix, alpha=-1, bias=False):
    """`nncf.quantize` for transformers; alpha is SmoothQuant's (-1: none)."""
    return nncf.quantize(
        model, nncf.Dataset(data), model_type=nncf.ModelType.TRANSFORMER,
        advanced_parameters=AdvancedQuantizationParameters(
            overflow_fix=overflow_fix, disable_bias_correction=not bias,
            smooth_quant_alphas=AdvancedSmoothQuantParameters(matmul=alpha, convolution=-1)))


def int8_weights(model):
    """Codes and scales of each operation with weights in INT8, by the operation's name."""
    found = {}
    for node in model.get_ordered_ops():
        name = node.friendly_name
        if node.get_type_name() != "Multiply" or "/fq_weights_" not in name:
            continue
        codes, scale = (node.input_value(port).get_node() for port in range(2))
        found[name.split("/fq_weights_")[0]] = (codes.input_value(0).get_node().data, scale.data)
    return found


def make_int8():
    """Weights with 8 bits, and with 7 (of three operations, to save space)."""
    tensors = {}
    for name, fix in {"narrow": OverflowFix.DISABLE, "half": OverflowFix.ENABLE}.items():
        for operation, (codes, scale) in int8_weights(
                quantized(ov.Core().read_model(HERE / "original.xml"), CALIBRATION, fix)).items():
            if name == "narrow" or operation in ("conv", "in", "down"):
                tensors[f"{name}/{operation}.weight"] = codes.copy()
                tensors[f"{name}/{operation}.weight/scale"] = scale.copy()
    save_file(tensors, HERE / "int8.safetensors")


def block():
    """Picture [1, 4, 6, 6] through a convolution to rows of 8 channels of uneven size, through two products; all with biases."""
    rng = np.random.default_rng(9)
    image = op.parameter([1, 4, 6, 6], ov.Type.f32, name="image")

    def numbers(name, shape, scale, offset=0.0):
        return named(op.constant((rng.standard_normal(shape) * scale + offset).astype(np.float32)), name)

    x = op.convolution(image, numbers("conv.weight", (8, 4, 3, 3), 0.2), [1, 1], [0, 0], [0, 0], [1, 1], name="conv")
    spread = np.array([1, 1, 1, 1, 2, 4, 8, 30]).reshape(1, 8, 1, 1)
    x = op.add(x, numbers("conv.bias", (1, 8, 1, 1), 0.5, 1.0))
    x = op.multiply(op.relu(x), named(op.constant(spread.astype(np.float32)), "spread"))
    x = op.reshape(op.transpose(x, np.array([0, 2, 3, 1])), np.array([1, 16, 8]), False)
    hidden = op.add(op.matmul(x, numbers("a.weight", (16, 8), 0.3), False, True, name="a"), numbers("a.bias", (1, 1, 16), 0.5, 1))
    other = op.matmul(x, numbers("b.weight", (16, 8), 0.2), False, True, name="b")
    x = op.multiply(op.relu(hidden), other)
    x = op.add(op.matmul(x, numbers("c.weight", (8, 16), 0.3), False, True, name="c"), numbers("c.bias", (1, 1, 8), 0.5, 1))
    return ov.Model([op.result(x, name="y")], [image], "block")


def make_block():
    """What SmoothQuant divides by, the weights then, and biases after correction, for two pictures."""
    ov.save_model(block(), HERE / "block.xml", compress_to_fp16=False)
    images = [np.random.default_rng(seed).standard_normal((1, 4, 6, 6)).astype(np.float32) * (seed + 1) for seed in range(2)]
    tensors = {f"image/{index}": image for index, image in enumerate(images)}
    data = [{"image": image} for image in images]
    smoothed = quantized(ov.Core().read_model(HERE / "block.xml"), data, OverflowFix.DISABLE, alpha=0.95)
    for node in smoothed.get_ordered_ops():
        if node.get_type_name() == "Multiply" and node.friendly_name.endswith("nncf_smooth_quant"):
            for reader in node.output(0).get_target_inputs():
                target = reader.get_node()
                while target.get_type_name() == "FakeQuantize":
                    target = next(iter(target.output(0).get_target_inputs())).get_node()
                tensors[f"smooth/{target.friendly_name}"] = 1 / node.input_value(1).get_node().data.flatten()
    for operation, (codes, _) in int8_weights(smoothed).items():
        tensors[f"smooth/{operation}.weight"] = codes.copy()
    corrected = quantized(ov.Core().read_model(HERE / "block.xml"), data, OverflowFix.DISABLE, bias=True)
    for node in corrected.get_ordered_ops():
        if node.friendly_name in ("conv", "a", "c"):
            (reader,) = node.output(0).get_target_inputs()
            tensors[f"bias/{node.friendly_name}"] = reader.get_node().input_value(1).get_node().data.flatten()
    save_file(tensors, HERE / "block.safetensors")
    print({name: value.shape for name, value in tensors.items()})


def constants(compressed):
    """Type with shape, and bytes, of each constant that belongs to weights."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "m.xml"
        ov.save_model(compressed, path, compress_to_fp16=False)
        content = path.with_suffix(".bin").read_bytes()
        found = {}
        for layer in ElementTree.parse(path).iter("layer"):
            if layer.get("type") == "Const" and ".weight" in layer.get("name"):
                data = layer.find("data")
                offset = int(data.get("offset"))
                found[layer.get("name")] = (
                    f"{data.get('element_type')} [{data.get('shape')}]",
                    np.frombuffer(content, np.uint8, int(data.get("size")), offset).copy())
        return found


if __name__ == "__main__":
    main()
    make_int8()
    make_block()
