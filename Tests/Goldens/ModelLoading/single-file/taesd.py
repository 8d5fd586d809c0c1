"""The published tiny autoencoders on photographs, by diffusers: a few numbers of each, as the files are not ours to keep.

GLINT_TEST_MODELS is a folder with `taesd/*.safetensors` (https://github.com/madebyollin/taesd), GLINT_TEST_PHOTOS one with
JPEGs; without them what is there is left as it is.
"""
import json
import math
import os
import pathlib

import numpy
import torch
from diffusers import AutoencoderTiny
from PIL import Image
from safetensors.torch import load_file

HERE = pathlib.Path(__file__).resolve().parent
SIDE = 512
POINTS = 8


def network(folder, name):
    """AutoencoderTiny with the tensors of the two files: it has no layer for the decoder's clamp."""
    state = {f"encoder.layers.{key}": value for key, value in load_file(folder / f"{name}_encoder.safetensors").items()}
    for key, value in load_file(folder / f"{name}_decoder.safetensors").items():
        index, rest = key.split(".", 1)
        state[f"decoder.layers.{int(index) - 1}.{rest}"] = value
    model = AutoencoderTiny()
    model.load_state_dict({key: value.float() for key, value in state.items()})
    return model.eval()


def grid(values):
    """8 × 8 places of each channel, spread over the picture."""
    rows, columns = ([index * (size - 1) // (POINTS - 1) for index in range(POINTS)] for size in values.shape[-2:])
    return [round(value, 5) for value in values[0][:, rows][:, :, columns].flatten().tolist()]


def measure(model, file):
    picture = numpy.asarray(Image.open(file).convert("RGB"))[:SIDE, :SIDE]
    picture = picture[: picture.shape[0] // 8 * 8, : picture.shape[1] // 8 * 8]
    pixels = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    latents = model.encode(pixels).latents
    decoded = model.decode(latents).sample
    again = ((decoded / 2 + 0.5).clamp(0, 1) * 255).round()[0].permute(1, 2, 0).numpy()
    psnr = 10 * math.log10(255**2 / ((again - picture) ** 2).mean())
    return {
        "height": picture.shape[0], "width": picture.shape[1], "mean": picture.mean().item(), "latents": grid(latents),
        "picture": grid(decoded), "psnr": psnr,
    }


def main():
    models, photos = os.environ.get("GLINT_TEST_MODELS"), os.environ.get("GLINT_TEST_PHOTOS")
    if not models or not photos:
        print("taesd.json is left as it is: GLINT_TEST_MODELS and GLINT_TEST_PHOTOS are not set")
        return
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    found = {}
    for name in ("taesd", "taesdxl"):
        model = network(pathlib.Path(models) / "taesd", name)
        for file in sorted(pathlib.Path(photos).glob("*.jpg")):
            found[f"{name} {file.name}"] = measure(model, file)
            print(f"{name} {file.name}: {found[f'{name} {file.name}']['psnr']:.3f} dB", flush=True)
    (HERE / "taesd.json").write_text(json.dumps(found, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
