"""Runs of Stable Diffusion XL's kind, and of SSD-1B's, whose UNet leaves blocks out."""
import pathlib

import cases
import models
from runs import record
from stable_diffusion import (
    CAT, EULER, EULER_ANCESTRAL, FISH, GRAY, LCM, TCD, drawn, inpainted, redrawn)

HERE = pathlib.Path(__file__).resolve().parent
TRAILING = {"timestep_spacing": "trailing"}


def sdxl():
    folder = HERE / "sdxl"
    cases.clean(folder)
    models.stable_diffusion_xl(folder / "model", "sdxl", models.SDXL_SCHEDULER)
    sizes = {"original_size": (96, 80), "crops_coords_top_left": (4, 8), "target_size": (48, 32)}
    negative_sizes = {"negative_original_size": (24, 16), "negative_target_size": (40, 40)}
    record(folder, "sdxl", [{**run, "model": "sdxl"} for run in [
        drawn("default", [1], guidance=5.0),
        drawn("negative", [1], guidance=5.0, negative_prompts=[GRAY], steps=3),
        drawn("empty-negative", [1], guidance=5.0, negative_prompts=[""], steps=2),
        drawn("sizes", [2], guidance=5.0, steps=2, **sizes),
        drawn("negative-sizes", [2], guidance=5.0, steps=2, **sizes, **negative_sizes),
        drawn("two-prompts-two-images", [3, 4, 5, 6], prompts=[CAT, FISH], num_images_per_prompt=2, guidance=5.0, steps=2),
        drawn("clip-skip", [7], guidance=5.0, clip_skip=1, negative_prompts=[GRAY], steps=2),
        drawn("guidance-rescale", [8], guidance=5.0, guidance_rescale=0.7, steps=3),
        drawn("turbo-1", [9], guidance=0.0, steps=1, scheduler={**EULER_ANCESTRAL, **TRAILING}),
        drawn("turbo-2", [10], guidance=0.0, steps=2, scheduler={**EULER_ANCESTRAL, **TRAILING}),
        drawn("lightning", [11], guidance=0.0, steps=4, scheduler={**EULER, **TRAILING}),
        drawn("lcm", [12], guidance=1.0, scheduler=LCM),
        drawn("tcd", [13], guidance=0.0, scheduler=TCD, eta=0.3),
        redrawn("image", [14], guidance=5.0),
        redrawn("image-two-images", [15, 16], guidance=5.0, num_images_per_prompt=2, scheduler=EULER_ANCESTRAL, steps=4),
        redrawn("image-sizes", [17], guidance=5.0, steps=3, negative_prompts=[GRAY], **sizes, **negative_sizes),
        redrawn("image-turbo", [18], guidance=0.0, steps=2, strength=0.5, scheduler={**EULER_ANCESTRAL, **TRAILING}),
        inpainted("inpaint", [19], strength=0.8, negative_prompts=[GRAY], steps=5),
        # The pipeline's own default: not 1, and one step less.
        inpainted("inpaint-nearly-all", [20], strength=0.9999),
        inpainted("inpaint-full-strength", [21], strength=1.0, scheduler=EULER_ANCESTRAL, steps=3),
    ]])


def ssd():
    folder = HERE / "ssd"
    cases.clean(folder)
    models.stable_diffusion_xl(
        folder / "model", "ssd", models.TURBO_SCHEDULER, tiny_vae=True, mid_block_type=None,
        transformer_layers_per_block=(1, (2,)), reverse_transformer_layers_per_block=((2, 1), 1))
    record(folder, "sdxl", [{**run, "model": "ssd"} for run in [
        drawn("one-step", [1], guidance=0.0, steps=1),
        drawn("guided", [2], guidance=5.0, steps=3, negative_prompts=[GRAY]),
        redrawn("image", [3], guidance=0.0, steps=4, strength=0.5),
    ]])


def make():
    sdxl()
    ssd()
