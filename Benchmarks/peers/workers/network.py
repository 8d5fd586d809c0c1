"""One network of an exported folder on the plain OpenVINO runtime: what tracing made of it, with no pipeline around it.

    python network.py IR_FOLDER TINY_VAE_IR HEIGHT WIDTH THREADS        (THREADS 0: the runtime's choice)
"""
import json
import pathlib
import sys

import numpy
import openvino

from protocol import clock, serve

# Full precision throughout; these are also what Glint sets by default.
PRECISE = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0", "PERFORMANCE_HINT": "LATENCY"}


def properties(threads):
    return PRECISE | ({"INFERENCE_NUM_THREADS": threads} if threads else {})


def model_file(name, folder, tiny_vae):
    if name == "tiny-vae-decode":
        return pathlib.Path(tiny_vae)
    part = {"text-encoder": "text_encoder", "unet-step": "unet", "vae-decode": "vae_decoder"}[name]
    return pathlib.Path(folder) / part / "openvino_model.xml"


def shapes(name, folder, height, width):
    """Static shapes of one picture, as optimum-intel's `reshape(1, height, width, 1)` gives them."""
    latents = [1, 4, height // 8, width // 8]
    tokens = 77
    if name == "text-encoder":
        return {"input_ids": [1, tokens]}
    if name in ("vae-decode", "tiny-vae-decode"):
        return {"latent_sample": latents}
    config = json.loads((pathlib.Path(folder) / "unet" / "config.json").read_text())
    pooled = (config.get("projection_class_embeddings_input_dim") or 0) - 6 * (config.get("addition_time_embed_dim") or 0)
    return {
        "sample": latents,
        "encoder_hidden_states": [1, tokens, config["cross_attention_dim"]],
        "timestep_cond": [1, config.get("time_cond_proj_dim")],
        "timestep": None,
        "text_embeds": [1, pooled],
        "time_ids": [1, 6],
    }


def value(random, name, port):
    """Input values in the range a pipeline gives."""
    shape = tuple(port.get_shape())
    dtype = port.get_element_type().to_dtype()
    if name == "input_ids":
        ids = random.integers(1000, 40000, shape)
        ids[:, 0], ids[:, 8:] = 49406, 49407
        return ids.astype(dtype)
    if name == "timestep":
        return numpy.full(shape, 499, dtype)
    return random.standard_normal(shape).astype(dtype)


def read(name, folder, tiny_vae, height, width):
    """The model with static shapes, in the element types of the file."""
    model = openvino.Core().read_model(model_file(name, folder, tiny_vae))
    asked = shapes(name, folder, height, width)
    static = {}
    for port in model.inputs:
        shape = asked[port.get_any_name()]
        rank = port.get_partial_shape().rank.get_length()
        static[port] = openvino.PartialShape(shape if shape is not None else [1] * rank)
    model.reshape(static)
    return model


def load(name, folder, tiny_vae, height, width, threads=0, **extra):
    """An infer request with its inputs set, and the seconds of reading and compiling."""
    model, ready = clock(lambda: read(name, folder, tiny_vae, height, width))
    compiled, compiling = clock(lambda: openvino.Core().compile_model(model, "CPU", properties(threads) | extra))
    request = compiled.create_infer_request()
    random = numpy.random.default_rng(0)
    for port in compiled.inputs:
        request.set_tensor(port, openvino.Tensor(value(random, port.get_any_name(), port)))
    return request, ready, compiling


def main():
    folder, tiny_vae, *numbers = sys.argv[1:]
    height, width, threads = map(int, numbers)

    def loaded(name):
        request, ready, compiling = load(name, folder, tiny_vae, height, width, threads)
        return request.infer, ready, compiling

    serve(loaded)


if __name__ == "__main__":
    main()
