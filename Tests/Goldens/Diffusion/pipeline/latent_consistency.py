"""Runs of diffusers' LatentConsistencyModelPipeline, of its image to image, and of such models' inpainting.

`emoji-lcm` runs the model of `Models/emoji-lcm`; `autoencoder-kl/model` is a small folder in the layout of
SimianLuo/LCM_Dreamshaper_v7.
"""
import json
import pathlib
import shutil

import cases
import models
from diffusers import AutoencoderKL, LCMScheduler, UNet2DConditionModel
from runs import described, record

HERE = pathlib.Path(__file__).resolve().parent
LONG = (
    "a very happy purple robot with a small green apple, a pink unicorn, a yellow star, a red heart and an orange cat on a "
    "blue background, and behind it a gray mountain and a white cloud")
UNICORN = "a pink unicorn on a blue background"


def asked(name, prompts, seeds, steps=4, guidance=8.0, size=(64, 64), model="emoji-lcm", images=1, **arguments):
    return described(
        name, prompts, seeds, model, size=size, num_inference_steps=steps, guidance_scale=guidance,
        num_images_per_prompt=images, **arguments)


def emoji_lcm():
    folder = HERE / "emoji-lcm"
    cases.clean(folder)
    record(folder, "lcm", [
        asked("default", [UNICORN], [42], size=(128, 128)),
        asked("one-step", ["a green apple on a white background"], [0], steps=1),
        asked("no-guidance", ["a yellow star on a black background"], [7], steps=2, guidance=1.0),
        # A seed above 32 bits: torch's generator takes its lower half.
        asked("eight-steps", ["a purple robot on a yellow background"], [(1 << 32) + 5], steps=8, guidance=12.5),
        asked("three-images", ["a red heart on a yellow background"], [1, 2, 3], size=(96, 96), images=3),
        asked("two-prompts-two-images", [UNICORN, "an orange cat"], [21, 22, 23, 24], steps=2, size=(128, 128), images=2),
        # 2×4×12×8 numbers from one generator, for the latents and at every step.
        asked("one-generator", [UNICORN, "a blue fish on a white background"], [11], size=(96, 64), generator="one"),
        asked("wide", ["a brown dog on a green background"], [3], size=(96, 160)),
        # Latents 13×9: the UNet halves them to 7×5 and 4×3, and no block of 16 numbers divides them.
        asked("odd-size", ["a white ghost on a purple background"], [9], steps=3, size=(104, 72)),
        asked("long-prompt", [LONG], [6], steps=2),
        asked("hand-timesteps", [UNICORN], [5], timesteps=[959, 639, 419, 99]),
        asked("original-steps", [UNICORN], [4], steps=3, original_inference_steps=25),
    ])


def make_autoencoder_kl_model(folder):
    """A folder as published, with a safety checker and a feature extractor of which only configs are there."""
    name = "autoencoder-kl"
    shutil.copytree(models.TOKENIZER, folder / "tokenizer")
    tokenizer = json.loads((folder / "tokenizer" / "tokenizer_config.json").read_text())
    cases.write_json(folder / "tokenizer" / "tokenizer_config.json", {**tokenizer, "model_max_length": 77})
    vocabulary = json.loads((folder / "tokenizer" / "vocab.json").read_text())

    models.save_text_encoder(
        folder / "text_encoder", name + " text", len(vocabulary), 18, "quick_gelu", intermediate_size=40, num_attention_heads=3,
        max_position_embeddings=77)
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(4, 4, 8, 8), layers_per_block=2, norm_num_groups=2, cross_attention_dim=18,
        attention_head_dim=2, time_cond_proj_dim=16)
    cases.save_diffusers(cases.fill(unet, name + " unet"), folder / "unet")
    vae = AutoencoderKL(
        block_out_channels=(4, 4, 6, 8), layers_per_block=2, norm_num_groups=2, sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4)
    cases.save_diffusers(cases.fill(vae, name + " vae", gains={"decoder.conv_out.weight": 0.6}), folder / "vae")
    LCMScheduler(clip_sample=False, set_alpha_to_one=True).save_pretrained(folder / "scheduler")

    (folder / "safety_checker").mkdir()
    cases.write_json(folder / "safety_checker" / "config.json", {
        "architectures": ["StableDiffusionSafetyChecker"], "model_type": "clip", "projection_dim": 768})
    (folder / "feature_extractor").mkdir()
    cases.write_json(folder / "feature_extractor" / "preprocessor_config.json", {
        "feature_extractor_type": "CLIPFeatureExtractor", "crop_size": {"height": 224, "width": 224}, "do_resize": True,
        "image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 224}})
    cases.write_json(folder / "model_index.json", {
        "_class_name": "LatentConsistencyModelPipeline", "_diffusers_version": "0.22.0.dev0",
        "feature_extractor": ["transformers", "CLIPImageProcessor"], "requires_safety_checker": True,
        "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"], "scheduler": ["diffusers", "LCMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]})


def autoencoder_kl():
    folder = HERE / "autoencoder-kl"
    cases.clean(folder)
    (folder / "model").mkdir()
    make_autoencoder_kl_model(folder / "model")
    record(folder, "lcm", [
        asked("default", [UNICORN], [42], model="autoencoder-kl"),
        asked("two-images", ["a green apple"], [1, 2], steps=2, guidance=1.5, size=(64, 40), images=2, model="autoencoder-kl"),
    ])


def image_to_image(name, prompts, seeds, model="autoencoder-kl", image="scene.png", **arguments):
    return asked(name, prompts, seeds, size=None, model=model, task="img2img", image=image, **arguments)


def inpainted(name, seeds, strength):
    return asked(
        name, [UNICORN], seeds, size=(40, 32), model="autoencoder-kl", task="inpaint", image="scene.png", mask_image="mask.png",
        strength=strength)


def lcm_image_to_image():
    folder = HERE / "lcm-image-to-image"
    cases.clean(folder)
    record(folder, "lcm", [
        image_to_image("default", [UNICORN], [42], strength=0.8),
        image_to_image("weak", ["a green apple"], [5], strength=0.3, steps=3),
        image_to_image("full-strength", ["a green apple"], [5], strength=1.0, steps=2),
        image_to_image("original-steps", [UNICORN], [6], strength=0.5, steps=2, original_inference_steps=25),
        image_to_image("two-images", ["a green apple"], [1, 2], strength=0.5, images=2, steps=2, image="scene-odd.png"),
        image_to_image("one-generator", ["a green apple"], [3], strength=0.5, images=2, steps=2, generator="one"),
        image_to_image("tiny-encoder", [UNICORN], [7], model="emoji-lcm", image="scene-large.png", strength=0.6, steps=3),
        inpainted("inpaint", [8], strength=1.0),
        inpainted("inpaint-weak", [9], strength=0.7),
    ])


def make():
    emoji_lcm()
    autoencoder_kl()
    lcm_image_to_image()
