"""Goldens of diffusers' AutoencoderKL: encoder, decoder, and the names of its attention in old files."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import cases  # first: it keeps the libraries offline and quiet
import torch
from diffusers import AutoencoderKL



def make(name, config, batch=1, size=(32, 32), dtype=torch.float16, config_keys=None, rename=None, reload=True, weights=None):
    """`weights` names the case whose weights and inputs these are, under other keys."""
    folder = HERE / name
    cases.clean(folder)
    seed = weights or name
    model = cases.fill(AutoencoderKL(**config), seed, dtype, gains={"decoder.conv_out.weight": 0.5})
    cases.save_diffusers(model, folder, dtype, config_keys=config_keys, rename=rename, reload=reload)

    halvings = len(model.config.block_out_channels) - 1
    sample = cases.randn(seed + " sample", batch, model.config.in_channels, *size, scale=0.6)
    latents = cases.randn(
        seed + " latents", batch, model.config.latent_channels, size[0] >> halvings, size[1] >> halvings)
    distribution = model.encode(sample).latent_dist
    # What diffusers' latent consistency pipeline decodes: shift_factor is not in it.
    pipeline_sample = model.decode(latents / model.config.scaling_factor).sample
    cases.write_golden(
        folder, {"sample": sample, "latents": latents},
        {
            "mean": distribution.mean, "logvar": distribution.logvar, "out_sample": model.decode(latents).sample,
            "pipeline_out_sample": pipeline_sample,
        })


DEPRECATED = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def deprecated_keys(weights):
    """The names of the attention before diffusers 0.15, as in Stable Diffusion 1.5's VAE; matrices [C, C]."""
    renamed = {}
    for key, value in weights.items():
        for new, old in DEPRECATED.items():
            key = key.replace(f".attentions.0.{new}.", f".attentions.0.{old}.")
        renamed[key] = value
    return renamed


def deprecated_convolutions(weights):
    """The same as 1×1 convolutions [C, C, 1, 1], which some conversions of single files left."""
    return {
        key: value[:, :, None, None].contiguous()
        if key.endswith(tuple(f"attentions.0.{old}.weight" for old in DEPRECATED.values())) else value
        for key, value in deprecated_keys(weights).items()
    }


def main():
    cases.settle()
    # Stable Diffusion 1.5's kind, with the keys of its file and no others, under three sets of names.
    sd15 = dict(
        config=dict(
            block_out_channels=(4, 6, 8, 10), layers_per_block=2, norm_num_groups=2, sample_size=32,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4),
        batch=2, size=(16, 24),
        config_keys=[
            "_diffusers_version", "act_fn", "block_out_channels", "down_block_types", "in_channels", "latent_channels",
            "layers_per_block", "norm_num_groups", "out_channels", "sample_size", "up_block_types",
        ])
    make("sd15", **sd15)
    make("sd15-deprecated-keys", **sd15, weights="sd15", rename=deprecated_keys)
    make("sd15-deprecated-convolutions", **sd15, weights="sd15", rename=deprecated_convolutions, reload=False)
    # No attention in the middle, no convolutions around the latents, a shift, more latent channels; the last activation
    # of encoder and decoder stays silu whatever act_fn says. 22×37 rounds at each halving.
    make(
        "bare-f32",
        dict(
            block_out_channels=(6, 9, 9), layers_per_block=1, norm_num_groups=3, latent_channels=5, act_fn="gelu",
            down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
            mid_block_add_attention=False, use_quant_conv=False, use_post_quant_conv=False, scaling_factor=0.3611,
            shift_factor=0.1159, force_upcast=False),
        size=(22, 37), dtype=torch.float32)
    # One level, other channels in and out, a single convolution of the two around the latents.
    make(
        "one-level-bf16",
        dict(
            in_channels=4, out_channels=2, block_out_channels=(10,), layers_per_block=3, norm_num_groups=5,
            latent_channels=3, use_post_quant_conv=False, scaling_factor=0.7),
        batch=2, size=(7, 5), dtype=torch.bfloat16)


if __name__ == "__main__":
    main()
