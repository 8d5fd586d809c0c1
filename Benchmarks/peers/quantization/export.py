"""emoji-lcm as OpenVINO IR in f32: the UNet and the text encoder by optimum-intel, as a user would have them.

    python export.py MODEL FOLDER

optimum-intel cannot export an AutoencoderTiny (it takes the encoder's output for a distribution), so the two halves of the
autoencoder are traced here under the names its pipelines look for.
"""
import pathlib
import sys

import openvino
import torch
from diffusers import LatentConsistencyModelPipeline
from optimum.exporters.openvino.convert import export_models, get_diffusion_models_for_export_ext


class Decoder(torch.nn.Module):
    def __init__(self, vae):
        super().__init__()
        self.vae = vae

    def forward(self, latent_sample):
        return self.vae.decode(latent_sample, return_dict=False)[0]


class Encoder(torch.nn.Module):
    def __init__(self, vae):
        super().__init__()
        self.vae = vae

    def forward(self, sample):
        return self.vae.encode(sample, return_dict=False)[0]


def trace(network, name, channels, size, output, folder):
    traced = openvino.convert_model(network.eval(), example_input={name: torch.zeros(1, channels, size, size)},
                                    input={name: [-1, channels, -1, -1]})
    traced.outputs[0].get_tensor().set_names({output})
    openvino.save_model(traced, folder / "openvino_model.xml", compress_to_fp16=False)


@torch.no_grad()
def export(model, folder):
    pipeline = LatentConsistencyModelPipeline.from_pretrained(
        model, torch_dtype=torch.float32, safety_checker=None, requires_safety_checker=False)
    parts = get_diffusion_models_for_export_ext(pipeline, exporter="openvino")[1]
    ours = {name: parts[name] for name in ("unet", "text_encoder")}
    export_models(ours, folder, [f"{name}/openvino_model.xml" for name in ours], stateful=False, library_name="diffusers")
    trace(Decoder(pipeline.vae), "latent_sample", 4, 16, "sample", folder / "vae_decoder")
    trace(Encoder(pipeline.vae), "sample", 3, 128, "latent_sample", folder / "vae_encoder")
    pipeline.unet.save_config(folder / "unet")
    pipeline.text_encoder.config.save_pretrained(folder / "text_encoder")
    for half in "vae_decoder", "vae_encoder":
        pipeline.vae.save_config(folder / half)
    pipeline.scheduler.save_pretrained(folder / "scheduler")
    pipeline.tokenizer.save_pretrained(folder / "tokenizer")
    pipeline.save_config(folder)


def main():
    export(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))


if __name__ == "__main__":
    main()
