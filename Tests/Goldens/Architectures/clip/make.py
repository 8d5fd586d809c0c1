"""Goldens of CLIP's text encoders (transformers' CLIPTextModel and CLIPTextModelWithProjection)."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import cases  # first: it keeps the libraries offline and quiet
import torch
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

# Keys that say how a file came to be; the types among them would change what is computed.
NOT_ARCHITECTURE = ("_name_or_path", "architectures", "dropout", "dtype", "torch_dtype", "transformers_version")


def make(name, model_class, config, input_ids, dtype=torch.float16, prefix="text_model.", stray_position_ids=False):
    """`config` is written as given: what it leaves out is the class's default.

    `prefix` leads the keys as in published files; transformers 5 drops it from CLIPTextModel when it saves.
    """
    folder = HERE / name
    cases.clean(folder)
    arguments = {key: value for key, value in config.items() if key not in NOT_ARCHITECTURE}
    model = cases.fill(model_class(CLIPTextConfig(**arguments)), name, dtype)

    weights = {}
    for key, value in model.state_dict().items():
        if key.endswith("position_ids"):
            continue
        bare = key.removeprefix("text_model.")
        weights[bare if bare.startswith("text_projection.") else prefix + bare] = value.to(dtype).contiguous()
    if stray_position_ids:
        weights[prefix + "embeddings.position_ids"] = torch.arange(config["max_position_embeddings"])[None]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    cases.write_json(folder / "config.json", config)
    cases.expect_same(model, model_class.from_pretrained(folder, dtype=torch.float32), folder)

    input_ids = torch.tensor(input_ids)
    result = model(input_ids=input_ids, output_hidden_states=True)
    outputs = {"last_hidden_state": result.last_hidden_state}
    if model_class is CLIPTextModelWithProjection:
        outputs["text_embeds"] = result.text_embeds
    else:
        outputs["pooler_output"] = result.pooler_output
    assert len(result.hidden_states) == config["num_hidden_layers"] + 1
    for index, states in enumerate(result.hidden_states):
        outputs[f"hidden_states.{index}"] = states
    cases.write_golden(folder, {"input_ids": input_ids}, outputs)


def main():
    cases.settle()
    # Stable Diffusion 1.5's own config, smaller. eos_token_id 2 is an old error of these files, and tells the class to pool
    # at the largest id. The second row is padded with the largest id, of which the first counts.
    make(
        "quick-gelu-legacy-eos", CLIPTextModel,
        {
            "_name_or_path": "openai/clip-vit-large-patch14", "architectures": ["CLIPTextModel"], "attention_dropout": 0.0,
            "bos_token_id": 0, "dropout": 0.0, "eos_token_id": 2, "hidden_act": "quick_gelu", "hidden_size": 21,
            "initializer_factor": 1.0, "initializer_range": 0.02, "intermediate_size": 50, "layer_norm_eps": 1e-05,
            "max_position_embeddings": 13, "model_type": "clip_text_model", "num_attention_heads": 3, "num_hidden_layers": 3,
            "pad_token_id": 1, "torch_dtype": "float32", "transformers_version": "4.22.0.dev0", "vocab_size": 61,
        },
        [[59, 7, 2, 23, 41, 5, 2, 17, 33, 12, 58, 9, 60], [59, 14, 3, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60]],
        stray_position_ids=True)
    # Stable Diffusion 2's kind: gelu, padded with "!" (0). Ids above the end of text show that the position is searched
    # for, not the largest id; the text is shorter than the position table. Keys as transformers 5 saves them.
    make(
        "gelu-no-prefix-f32", CLIPTextModel,
        {
            "architectures": ["CLIPTextModel"], "bos_token_id": 47, "eos_token_id": 48, "hidden_act": "gelu",
            "hidden_size": 20, "intermediate_size": 36, "layer_norm_eps": 0.001, "max_position_embeddings": 17,
            "model_type": "clip_text_model", "num_attention_heads": 4, "num_hidden_layers": 2, "pad_token_id": 0,
            "projection_dim": 512, "vocab_size": 53, "transformers_version": "5.23.0", "dtype": "float32",
        },
        [[47, 9, 52, 31, 48, 0, 0, 0, 0, 0, 0], [47, 50, 3, 3, 8, 44, 51, 20, 6, 11, 48], [47, 48, 0, 48, 52, 0, 0, 0, 0, 0, 0]],
        dtype=torch.float32, prefix="")
    # Stable Diffusion XL's second encoder: a projection of the pooled state. The padding is the end of text itself.
    make(
        "projection-bf16", CLIPTextModelWithProjection,
        {
            "architectures": ["CLIPTextModelWithProjection"], "attention_dropout": 0.0, "bos_token_id": 37,
            "eos_token_id": 38, "hidden_act": "gelu", "hidden_size": 22, "initializer_factor": 1.0, "initializer_range": 0.02,
            "intermediate_size": 44, "layer_norm_eps": 1e-05, "max_position_embeddings": 9, "model_type": "clip_text_model",
            "num_attention_heads": 2, "num_hidden_layers": 3, "pad_token_id": 38, "projection_dim": 17,
            "torch_dtype": "bfloat16", "transformers_version": "4.29.2", "vocab_size": 39,
        },
        [[37, 4, 19, 38, 38, 38, 38, 38, 38]],
        dtype=torch.bfloat16, stray_position_ids=True)


if __name__ == "__main__":
    main()
