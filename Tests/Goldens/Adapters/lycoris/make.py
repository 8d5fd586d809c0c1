"""Goldens of LyCORIS: files that its own modules write, and what diffusers' UNet computes with these modules in place; a LoRA
in 8 bits.

The network is `lcm` of the area `unet`, with its golden's inputs. Parameters are random, so that no factor is zero.
"""
import importlib.util
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

import cases  # first: it keeps the libraries offline and quiet
import torch
from lycoris.modules.loha import LohaModule
from lycoris.modules.locon import LoConModule
from lycoris.modules.lokr import LokrModule
from safetensors.torch import save_file

spec = importlib.util.spec_from_file_location("adapters", HERE.parent / "make.py")
adapters = importlib.util.module_from_spec(spec)
spec.loader.exec_module(adapters)

NETWORK = "lcm"


def chosen(path):
    """Linear layers, GEGLU's halves, 1×1 and 3×3 convolutions, one with a stride."""
    return any(part in path for part in ("down_blocks.0", "mid_block.attentions", "down_blocks.1.resnets.0")) or path == "conv_in"


def fill(name, module, weight):
    """Random parameters, with a difference a fifth as large as the weights."""
    with torch.no_grad():
        for key, parameter in module.named_parameters():
            if key.startswith(("hada_", "lokr_", "lora_")):
                parameter.copy_(cases.randn(f"{name} {key}", *parameter.shape).half().float())
        if "dora_scale" in dict(module.named_parameters()):
            factors = 1 + 0.3 * cases.randn(f"{name} dora", *module.dora_scale.shape)
            module.dora_scale.copy_((module.dora_scale * factors).half().float())
        # One factor is scaled for all of them.
        first = next(
            getattr(module, key) for key in ("hada_w1_a", "lokr_w1", "lokr_w1_a", "lora_up")
            if hasattr(module, key))
        first = first.weight if isinstance(first, torch.nn.Module) else first
        make = module.make_weight if isinstance(module, LoConModule) else lambda: module.get_weight(weight.shape)
        size = make().std()
        first.mul_(0.2 * weight.std() / size)
        first.copy_(first.half().float())


def record(case, make, multiplier):
    unet = adapters.unet_named(NETWORK)
    plain = adapters.run_unet(unet, NETWORK)
    tensors = {}
    kept = []
    for index, (path, layer) in enumerate((path, layer) for path, layer in adapters.modules(unet).items() if chosen(path)):
        name = "lora_unet_" + path.replace(".", "_")
        module = make(index, name, layer, multiplier)
        fill(f"{case} {path}", module, layer.weight)
        module.eval()
        module.apply_to()
        kept.append(module)
        for key, value in module.state_dict().items():
            value = value.detach()
            tensors[f"{name}.{key}"] = (value if key == "alpha" else value.half()).clone().contiguous()
    found = adapters.run_unet(unet, NETWORK)
    difference = (found - plain).abs().max() / plain.abs().max()
    assert difference > 0.05, f"{case}: differs by {difference} only"
    save_file(tensors, HERE / f"{case}.0.safetensors", {"format": "pt"})
    save_file({"unet": found.contiguous()}, HERE / f"{case}.safetensors")
    kinds = sorted({key.rpartition(".")[2] for key in tensors})
    print(f"{case}: {len(kept)} layers, {kinds}, {sum(file.stat().st_size for file in HERE.glob(case + '.*')):,} bytes")


def record_float8():
    """A LoRA in 8 bits, added by its definition: diffusers does not compute with these types on the CPU."""
    unet = adapters.unet_named(NETWORK)
    layers = adapters.lora("float8", unet, lambda path: "attn" in path or "conv" in path, 2)
    tensors, found = {}, adapters.modules(unet)
    for path, (down, up) in layers.items():
        down, up = down.to(torch.float8_e4m3fn), up.to(torch.float8_e5m2)
        name, alpha = "lora_unet_" + path.replace(".", "_"), torch.tensor(1.5).to(torch.float8_e4m3fn)
        tensors |= {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up, f"{name}.alpha": alpha}
        product = up.float().flatten(1) @ down.float().flatten(1)
        with torch.no_grad():
            found[path].weight += 0.8 * alpha.float() / len(down) * product.reshape(found[path].weight.shape)
    save_file(tensors, HERE / "float8.0.safetensors", {"format": "pt"})
    save_file({"unet": adapters.run_unet(unet, NETWORK).contiguous()}, HERE / "float8.safetensors")


def main():
    cases.settle()
    for file in HERE.glob("*.safetensors"):
        file.unlink()
    record("loha", lambda i, name, layer, m: LohaModule(name, layer, m, lora_dim=2 + i % 2, alpha=1.5, use_tucker="conv1" in name), 0.8)
    # Both factors whole, one of them in two matrices, both, and kernels in Tucker's decomposition.
    record(
        "lokr",
        lambda i, name, layer, m: LokrModule(
            name, layer, m, lora_dim=1 if i % 3 else 100, alpha=0.5, use_tucker="conv1" in name, decompose_both=i % 4 < 2), 0.8)
    # Lengths of the weights of each output, and of each input as in files before 3.0.
    record(
        "lycoris-dora",
        lambda i, name, layer, m: [LoConModule, LohaModule, LokrModule][i % 3](
            name, layer, m, lora_dim=2, alpha=1, weight_decompose=True, wd_on_out=False), 1)
    record(
        "lycoris-dora-outputs",
        lambda i, name, layer, m: LohaModule(name, layer, m, lora_dim=1, alpha=1, weight_decompose=True), 1)
    record_float8()


if __name__ == "__main__":
    main()
