"""Goldens of CLIP's two encoders together (transformers' CLIPModel) and of its pictures' preparation (CLIPImageProcessorPil)."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import cases  # first: it keeps the libraries offline and quiet
import numpy as np
import torch
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

# The vocabulary is that of the tokenizer in ../pipeline/autoencoder-kl/model. Pictures of 17 pixels leave two over beside
# squares of 5. The parts' own projection_dim is not what a CLIPModel goes by.
CONFIG = {
    "architectures": ["CLIPModel"], "model_type": "clip", "projection_dim": 7, "logit_scale_init_value": 2.5,
    "text_config": {
        "bos_token_id": 0, "eos_token_id": 2, "hidden_act": "quick_gelu", "hidden_size": 10, "intermediate_size": 24,
        "max_position_embeddings": 77, "model_type": "clip_text_model", "num_attention_heads": 2, "num_hidden_layers": 2,
        "projection_dim": 512, "vocab_size": 1164,
    },
    "vision_config": {
        "hidden_act": "gelu", "hidden_size": 21, "image_size": 17, "intermediate_size": 32, "layer_norm_eps": 1e-4,
        "model_type": "clip_vision_model", "num_attention_heads": 3, "num_hidden_layers": 2, "patch_size": 5,
        "projection_dim": 512,
    },
}
PREPROCESSOR = {
    "crop_size": 17, "do_center_crop": True, "do_normalize": True, "do_resize": True, "feature_extractor_type": "CLIPFeatureExtractor",
    "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711], "resample": 3, "size": 17,
}


def networks():
    folder = HERE / "model"
    cases.clean(folder)
    model = CLIPModel(CLIPConfig(**CONFIG)).eval()
    # All but the scale of logits, which has no axis.
    cases.fill(torch.nn.ModuleDict(dict(model.named_children())), "clip_vision")
    weights = {key: value.to(torch.float16).contiguous() for key, value in model.state_dict().items()}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    cases.write_json(folder / "config.json", CONFIG)
    cases.write_json(folder / "preprocessor_config.json", PREPROCESSOR)
    cases.expect_same(model, CLIPModel.from_pretrained(folder, dtype=torch.float32), folder)

    pixels = cases.randn("clip_vision pixels", 2, 3, 17, 17)
    ids = torch.full((2, 77), 1163)
    ids[:, :5] = torch.tensor([[1162, 5, 900, 71, 1163], [1162, 320, 1163, 1163, 1163]])
    result = model(pixel_values=pixels, input_ids=ids)
    vision = model.vision_model(pixels).pooler_output
    outputs = {
        "pooler_output": vision, "image_embeds": model.visual_projection(vision),
        "text_embeds": model.text_projection(model.text_model(ids).pooler_output),
    }
    inputs = {"pixel_values": pixels, "input_ids": ids}
    # What the score is made of: cosines of picture and text.
    cosines = torch.nn.functional.cosine_similarity(outputs["image_embeds"], outputs["text_embeds"])
    assert torch.allclose(cosines * model.logit_scale.exp(), result.logits_per_image.diagonal(), atol=1e-5)
    inputs["cosines"] = cosines
    cases.write_golden(HERE, inputs, outputs)


def preparation():
    values = {}
    pictures = [
        ("smaller", 53, 37, {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 15}}),
        ("larger", 9, 14, {"size": {"shortest_edge": 19}, "crop_size": {"height": 17, "width": 17}}),
        ("padded", 30, 13, {"size": {"shortest_edge": 10}, "crop_size": {"height": 17, "width": 13}}),
        ("exact", 40, 11, {"size": {"height": 12, "width": 12}, "do_center_crop": False, "do_normalize": False}),
        ("plain", 8, 6, {"do_resize": False, "do_center_crop": False, "do_rescale": False}),
    ]
    for name, width, height, options in pictures:
        y, x = np.mgrid[0:height, 0:width]
        # Hard edges, so that the kernel's negative parts overshoot, over a slope.
        base = np.stack([x * 4 + y, 255 * ((x // 3 + y // 4) % 2), 255 - y * 6], axis=2)
        picture = np.clip(base, 0, 255).astype(np.uint8)
        values[f"{name}.picture"] = picture
        values[f"{name}.samples"] = CLIPImageProcessorPil(**options)(picture, return_tensors="np")["pixel_values"].astype(np.float32)
        cases.write_json(HERE / f"{name}.json", options)
    save_arrays(values, HERE / "preparation.safetensors")


def main():
    cases.settle()
    networks()
    preparation()


if __name__ == "__main__":
    main()
