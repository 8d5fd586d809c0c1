"""Goldens of whole pictures: diffusers' LatentConsistencyModelPipeline in f32 on the CPU.

`emoji-lcm` runs the model of `Models/emoji-lcm`. `autoencoder-kl` makes a small folder of the layout of
SimianLuo/LCM_Dreamshaper_v7 (random weights) in `autoencoder-kl/model` and runs that. Both write `runs.json`, what was
asked, and `golden.safetensors`, what was computed, under `<run>/<tensor>`.
"""
import json
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import cases  # first: it keeps the libraries offline and quiet
import numpy
import torch
from diffusers import AutoencoderKL, LatentConsistencyModelPipeline, LCMScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

EMOJI = HERE.parents[2] / "Models" / "emoji-lcm"
LONG = (
    "a very happy purple robot with a small green apple, a pink unicorn, a yellow star, a red heart and an orange cat on a "
    "blue background, and behind it a gray mountain and a white cloud")


def described(
    name, prompts, seeds, steps=4, guidance=8.0, size=(128, 128), images=1, generator="each", original_steps=None,
    timesteps=None,
):
    """One run. `generator` is "each" (a generator a picture) or "one" (one for the batch, of one seed)."""
    return {
        "name": name, "prompts": prompts, "seeds": seeds, "generator": generator, "num_images_per_prompt": images,
        "num_inference_steps": steps, "guidance_scale": guidance, "height": size[0], "width": size[1],
        "original_inference_steps": original_steps, "timesteps": timesteps,
    }


def run(pipe, asked):
    """The tensors of one run, by name."""
    tensors = {}

    def before_unet(_, arguments, keywords):
        if "latents.0" not in tensors:
            tensors["latents.0"] = arguments[0].clone()
            tensors["prompt_embeds"] = keywords["encoder_hidden_states"].clone()
            tensors["timestep_cond"] = keywords["timestep_cond"].clone()

    def after_step(_, index, timestep, found):
        for key in ("latents", "denoised"):
            tensors[f"{key}.{index + 1}"] = found[key].clone()
        return {}

    generators = [torch.Generator().manual_seed(seed) for seed in asked["seeds"]]
    given = {"timesteps": asked["timesteps"]} if asked["timesteps"] else {"num_inference_steps": asked["num_inference_steps"]}
    hook = pipe.unet.register_forward_pre_hook(before_unet, with_kwargs=True)
    images = pipe(
        asked["prompts"], height=asked["height"], width=asked["width"], guidance_scale=asked["guidance_scale"],
        num_images_per_prompt=asked["num_images_per_prompt"], original_inference_steps=asked["original_inference_steps"],
        generator=generators if asked["generator"] == "each" else generators[0],
        callback_on_step_end=after_step, callback_on_step_end_tensor_inputs=["latents", "denoised"], **given).images
    hook.remove()

    tensors["timesteps"] = pipe.scheduler.timesteps.to(torch.int64)
    tensors["input_ids"] = pipe.tokenizer(
        asked["prompts"], padding="max_length", max_length=pipe.tokenizer.model_max_length, truncation=True,
        return_tensors="pt").input_ids
    tensors["image"] = torch.from_numpy(numpy.stack([numpy.asarray(image) for image in images]))
    assert tensors["image"].float().std() > 20, f"{asked['name']}: a dull picture"
    assert tensors[f"denoised.{asked['num_inference_steps']}"].isfinite().all()
    return {f"{asked['name']}/{key}": value.contiguous() for key, value in tensors.items()}


def record(folder, pipe, runs):
    tensors = {}
    for asked in runs:
        tensors.update(run(pipe, asked))
    save_file(tensors, folder / "golden.safetensors")
    cases.write_json(folder / "runs.json", runs)
    size = (folder / "golden.safetensors").stat().st_size
    pictures = sum(len(tensor) for name, tensor in tensors.items() if name.endswith("/image"))
    print(f"{size:>8,} bytes  {folder.name}: {len(runs)} runs, {pictures} pictures", flush=True)


def quiet(pipe):
    pipe.set_progress_bar_config(disable=True)
    return pipe


def emoji_lcm():
    folder = HERE / "emoji-lcm"
    cases.clean(folder)
    pipe = quiet(LatentConsistencyModelPipeline.from_pretrained(EMOJI, dtype=torch.float32))
    unicorn = "a pink unicorn on a blue background"
    record(folder, pipe, [
        described("default", [unicorn], [42]),
        described("one-step", ["a green apple on a white background"], [0], steps=1),
        described("no-guidance", ["a yellow star on a black background"], [7], steps=2, guidance=1.0),
        # A seed above 32 bits: torch's generator takes its lower half.
        described("eight-steps", ["a purple robot on a yellow background"], [(1 << 32) + 5], steps=8, guidance=12.5),
        described("three-images", ["a red heart on a gray background"], [1, 2, 3], images=3),
        described("two-prompts-two-images", [unicorn, "an orange cat"], [21, 22, 23, 24], steps=2, images=2),
        # 2×4×12×8 numbers from one generator, for the latents and at every step.
        described("one-generator", [unicorn, "a blue fish on a white background"], [11], steps=4, size=(96, 64), generator="one"),
        described("wide", ["a brown dog on a green background"], [3], size=(96, 160)),
        # Latents 13×9: the UNet halves them to 7×5 and 4×3, and no block of 16 numbers divides them.
        described("odd-size", ["a white ghost on a purple background"], [9], steps=3, size=(104, 72)),
        described("long-prompt", [LONG], [6], steps=2, size=(64, 64)),
        described("hand-timesteps", [unicorn], [5], steps=4, size=(64, 64), timesteps=[959, 639, 419, 99]),
        described("original-steps", [unicorn], [4], steps=3, size=(64, 64), original_steps=25),
    ])


def make_autoencoder_kl_model(folder):
    """A folder as published, with a safety checker and a feature extractor of which only configs are there."""
    name = "autoencoder-kl"
    shutil.copytree(EMOJI / "tokenizer", folder / "tokenizer")
    tokenizer = json.loads((folder / "tokenizer" / "tokenizer_config.json").read_text())
    cases.write_json(folder / "tokenizer" / "tokenizer_config.json", {**tokenizer, "model_max_length": 77})
    vocabulary = json.loads((folder / "tokenizer" / "vocab.json").read_text())

    config = {
        "architectures": ["CLIPTextModel"], "bos_token_id": 0, "eos_token_id": 2, "hidden_act": "quick_gelu", "hidden_size": 18,
        "intermediate_size": 40, "layer_norm_eps": 1e-05, "max_position_embeddings": 77, "model_type": "clip_text_model",
        "num_attention_heads": 3, "num_hidden_layers": 2, "pad_token_id": 1, "projection_dim": 18, "torch_dtype": "float16",
        "transformers_version": "4.35.2", "vocab_size": len(vocabulary),
    }
    not_architecture = ("architectures", "torch_dtype", "transformers_version")
    arguments = {key: value for key, value in config.items() if key not in not_architecture}
    text_encoder = cases.fill(CLIPTextModel(CLIPTextConfig(**arguments)), name + " text")
    (folder / "text_encoder").mkdir()
    cases.write_json(folder / "text_encoder" / "config.json", config)
    save_file(
        {"text_model." + key: value.half() for key, value in text_encoder.state_dict().items() if "position_ids" not in key},
        folder / "text_encoder" / "model.safetensors", {"format": "pt"})
    cases.expect_same(
        text_encoder, CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32), folder / "text_encoder")

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
    pipe = quiet(LatentConsistencyModelPipeline.from_pretrained(
        folder / "model", dtype=torch.float32, safety_checker=None, feature_extractor=None,
        requires_safety_checker=False))
    record(folder, pipe, [
        described("default", ["a pink unicorn on a blue background"], [42], size=(64, 64)),
        described("two-images", ["a green apple"], [1, 2], steps=2, guidance=1.5, size=(64, 40), images=2),
    ])


def main():
    cases.settle()
    emoji_lcm()
    autoencoder_kl()


if __name__ == "__main__":
    main()
