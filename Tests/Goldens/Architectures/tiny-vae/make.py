"""Goldens of diffusers' AutoencoderTiny (TAESD)."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import cases  # first: it keeps the libraries offline and quiet
import torch
from diffusers import AutoencoderTiny



def make(name, config, batch=1, size=(32, 32), latent_size=(4, 4), dtype=torch.float16, config_keys=None, inert=None):
    """`inert` names options that encoding and decoding must not feel."""
    folder = HERE / name
    cases.clean(folder)
    model = cases.fill(AutoencoderTiny(**config), name, dtype)
    cases.save_diffusers(model, folder, dtype, config_keys=config_keys)

    sample = cases.randn(name + " sample", batch, model.config.in_channels, *size, scale=0.6)
    # Some beyond ±3, where the decoder's tanh bends.
    latents = cases.randn(name + " latents", batch, model.config.latent_channels, *latent_size, scale=2.0)
    encoded, decoded = model.encode(sample).latents, model.decode(latents).sample
    for key, other in (inert or {}).items():
        plain = AutoencoderTiny(**{**config, key: other}).eval()
        plain.load_state_dict(model.state_dict())
        assert torch.equal(plain.decode(latents).sample, decoded) and torch.equal(plain.encode(sample).latents, encoded), key
    cases.write_golden(
        folder, {"sample": sample, "latents": latents},
        {
            "encoded": encoded, "out_sample": decoded,
            "pipeline_out_sample": model.decode(latents / model.config.scaling_factor).sample,
        })


def main():
    cases.settle()
    # TAESD with the keys of its file, narrower.
    make(
        "taesd",
        dict(encoder_block_out_channels=(5,) * 4, decoder_block_out_channels=(5,) * 4),
        batch=2, size=(24, 40), latent_size=(3, 5),
        config_keys=[
            "_diffusers_version", "act_fn", "decoder_block_out_channels", "encoder_block_out_channels", "force_upcast",
            "in_channels", "latent_channels", "latent_magnitude", "latent_shift", "num_decoder_blocks", "num_encoder_blocks",
            "out_channels", "scaling_factor", "upsampling_scaling_factor",
        ])
    # Encoder and decoder of other widths and depths, stages without blocks, thrice larger at each stage. The block's last
    # activation stays relu; the magnitude and shift of the latents belong to a full round trip, not to these halves.
    make(
        "odd-widths-f32",
        dict(
            encoder_block_out_channels=(7, 7, 7), decoder_block_out_channels=(9, 9, 9), num_encoder_blocks=(1, 0, 2),
            num_decoder_blocks=(0, 2, 1), act_fn="gelu", latent_channels=5, upsampling_scaling_factor=3,
            latent_magnitude=5, latent_shift=0.3, scaling_factor=0.8),
        size=(22, 13), latent_size=(3, 2), dtype=torch.float32, inert={"latent_magnitude": 3, "latent_shift": 0.5})
    # The project's own kind of TAESD (fewer blocks, a scaling factor), in bf16 and with another activation.
    make(
        "silu-bf16",
        dict(
            encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4, num_encoder_blocks=(0, 1, 2, 2),
            num_decoder_blocks=(2, 2, 1, 0), act_fn="silu", scaling_factor=0.9258906305290858),
        size=(40, 16), latent_size=(5, 2), dtype=torch.bfloat16)


if __name__ == "__main__":
    main()
