"""Goldens of LoRAs: small random files in each published layout, and what diffusers' networks compute with them.

The networks are those of the areas `unet` and `clip`. Each case is a file `<case>.safetensors` of the recorded outputs and the
LoRA files that it names; inputs are the ones of the network's own golden.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import cases  # first: it keeps the libraries offline and quiet
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel, CLIPTextModelWithProjection

WEIGHTS = (0.8, -0.6)


def unet_named(name):
    return UNet2DConditionModel.from_pretrained(HERE.parent / "Architectures/unet" / name, torch_dtype=torch.float32).eval()


def text_encoder(name, model_class=CLIPTextModel):
    return model_class.from_pretrained(HERE.parent / "Architectures/clip" / name, torch_dtype=torch.float32).eval()


def modules(model):
    """Linear layers and convolutions by path, `text_model.` before those of text encoders."""
    found = {}
    for path, module in model.named_modules():
        if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
            path = path.removeprefix("text_model.")
            found[path if isinstance(model, UNet2DConditionModel) else "text_model." + path] = module
    return found


def layer(name, module, rank, gain=0.5):
    """down and up, whose product is about `gain` times as large as the weights."""
    weight = module.weight
    if weight.ndim == 4:
        outputs, inputs, height, width = weight.shape
        down, up = (rank, inputs, height, width), (outputs, rank, 1, 1)
    else:
        outputs, inputs = weight.shape
        down, up = (rank, inputs), (outputs, rank)
    scale = weight.std() * gain / rank ** 0.5
    return cases.randn(name + " down", *down).half(), (cases.randn(name + " up", *up) * scale).half()


def lora(name, model, chosen, rank):
    """(down, up) for the chosen modules; every third one has a rank more."""
    found = modules(model)
    picked = [path for path in found if chosen(path)]
    assert picked, name
    return {path: layer(f"{name} {path}", found[path], rank + index % 3 // 2) for index, path in enumerate(picked)}


# Layouts

def peft(layers, prefix):
    tensors = {}
    for path, (down, up) in layers.items():
        tensors[f"{prefix}{path}.lora_A.weight"] = down
        tensors[f"{prefix}{path}.lora_B.weight"] = up
    return tensors


def kohya(layers, prefix, alpha=None, rename=lambda path: path):
    tensors = {}
    for path, (down, up) in layers.items():
        name = prefix + rename(path).replace(".", "_")
        tensors[f"{name}.lora_down.weight"] = down
        tensors[f"{name}.lora_up.weight"] = up
        if alpha:
            tensors[f"{name}.alpha"] = torch.tensor(float(alpha))
    return tensors


def old_unet(layers):
    """diffusers before PEFT: processors of attention, `.lora` elsewhere."""
    tensors = {}
    for path, (down, up) in layers.items():
        block, _, last = path.rpartition(".to_")
        stem = f"unet.{block}.processor.to_{last.removesuffix('.0')}_lora" if block else f"unet.{path}.lora"
        tensors[f"{stem}.down.weight"] = down
        tensors[f"{stem}.up.weight"] = up
    return tensors


def old_text(layers):
    tensors = {}
    for path, (down, up) in layers.items():
        tensors[f"text_encoder.{path}.lora_linear_layer.down.weight"] = down
        tensors[f"text_encoder.{path}.lora_linear_layer.up.weight"] = up
    return tensors


def compvis(unet):
    """Names of a UNet of Stable Diffusion XL's kind as the original code has them."""
    layers_per_block = unet.config.layers_per_block
    inner = {"conv1": "in_layers.2", "conv2": "out_layers.3", "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection"}
    ends = {
        "conv_in": "input_blocks.0.0", "conv_out": "out.2", "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2", "add_embedding.linear_1": "label_emb.0.0",
        "add_embedding.linear_2": "label_emb.0.2",
    }

    def rename(path):
        if path in ends:
            return ends[path]
        parts = path.split(".")
        if parts[0] == "mid_block":
            place = 1 if parts[1] == "attentions" else 2 * int(parts[2])
            return ".".join(["middle_block", str(place), *([inner[parts[3]]] if parts[1] == "resnets" else parts[3:])])
        block, kind, index, rest = int(parts[1]), parts[2], int(parts[3]), parts[4:]
        rest = [inner[rest[0]]] if kind == "resnets" else rest
        if parts[0] == "down_blocks":
            if kind == "downsamplers":
                return f"input_blocks.{(block + 1) * (layers_per_block + 1)}.0.op"
            place = 1 + block * (layers_per_block + 1) + index
            return ".".join(["input_blocks", str(place), "0" if kind == "resnets" else "1", *rest])
        if kind == "upsamplers":
            return f"output_blocks.{(block + 1) * (layers_per_block + 1) - 1}.2.conv"
        return ".".join(["output_blocks", str(block * (layers_per_block + 1) + index), "0" if kind == "resnets" else "1", *rest])

    return rename


# Cases

def pipeline(kind, **parts):
    empty = dict(vae=None, tokenizer=None, scheduler=None, feature_extractor=None, image_encoder=None)
    if kind is StableDiffusionPipeline:
        return kind(**{**empty, "text_encoder": None, **parts}, safety_checker=None, requires_safety_checker=False)
    return kind(**{**empty, "text_encoder": None, "text_encoder_2": None, "tokenizer_2": None, **parts})


def inputs_of(area, name):
    return load_file(HERE.parent / "Architectures" / area / name / "golden.safetensors")


def run_unet(unet, name):
    golden = inputs_of("unet", name)
    added = {key: golden[key] for key in ("text_embeds", "time_ids") if key in golden}
    return unet(
        golden["sample"], golden["timestep"], golden["encoder_hidden_states"], timestep_cond=golden.get("timestep_cond"),
        added_cond_kwargs=added).sample


def run_text(encoder, name):
    return encoder(input_ids=inputs_of("clip", name)["input_ids"]).last_hidden_state


def record(case, make_pipeline, files, outputs, metadata={}, fused=True):
    """`files` are state dicts; `outputs` make tensors from a pipeline. They must differ from those without LoRA, and the same
    must come of fused weights."""
    plain = {key: output(make_pipeline()) for key, output in outputs.items()}
    pipe = make_pipeline()
    for index, tensors in enumerate(files):
        file = HERE / f"{case}.{index}.safetensors"
        save_file({key: value.contiguous() for key, value in tensors.items()}, file, metadata.get(index, {"format": "pt"}))
        pipe.load_lora_weights(HERE, weight_name=file.name, adapter_name=f"a{index}")
    pipe.set_adapters([f"a{index}" for index in range(len(files))], list(WEIGHTS[:len(files)]))
    found = {key: output(pipe) for key, output in outputs.items()}
    for key, value in found.items():
        difference = (value - plain[key]).abs().max() / plain[key].abs().max()
        assert difference > 0.05, f"{case}: {key} differs by {difference} only"
    if fused:
        components = [part for part in ("unet", "text_encoder", "text_encoder_2") if getattr(pipe, part, None) is not None]
        pipe.fuse_lora(components=components, adapter_names=[f"a{index}" for index in range(len(files))])
        for key, output in outputs.items():
            assert torch.allclose(output(pipe), found[key], atol=1e-4), f"{case}: {key} differs when fused"
    save_file({key: value.contiguous() for key, value in found.items()}, HERE / f"{case}.safetensors")
    print(f"{case}: {sum(file.stat().st_size for file in HERE.glob(case + '.*')):,} bytes", flush=True)


def main():
    cases.settle()
    for file in HERE.glob("*.safetensors"):
        file.unlink()

    # PEFT's keys over attention, feed-forward and projections (1×1 convolutions here), and a file of older diffusers.
    def sd():
        return pipeline(StableDiffusionPipeline, unet=unet_named("lcm"), text_encoder=text_encoder("quick-gelu-legacy-eos"))

    unet, text = unet_named("lcm"), text_encoder("quick-gelu-legacy-eos")
    outputs = {
        "unet": lambda pipe: run_unet(pipe.unet, "lcm"),
        "text_encoder": lambda pipe: run_text(pipe.text_encoder, "quick-gelu-legacy-eos"),
    }
    attention = lora("peft", unet, lambda path: any(part in path for part in ("attn", "ff.", "proj_in", "proj_out")), 2)
    processors = lora("old", unet, lambda path: ".to_" in path and "down_blocks" in path, 2)
    words = lora("peft text", text, lambda path: "self_attn" in path or "mlp" in path, 2)
    old_words = lora("old text", text, lambda path: "self_attn" in path, 2)
    record(
        "diffusers", sd,
        [{**peft(attention, "unet."), **peft(words, "text_encoder.")}, {**old_unet(processors), **old_text(old_words)}], outputs)

    # LCM-LoRA: kohya's keys over everything, convolutions too; and a file for the text encoder with attention.
    everything = lora("kohya", unet, lambda path: not path.startswith("time_embedding") and not path.startswith("up_blocks.2"), 1)
    few = lora(
        "kohya few", unet,
        lambda path: "samplers" in path or "up" in path and "0.attn2" in path or "mid_block" in path and "conv2" in path, 2)
    kohya_words = lora("kohya text", text, lambda path: "layers" in path, 2)
    record(
        "kohya", sd,
        [
            kohya(everything, "lora_unet_", alpha=0.25),
            {**kohya(few, "lora_unet_", alpha=1.5), **kohya(kohya_words, "lora_te_", alpha=1)},
        ],
        outputs)

    # Stable Diffusion XL: CompVis' names of blocks, both text encoders; alphas in PEFT's metadata.
    def xl():
        return pipeline(
            StableDiffusionXLPipeline, unet=unet_named("sdxl"), text_encoder=text_encoder("gelu-no-prefix-f32"),
            text_encoder_2=text_encoder("projection-bf16", CLIPTextModelWithProjection))

    unet = unet_named("sdxl")
    first, second = text_encoder("gelu-no-prefix-f32"), text_encoder("projection-bf16", CLIPTextModelWithProjection)
    originals = lora("sgm", unet, lambda path: "blocks.1." not in path.partition("attentions")[2] and "to_v" not in path, 1)
    layers = lora("sdxl peft", unet, lambda path: "attn2.to_k" in path or "ff.net.0" in path, 2)
    settings = {"unet.r": 2, "unet.lora_alpha": 3, "unet.alpha_pattern": {"attn2.to_k": 1.0}, "unet.use_rslora": False}
    ranks = {path: down.shape[0] for path, (down, _) in layers.items() if down.shape[0] != 2}
    settings |= {"unet.target_modules": sorted(layers), "unet.rank_pattern": ranks}
    record(
        "sdxl", xl,
        [
            {
                **kohya(originals, "lora_unet_", alpha=0.5, rename=compvis(unet)),
                **kohya(lora("te1", first, lambda path: "layers.0" in path, 2), "lora_te1_", alpha=2),
                **kohya(lora("te2", second, lambda path: "layers.0" in path, 2), "lora_te2_", alpha=1),
            },
            peft(layers, "unet."),
        ],
        {
            "unet": lambda pipe: run_unet(pipe.unet, "sdxl"),
            "text_encoder": lambda pipe: run_text(pipe.text_encoder, "gelu-no-prefix-f32"),
            "text_encoder_2": lambda pipe: run_text(pipe.text_encoder_2, "projection-bf16"),
        },
        metadata={1: {"format": "pt", "lora_adapter_metadata": json.dumps(settings)}})

    # DoRA: lengths of rows, other than those of the sum.
    unet = unet_named("lcm")
    found = modules(unet)
    dora = lora("dora", unet, lambda path: "down_blocks.0" in path and any(part in path for part in ("attn1", "conv1", "ff.")), 2)
    tensors = peft(dora, "unet.")
    for path in dora:
        weight = found[path].weight
        lengths = weight.flatten(1).norm(dim=1) * (1 + 0.3 * cases.randn("lengths " + path, weight.shape[0]))
        tensors[f"unet.{path}.lora_magnitude_vector"] = lengths.reshape(1, -1, 1, 1) if weight.ndim == 4 else lengths
    record(
        "dora", lambda: pipeline(StableDiffusionPipeline, unet=unet_named("lcm")), [tensors],
        {"unet": lambda pipe: run_unet(pipe.unet, "lcm")})


if __name__ == "__main__":
    main()
