"""The text encoder and the UNet, from a preset."""
import math

import torch
from diffusers import LCMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTextConfig, CLIPTextModel

from common import DEVICE, per_picture


def text_encoder(preset, vocabulary):
    config = CLIPTextConfig(vocab_size=vocabulary, hidden_size=preset.text_width, intermediate_size=4 * preset.text_width, num_hidden_layers=preset.text_layers,
                            num_attention_heads=preset.heads, max_position_embeddings=preset.tokens, projection_dim=preset.text_width,
                            hidden_act="quick_gelu", bos_token_id=vocabulary - 2, eos_token_id=vocabulary - 1, pad_token_id=vocabulary - 1)
    return CLIPTextModel._from_config(config, attn_implementation="eager" if DEVICE == "cpu" else "sdpa").to(DEVICE)


def unet(preset):
    levels = len(preset.unet_widths)
    # No attention at the finest level, where it costs most.
    model = UNet2DConditionModel(
        sample_size=preset.latents, in_channels=4, out_channels=4, layers_per_block=preset.layers_per_block, block_out_channels=preset.unet_widths,
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * (levels - 1), up_block_types=("CrossAttnUpBlock2D",) * (levels - 1) + ("UpBlock2D",),
        cross_attention_dim=preset.text_width, attention_head_dim=preset.heads, time_cond_proj_dim=256)
    # torch's fused attention is slow backwards on processors.
    if DEVICE == "cpu": model.set_attn_processor(AttnProcessor())
    return model.to(DEVICE, memory_format=torch.channels_last)


def scheduler():
    # The UNet foretells v: at timestep 999, where all that is seen is noise, the error of an epsilon would be multiplied by 15.
    return LCMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=True, steps_offset=1,
                        prediction_type="v_prediction")


def guidance_embedding(scale):
    """What the pipelines give as `timestep_cond`: [B, 256] of the guidance scale minus 1."""
    frequencies = torch.exp(torch.arange(128, device=scale.device) * -(math.log(10000.0) / 127))
    angles = ((scale - 1) * 1000)[:, None] * frequencies[None]
    return torch.cat([angles.sin(), angles.cos()], 1)


def clean(unet, levels, noisy, timestep, hidden, guidance):
    """The clean latents that the UNet sees in noisy ones."""
    alpha, sigma = (per_picture(values[timestep]) for values in levels)
    v = unet(noisy, timestep, hidden, timestep_cond=guidance_embedding(guidance)).sample.float()
    return alpha * noisy - sigma * v


@torch.no_grad()
def sample(unet, hidden, noise, steps, guidance=8.0, generator=None):
    """Few-step sampling as LatentConsistencyModelPipeline does it; scaled latents."""
    plan = scheduler()
    plan.set_timesteps(steps)
    condition, latents = guidance_embedding(torch.full((len(noise),), guidance, device=noise.device)), noise
    for timestep in plan.timesteps:
        v = unet(latents, timestep, hidden, timestep_cond=condition).sample.float()
        latents, denoised = plan.step(v, timestep, latents, generator=generator, return_dict=False)
    return denoised
