"""A folder that glint wrote, in the two libraries it is written for: both load it and draw what glint draws.

    ../.venv-optimum/bin/python loads.py FOLDER

Ends with 1 when a network has other ports than optimum-intel's export, when a library cannot load the folder, or when its
picture is more than 40 dB of PSNR away from glint's with the same noise.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import offline  # noqa: F401

import numpy
import openvino
import openvino_tokenizers
import torch
from PIL import Image
from transformers import AutoTokenizer

import quality
from answers import answers
from drawing import GUIDANCE_SCALE, STEPS, Drawing

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE.parent
REPOSITORY = PEERS.parent.parent
PROMPT = "a pink unicorn on a blue background"
SEED = 0
LEAST_DB = 40.0
FREE = -1
PARTS = ["unet", "text_encoder", "vae_decoder", "vae_encoder"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="a folder written by glint quantize")
    parser.add_argument("--glint", type=pathlib.Path, default=REPOSITORY / "glint",
                        help="the command (default: the repository's)")
    parser.add_argument("--python-genai", type=pathlib.Path, default=PEERS / ".venv" / "bin" / "python",
                        help="the environment of ../requirements.txt")
    return parser.parse_args()


def expected_ports(folder):
    """What optimum-intel's export of the same model has: (name, element type, shape) of every input and output."""
    def config(part):
        return json.loads((folder / part / "config.json").read_text())

    unet, text, vae = config("unet"), config("text_encoder"), config("vae_decoder")
    width, tokens = unet["cross_attention_dim"], text["max_position_embeddings"]
    latents, tiny = vae["latent_channels"], vae["_class_name"] == "AutoencoderTiny"
    return {
        "unet": ([("sample", "f32", [FREE, unet["in_channels"], FREE, FREE]), ("timestep", "i64", [FREE]),
                  ("encoder_hidden_states", "f32", [FREE, tokens, width]),
                  ("timestep_cond", "f32", [FREE, unet["time_cond_proj_dim"]])],
                 [("out_sample", "f32", [FREE, unet["out_channels"], FREE, FREE])]),
        # The pipelines always give it all of its tokens, so a length that is fixed does as well as the free one of the export.
        "text_encoder": ([("input_ids", "i64", [FREE, (FREE, tokens)])],
                         [("last_hidden_state", "f32", [FREE, (FREE, tokens), width]), ("pooler_output", "f32", [FREE, width])]),
        "vae_decoder": ([("latent_sample", "f32", [FREE, latents, FREE, FREE])],
                        [("sample", "f32", [FREE, vae["out_channels"], FREE, FREE])]),
        "vae_encoder": ([("sample", "f32", [FREE, vae["in_channels"], FREE, FREE])],
                        [("latent_sample", "f32", [FREE, latents, FREE, FREE])] if tiny
                        else [("latent_parameters", "f32", [FREE, 2 * latents, FREE, FREE])]),
    }


def ports(network_ports):
    """Name, element type and shape of each; a dimension with any bounds counts as free."""
    return [(port.get_any_name(), port.get_element_type().get_type_name(),
             [FREE if dimension.is_dynamic else dimension.get_length() for dimension in port.get_partial_shape()])
            for port in network_ports]


def alike(found, wanted):
    """Equal, where a dimension may be one of several."""
    return len(found) == len(wanted) and all(
        have[:2] == want[:2] and len(have[2]) == len(want[2])
        and all(a in b if isinstance(b, tuple) else a == b for a, b in zip(have[2], want[2]))
        for have, want in zip(found, wanted))


def wrong_ports(folder):
    """Sentences on what differs. Inputs are found by name; outputs also by their order. A folder may lack the vae_encoder."""
    parts = [part for part in PARTS if part != "vae_encoder" or (folder / part / "openvino_model.xml").exists()]
    missing = [file for part in parts for name in ("config.json", "openvino_model.xml", "openvino_model.bin")
               if not (file := folder / part / name).exists()]
    if missing:
        yield from (f"{file} is missing" for file in missing)
        return
    expected = expected_ports(folder)
    for part in parts:
        inputs, outputs = expected[part]
        file = folder / part / "openvino_model.xml"
        model = openvino.Core().read_model(file)
        if not alike(sorted(ports(model.inputs)), sorted(inputs)):
            yield f"{part}: inputs {ports(model.inputs)}, where optimum-intel's export has {inputs}"
        if not alike(ports(model.outputs), outputs):
            yield f"{part}: outputs {ports(model.outputs)}, where optimum-intel's export has {outputs}"


def by_glint(options, folder):
    """glint's own picture: the reference."""
    file = folder / "glint.png"
    command = [options.glint.absolute(), "generate", PROMPT, "--model", options.folder, "--seed", SEED, "--steps", STEPS,
               "--guidance-scale", GUIDANCE_SCALE, "--precision", "f32", "--output", file]
    if subprocess.run([str(argument) for argument in command]).returncode:
        sys.exit(f"loads.py: glint cannot draw with {options.folder}, so there is nothing to hold the others' pictures against")
    return numpy.asarray(Image.open(file).convert("RGB"))


def by_optimum(options):
    return Drawing(options.folder).picture(PROMPT, SEED)


def by_genai(options, folder, size):
    """GenAI reads its tokenizer from IR, and takes an autoencoder by one name only: a copy of links beside those two."""
    copy = folder / "model"
    (copy / "tokenizer").mkdir(parents=True)
    for entry in options.folder.iterdir():
        if entry.name not in ("tokenizer", "model_index.json"):
            os.symlink(entry.resolve(), copy / entry.name)
    index = json.loads((options.folder / "model_index.json").read_text())
    index["vae"] = ["diffusers", "AutoencoderKL"]
    (copy / "model_index.json").write_text(json.dumps(index))
    tokenizer = AutoTokenizer.from_pretrained(options.folder / "tokenizer")
    both = openvino_tokenizers.convert_tokenizer(tokenizer, with_detokenizer=True)
    for name, model in zip(("openvino_tokenizer.xml", "openvino_detokenizer.xml"), both):
        openvino.save_model(model, copy / "tokenizer" / name)
    random = torch.Generator().manual_seed(SEED)
    shape = (1, json.loads((options.folder / "unet" / "config.json").read_text())["in_channels"], size[0] // 8, size[1] // 8)
    numpy.save(folder / "noise.npy", numpy.stack([torch.randn(shape, generator=random).numpy() for _ in range(STEPS)]))
    command = [options.python_genai.absolute(), HERE / "genai_picture.py", copy, PROMPT, STEPS, GUIDANCE_SCALE,
               folder / "noise.npy", folder / "genai.npy"]
    subprocess.run([str(argument) for argument in command], check=True)
    return numpy.load(folder / "genai.npy")


def main():
    options = arguments()
    if not (options.folder / "model_index.json").exists():
        sys.exit(f"loads.py: {options.folder} is no model's folder: it has no model_index.json")
    output = answers()
    failed = False
    for sentence in wrong_ports(options.folder):
        failed = True
        print(sentence, file=output)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        reference = by_glint(options, folder)
        sides = {"optimum-intel": lambda: by_optimum(options),
                 "OpenVINO GenAI": lambda: by_genai(options, folder, reference.shape[:2])}
        for name, draw in sides.items():
            try:
                distance = quality.psnr(draw(), reference)
            except Exception as error:  # Whatever a library has against the folder is the answer that was asked for.
                failed = True
                print(f"{name}: {error}", file=output)
                continue
            near = bool(distance >= LEAST_DB)
            failed = failed or not near
            print(f"{name}: draws it; {distance:.1f} dB from glint's picture{'' if near else ': too far'}", file=output)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
