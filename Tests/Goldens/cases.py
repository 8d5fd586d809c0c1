"""What the areas share: lively random weights, checkpoints as published, and `golden.safetensors`.

A case is a folder with a config, a checkpoint, and the inputs and outputs of the reference network. The stored weights
are the ones the reference computed with: they are rounded to the file's type first, the arithmetic is f32.
"""
import json
import os
import shutil
import zlib

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import diffusers
import torch
import transformers
from safetensors.torch import load_file, save_file

WEIGHTS = "diffusion_pytorch_model.safetensors"


def settle():
    """One thread, no gradients, and only deterministic kernels: the same bytes at every run on one kind of machine."""
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    torch.use_deterministic_algorithms(True)
    for library in (diffusers, transformers):
        library.utils.logging.disable_progress_bar()
        library.utils.logging.set_verbosity_error()


def generator(name):
    """A generator seeded by a name, so that adding a case changes no other."""
    return torch.Generator().manual_seed(zlib.crc32(name.encode()))


def randn(name, *shape, scale=1.0):
    return torch.randn(shape, generator=generator(name)) * scale


def fill(model, name, dtype=torch.float16, gains={}):
    """Gives every parameter a random value and rounds it to `dtype`.

    Initializers leave norms at one and biases at zero, so an error there would not show. Matrices keep the variance of
    what passes through them; queries and keys are larger, so that attention is far from uniform. `gains` scales the
    parameters whose name starts with a key.
    """
    random = generator(name + " weights")
    for key, parameter in model.named_parameters():
        value = torch.randn(parameter.shape, generator=random)
        if key.endswith("bias"):
            value *= 0.2
        elif "embedding.weight" in key:
            value *= 0.7
        elif parameter.ndim == 1:
            value = 1 + 0.3 * value
        else:
            value *= (2.0 if "to_q" in key or "to_k" in key or "q_proj" in key or "k_proj" in key else 1.0)
            value /= parameter[0].numel() ** 0.5
        for prefix, gain in gains.items():
            value *= gain if key.startswith(prefix) else 1
        parameter.copy_(value.to(dtype).to(torch.float32))
    return model.eval()


def clean(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def save_diffusers(model, folder, dtype=torch.float16, config_keys=None, shard=None, rename=None, reload=True):
    """Saves a diffusers model, then reads it again and compares.

    `config_keys` keeps only these in the config, as older files have it; `rename` maps a state dict to the published
    names; `reload` is false where diffusers itself does not read these.
    """
    weights = {key: value.to(dtype) for key, value in model.state_dict().items()}
    saved = type(model).from_config(model.config).to(dtype)
    saved.load_state_dict(weights)
    saved.save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))
    if rename:
        save_file(rename(load_file(folder / WEIGHTS)), folder / WEIGHTS, {"format": "pt"})
    if config_keys is not None:
        config = json.loads((folder / "config.json").read_text())
        write_json(folder / "config.json", {key: config[key] for key in ["_class_name", *config_keys]})
    if reload:
        expect_same(model, type(model).from_pretrained(folder, dtype=torch.float32), folder)


def expect_same(model, again, folder):
    found = again.state_dict()
    for key, value in model.state_dict().items():
        assert torch.equal(found[key], value), f"{folder}: {key} differs when read again"


def write_json(file, value):
    file.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_golden(folder, inputs, outputs):
    """Writes `golden.safetensors`: floats as f32, integers as i64."""
    tensors = {}
    for name, value in {**inputs, **outputs}.items():
        value = value.to(torch.float32 if value.is_floating_point() else torch.int64)
        assert value.isfinite().all(), f"{folder}: {name} is not finite"
        tensors[name] = value.contiguous().clone()
    save_file(tensors, folder / "golden.safetensors")
    spread = {name: value.float().std().item() for name, value in outputs.items()}
    for name, value in spread.items():
        assert 0.1 < value < 10, f"{folder}: {name} has a standard deviation of {value}: too dull to show an error"
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    shown = "  ".join(f"{name} {list(outputs[name].shape)} ±{value:.2f}" for name, value in spread.items())
    print(f"{total:>8,} bytes  {folder.name}: {shown}", flush=True)
