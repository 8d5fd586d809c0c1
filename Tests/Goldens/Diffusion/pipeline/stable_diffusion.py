"""Runs of Stable Diffusion 1.5's and 2.1's kinds, and of the inpainting UNet with nine channels."""
import pathlib

import cases
import models
from runs import described, record

HERE = pathlib.Path(__file__).resolve().parent
SIZE = (40, 32)
CAT, FISH, GRAY = "a red cat", "a blue fish on a hill", "gray sky"

EULER = {"_class_name": "EulerDiscreteScheduler"}
EULER_ANCESTRAL = {"_class_name": "EulerAncestralDiscreteScheduler"}
HEUN = {"_class_name": "HeunDiscreteScheduler"}
DDIM = {"_class_name": "DDIMScheduler"}
DDPM = {"_class_name": "DDPMScheduler"}
DPM = {"_class_name": "DPMSolverMultistepScheduler"}
DPM_KARRAS = {**DPM, "use_karras_sigmas": True}
DPM_SDE = {**DPM, "algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True}
UNIPC = {"_class_name": "UniPCMultistepScheduler"}
LCM = {"_class_name": "LCMScheduler"}
TCD = {"_class_name": "TCDScheduler"}
ZERO_SNR = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
TURBO = {**EULER, "prediction_type": "epsilon", "timestep_spacing": "trailing"}


def drawn(name, seeds, model="sd15", prompts=[CAT], steps=4, guidance=7.5, **arguments):
    return described(
        name, prompts, seeds, model, num_inference_steps=steps, guidance_scale=guidance,
        **{"size": SIZE, **arguments})


def redrawn(name, seeds, image="scene.png", strength=0.6, steps=5, **arguments):
    return drawn(name, seeds, size=None, task="img2img", image=image, strength=strength, steps=steps, **arguments)


def inpainted(name, seeds, image="scene.png", mask="mask.png", strength=1.0, **arguments):
    return drawn(name, seeds, task="inpaint", image=image, mask_image=mask, strength=strength, **arguments)


def sd15():
    folder = HERE / "sd15"
    cases.clean(folder)
    models.stable_diffusion(folder / "model", "sd15", models.SD15_SCHEDULER)
    models.save_lora(folder / "lcm-lora.safetensors", "sd15 lcm-lora", folder / "model" / "unet")
    lora = "sd15/lcm-lora.safetensors"
    record(folder, "sd", [
        drawn("default", [42], negative_prompts=[GRAY], steps=6),
        drawn("no-negative", [42], steps=2),
        drawn("euler", [1], scheduler=EULER),
        drawn("euler-ancestral", [2], scheduler=EULER_ANCESTRAL),
        drawn("heun", [3], scheduler=HEUN, steps=3),
        drawn("ddim", [106], scheduler=DDIM),
        drawn("ddim-eta", [106], scheduler=DDIM, eta=0.7),
        drawn("ddpm", [5], scheduler=DDPM),
        drawn("dpm++-2m-karras", [6], scheduler=DPM_KARRAS, steps=6),
        drawn("dpm++-2m-sde-karras", [7], scheduler=DPM_SDE),
        drawn("unipc", [8], scheduler=UNIPC, steps=5),
        drawn("lcm", [9], scheduler=LCM, guidance=1.0),
        drawn("lcm-guided", [9], scheduler=LCM, guidance=1.5),
        drawn("tcd", [10], scheduler=TCD, guidance=0.0),
        drawn("tcd-eta", [10], scheduler=TCD, guidance=0.0, eta=0.3),
        drawn("guidance-0", [11], guidance=0.0, steps=2),
        drawn("guidance-1", [11], guidance=1.0, steps=2),
        drawn("guidance-rescale", [12], guidance_rescale=0.7, scheduler=EULER, steps=3),
        drawn("clip-skip-1", [13], clip_skip=1, negative_prompts=[GRAY], steps=2),
        drawn("clip-skip-2", [13], clip_skip=2, negative_prompts=[GRAY], steps=2),
        drawn("two-images", [14, 15], num_images_per_prompt=2, scheduler=EULER_ANCESTRAL, steps=3),
        drawn("two-prompts", [16, 17], prompts=[CAT, FISH], negative_prompts=[GRAY, "a dog"], steps=3),
        drawn("one-generator", [18], generator="one", num_images_per_prompt=2, scheduler=EULER_ANCESTRAL, steps=3),
        drawn("lcm-lora", [19], loras=[{"file": lora, "scale": 1.0}], scheduler=LCM, guidance=1.0),
        drawn("lcm-lora-half", [19], loras=[{"file": lora, "scale": 0.5}], scheduler=LCM, guidance=1.5, steps=2),
        redrawn("image-pndm", [20]),
        redrawn("image-euler", [123], scheduler=EULER, negative_prompts=[GRAY]),
        redrawn("image-ddim", [22], scheduler=DDIM),
        redrawn("image-dpm++-2m", [23], scheduler=DPM),
        redrawn("image-lcm", [24], scheduler=LCM, guidance=1.0, steps=4),
        redrawn("image-full-strength", [25], scheduler=EULER, strength=1.0, steps=2),
        redrawn("image-heun", [129], scheduler=HEUN, steps=4, strength=0.5),
        redrawn("image-two-images", [27, 28], num_images_per_prompt=2, scheduler=EULER_ANCESTRAL, image="scene-odd.png"),
        redrawn("image-one-generator", [29], generator="one", num_images_per_prompt=2, scheduler=EULER_ANCESTRAL),
        redrawn("image-tiny-vae", [30], vae="Architectures/tiny-vae/taesd", scheduler=EULER),
        inpainted("inpaint", [134], negative_prompts=[GRAY]),
        inpainted("inpaint-euler", [32], strength=0.7, scheduler=EULER, steps=5),
        inpainted("inpaint-ddim-resized", [33], strength=0.7, scheduler=DDIM, image="scene-large.png", mask="mask-soft.png"),
        inpainted("inpaint-lcm", [34], scheduler=LCM, guidance=1.0),
        inpainted("inpaint-two-images", [35, 36], num_images_per_prompt=2, scheduler=EULER_ANCESTRAL, strength=0.7, steps=3),
        inpainted("inpaint-one-generator", [37], generator="one", num_images_per_prompt=2, scheduler=EULER_ANCESTRAL, steps=2),
    ])


def sd21():
    folder = HERE / "sd21"
    cases.clean(folder)
    models.stable_diffusion(
        folder / "model", "sd21", models.SD21_SCHEDULER, activation="gelu", pad="!", attention_head_dim=(1, 2),
        use_linear_projection=True)
    record(folder, "sd", [
        drawn("default", [105], model="sd21", negative_prompts=[GRAY], steps=5),
        drawn("guidance-rescale", [2], model="sd21", guidance_rescale=0.7),
        drawn("ddim-zero-snr", [103], model="sd21", guidance_rescale=0.7, scheduler={**DDIM, **ZERO_SNR}),
        drawn("euler-zero-snr", [4], model="sd21", scheduler={**EULER, **ZERO_SNR}),
        drawn("dpm++-2m", [107], model="sd21", scheduler=DPM),
        drawn("image", [6], model="sd21", size=None, task="img2img", image="scene.png", strength=0.5),
        drawn("turbo-1", [7], model="sd21", scheduler=TURBO, guidance=0.0, steps=1),
        drawn("turbo-2", [8], model="sd21", scheduler=TURBO, guidance=0.0, steps=2),
        redrawn("turbo-image", [9], model="sd21", scheduler=TURBO, guidance=0.0, steps=2, strength=0.5),
    ])


def inpainting():
    folder = HERE / "inpainting"
    cases.clean(folder)
    models.stable_diffusion(
        folder / "model", "inpainting", models.SD15_SCHEDULER, pipeline="StableDiffusionInpaintPipeline", in_channels=9)
    record(folder, "sd", [
        inpainted("default", [1], model="inpainting", negative_prompts=[GRAY]),
        inpainted("euler", [2], model="inpainting", strength=0.7, scheduler=EULER, steps=5),
        inpainted("resized", [3], model="inpainting", scheduler=DDIM, image="scene-large.png", mask="mask-soft.png", steps=3),
        inpainted("lcm", [4], model="inpainting", scheduler=LCM, guidance=1.0, steps=3),
        inpainted("two-images", [5, 6], model="inpainting", num_images_per_prompt=2, scheduler=EULER_ANCESTRAL, steps=3),
    ])


def make():
    sd15()
    sd21()
    inpainting()
