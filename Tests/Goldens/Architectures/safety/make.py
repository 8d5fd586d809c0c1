"""Goldens of the safety checker: diffusers' StableDiffusionSafetyChecker over transformers' CLIPImageProcessorPil."""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import cases  # first: it keeps the libraries offline and quiet
import numpy as np
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker, cosine_distance
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPImageProcessorPil

# As the published one has it: the vision part a second time, which then counts, and a projection_dim of its own beside it.
VISION = {
    "hidden_size": 21, "image_size": 17, "intermediate_size": 32, "num_attention_heads": 3, "num_hidden_layers": 2, "patch_size": 5,
}
CONFIG = {
    "architectures": ["StableDiffusionSafetyChecker"], "model_type": "clip", "projection_dim": 7,
    "vision_config": {**VISION, "hidden_act": "gelu"}, "vision_config_dict": VISION,
}
PREPROCESSOR = {
    "crop_size": 17, "do_center_crop": True, "do_convert_rgb": True, "do_normalize": True, "do_resize": True,
    "feature_extractor_type": "CLIPFeatureExtractor", "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711], "resample": 3, "size": 17,
}
NAMES = ["harmless", "flagged", "special"]


def pictures():
    y, x = np.mgrid[0:29, 0:37]
    bases = [
        np.stack([x * 6, y * 8, 255 - x * 3 - y], axis=2), np.stack([255 * ((x // 4 + y // 5) % 2), 40 + 0 * x, y * 8], axis=2),
        np.stack([(x - 18) ** 2 + (y - 14) ** 2, 200 - x * 4, 255 * (y // 6 % 2)], axis=2),
    ]
    return [np.clip(base, 0, 255).astype(np.uint8) for base in bases]


def set_thresholds(model, embeds):
    """So that one picture shows nothing, one a concept, and one a concept by special care alone."""
    concepts = cosine_distance(embeds, model.concept_embeds)
    special = cosine_distance(embeds, model.special_care_embeds)
    thresholds, care = concepts.max(0).values + 0.05, special.max(0).values + 0.05
    first = [concept for concept in range(17) if concepts[:, concept].argmax() == 1]
    second = [concept for concept in range(17) if concepts[:, concept].argmax() == 2]
    # Shown plainly; not shown, as what is above is rounded away; not shown without special care.
    thresholds[first[0]] = concepts[1, first[0]] - 0.02
    thresholds[first[1]] = concepts[1, first[1]] - 0.0003
    thresholds[first[2]] = concepts[1, first[2]] + 0.004
    # Shown by special care, and just not.
    thresholds[second[0]] = concepts[2, second[0]] + 0.004
    thresholds[second[1]] = concepts[2, second[1]] + 0.0097
    # Special care that the third picture shows, and one that it shows only as the adjustment counts already.
    mine = [concept for concept in range(3) if special[:, concept].argmax() == 2]
    care[mine[0]] = special[2, mine[0]] - 0.01
    care[mine[1]] = special[2, mine[1]] + 0.006
    assert mine[0] < mine[1]
    model.concept_embeds_weights.copy_(thresholds)
    model.special_care_embeds_weights.copy_(care)


def verdicts(concepts, special, model):
    """The scores that `forward` computes and does not return, by its own lines."""
    results = []
    for row, care in zip(concepts.numpy(), special.numpy()):
        adjustment, result = 0.0, {"special_care_scores": [], "concept_scores": []}
        for index, cosine in enumerate(care):
            score = round(cosine - model.special_care_embeds_weights[index].item() + adjustment, 3)
            result["special_care_scores"].append(float(score))
            adjustment = 0.01 if score > 0 else adjustment
        for index, cosine in enumerate(row):
            score = round(cosine - model.concept_embeds_weights[index].item() + adjustment, 3)
            result["concept_scores"].append(float(score))
        results.append(result)
    return results


def main():
    cases.settle()
    folder = HERE / "safety_checker"
    cases.clean(folder)
    cases.clean(HERE / "feature_extractor")
    model = StableDiffusionSafetyChecker(CLIPConfig(**CONFIG)).eval()
    assert model.config.vision_config.hidden_act == "quick_gelu"
    vectors = ["concept_embeds", "special_care_embeds"]
    cases.fill(torch.nn.ModuleDict(dict(model.named_children())), "safety_checker")
    for name in vectors:
        vector = getattr(model, name)
        vector.copy_(cases.randn(name, *vector.shape).to(torch.float16).float())

    images = pictures()
    pixels = CLIPImageProcessorPil(**PREPROCESSOR)(images, return_tensors="pt")["pixel_values"]
    embeds = model.visual_projection(model.vision_model(pixels)[1])
    set_thresholds(model, embeds)
    concepts, special = cosine_distance(embeds, model.concept_embeds), cosine_distance(embeds, model.special_care_embeds)

    # Names as published; thresholds in f32, where f16 would move them.
    weights = {}
    for key, value in model.state_dict().items():
        published = f"vision_model.{key}" if key.startswith("vision_model.") else key
        weights[published] = value.to(torch.float32 if key.endswith("embeds_weights") else torch.float16).contiguous()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    cases.write_json(folder / "config.json", CONFIG)
    cases.write_json(HERE / "feature_extractor" / "preprocessor_config.json", PREPROCESSOR)

    samples = [torch.ones(3, 2, 2) for _ in images]
    _, flagged = model(pixels, samples)
    expected = verdicts(concepts, special, model)
    for name, is_flagged, verdict in zip(NAMES, flagged, expected):
        verdict["flagged"] = is_flagged
        assert is_flagged == any(score > 0 for score in verdict["concept_scores"])
        shown = {key: [i for i, score in enumerate(verdict[key]) if score > 0] for key in verdict if key != "flagged"}
        print(name, is_flagged, shown)
    assert flagged == [False, True, True]
    cases.write_json(HERE / "verdicts.json", dict(zip(NAMES, expected)))
    outputs = {
        "image_embeds": embeds, "concept_scores": concepts - model.concept_embeds_weights,
        "special_care_scores": special - model.special_care_embeds_weights,
    }
    cases.write_golden(HERE, {"pixel_values": pixels}, outputs)
    tensors = {name: torch.from_numpy(image) for name, image in zip(NAMES, images)}
    save_file(tensors, HERE / "pictures.safetensors")


if __name__ == "__main__":
    main()
