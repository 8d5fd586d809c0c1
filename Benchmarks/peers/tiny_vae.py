"""A tiny autoencoder of TAESD's shape with random weights: its folder, and its decoder traced as optimum-intel traces one.

    python tiny_vae.py FOLDER

writes a diffusers folder (f16) and, in FOLDER/ir, the decoder.
"""
import pathlib
import sys

import openvino
import torch
from diffusers import AutoencoderTiny


class Decoder(torch.nn.Module):
    def __init__(self, vae):
        super().__init__()
        self.vae = vae

    def forward(self, latent_sample):
        return self.vae.decode(latent_sample, return_dict=False)[0]


def fill(model):
    """Weights that keep the variance of what passes through them, so that nothing overflows or vanishes."""
    random = torch.Generator().manual_seed(0)
    for key, parameter in model.named_parameters():
        scale = 0.02 if key.endswith("bias") else parameter[0].numel() ** -0.5
        parameter.copy_(torch.randn(parameter.shape, generator=random) * scale)


def main():
    torch.set_grad_enabled(False)
    folder = pathlib.Path(sys.argv[1])
    vae = AutoencoderTiny()
    fill(vae)
    vae.half().save_pretrained(folder)
    # The exporter computes in f32 on the stored f16 values.
    traced = openvino.convert_model(Decoder(vae.float().eval()), example_input={"latent_sample": torch.zeros(1, 4, 8, 8)},
                                    input={"latent_sample": [-1, 4, -1, -1]})
    openvino.save_model(traced, folder / "ir" / "openvino_model.xml", compress_to_fp16=False)


if __name__ == "__main__":
    main()
