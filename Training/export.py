"""The trained networks as a diffusers folder in float16 (LatentConsistencyModelPipeline).

    python export.py --preset cpu --work WORK --weights regression.pt --out ../Models/emoji-lcm
"""
import argparse
import json
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPTokenizer

import autoencoder
import networks
from presets import PRESETS

COMPONENTS = {"feature_extractor": [None, None], "image_encoder": [None, None], "requires_safety_checker": False, "safety_checker": [None, None],
              "scheduler": ["diffusers", "LCMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
              "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderTiny"]}


def half(module): return module.to("cpu", memory_format=torch.contiguous_format).half()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset", default="cpu", choices=PRESETS)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--weights", default="regression.pt")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    preset, work, out = PRESETS[arguments.preset], arguments.work, arguments.out
    weights = torch.load(work / arguments.weights, map_location="cpu")
    tokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer")
    unet, text, vae = networks.unet(preset), networks.text_encoder(preset, len(tokenizer)), autoencoder.load(preset, work / "autoencoder.pt")
    unet.load_state_dict(weights["unet"]), text.load_state_dict(weights["text"])
    vae.register_to_config(scaling_factor=weights["scale"])
    for part, module in (("unet", unet), ("text_encoder", text), ("vae", vae)): half(module).save_pretrained(out / part)
    # Published files have the prefix; transformers 5 leaves it out, and older readers would then take random weights.
    file = out / "text_encoder/model.safetensors"
    named = {name if name.startswith("text_model.") else f"text_model.{name}": tensor for name, tensor in load_file(file).items()}
    save_file(named, file, metadata={"format": "pt"})
    networks.scheduler().save_pretrained(out / "scheduler")
    shutil.copytree(work / "tokenizer", out / "tokenizer", dirs_exist_ok=True)
    index = {"_class_name": "LatentConsistencyModelPipeline", "_diffusers_version": "0.24.0", **COMPONENTS}
    (out / "model_index.json").write_text(json.dumps(index, indent=1) + "\n")
    for file in out.rglob("*"): file.chmod(0o755 if file.is_dir() else 0o644)
    print(f"{sum(file.stat().st_size for file in out.rglob('*.safetensors')) / 1e6:.1f} MB of weights")
