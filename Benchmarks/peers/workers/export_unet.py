"""Traces the UNet of a diffusers folder, alone, as optimum-intel does it for whole pipelines: IR in f16, dynamic shapes.

    python export_unet.py MODEL_FOLDER OUTPUT_FOLDER
"""
import pathlib
import shutil
import sys

import openvino
import torch
from diffusers import UNet2DConditionModel

# The order of `forward`'s arguments below.
NAMES = ["sample", "timestep", "encoder_hidden_states", "text_embeds", "time_ids"]


class Traced(torch.nn.Module):
    def __init__(self, unet):
        super().__init__()
        self.unet = unet

    def forward(self, sample, timestep, encoder_hidden_states, text_embeds=None, time_ids=None):
        added = None if text_embeds is None else {"text_embeds": text_embeds, "time_ids": time_ids}
        return self.unet(sample, timestep, encoder_hidden_states, added_cond_kwargs=added, return_dict=False)[0]


def main():
    model, output = map(pathlib.Path, sys.argv[1:])
    unet = UNet2DConditionModel.from_pretrained(model / "unet", torch_dtype=torch.float32).eval()
    config = unet.config
    inputs = [torch.randn(1, config.in_channels, 16, 16), torch.tensor(1), torch.randn(1, 77, config.cross_attention_dim)]
    if config.addition_embed_type == "text_time":
        width = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
        inputs += [torch.randn(1, width), torch.randn(1, 6)]
    with torch.no_grad():
        traced = openvino.convert_model(Traced(unet), example_input=dict(zip(NAMES, inputs)))
    for port, name in zip(traced.inputs, NAMES):
        port.get_tensor().set_names({name})
    (output / "unet").mkdir(parents=True)
    openvino.save_model(traced, output / "unet" / "openvino_model.xml", compress_to_fp16=True)
    shutil.copy(model / "unet" / "config.json", output / "unet" / "config.json")


if __name__ == "__main__":
    main()
