"""Goldens of diffusers' UNet2DConditionModel: each case holds options that the others do not."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import cases  # first: it keeps the libraries offline and quiet
import torch
from diffusers import UNet2DConditionModel

DOWN, CROSS_DOWN = "DownBlock2D", "CrossAttnDownBlock2D"
UP, CROSS_UP = "UpBlock2D", "CrossAttnUpBlock2D"


def make(
    name, config, batch=1, size=(8, 8), tokens=7, timesteps=(499,), context=None, dtype=torch.float16, config_keys=None,
    shard=None, text_embeds=0, inert=None,
):
    """`timesteps` holds one for all pictures, or one each; `context` is the width of `encoder_hidden_states`.

    `inert` names options that this network must not feel: the same weights without them give the same output.
    """
    folder = HERE / name
    cases.clean(folder)
    model = cases.fill(UNet2DConditionModel(**config), name, dtype)
    cases.save_diffusers(model, folder, dtype, config_keys=config_keys, shard=shard)

    inputs = {
        "sample": cases.randn(name + " sample", batch, model.config.in_channels, *size),
        "timestep": torch.tensor(timesteps),
        "encoder_hidden_states": cases.randn(name + " text", batch, tokens, context or config["cross_attention_dim"]),
    }
    if model.config.time_cond_proj_dim:
        inputs["timestep_cond"] = cases.randn(name + " guidance", batch, model.config.time_cond_proj_dim)
    added = {}
    if text_embeds:
        added["text_embeds"] = cases.randn(name + " pooled", batch, text_embeds)
        added["time_ids"] = torch.tensor([[96.0, 64.0, 0.0, 8.0, 96.0, 64.0], [64.0, 80.0, 4.0, 0.0, 64.0, 72.0]])[:batch]

    def run(network):
        return network(**inputs, added_cond_kwargs=added).sample

    out_sample = run(model)
    for key, other in (inert or {}).items():
        plain = UNet2DConditionModel(**{**config, key: other}).eval()
        plain.load_state_dict(model.state_dict())
        assert torch.equal(run(plain), out_sample), f"{name}: {key} is felt"
    cases.write_golden(folder, {**inputs, **added}, {"out_sample": out_sample})


def main():
    cases.settle()
    # LCM_Dreamshaper_v7, smaller: the guidance scale's embedding joins the time's. attention_head_dim counts heads.
    make(
        "lcm",
        dict(
            sample_size=8, block_out_channels=(4, 8, 12), layers_per_block=2, norm_num_groups=4, cross_attention_dim=14,
            attention_head_dim=2, time_cond_proj_dim=18, down_block_types=(CROSS_DOWN, CROSS_DOWN, DOWN),
            up_block_types=(UP, CROSS_UP, CROSS_UP)),
        batch=2, size=(8, 12), timesteps=(759,))
    # The keys of Stable Diffusion 1.5's file and no others: the rest is defaults.
    make(
        "sd15-few-keys",
        dict(
            sample_size=8, block_out_channels=(4, 6, 8, 8), layers_per_block=2, norm_num_groups=2, cross_attention_dim=9,
            attention_head_dim=2),
        size=(16, 8), timesteps=(981,),
        config_keys=[
            "_diffusers_version", "act_fn", "attention_head_dim", "block_out_channels", "center_input_sample",
            "cross_attention_dim", "down_block_types", "downsample_padding", "flip_sin_to_cos", "freq_shift", "in_channels",
            "layers_per_block", "mid_block_scale_factor", "norm_eps", "norm_num_groups", "out_channels", "sample_size",
            "up_block_types",
        ])
    # Stable Diffusion 2's kind, in shards: linear projections, heads per block, and attention that asks for f32.
    make(
        "sd2-sharded",
        dict(
            block_out_channels=(4, 6, 8), layers_per_block=1, norm_num_groups=2, cross_attention_dim=11,
            attention_head_dim=[1, 3, 4], use_linear_projection=True, upcast_attention=True, dropout=0.1,
            down_block_types=(CROSS_DOWN, CROSS_DOWN, DOWN), up_block_types=(UP, CROSS_UP, CROSS_UP)),
        batch=2, size=(8, 4), timesteps=(1,), shard="12KB")
    # Stable Diffusion XL's kind: pooled text and sizes join the time embedding (through silu, whatever act_fn is),
    # deeper transformers in lower blocks, no attention in the first.
    make(
        "sdxl",
        dict(
            block_out_channels=(4, 6, 8), layers_per_block=1, norm_num_groups=2, cross_attention_dim=15,
            attention_head_dim=[2, 3, 4], use_linear_projection=True, transformer_layers_per_block=[1, 1, 3], act_fn="gelu",
            down_block_types=(DOWN, CROSS_DOWN, CROSS_DOWN), up_block_types=(CROSS_UP, CROSS_UP, UP),
            addition_embed_type="text_time", addition_time_embed_dim=4, projection_class_embeddings_input_dim=13 + 6 * 4),
        batch=2, size=(4, 12), text_embeds=13)
    # A timestep for each picture, one of them 0; one level, so nothing is sampled down or up. An odd width pads the
    # sines and cosines with a zero.
    make(
        "timesteps",
        dict(
            block_out_channels=(5,), layers_per_block=1, norm_num_groups=1, cross_attention_dim=8, attention_head_dim=5,
            down_block_types=(CROSS_DOWN,), up_block_types=(CROSS_UP,)),
        batch=2, size=(5, 3), timesteps=(999, 0))
    # Blocks in unusual places, a middle of one resnet, widths of the text per block (the one with attention counts).
    make(
        "mixed-blocks",
        dict(
            block_out_channels=(4, 9, 5), layers_per_block=2, norm_num_groups=1, cross_attention_dim=[5, 13, 7],
            attention_head_dim=3, down_block_types=(DOWN, CROSS_DOWN, DOWN), up_block_types=(UP, CROSS_UP, UP),
            mid_block_type="UNetMidBlock2D", act_fn="gelu", norm_eps=1e-3),
        batch=2, size=(8, 4), context=13)
    # Up blocks that do not mirror the down blocks: attention only on the way up.
    make(
        "not-mirrored",
        dict(
            block_out_channels=(6, 10), layers_per_block=1, norm_num_groups=2, cross_attention_dim=8, attention_head_dim=2,
            down_block_types=(DOWN, DOWN), up_block_types=(CROSS_UP, UP), act_fn="relu"),
        size=(6, 10))
    # No middle at all.
    make(
        "no-mid-block",
        dict(
            block_out_channels=(6, 10), layers_per_block=1, norm_num_groups=2, cross_attention_dim=8, attention_head_dim=2,
            down_block_types=(CROSS_DOWN, DOWN), up_block_types=(UP, CROSS_UP), mid_block_type=None),
        size=(4, 6))
    # Numbers of layers per block, and of transformer layers per resnet, other on the way up.
    make(
        "layers-per-block",
        dict(
            block_out_channels=(4, 6, 8), layers_per_block=[1, 2, 1], norm_num_groups=2, cross_attention_dim=8,
            attention_head_dim=[1, 2, 4], down_block_types=(CROSS_DOWN, CROSS_DOWN, CROSS_DOWN),
            up_block_types=(CROSS_UP, CROSS_UP, CROSS_UP), transformer_layers_per_block=[2, [1, 2], 1],
            reverse_transformer_layers_per_block=[1, [2, 1, 3], 1]),
        size=(8, 4))
    # Self-attention replaced by a second attention to the text, in some blocks (never in the middle).
    make(
        "only-cross-attention",
        dict(
            block_out_channels=(6, 10), layers_per_block=1, norm_num_groups=2, cross_attention_dim=9, attention_head_dim=2,
            down_block_types=(CROSS_DOWN, CROSS_DOWN), up_block_types=(CROSS_UP, CROSS_UP),
            only_cross_attention=[True, False]),
        size=(6, 4))
    # The time scales and shifts after the norm; its embedding has a width of its own and two activations more. The last
    # two options below belong to blocks that are not here: diffusers does not hand them to these.
    make(
        "scale-shift",
        dict(
            block_out_channels=(8, 12), layers_per_block=1, norm_num_groups=4, cross_attention_dim=8, attention_head_dim=4,
            down_block_types=(CROSS_DOWN, DOWN), up_block_types=(UP, CROSS_UP), resnet_time_scale_shift="scale_shift",
            time_embedding_dim=22, timestep_post_act="mish", time_embedding_act_fn="silu", time_cond_proj_dim=5,
            mid_block_scale_factor=1.7, resnet_skip_time_act=True, resnet_out_scale_factor=1.4),
        batch=2, size=(4, 6), inert={"resnet_skip_time_act": False, "resnet_out_scale_factor": 1.0})
    # An inpainting network's nine channels, other kernels at both ends, cosines last, and padding at one side only.
    make(
        "kernels-and-padding",
        dict(
            in_channels=9, out_channels=4, block_out_channels=(5, 10), layers_per_block=1, norm_num_groups=5,
            cross_attention_dim=8, attention_head_dim=5, down_block_types=(CROSS_DOWN, DOWN), up_block_types=(UP, CROSS_UP),
            conv_in_kernel=5, conv_out_kernel=1, flip_sin_to_cos=False, freq_shift=1, act_fn="mish",
            center_input_sample=True, downsample_padding=0),
        size=(6, 8), dtype=torch.float32)
    # Heads that do not divide the width: 10 channels, 3 heads of 3, so attention is 9 wide between its projections.
    make(
        "heads-not-dividing",
        dict(
            block_out_channels=(6, 10), layers_per_block=1, norm_num_groups=2, cross_attention_dim=8,
            attention_head_dim=[4, 3], down_block_types=(CROSS_DOWN, CROSS_DOWN), up_block_types=(CROSS_UP, CROSS_UP)),
        size=(4, 6))
    # Sizes that halving rounds: 10×14 → 5×7 → 3×4, so going up needs the sizes met on the way down.
    sampled = dict(
        block_out_channels=(3, 6, 9), layers_per_block=1, norm_num_groups=3, cross_attention_dim=8, attention_head_dim=3,
        down_block_types=(CROSS_DOWN, DOWN, DOWN), up_block_types=(UP, UP, CROSS_UP))
    make("odd-size", sampled, batch=2, size=(10, 14))
    make("odd-size-bf16", sampled, size=(7, 9), dtype=torch.bfloat16)
    make("odd-size-padding-0", {**sampled, "downsample_padding": 0, "act_fn": "relu"}, size=(7, 12))


if __name__ == "__main__":
    main()
