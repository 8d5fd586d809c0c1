"""Small model folders as published, with random weights: what the pipelines of `make.py` run."""
import json
import pathlib
import shutil

import cases
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

TOKENIZER = pathlib.Path(__file__).resolve().parents[2] / "Tokenizers/tokenizer/small"
MAXIMUM = 24  # tokens of a prompt
MERGES = 90
BYTES = 508  # byte tokens that lead the vocabulary

# As in Stable Diffusion 1.5's own file, which names no `timestep_spacing`: every scheduler then takes its own default.
SD15_SCHEDULER = {
    "_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "beta_start": 0.00085, "num_train_timesteps": 1000, "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1,
    "trained_betas": None, "clip_sample": False,
}
SD21_SCHEDULER = {
    "_class_name": "DDIMScheduler", "_diffusers_version": "0.8.0", "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "beta_start": 0.00085, "clip_sample": False, "num_train_timesteps": 1000, "prediction_type": "v_prediction",
    "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1, "trained_betas": None,
}
SDXL_SCHEDULER = {
    "_class_name": "EulerDiscreteScheduler", "_diffusers_version": "0.19.0.dev0", "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": False, "interpolation_type": "linear",
    "num_train_timesteps": 1000, "prediction_type": "epsilon", "sample_max_value": 1.0, "set_alpha_to_one": False,
    "skip_prk_steps": True, "steps_offset": 1, "timestep_spacing": "leading", "trained_betas": None,
    "use_karras_sigmas": False,
}
TURBO_SCHEDULER = {
    "_class_name": "EulerAncestralDiscreteScheduler", "_diffusers_version": "0.24.0.dev0", "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "beta_start": 0.00085, "num_train_timesteps": 1000, "prediction_type": "epsilon",
    "steps_offset": 1, "timestep_spacing": "trailing", "trained_betas": None,
}


def save_tokenizer(folder, pad="<|endoftext|>"):
    """The small tokenizer of the goldens, cut to its first merges; its vocabulary's size."""
    folder.mkdir()
    merges = (TOKENIZER / "merges.txt").read_text().splitlines()[: 1 + MERGES]
    known = json.loads((TOKENIZER / "vocab.json").read_text())
    tokens = sorted(known, key=known.get)[:BYTES] + [merge.replace(" ", "") for merge in merges[1:]]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "merges.txt").write_text("\n".join(merges) + "\n")
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":")))
    special = {
        "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": pad}
    cases.write_json(folder / "special_tokens_map.json", special)
    config = json.loads((TOKENIZER / "tokenizer_config.json").read_text())
    cases.write_json(folder / "tokenizer_config.json", {**config, **special, "model_max_length": MAXIMUM})
    return len(vocabulary)


def save_text_encoder(folder, name, vocabulary, width, activation, layers=2, model_class=CLIPTextModel, **architecture):
    config = {
        "architectures": [model_class.__name__], "bos_token_id": 0, "eos_token_id": 2, "hidden_act": activation,
        "hidden_size": width, "intermediate_size": 2 * width, "layer_norm_eps": 1e-05, "max_position_embeddings": MAXIMUM,
        "model_type": "clip_text_model", "num_attention_heads": 2, "num_hidden_layers": layers, "pad_token_id": 1,
        "projection_dim": width, "torch_dtype": "float16", "transformers_version": "4.35.2", "vocab_size": vocabulary,
        **architecture,
    }
    not_architecture = ("architectures", "torch_dtype", "transformers_version")
    arguments = {key: value for key, value in config.items() if key not in not_architecture}
    model = cases.fill(model_class(CLIPTextConfig(**arguments)), name)
    folder.mkdir()
    cases.write_json(folder / "config.json", config)
    prefix = "text_model." if model_class is CLIPTextModel else ""
    save_file(
        {prefix + key: value.half() for key, value in model.state_dict().items() if "position_ids" not in key},
        folder / "model.safetensors", {"format": "pt"})
    cases.expect_same(model, model_class.from_pretrained(folder, dtype=torch.float32), folder)


def save_unet(folder, name, **architecture):
    arguments = {
        "sample_size": 8, "block_out_channels": (4, 6), "layers_per_block": 1, "norm_num_groups": 2,
        "cross_attention_dim": 10, "attention_head_dim": 2, "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"), **architecture,
    }
    # Small outputs: with full ones a guided loop magnifies what rounding differs by some hundred times.
    cases.save_diffusers(cases.fill(UNet2DConditionModel(**arguments), name, gains={"conv_out": 0.35}), folder)


def save_vae(folder, name, scaling_factor=0.18215):
    vae = AutoencoderKL(
        block_out_channels=(4, 4, 4, 4), layers_per_block=1, norm_num_groups=2, sample_size=64, scaling_factor=scaling_factor,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4)
    cases.save_diffusers(cases.fill(vae, name, gains={"decoder.conv_out.weight": 0.6}), folder)


def save_tiny_vae(folder, name):
    vae = AutoencoderTiny(
        encoder_block_out_channels=(4, 4, 4, 4), decoder_block_out_channels=(4, 4, 4, 4), num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1))
    cases.save_diffusers(cases.fill(vae, name), folder)


def write_index(folder, pipeline, scheduler, vae="AutoencoderKL", two_text_encoders=False, **settings):
    (folder / "scheduler").mkdir()
    cases.write_json(folder / "scheduler" / "scheduler_config.json", scheduler)
    index = {"_class_name": pipeline, "_diffusers_version": "0.19.0", **settings}
    if two_text_encoders:
        index |= {
            "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"], "tokenizer_2": ["transformers", "CLIPTokenizer"]}
    else:
        index |= {"feature_extractor": [None, None], "requires_safety_checker": False, "safety_checker": [None, None]}
    cases.write_json(folder / "model_index.json", index | {
        "scheduler": ["diffusers", scheduler["_class_name"]], "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", vae]})


def stable_diffusion(folder, name, scheduler, pipeline="StableDiffusionPipeline", activation="quick_gelu", pad=None, **unet):
    folder.mkdir()
    vocabulary = save_tokenizer(folder / "tokenizer", **({"pad": pad} if pad else {}))
    save_text_encoder(folder / "text_encoder", name + " text", vocabulary, 10, activation, layers=3)
    save_unet(folder / "unet", name + " unet", **unet)
    save_vae(folder / "vae", name + " vae")
    write_index(folder, pipeline, scheduler)


def stable_diffusion_xl(folder, name, scheduler, tiny_vae=False, **unet):
    """`pad` differs in the second tokenizer, as in SDXL's: "!", whose id is 0."""
    folder.mkdir()
    vocabulary = save_tokenizer(folder / "tokenizer")
    save_tokenizer(folder / "tokenizer_2", pad="!")
    save_text_encoder(folder / "text_encoder", name + " text", vocabulary, 6, "quick_gelu")
    save_text_encoder(
        folder / "text_encoder_2", name + " text 2", vocabulary, 8, "gelu", model_class=CLIPTextModelWithProjection,
        projection_dim=8, layers=3)
    save_unet(folder / "unet", name + " unet", **{
        "cross_attention_dim": 14, "attention_head_dim": (1, 2), "use_linear_projection": True,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"), "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "transformer_layers_per_block": (1, 2), "addition_embed_type": "text_time", "addition_time_embed_dim": 4,
        "projection_class_embeddings_input_dim": 6 * 4 + 8, **unet})
    if tiny_vae:
        save_tiny_vae(folder / "vae", name + " vae")
    else:
        save_vae(folder / "vae", name + " vae", scaling_factor=0.13025)
    write_index(
        folder, "StableDiffusionXLPipeline", scheduler, vae="AutoencoderTiny" if tiny_vae else "AutoencoderKL",
        two_text_encoders=True, force_zeros_for_empty_prompt=True)


def save_lora(file, name, unet_folder, rank=2, alpha=1.0):
    """A LoRA in the layout of LCM-LoRA's file (kohya's names), for every matrix and convolution that one trains."""
    unet = UNet2DConditionModel.from_pretrained(unet_folder, dtype=torch.float32)
    trained = (
        "to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2", "conv1", "conv2",
        "conv_shortcut", "downsamplers.0.conv", "upsamplers.0.conv", "time_emb_proj")
    tensors = {}
    for key, module in unet.named_modules():
        if not key.endswith(trained):
            continue
        weight = module.weight
        down = (rank, *weight.shape[1:])
        up = (weight.shape[0], rank, *[1] * (weight.ndim - 2))
        prefix = "lora_unet_" + key.replace(".", "_")
        scale = weight[0].numel() ** -0.5
        tensors[prefix + ".lora_down.weight"] = cases.randn(f"{name} {key} down", *down, scale=scale).half()
        tensors[prefix + ".lora_up.weight"] = cases.randn(f"{name} {key} up", *up, scale=0.6).half()
        tensors[prefix + ".alpha"] = torch.tensor(alpha).half()
    save_file(tensors, file)
