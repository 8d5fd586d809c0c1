"""Pictures whose prompt changes between steps: diffusers' pipelines, whose callback puts another prompt's states in place."""
import pathlib

import diffusers
import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE.parent / "pipeline"
STEPS, SEED, NEGATIVE = 6, 5, "gray sky"
FIRST, SECOND = "a red cat", "a blue fish on a hill"
# The prompt of each step. AUTOMATIC1111's web UI counts steps from 0 where it looks a text up, and from 1 in its schedule.
CASES = {
    "changed": [FIRST] * 4 + [SECOND] * 2,  # [a:b:0.5]
    "turns": [FIRST, FIRST, SECOND, FIRST, SECOND, FIRST],  # [a|b]
}


def draw(pipe, prompts):
    def states(prompt):
        found = pipe.encode_prompt(prompt=prompt, device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=True,
                                   negative_prompt=NEGATIVE)
        if len(found) == 2:
            return {"prompt_embeds": torch.cat([found[1], found[0]])}
        return {"prompt_embeds": torch.cat([found[1], found[0]]), "add_text_embeds": torch.cat([found[3], found[2]])}

    def after_step(_, index, timestep, found):
        return states(prompts[min(index + 1, STEPS - 1)])

    return pipe(
        prompts[0], negative_prompt=NEGATIVE, num_inference_steps=STEPS, guidance_scale=5.0, height=64, width=64,
        generator=torch.Generator().manual_seed(SEED), output_type="latent", callback_on_step_end=after_step).images


def main():
    tensors = {}
    for model, pipeline in (("sd15", diffusers.StableDiffusionPipeline), ("sdxl", diffusers.StableDiffusionXLPipeline)):
        unsafe = {"safety_checker": None} if model == "sd15" else {}
        pipe = pipeline.from_pretrained(MODELS / model / "model", dtype=torch.float32, **unsafe)
        pipe.scheduler = diffusers.DDIMScheduler.from_config(pipe.scheduler.config)
        pipe.set_progress_bar_config(disable=True)
        for name, prompts in CASES.items():
            tensors[f"{model}/{name}"] = draw(pipe, prompts).contiguous()
    save_file(tensors, HERE / "latents.safetensors")


if __name__ == "__main__":
    main()
