"""How a run is described, done and recorded."""
import inspect
import pathlib

import cases
import diffusers
import numpy
import torch
from PIL import Image
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent
EMOJI = HERE.parents[3] / "Models" / "emoji-lcm"
PIPELINES = {
    ("sd", "text2img"): diffusers.StableDiffusionPipeline,
    ("sd", "img2img"): diffusers.StableDiffusionImg2ImgPipeline,
    ("sd", "inpaint"): diffusers.StableDiffusionInpaintPipeline,
    ("sdxl", "text2img"): diffusers.StableDiffusionXLPipeline,
    ("sdxl", "img2img"): diffusers.StableDiffusionXLImg2ImgPipeline,
    ("sdxl", "inpaint"): diffusers.StableDiffusionXLInpaintPipeline,
    ("lcm", "text2img"): diffusers.LatentConsistencyModelPipeline,
    ("lcm", "img2img"): diffusers.LatentConsistencyModelImg2ImgPipeline,
    ("lcm", "inpaint"): diffusers.StableDiffusionInpaintPipeline,  # which knows the guidance scale's embedding too
}
# What says how a pipeline is put together and how its generators are seeded; the rest are arguments of the call.
NOT_ARGUMENTS = ("name", "model", "task", "seeds", "generator", "scheduler", "vae", "loras")


def described(name, prompts, seeds, model, task="text2img", generator="each", size=None, **arguments):
    """One run. `generator` is "each" (a generator a picture) or "one" (one for the batch); `size` is (height, width).

    `scheduler` replaces the folder's: a class and what changes in the config; `vae` is a tiny autoencoder's folder, `loras`
    are files and scales; `image` and `mask_image` are files of `pictures`. The other arguments are the pipeline's own.
    """
    if size:
        arguments |= {"height": size[0], "width": size[1]}
    return {
        "name": name, "model": model, "task": task, "prompts": prompts, "seeds": seeds, "generator": generator,
        "num_images_per_prompt": 1, **arguments}


def opened(family, asked):
    """The pipeline that a run asks for."""
    folder = EMOJI if asked["model"] == "emoji-lcm" else HERE / asked["model"] / "model"
    unsafe = {} if family == "sdxl" else {"safety_checker": None, "requires_safety_checker": False}
    if family == "lcm":
        unsafe["feature_extractor"] = None
    pipe = PIPELINES[family, asked["task"]].from_pretrained(folder, dtype=torch.float32, **unsafe)
    pipe.set_progress_bar_config(disable=True)
    # Where diffusers 0.42 looks for the last norm (`clip_skip`); transformers 5 has it one level up. Not as a submodule.
    pipe.text_encoder.__dict__["text_model"] = pipe.text_encoder
    if "vae" in asked:
        pipe.vae = diffusers.AutoencoderTiny.from_pretrained(HERE.parents[1] / asked["vae"], dtype=torch.float32)
    if "scheduler" in asked:
        changes = dict(asked["scheduler"])
        scheduler = getattr(diffusers, changes.pop("_class_name"))
        pipe.scheduler = scheduler.from_config(pipe.scheduler.config, **changes)
    for index, lora in enumerate(asked.get("loras", [])):
        file = HERE / lora["file"]
        pipe.load_lora_weights(file.parent, weight_name=file.name, adapter_name=f"lora{index}")
    if "loras" in asked:
        scales = [lora["scale"] for lora in asked["loras"]]
        pipe.set_adapters([f"lora{index}" for index in range(len(scales))], scales)
    return pipe


def arguments(pipe, asked):
    """What the pipeline is called with."""
    found = {key: value for key, value in asked.items() if key not in NOT_ARGUMENTS and value is not None}
    for plural, singular in (("prompts", "prompt"), ("negative_prompts", "negative_prompt")):
        if plural in found:
            found[singular] = found.pop(plural)
    for key in ("image", "mask_image"):
        if key in found:
            found[key] = Image.open(HERE / "pictures" / found[key])
    for key in ("original_size", "target_size", "crops_coords_top_left", "negative_original_size", "negative_target_size"):
        if key in found:
            found[key] = tuple(found[key])
    unknown = found.keys() - inspect.signature(pipe.__call__).parameters.keys()
    assert not unknown, f"{asked['name']}: {type(pipe).__name__} takes no {unknown}"
    generators = [torch.Generator().manual_seed(seed) for seed in asked["seeds"]]
    return {**found, "generator": generators if asked["generator"] == "each" else generators[0]}


def watch(pipe, asked, tensors):
    """Lets a pipeline tell what it computes before and between its steps."""
    def keep(name, value):
        if value is not None and name not in tensors:
            tensors[name] = value.detach().clone()

    def before_unet(_, positional, keywords):
        # The other tasks encode texts alike; the states of the repository's model, which are large, show in its latents.
        if asked["task"] == "text2img" and asked["model"] != "emoji-lcm":
            keep("prompt_embeds", keywords["encoder_hidden_states"])
        keep("timestep_cond", keywords.get("timestep_cond"))
        added = keywords.get("added_cond_kwargs") or {}
        keep("text_embeds", added.get("text_embeds"))
        keep("time_ids", added.get("time_ids"))

    def first_latents(found):
        keep("latents.0", found[0] if isinstance(found, tuple) else found)
        return found

    def noised(original, noise, timesteps):
        keep("image_latents", original)
        keep("noise", noise)
        return add_noise(original, noise, timesteps)

    def masked(mask, masked_image, batch_size, *rest, **keywords):
        found = prepare_mask_latents(mask, masked_image, batch_size, *rest, **keywords)
        keep("mask", found[0][:batch_size])
        keep("masked_image_latents", found[1][:batch_size])
        return found

    pipe.unet.register_forward_pre_hook(before_unet, with_kwargs=True)
    prepare_latents, add_noise = pipe.prepare_latents, pipe.scheduler.add_noise
    pipe.prepare_latents = lambda *given, **named: first_latents(prepare_latents(*given, **named))
    pipe.scheduler.add_noise = noised
    if hasattr(pipe, "prepare_mask_latents"):
        prepare_mask_latents = pipe.prepare_mask_latents
        pipe.prepare_mask_latents = masked


def disturb(unet):
    """Lets a UNet's results differ by what rounding might."""
    random = cases.generator("disturbance")

    def after_unet(_, positional, found):
        return (found[0] + 5e-6 * found[0].abs().max() * torch.randn(found[0].shape, generator=random), *found[1:])

    unet.register_forward_hook(after_unet)


def run(family, asked, disturbed=False):
    """The tensors of one run, by name."""
    pipe = opened(family, asked)
    tensors, timesteps = {}, []
    watch(pipe, asked, tensors)
    if disturbed:
        disturb(pipe.unet)
    watched = [key for key in ("latents", "denoised") if key in pipe._callback_tensor_inputs]

    def after_step(_, index, timestep, found):
        timesteps.append(timestep.clone())
        for key in watched:
            tensors[f"{key}.{index + 1}"] = found[key].clone()
        return {}

    images = pipe(
        **arguments(pipe, asked), callback_on_step_end=after_step, callback_on_step_end_tensor_inputs=watched).images
    tensors["timesteps"] = torch.stack(timesteps)
    if family == "lcm" and asked["task"] == "text2img":
        tensors["input_ids"] = pipe.tokenizer(
            asked["prompts"], padding="max_length", max_length=pipe.tokenizer.model_max_length, truncation=True,
            return_tensors="pt").input_ids
    tensors["image"] = torch.from_numpy(numpy.stack([numpy.asarray(image) for image in images]))
    return {f"{asked['name']}/{key}": value.contiguous() for key, value in tensors.items()}


def expect_lively(name, tensors):
    assert all(value.isfinite().all() for value in tensors.values()), name
    spread = min(image.float().std().item() for image in tensors[f"{name}/image"])
    assert spread > 20, f"{name}: a dull picture, ±{spread}"


def expect_steady(name, tensors, disturbed):
    """A loop of random weights may magnify rounding until no tolerance tells it from an error: such a seed is of no use."""
    for key, value in tensors.items():
        if key.startswith(f"{name}/latents"):
            error = ((value - disturbed[key]).abs().max() / value.abs().max()).item()
            assert error < 3e-4, f"{key} is off by {error:.1e} when the UNet is by 2e-5: take another seed"


def record(folder, family, asked_runs):
    assert len({asked["name"] for asked in asked_runs}) == len(asked_runs)
    tensors = {}
    for asked in asked_runs:
        found = run(family, asked)
        expect_lively(asked["name"], found)
        expect_steady(asked["name"], found, run(family, asked, disturbed=True))
        tensors.update(found)
    save_file(tensors, folder / "golden.safetensors")
    cases.write_json(folder / "runs.json", asked_runs)
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{total:>8,} bytes  {folder.name}: {len(asked_runs)} runs", flush=True)
