"""Goldens of models in one file: the names of CompVis and Stability, and what diffusers makes of them.

Each case is a small model whose tensors are renamed as the published files have them. diffusers' own conversion brings them
back; `NAME.json` holds a hash of each tensor's bytes under diffusers' name, and the configs that the file must be told.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import cases  # first: it keeps the libraries offline and quiet
import taesd
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import (
    convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint, convert_open_clip_checkpoint)
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

DOWN, CROSS_DOWN = "DownBlock2D", "CrossAttnDownBlock2D"
UP, CROSS_UP = "UpBlock2D", "CrossAttnUpBlock2D"
RESIDUAL = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
    "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}
UNET = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2", "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0", "conv_out": "out.2", "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1", "mid_block.resnets.1": "middle_block.2",
}
OPEN_CLIP = {
    "layer_norm1": "ln_1", "layer_norm2": "ln_2", "self_attn.out_proj": "attn.out_proj", "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}


def replace_prefix(name, table):
    for old, new in table.items():
        if name.startswith(old + "."):
            return new + name[len(old):]
    return name


def unet_names(config, state):
    """CompVis' names of a UNet's tensors: blocks in one row, changes of size among them."""
    layers, levels = config["layers_per_block"], len(config["block_out_channels"])
    table = dict(UNET)
    for level in range(levels):
        for layer in range(layers):
            block = 1 + level * (layers + 1) + layer
            table[f"down_blocks.{level}.resnets.{layer}"] = f"input_blocks.{block}.0"
            table[f"down_blocks.{level}.attentions.{layer}"] = f"input_blocks.{block}.1"
        table[f"down_blocks.{level}.downsamplers.0.conv"] = f"input_blocks.{(level + 1) * (layers + 1)}.0.op"
        for layer in range(layers + 1):
            block = level * (layers + 1) + layer
            table[f"up_blocks.{level}.resnets.{layer}"] = f"output_blocks.{block}.0"
            table[f"up_blocks.{level}.attentions.{layer}"] = f"output_blocks.{block}.1"
        place = 2 if f"up_blocks.{level}.attentions.0.norm.weight" in state else 1
        table[f"up_blocks.{level}.upsamplers.0.conv"] = f"output_blocks.{(level + 1) * (layers + 1) - 1}.{place}.conv"
    names = {}
    for name in state:
        new = replace_prefix(name, table)
        if ".resnets." in name:
            head, tail = new.split(".")[:3], ".".join(new.split(".")[3:])
            if new.startswith("middle_block"):
                head, tail = new.split(".")[:2], ".".join(new.split(".")[2:])
            new = ".".join([*head, replace_prefix(tail, RESIDUAL)])
        names[name] = new
    return names


def vae_names(config, state):
    levels = len(config["block_out_channels"])
    table = {}
    for half in ("encoder", "decoder"):
        table[f"{half}.conv_norm_out"] = f"{half}.norm_out"
        for block in (0, 1):
            table[f"{half}.mid_block.resnets.{block}"] = f"{half}.mid.block_{block + 1}"
        for old, new in {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}.items():
            table[f"{half}.mid_block.attentions.0.{old}"] = f"{half}.mid.attn_1.{new}"
    for level in range(levels):
        table[f"encoder.down_blocks.{level}.resnets"] = f"encoder.down.{level}.block"
        table[f"encoder.down_blocks.{level}.downsamplers.0"] = f"encoder.down.{level}.downsample"
        table[f"decoder.up_blocks.{level}.resnets"] = f"decoder.up.{levels - 1 - level}.block"
        table[f"decoder.up_blocks.{level}.upsamplers.0"] = f"decoder.up.{levels - 1 - level}.upsample"
    return {name: replace_prefix(name, table).replace("conv_shortcut", "nin_shortcut") for name in state}


def open_clip(state):
    """A text encoder's tensors as open_clip keeps them: queries, keys and values in one, the projection transposed."""
    state = {name.removeprefix("text_model."): value for name, value in state.items()}
    result = {}
    for name, value in state.items():
        if name == "text_projection.weight":
            result["text_projection"] = value.T.contiguous()
        elif name == "embeddings.position_embedding.weight":
            result["positional_embedding"] = value
        elif name.startswith("embeddings."):
            result[name.removeprefix("embeddings.")] = value
        elif name.startswith("final_layer_norm."):
            result[name.replace("final_layer_norm", "ln_final")] = value
        else:
            _, _, layer, rest = name.split(".", 3)
            path = f"transformer.resblocks.{layer}"
            if "q_proj" in rest:
                parts = [state[name.replace("q_proj", projection)] for projection in ("q_proj", "k_proj", "v_proj")]
                result[f"{path}.attn.in_proj_{rest.split('.')[-1]}"] = torch.cat(parts)
            elif "k_proj" not in rest and "v_proj" not in rest:
                result[f"{path}.{replace_prefix(rest, OPEN_CLIP)}"] = value
    return result


def digest(value):
    """The upper half of FNV-1a of the bytes, 64 bits."""
    state = 0xCBF29CE484222325
    for byte in value.contiguous().view(torch.uint8).flatten().tolist():
        state = ((state ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{state:016x}"[:8]


def half(model):
    return {name: value.to(torch.float16) for name, value in model.state_dict().items() if not name.endswith("position_ids")}


def text_encoder(name, width, layers, activation, projection=None):
    """Returns the state under transformers' names without `text_model.`, and the config that the tensors tell."""
    config = CLIPTextConfig(
        vocab_size=11, hidden_size=width, intermediate_size=2 * width, num_hidden_layers=layers, num_attention_heads=1,
        max_position_embeddings=5, hidden_act=activation, projection_dim=projection or width)
    model = (CLIPTextModelWithProjection if projection else CLIPTextModel)(config)
    state = {key.removeprefix("text_model."): value for key, value in half(cases.fill(model, name)).items()}
    told = dict(
        architectures=[type(model).__name__], model_type="clip_text_model", vocab_size=11, hidden_size=width,
        intermediate_size=2 * width, num_hidden_layers=layers, num_attention_heads=1, max_position_embeddings=5,
        hidden_act=activation, projection_dim=projection, eos_token_id=2)
    return state, told


def make(name, unet, encoders, prediction, scheduler, pipeline, extra={}):
    """`encoders`: by component, the prefix in the file, whether it is open_clip's, and the state with its config."""
    network = cases.fill(UNet2DConditionModel(**unet, norm_num_groups=2), name)
    vae_config = dict(
        block_out_channels=(2, 4), layers_per_block=1, norm_num_groups=2, latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2)
    autoencoder = cases.fill(AutoencoderKL(**vae_config), name)
    unet_state, vae_state = half(network), half(autoencoder)
    file = {f"model.diffusion_model.{new}": unet_state[old] for old, new in unet_names(unet, unet_state).items()}
    # Attention of the autoencoder is made of 1 × 1 convolutions there.
    for old, new in vae_names(vae_config, vae_state).items():
        value = vae_state[old]
        file[f"first_stage_model.{new}"] = value[:, :, None, None] if ".mid.attn_1." in new and value.ndim == 2 else value

    # What diffusers makes of it is what was there.
    again = convert_ldm_unet_checkpoint(dict(file), network.config)
    assert again.keys() == unet_state.keys() and all(torch.equal(again[key], unet_state[key]) for key in again), name
    again = convert_ldm_vae_checkpoint(dict(file), autoencoder.config)
    assert again.keys() == vae_state.keys() and all(torch.equal(again[key].flatten(), vae_state[key].flatten()) for key in again)

    tensors = {"unet": unet_state, "vae": vae_state}
    configs = {
        "unet": {**{key: value for key, value in network.config.items() if not key.startswith("_")}, "norm_num_groups": 32},
        "vae": {**{key: value for key, value in autoencoder.config.items() if not key.startswith("_")}, "norm_num_groups": 32},
    }
    if name.startswith("sd1"):
        # No tensor tells the number of heads, eight in every published model, and never more than channels.
        configs["unet"]["attention_head_dim"] = list(unet["block_out_channels"])
    configs["vae"]["scaling_factor"] = 0.13025 if "xl" in name else 0.18215
    for component, (prefix, is_open_clip, (state, told)) in encoders.items():
        tensors[component], configs[component] = state, told
        if is_open_clip:
            stored = {f"{prefix}{key}": value for key, value in open_clip(state).items()}
            expected = {f"text_model.{key}" if "projection" not in key else key: value for key, value in state.items()}
            found = convert_open_clip_checkpoint(type("Model", (), {"config": type("C", (), {"hidden_size": told["hidden_size"]})}), dict(stored), prefix)
            assert found.keys() == expected.keys() and all(torch.equal(found[key], expected[key]) for key in found), name
        else:
            stored = {f"{prefix}text_model.{key}": value for key, value in state.items()}
            stored[f"{prefix}text_model.embeddings.position_ids"] = torch.arange(5)[None]
        file.update(stored)
    file.update(extra)
    save_file({key: value.contiguous().clone() for key, value in file.items()}, HERE / f"{name}.safetensors")
    (HERE / f"{name}.json").write_text(json.dumps({
        "pipeline": pipeline, "scheduler": scheduler, "prediction": prediction, "configs": configs,
        "tensors": {component: {key: digest(value) for key, value in state.items()} for component, state in tensors.items()},
    }, separators=(",", ":")) + "\n")
    sizes = [(HERE / f"{name}{suffix}").stat().st_size for suffix in (".safetensors", ".json")]
    print(f"{sum(sizes):>8,} bytes  {name}: {len(file)} tensors", flush=True)


def main():
    cases.settle()
    # Stable Diffusion 1 for inpainting: nine channels, eight heads, 1 × 1 convolutions around attention; EMA weights besides.
    make(
        "sd1-inpaint",
        dict(
            sample_size=64, in_channels=9, block_out_channels=(2, 4), layers_per_block=1, cross_attention_dim=6,
            attention_head_dim=1, down_block_types=(CROSS_DOWN, DOWN), up_block_types=(UP, CROSS_UP)),
        {"text_encoder": ("cond_stage_model.transformer.", False, text_encoder("sd1", 6, 1, "quick_gelu"))},
        "epsilon", "PNDMScheduler", "StableDiffusionInpaintPipeline",
        {"model_ema.decay": torch.tensor(0.9), "model_ema.diffusion_modeltime_embed0weight": torch.zeros(2), "betas": torch.zeros(3)})
    # Stable Diffusion 2: linear projections, open_clip's encoder, of which the last layer is not used.
    encoder, told = text_encoder("sd2", 6, 2, "gelu")
    told["num_hidden_layers"] = 1
    make(
        "sd2",
        dict(
            sample_size=96, block_out_channels=(2, 4), layers_per_block=1, cross_attention_dim=6, attention_head_dim=[1, 1],
            use_linear_projection=True, down_block_types=(CROSS_DOWN, DOWN), up_block_types=(UP, CROSS_UP)),
        {"text_encoder": ("cond_stage_model.model.", True, (encoder, told))},
        "v_prediction", "DDIMScheduler", "StableDiffusionPipeline",
        {"cond_stage_model.model.logit_scale": torch.tensor(1.0)})
    # Stable Diffusion XL: two encoders, pooled text and sizes, transformers of several layers, none at the finest level.
    make(
        "sdxl",
        dict(
            sample_size=128, block_out_channels=(2, 2, 4), layers_per_block=1, cross_attention_dim=10, attention_head_dim=[1, 1, 1],
            use_linear_projection=True, transformer_layers_per_block=[1, 1, 2], addition_embed_type="text_time",
            addition_time_embed_dim=2, projection_class_embeddings_input_dim=16,
            down_block_types=(DOWN, CROSS_DOWN, CROSS_DOWN), up_block_types=(CROSS_UP, CROSS_UP, UP)),
        {
            "text_encoder": ("conditioner.embedders.0.transformer.", False, text_encoder("sdxl 1", 6, 1, "quick_gelu")),
            "text_encoder_2": ("conditioner.embedders.1.model.", True, text_encoder("sdxl 2", 4, 1, "gelu", projection=4)),
        },
        "epsilon", "EulerDiscreteScheduler", "StableDiffusionXLPipeline")
    taesd.main()


if __name__ == "__main__":
    main()
