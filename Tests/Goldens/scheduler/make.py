"""Writes scheduler.json: diffusers' LCMScheduler step by step, and embedding.json: guidance scale embeddings.

Inputs are draws of torch.randn of one generator a case, in this order: the first sample, then for each step the model
output and, where the step adds noise, the noise. They are not stored: noise.json holds that ours are the same.
"""

import json
import math
import pathlib
import types

import torch
from diffusers import LatentConsistencyModelPipeline, LCMScheduler

SHAPE = [2, 4, 3, 2]


def rounded(values: torch.Tensor) -> list:
    """Nine digits say every f32 exactly; JSON has no infinities or NaN."""
    flat = values.flatten().tolist()
    assert all(math.isfinite(v) for v in flat)
    return [float(f"{v:.9g}") for v in flat]


def case(name: str, seed: int, config: dict | None = None, scale: float = 1.0, **request) -> dict:
    scheduler = LCMScheduler(**(config or {}))
    scheduler.set_timesteps(**request)
    generator = torch.Generator().manual_seed(seed)
    sample = torch.randn(SHAPE, generator=generator)
    noisy = scheduler.add_noise(sample, torch.ones(SHAPE), scheduler.timesteps[:1].repeat(SHAPE[0]))
    steps = []
    for i, timestep in enumerate(scheduler.timesteps):
        output = torch.randn(SHAPE, generator=generator) * scale
        result = scheduler.step(output, timestep, sample, generator=generator)
        steps.append({"previous": rounded(result.prev_sample), "denoised": rounded(result.denoised)})
        sample = result.prev_sample
    written = {k: v for k, v in sorted(scheduler.config.items()) if not k.startswith("_")}
    return {
        "name": name,
        "seed": seed,
        "outputScale": scale,
        "request": request,
        "config": json.dumps({"_class_name": "LCMScheduler", "_diffusers_version": "0.42.1", **written}),
        "timesteps": scheduler.timesteps.tolist(),
        "noisy": rounded(noisy),
        "steps": steps,
    }


def scheduler_cases() -> list[dict]:
    v = {"prediction_type": "v_prediction"}
    betas = [0.001 + 0.0004 * i for i in range(40)]
    return [
        case("1 step", 1, num_inference_steps=1),
        case("2 steps", 2, num_inference_steps=2),
        case("4 steps", 3, num_inference_steps=4),
        case("8 steps, linear", 4, {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02},
             num_inference_steps=8),
        case("50 steps", 5, num_inference_steps=50),
        case("cosine", 6, {"beta_schedule": "squaredcos_cap_v2", **v}, num_inference_steps=4),
        case("predicts the sample", 7, {"prediction_type": "sample"}, num_inference_steps=4),
        case("predicts the velocity", 8, v, num_inference_steps=4),
        case("thresholding", 9, {"thresholding": True, "sample_max_value": 4.0, **v}, 2.0, num_inference_steps=3),
        case("thresholding, low ratio", 10,
             {"thresholding": True, "sample_max_value": 1.5, "dynamic_thresholding_ratio": 0.83}, num_inference_steps=4),
        case("clipping", 11, {"clip_sample": True, "clip_sample_range": 0.7}, num_inference_steps=4),
        case("strength 0.5", 12, num_inference_steps=4, strength=0.5),
        case("strength 0.33, 100 original steps", 13, num_inference_steps=7, strength=0.33, original_inference_steps=100),
        case("timesteps by hand", 14, timesteps=[999, 759, 500, 259]),
        case("timesteps by hand, strength 0.5", 15, timesteps=[999, 759, 499, 259], strength=0.5),
        case("zero terminal SNR", 16, {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing", **v},
             num_inference_steps=4),
        case("trained betas, timestep scaling", 17,
             {"trained_betas": betas, "num_train_timesteps": 40, "original_inference_steps": 13, "timestep_scaling": 0.5,
              "set_alpha_to_one": False, "steps_offset": 1}, num_inference_steps=5),
        case("700 training steps", 18, {"num_train_timesteps": 700, "timestep_scaling": 1.0}, num_inference_steps=6),
    ]


def embedding_cases() -> list[dict]:
    pipeline = types.SimpleNamespace()
    cases = []
    for guidance_scales, dimension in [([8.0], 256), ([1.0, 7.5], 32), ([8.5], 33), ([14.0], 512), ([4.0], 4)]:
        w = torch.tensor([scale - 1 for scale in guidance_scales])
        embedding = LatentConsistencyModelPipeline.get_guidance_scale_embedding(pipeline, w, embedding_dim=dimension)
        cases.append({"guidanceScales": guidance_scales, "dimension": dimension, "embedding": rounded(embedding)})
    return cases


def main() -> None:
    torch.set_num_threads(1)
    folder = pathlib.Path(__file__).parent
    for name, cases in [("scheduler.json", scheduler_cases()), ("embedding.json", embedding_cases())]:
        (folder / name).write_text(json.dumps(cases, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
