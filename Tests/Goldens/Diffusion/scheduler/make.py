"""Writes cases.json and steps.safetensors: diffusers' schedulers step by step, as its pipelines call them; replacements.json:
what `from_config` makes of one class's config in another; beta.json: quantiles of the beta distribution; and embedding.json:
guidance scale embeddings.

Inputs are draws of torch.randn of one generator a case, in this order: the picture's latents, then for each step the model
output and, where the step draws, the noise. They are not stored: noise.json holds that ours are the same.
"""

import inspect
import json
import math
import pathlib
import types

import diffusers
import scipy.stats
import torch
from diffusers import LatentConsistencyModelPipeline, StableDiffusionImg2ImgPipeline
from safetensors.torch import save_file

SHAPE = [2, 2, 2, 2]


def rounded(values: torch.Tensor) -> list:
    """Nine digits say every f32 exactly; JSON has no infinities or NaN."""
    flat = values.flatten().tolist()
    assert all(math.isfinite(v) for v in flat)
    return [float(f"{v:.9g}") for v in flat]


def predicted_original(scheduler, output, sample, timestep) -> torch.Tensor:
    """For the classes whose step does not give it."""
    if isinstance(scheduler, diffusers.DEISMultistepScheduler):
        # Its conversion to noise and back loses digits.
        signal, noise = scheduler._sigma_to_alpha_sigma_t(scheduler.sigmas[scheduler.step_index])
    elif hasattr(scheduler, "convert_model_output"):
        alpha, sigma = scheduler._sigma_to_alpha_sigma_t(scheduler.sigmas[scheduler.step_index])
        converted = scheduler.convert_model_output(output, sample=sample)
        if scheduler.config.get("predict_x0", scheduler.config.get("algorithm_type", "").endswith("++")):
            return converted
        return (sample - sigma * converted) / alpha
    else:
        alpha = scheduler.alphas_cumprod[timestep]
        signal, noise = alpha.sqrt(), (1 - alpha).sqrt()
    original = {
        "epsilon": (sample - noise * output) / signal,
        "sample": output,
        "v_prediction": signal * sample - noise * output,
    }[scheduler.config.prediction_type]
    is_thresholded = hasattr(scheduler, "convert_model_output") and scheduler.config.thresholding
    return scheduler._threshold_sample(original) if is_thresholded else original


def plan(scheduler, strength: float, shortens: bool, eta: float | None, **request) -> torch.Tensor:
    """Timesteps as a pipeline has them."""
    if shortens:
        scheduler.set_timesteps(strength=strength, **request)
        scheduler.set_begin_index(0)
        return scheduler.timesteps
    scheduler.set_timesteps(**request)
    count = request.get("num_inference_steps") or len(request["timesteps"])
    pipeline = types.SimpleNamespace(scheduler=scheduler)
    return StableDiffusionImg2ImgPipeline.get_timesteps(pipeline, count, strength, "cpu")[0]


def run(name: str, class_name: str, seed: int, config: dict, scale: float, request: dict) -> tuple[dict, torch.Tensor]:
    scheduler = getattr(diffusers, class_name)(**config)
    arguments = {"strength": 1.0, "shortens": False, "eta": None, **request}
    timesteps = plan(scheduler, **arguments)
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn(SHAPE, generator=generator)
    sample = latents * scheduler.init_noise_sigma
    if arguments["strength"] < 1:
        sample = scheduler.add_noise(latents, torch.ones(SHAPE), timesteps[:1].repeat(SHAPE[0]))
    extra = {}
    code = scheduler.step.__code__
    if "eta" in code.co_varnames[: code.co_argcount]:
        extra["eta"] = arguments["eta"] or 0.0
    if "generator" in code.co_varnames[: code.co_argcount]:
        extra["generator"] = generator
    rows, draws = [], []
    for timestep in timesteps:
        noisy = scheduler.add_noise(latents, torch.ones(SHAPE), timestep.reshape(1).repeat(SHAPE[0]))
        scaled = scheduler.scale_model_input(sample, timestep)
        output = torch.randn(SHAPE, generator=generator) * scale
        if hasattr(scheduler, "_init_step_index") and scheduler.step_index is None:
            scheduler._init_step_index(timestep)
        state = generator.get_state()
        original = None
        if hasattr(scheduler, "convert_model_output") or class_name in ("PNDMScheduler", "TCDScheduler"):
            original = predicted_original(scheduler, output, sample, timestep)
        result = scheduler.step(output, timestep, sample, **extra)
        draws.append(not torch.equal(state, generator.get_state()))
        if original is None:
            original = result.denoised if class_name == "LCMScheduler" else result.pred_original_sample
        rows.append(torch.stack([result.prev_sample, original, noisy, scaled]))
        sample = result.prev_sample
    steps = torch.stack(rows)
    assert steps.isfinite().all(), (class_name, name)
    case = {
        "name": f"{class_name}: {name}",
        "seed": seed,
        "outputScale": scale,
        "request": request,
        "config": json.dumps({"_class_name": class_name, **config}),
        "timesteps": rounded(timesteps.double()),
        "initNoiseSigma": float(scheduler.init_noise_sigma),
        "draws": draws,
    }
    return case, steps


V = {"prediction_type": "v_prediction"}
SAMPLE = {"prediction_type": "sample"}
SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
COSINE = {"beta_schedule": "squaredcos_cap_v2"}
ZERO = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing", **V}
KARRAS = {"use_karras_sigmas": True}
THRESHOLD = {"thresholding": True, "sample_max_value": 1.5, "dynamic_thresholding_ratio": 0.83}
SHORT = {"num_train_timesteps": 40, "trained_betas": [0.001 + 0.0004 * i for i in range(40)]}


def spaced(*, offset: bool = True, **config) -> list[tuple]:
    """Cases of each way to space timesteps, with two numbers of steps that do not divide the training steps."""
    leading = {"timestep_spacing": "leading", "steps_offset": 1} if offset else {"timestep_spacing": "leading"}
    return [
        ("leading", {**SD, **leading, **config}, {"num_inference_steps": 6}),
        ("linspace", {**SD, "timestep_spacing": "linspace", **config}, {"num_inference_steps": 7}),
        ("trailing", {**SD, "timestep_spacing": "trailing", **config}, {"num_inference_steps": 6}),
        ("strength 0.6", {**SD, **leading, **config}, {"num_inference_steps": 7, "strength": 0.6}),
    ]


def steps(count: int, **request) -> dict:
    return {"num_inference_steps": count, **request}


def lcm_cases() -> list[tuple]:
    cut = {"shortens": True}
    tiny = {**SHORT, "original_inference_steps": 13, "timestep_scaling": 0.5, "set_alpha_to_one": False, "steps_offset": 1}
    return [
        ("1 step", {}, steps(1)),
        ("2 steps", {}, steps(2)),
        ("4 steps", {}, steps(4)),
        ("8 steps, linear", {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02}, steps(8)),
        ("50 steps", {}, steps(50)),
        ("cosine", {**COSINE, **V}, steps(4)),
        ("predicts the sample", SAMPLE, steps(4)),
        ("predicts the velocity", V, steps(4)),
        ("thresholding", {"thresholding": True, "sample_max_value": 4.0, **V}, steps(3), 2.0),
        ("thresholding, low ratio", THRESHOLD, steps(4)),
        ("clipping", {"clip_sample": True, "clip_sample_range": 0.7}, steps(4)),
        ("shortened by strength 0.5", {}, steps(4, strength=0.5, **cut)),
        ("shortened by strength 0.33, 100 original steps", {},
         steps(7, strength=0.33, original_inference_steps=100, **cut)),
        ("timesteps by hand", {}, {"timesteps": [999, 759, 500, 259]}),
        ("timesteps by hand, shortened by strength 0.5", {},
         {"timesteps": [999, 759, 499, 259], "strength": 0.5, **cut}),
        ("strength 0.5", {}, steps(8, strength=0.5)),
        ("timesteps by hand, strength 0.5", {}, {"timesteps": [999, 759, 499, 259], "strength": 0.5}),
        ("zero terminal SNR", ZERO, steps(4)),
        ("trained betas, timestep scaling", tiny, steps(5)),
        ("700 training steps", {"num_train_timesteps": 700, "timestep_scaling": 1.0}, steps(6)),
    ]


def tcd_cases() -> list[tuple]:
    return [
        ("4 steps", {}, steps(4)),
        ("4 steps, eta 0.3", {}, steps(4, eta=0.3)),
        ("predicts the sample, eta 1", SAMPLE, steps(3, eta=1.0)),
        ("predicts the velocity, zero terminal SNR", ZERO, steps(4, eta=0.5)),
        ("strength 0.6", {}, steps(8, strength=0.6, eta=0.3)),
        ("shortened by strength 0.6", {}, steps(4, strength=0.6, eta=0.3, shortens=True)),
        ("all training steps are open", {}, steps(7, eta=0.2, original_inference_steps=100)),
        ("timesteps by hand, shortened", {},
         {"timesteps": [999, 759, 499, 259], "strength": 0.5, "shortens": True, "eta": 0.3}),
        ("timesteps by hand, clipping has no effect", {"clip_sample": True, **THRESHOLD},
         {"timesteps": [999, 700, 400, 10], "eta": 0.3}),
        ("trained betas", {**SHORT, "original_inference_steps": 20}, steps(5, eta=0.7)),
    ]


def ddim_cases() -> list[tuple]:
    return [
        *spaced(clip_sample=False, set_alpha_to_one=False),
        ("defaults", {}, steps(5)),
        ("eta 0.5", {**SD, "clip_sample": False}, steps(5, eta=0.5)),
        ("eta 1, predicts the sample", {**SD, **SAMPLE, "clip_sample_range": 2.0}, steps(4, eta=1.0)),
        ("predicts the velocity, zero terminal SNR", {**SD, **ZERO, "clip_sample": False}, steps(5, eta=0.3)),
        ("thresholding", {**THRESHOLD, **SD}, steps(4)),
        ("cosine", {**COSINE, **V}, steps(6)),
        ("trained betas", {**SHORT, "clip_sample": False}, steps(7)),
        ("1 step, trailing", {**SD, "timestep_spacing": "trailing", "clip_sample": False}, steps(1)),
        ("strength 0.3, eta 0.4", {**SD, "clip_sample": False}, steps(10, strength=0.3, eta=0.4)),
    ]


def ddpm_cases() -> list[tuple]:
    return [
        *spaced(clip_sample=False),
        ("defaults", {}, steps(5)),
        ("fixed_large, predicts the sample", {**SD, **SAMPLE, "variance_type": "fixed_large"}, steps(4)),
        ("fixed_small_log", {**SD, "variance_type": "fixed_small_log", "clip_sample": False}, steps(4)),
        ("predicts the velocity, zero terminal SNR", {**SD, **ZERO, "clip_sample": False}, steps(4)),
        ("thresholding", {**THRESHOLD, **SD}, steps(4)),
        ("timesteps by hand", {**SD, "clip_sample": False}, {"timesteps": [999, 700, 311, 20]}),
        ("timesteps by hand, strength 0.5", {**SD, "clip_sample": False}, {"timesteps": [999, 700, 311, 0], "strength": 0.5}),
    ]


def pndm_cases() -> list[tuple]:
    skip = {"skip_prk_steps": True}
    return [
        *spaced(**skip),
        ("1 step", {**SD, **skip}, steps(1)),
        ("2 steps", {**SD, **skip}, steps(2)),
        ("Runge-Kutta steps first", SD, steps(6)),
        ("Runge-Kutta steps first, 4 steps, predicts the velocity", {**SD, **V}, steps(4)),
        ("Runge-Kutta steps first, strength 0.5", SD, steps(10, strength=0.5)),
        ("predicts the velocity, ends in 1", {**SD, **V, **skip, "set_alpha_to_one": True}, steps(9)),
        ("strength 0.8", {**SD, **skip, "steps_offset": 1}, steps(10, strength=0.8)),
        ("trained betas", {**SHORT, **skip}, steps(7)),
    ]


def euler_cases() -> list[tuple]:
    return [
        *spaced(),
        ("defaults", {}, steps(5)),
        ("1 step, trailing", {**SD, "timestep_spacing": "trailing", "steps_offset": 1}, steps(1)),
        ("Karras", {**SD, **KARRAS}, steps(7)),
        ("Karras, leading, strength 0.5", {**SD, **KARRAS, "timestep_spacing": "leading"}, steps(8, strength=0.5)),
        ("Karras between given sigmas", {**SD, **KARRAS, "sigma_min": 0.05, "sigma_max": 11.0}, steps(5)),
        ("exponential", {**SD, "use_exponential_sigmas": True}, steps(6)),
        ("predicts the velocity, zero terminal SNR", {**SD, **ZERO}, steps(5)),
        ("predicts the sample, sigma_min", {**SD, **SAMPLE, "final_sigmas_type": "sigma_min"}, steps(4)),
        ("timesteps by hand", SD, {"timesteps": [999, 800, 503, 20]}),
        ("timesteps by hand, strength 0.5", SD, {"timesteps": [999, 800, 503, 20], "strength": 0.5}),
        ("cosine", {**COSINE, **V}, steps(5)),
    ]


def euler_ancestral_cases() -> list[tuple]:
    return [
        *spaced(),
        ("defaults", {}, steps(5)),
        ("1 step", {**SD, "timestep_spacing": "trailing"}, steps(1)),
        ("predicts the velocity, zero terminal SNR", {**SD, **ZERO}, steps(5)),
        ("trained betas", SHORT, steps(6)),
    ]


def heun_cases() -> list[tuple]:
    return [
        *spaced(),
        ("defaults", {}, steps(4)),
        ("1 step", {**SD, "timestep_spacing": "trailing"}, steps(1)),
        ("Karras", {**SD, **KARRAS}, steps(5)),
        ("Karras, strength 0.5", {**SD, **KARRAS}, steps(6, strength=0.5)),
        ("exponential", {**SD, "use_exponential_sigmas": True}, steps(4)),
        ("predicts the velocity, clipping", {**SD, **V, "clip_sample": True, "clip_sample_range": 1.3}, steps(4)),
        ("predicts the sample", {**SD, **SAMPLE}, steps(4)),
        ("timesteps by hand", SD, {"timesteps": [999, 800, 503, 20]}),
    ]


def dpm_solver_cases() -> list[tuple]:
    cases = [
        *spaced(),
        ("defaults", {}, steps(5)),
        ("1 step", SD, steps(1)),
        ("16 steps", SD, steps(16)),
        ("16 steps, Euler at the end, third order, sigma_min",
         {**SD, "solver_order": 3, "euler_at_final": True, "final_sigmas_type": "sigma_min"}, steps(16)),
        ("16 steps, third order, sigma_min", {**SD, "solver_order": 3, "final_sigmas_type": "sigma_min"}, steps(16)),
        ("orders not lowered", {**SD, "lower_order_final": False, "solver_order": 3}, steps(6)),
        ("Karras", {**SD, **KARRAS}, steps(6)),
        ("Karras, cosine", {**COSINE, **KARRAS}, steps(6)),
        ("Karras, stochastic, strength 0.5", {**SD, **KARRAS, "algorithm_type": "sde-dpmsolver++"},
         steps(8, strength=0.5)),
        ("exponential", {**SD, "use_exponential_sigmas": True}, steps(6)),
        ("Lu", {**SD, "use_lu_lambdas": True}, steps(6)),
        ("zero terminal SNR", {**SD, **ZERO}, steps(5)),
        ("predicts the sample, sigma_min", {**SD, **SAMPLE, "final_sigmas_type": "sigma_min"}, steps(5)),
        ("thresholding", {**SD, **THRESHOLD}, steps(5)),
        ("thresholding, dpmsolver",
         {**SD, **THRESHOLD, "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min"}, steps(5)),
        ("clipped lambda", {**COSINE, "lambda_min_clipped": -5.1}, steps(6)),
        ("clipped lambda, trailing", {**COSINE, "lambda_min_clipped": -3.0, "timestep_spacing": "trailing"}, steps(6)),
        ("timesteps by hand", SD, {"timesteps": [999, 800, 503, 240, 20]}),
        ("timesteps by hand, strength 0.5", SD, {"timesteps": [999, 800, 503, 240, 20], "strength": 0.5}),
        ("words of other solvers", {**SD, "solver_type": "bh2", "algorithm_type": "deis", "final_sigmas_type": "sigma_min"}, steps(4)),
    ]
    for algorithm in ["dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++"]:
        end = {} if algorithm.endswith("++") else {"final_sigmas_type": "sigma_min"}
        for order in [1, 2] if algorithm == "sde-dpmsolver" else [1, 2, 3]:
            for solver in ["midpoint", "heun"] if order == 2 else ["midpoint"]:
                config = {**SD, **end, "algorithm_type": algorithm, "solver_order": order, "solver_type": solver}
                prediction = V if order == 2 else SAMPLE if algorithm == "dpmsolver" and order == 1 else {}
                cases.append((f"{algorithm}, order {order}, {solver}", {**config, **prediction}, steps(6)))
    return cases


def unipc_cases() -> list[tuple]:
    noise = {"predict_x0": False, "final_sigmas_type": "sigma_min"}
    return [
        *spaced(),
        ("defaults", {}, steps(5)),
        ("1 step", SD, steps(1)),
        ("20 steps", SD, steps(20)),
        ("first order", {**SD, "solver_order": 1}, steps(5)),
        ("third order", {**SD, "solver_order": 3}, steps(7)),
        ("third order, bh1, sigma_min", {**SD, "solver_order": 3, "solver_type": "bh1", "final_sigmas_type": "sigma_min"},
         steps(7)),
        ("fourth order", {**SD, "solver_order": 4}, steps(8)),
        ("orders not lowered", {**SD, "lower_order_final": False, "final_sigmas_type": "sigma_min"}, steps(5)),
        ("noise", {**SD, **noise}, steps(6)),
        ("noise, predicts the velocity, bh1", {**SD, **noise, **V, "solver_type": "bh1"}, steps(6)),
        ("noise, predicts the sample", {**SD, **noise, **SAMPLE}, steps(5)),
        ("corrector off", {**SD, "disable_corrector": [0, 1, 3]}, steps(6)),
        ("Karras", {**SD, **KARRAS}, steps(6)),
        ("Karras, sigma_min", {**SD, **KARRAS, "final_sigmas_type": "sigma_min"}, steps(6)),
        ("exponential, strength 0.7", {**SD, "use_exponential_sigmas": True}, steps(6, strength=0.7)),
        ("zero terminal SNR", {**SD, **ZERO}, steps(5)),
        ("thresholding, predicts the sample", {**SD, **THRESHOLD, **SAMPLE}, steps(5)),
        ("words of other solvers", {**SD, "solver_type": "midpoint"}, steps(4)),
    ]


BETA = {"use_beta_sigmas": True}
EXPONENTIAL = {"use_exponential_sigmas": True}
ENDS = {"sigma_min": 0.05, "sigma_max": 11.0}


def lms_cases() -> list[tuple]:
    return [
        *spaced(),
        ("defaults", {}, steps(5)),
        ("1 step", SD, steps(1)),
        ("2 steps", SD, steps(2)),
        ("20 steps", SD, steps(20)),
        ("Karras", {**SD, **KARRAS}, steps(6)),
        ("Karras, strength 0.5", {**SD, **KARRAS}, steps(8, strength=0.5)),
        ("exponential", {**SD, **EXPONENTIAL}, steps(6)),
        ("beta", {**SD, **BETA}, steps(6)),
        ("predicts the velocity", {**SD, **V}, steps(5)),
        ("predicts the sample", {**SD, **SAMPLE}, steps(5)),
        ("cosine", {**COSINE, **V}, steps(5)),
        ("trained betas", SHORT, steps(6)),
    ]


def kdpm2_cases(is_ancestral: bool) -> list[tuple]:
    # diffusers' ancestral class comes to NaN with the cosine schedule.
    velocity = ("predicts the velocity", {**SD, **V}) if is_ancestral else ("predicts the velocity, cosine", {**COSINE, **V})
    return [
        *spaced(),
        ("defaults", {}, steps(4)),
        ("1 step", {**SD, "timestep_spacing": "trailing"}, steps(1)),
        ("Karras", {**SD, **KARRAS}, steps(5)),
        ("Karras, leading, strength 0.5", {**SD, **KARRAS, "timestep_spacing": "leading"}, steps(6, strength=0.5)),
        ("exponential", {**SD, **EXPONENTIAL}, steps(4)),
        ("beta", {**SD, **BETA}, steps(4)),
        (*velocity, steps(4)),
        ("trained betas", SHORT, steps(5)),
    ]


def deis_cases() -> list[tuple]:
    cases = [
        *spaced(),
        ("defaults", {}, steps(5)),
        ("1 step", SD, steps(1)),
        ("16 steps", SD, steps(16)),
        ("16 steps, third order", {**SD, "solver_order": 3}, steps(16)),
        ("orders not lowered, third order", {**SD, "solver_order": 3, "lower_order_final": False}, steps(6)),
        ("Karras", {**SD, **KARRAS}, steps(6)),
        ("Karras, third order, orders not lowered", {**SD, **KARRAS, "solver_order": 3, "lower_order_final": False}, steps(6)),
        ("exponential, strength 0.6", {**SD, **EXPONENTIAL}, steps(7, strength=0.6)),
        ("beta", {**SD, **BETA}, steps(6)),
        ("predicts the velocity, cosine", {**COSINE, **V}, steps(5)),
        ("predicts the sample, third order", {**SD, **SAMPLE, "solver_order": 3}, steps(6)),
        ("thresholding", {**SD, **THRESHOLD}, steps(5)),
        ("words of other solvers", {**SD, "algorithm_type": "dpmsolver++", "solver_type": "bh2"}, steps(4)),
        ("trained betas", SHORT, steps(6)),
    ]
    return cases + [(f"order {order}", {**SD, "solver_order": order}, steps(6)) for order in [1, 3]]


def singlestep_cases() -> list[tuple]:
    low = {"final_sigmas_type": "sigma_min"}
    cases = [
        ("defaults", {}, steps(5)),
        ("1 step", SD, steps(1)),
        ("2 steps", SD, steps(2)),
        ("17 steps", SD, steps(17)),
        ("strength 0.6", SD, steps(7, strength=0.6)),
        ("third order, strength 0.4, in a group", {**SD, "solver_order": 3}, steps(9, strength=0.4)),
        ("third order, strength 0.5, in a group", {**SD, "solver_order": 3}, steps(9, strength=0.5)),
        ("orders as they are", {**SD, **low, "solver_order": 3}, steps(6)),
        ("orders lowered", {**SD, **low, "solver_order": 3, "lower_order_final": True}, steps(6)),
        ("Karras", {**SD, **KARRAS}, steps(6)),
        ("exponential", {**SD, **EXPONENTIAL}, steps(6)),
        ("beta", {**SD, **BETA}, steps(6)),
        ("predicts the velocity, cosine", {**COSINE, **V}, steps(5)),
        ("clipped lambda", {**COSINE, "lambda_min_clipped": -5.1}, steps(6)),
        ("thresholding", {**SD, **THRESHOLD}, steps(5)),
        ("timesteps by hand", SD, {"timesteps": [999, 800, 503, 240, 20]}),
        ("timesteps by hand, strength 0.5", SD, {"timesteps": [999, 800, 503, 240, 20], "strength": 0.5}),
        ("words of other solvers", {**SD, **low, "solver_type": "bh2", "algorithm_type": "deis"}, steps(4)),
        ("trained betas", SHORT, steps(6)),
    ]
    for algorithm in ["dpmsolver", "dpmsolver++", "sde-dpmsolver++"]:
        for order in [1, 2, 3]:
            for solver in ["midpoint", "heun"] if order > 1 else ["midpoint"]:
                config = {**SD, **low, "algorithm_type": algorithm, "solver_order": order, "solver_type": solver}
                prediction = V if order == 2 else SAMPLE if algorithm == "dpmsolver" and order == 1 else {}
                cases.append((f"{algorithm}, order {order}, {solver}", {**config, **prediction}, steps(6)))
    return cases


def scheduler_cases() -> tuple[list[dict], dict[str, torch.Tensor]]:
    # Seeds are by position, so later cases stand at the end.
    classes = [
        ("DDIMScheduler", ddim_cases()),
        ("DDPMScheduler", ddpm_cases()),
        ("DPMSolverMultistepScheduler", dpm_solver_cases()),
        ("EulerAncestralDiscreteScheduler", euler_ancestral_cases()),
        ("EulerDiscreteScheduler", euler_cases()),
        ("HeunDiscreteScheduler", heun_cases()),
        ("LCMScheduler", lcm_cases()),
        ("PNDMScheduler", pndm_cases()),
        ("TCDScheduler", tcd_cases()),
        ("UniPCMultistepScheduler", unipc_cases()),
        ("LMSDiscreteScheduler", lms_cases()),
        ("KDPM2DiscreteScheduler", kdpm2_cases(False)),
        ("KDPM2AncestralDiscreteScheduler", kdpm2_cases(True)),
        ("DEISMultistepScheduler", deis_cases()),
        ("DPMSolverSinglestepScheduler", singlestep_cases()),
        ("EulerDiscreteScheduler", [
            ("beta", {**SD, **BETA}, steps(6)),
            ("beta between given sigmas, strength 0.5", {**SD, **BETA, **ENDS}, steps(6, strength=0.5)),
        ]),
        ("HeunDiscreteScheduler", [("beta, 1 step", {**SD, **BETA}, steps(1)), ("beta", {**SD, **BETA}, steps(4))]),
        ("DPMSolverMultistepScheduler", [
            ("beta", {**SD, **BETA}, steps(6)),
            ("beta, cosine, sigma_min", {**COSINE, **BETA, "final_sigmas_type": "sigma_min"}, steps(6)),
        ]),
        ("UniPCMultistepScheduler", [
            ("beta", {**SD, **BETA}, steps(6)),
            ("beta, sigma_min, strength 0.7", {**SD, **BETA, "final_sigmas_type": "sigma_min"}, steps(6, strength=0.7)),
        ]),
    ]
    cases, tensors = [], {}
    for class_name, group in classes:
        for name, config, request, *scale in group:
            case, rows = run(name, class_name, len(cases) + 1, config, *(scale or [1.0]), request)
            cases.append(case)
            assert case["name"] not in tensors, case["name"]
            tensors[case["name"]] = rows
    return cases, tensors


# Options of the solver itself: where diffusers refuses another class's word, that option is as good as absent.
SOLVER = ["algorithm_type", "solver_type", "variance_type", "timestep_type", "interpolation_type", "use_dynamic_shifting"]
SUPPORTED = [
    "DDIMScheduler", "DDPMScheduler", "DEISMultistepScheduler", "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler", "EulerAncestralDiscreteScheduler", "EulerDiscreteScheduler", "HeunDiscreteScheduler",
    "KDPM2AncestralDiscreteScheduler", "KDPM2DiscreteScheduler", "LCMScheduler", "LMSDiscreteScheduler", "PNDMScheduler",
    "TCDScheduler", "UniPCMultistepScheduler",
]


def sources() -> list[dict]:
    """Configs that are to be replaced, as files have them: all options of the class."""
    others = [
        ("DPMSolverSDEScheduler", KARRAS), ("SASolverScheduler", {}), ("EDMEulerScheduler", {}),
        ("EDMDPMSolverMultistepScheduler", {}), ("IPNDMScheduler", {}), ("DDIMParallelScheduler", {}),
        ("DDPMParallelScheduler", {}), ("UnCLIPScheduler", {}), ("ScoreSdeVeScheduler", {}),
        ("RePaintScheduler", {}), ("DDIMInverseScheduler", {}),
        ("DPMSolverMultistepInverseScheduler", {}), ("FlowMatchEulerDiscreteScheduler", {"use_dynamic_shifting": True}),
    ]
    supported = [
        ("DDPMScheduler", {"variance_type": "fixed_large_log", **V}), ("LMSDiscreteScheduler", BETA),
        ("EulerDiscreteScheduler", {**KARRAS, **ENDS}), ("EulerDiscreteScheduler", {**BETA, **ENDS}),
        ("EulerDiscreteScheduler", {"timestep_type": "continuous", "timestep_spacing": "trailing"}),
        ("DPMSolverMultistepScheduler",
         {"algorithm_type": "sde-dpmsolver", "final_sigmas_type": "sigma_min", "solver_type": "heun"}),
        ("DPMSolverSinglestepScheduler", {"algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min"}),
        ("UniPCMultistepScheduler", {"solver_order": 3, "predict_x0": False, "final_sigmas_type": "sigma_min"}),
        ("DEISMultistepScheduler", {"solver_order": 3, **EXPONENTIAL}),
    ]
    configs = []
    for name, changes in others + supported:
        parameters = inspect.signature(getattr(diffusers, name).__init__).parameters
        config = {key: value.default for key, value in parameters.items() if value.kind == value.POSITIONAL_OR_KEYWORD}
        config = {key: value for key, value in config.items() if key != "self" and value != -math.inf}
        config |= {key: value for key, value in {**SD, **changes}.items() if key in config}
        configs.append({"_class_name": name, **config})
    return configs + [{"_class_name": "OurOwnScheduler", **SD, "steps_offset": 1, "our_option": 3}]


def replaced(class_name: str, config: dict):
    """The scheduler by `from_config`, and the options that diffusers refuses."""
    cls, dropped = getattr(diffusers, class_name), []
    while True:
        kept = {key: value for key, value in config.items() if key not in dropped}
        try:
            scheduler = cls.from_config(kept)
            scheduler.set_timesteps(5)
            return scheduler, dropped
        except (NotImplementedError, ValueError) as error:
            refused = [key for key in SOLVER if key in kept and (str(kept[key]) in str(error) or key in str(error))]
            if not refused:
                raise
            dropped.append(refused[0])


def replacement_cases() -> list[dict]:
    cases, seed = [], 0
    for config in sources():
        replacements = []
        for class_name in SUPPORTED:
            if class_name == config["_class_name"]:
                continue
            scheduler, dropped = replaced(class_name, config)
            seed += 1
            generator = torch.Generator().manual_seed(seed)
            sample = torch.randn([1, 1, 1, 2], generator=generator) * scheduler.init_noise_sigma
            extra = {"generator": generator} if "generator" in inspect.signature(scheduler.step).parameters else {}
            if "eta" in inspect.signature(scheduler.step).parameters:
                extra["eta"] = 0.0
            for timestep in scheduler.timesteps:
                scheduler.scale_model_input(sample, timestep)
                output = torch.randn([1, 1, 1, 2], generator=generator)
                sample = scheduler.step(output, timestep, sample, **extra).prev_sample
            assert sample.isfinite().all(), (class_name, config)
            replacement = {"className": class_name, "seed": seed, "timesteps": rounded(scheduler.timesteps.double())}
            replacements.append(replacement | {"sample": rounded(sample)} | ({"dropped": dropped} if dropped else {}))
        cases.append({"config": json.dumps(config), "replacements": replacements})
    return cases


def beta_cases() -> list[list[float]]:
    shares = [0.0, 1e-9, 1e-3, 0.01, 0.1, 1 / 3, 0.49999, 0.5, 0.6, 0.9, 0.999, 1 - 1e-9, 1.0]
    return [[share, float(scipy.stats.beta.ppf(share, 0.6, 0.6))] for share in shares]


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
    cases, tensors = scheduler_cases()
    save_file(tensors, folder / "steps.safetensors")
    files = {"cases": cases, "replacements": replacement_cases(), "beta": beta_cases(), "embedding": embedding_cases()}
    for name, values in files.items():
        (folder / f"{name}.json").write_text(json.dumps(values, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
