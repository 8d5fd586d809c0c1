"""Stage 1: a tiny autoencoder (diffusers' AutoencoderTiny), 8×8 pixels to 4 numbers.

    python autoencoder.py --preset cpu --out WORK --seconds 900 [--resume | --decoder]
"""
import math
import time

import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny

from common import DEVICE, half_precision, log, pixels, prepare
from presets import PRESETS, stage_parser
from scenes import Scenes


def make(preset):
    return AutoencoderTiny(encoder_block_out_channels=(preset.autoencoder_width,) * 4, decoder_block_out_channels=(preset.autoencoder_width,) * 4,
                           num_encoder_blocks=preset.encoder_blocks, num_decoder_blocks=preset.decoder_blocks)


def load(preset, path):
    autoencoder = make(preset)
    autoencoder.load_state_dict(torch.load(path))
    return autoencoder.eval().requires_grad_(False).to(DEVICE, memory_format=torch.channels_last)


def slopes(x): return x[..., :, 1:] - x[..., :, :-1], x[..., 1:, :] - x[..., :-1, :]


def psnr(autoencoder, scenes, count=64):
    """Mean over pictures of held-out scenes, decibels."""
    x = pixels([scenes.picture(scenes.scene(held_out=True), scenes.variation()) for _ in range(count)])
    with torch.no_grad(): y = autoencoder.decoder(autoencoder.encoder(x)).clamp(-1, 1)
    return (10 * torch.log10(4 / (y - x).square().mean((1, 2, 3)).clamp(min=4e-6))).mean().item()


if __name__ == "__main__":
    parser = stage_parser("cpu", 900)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--resume", action="store_true", help="go on from what was kept")
    parser.add_argument("--decoder", action="store_true", help="go on with the decoder alone: latents stay what the other stages learnt")
    arguments = parser.parse_args()
    preset = PRESETS[arguments.preset]
    prepare(0)
    arguments.out.mkdir(parents=True, exist_ok=True)
    scenes = Scenes(preset.selection, preset.pixels)
    log(len(scenes.concepts), "concepts")
    autoencoder = make(preset)
    if arguments.resume or arguments.decoder: autoencoder.load_state_dict(torch.load(arguments.out / "autoencoder.pt"))
    if arguments.decoder: autoencoder.encoder.requires_grad_(False)
    autoencoder.to(DEVICE, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(autoencoder.parameters(), arguments.rate, betas=(0.9, 0.98), weight_decay=0)
    begin, step, running = time.time(), 0, None
    while (elapsed := time.time() - begin) < arguments.seconds:
        for group in optimizer.param_groups:
            group["lr"] = arguments.rate * min(1, (step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * elapsed / arguments.seconds)) + 2e-6
        x = pixels([scenes.picture(scenes.scene(), scenes.variation()) for _ in range(preset.crops)])
        # The same window for a batch: cheap, and as good. Mostly on the grid of latents, where things will be drawn.
        grid = 8 if step % 4 else 1
        top, left = grid * torch.randint(0, (preset.pixels - preset.crop) // grid + 1, (2,))
        x = x[..., top:top + preset.crop, left:left + preset.crop].contiguous(memory_format=torch.channels_last)
        with half_precision():
            z = autoencoder.encoder(x)
            y = autoencoder.decoder(z + 0.05 * torch.randn_like(z)).float()
        z = z.float()
        edges = sum(F.l1_loss(a, b) for a, b in zip(slopes(y), slopes(x)))
        # The latents' means and spreads near 0 and 1, so that noise levels mean what they mean elsewhere.
        shape = z.mean((0, 2, 3)).square().mean() + (z.std((0, 2, 3)) - 1).square().mean() + F.relu(z.abs() - 3).mean()
        loss = 0.5 * F.l1_loss(y, x) + 3 * F.mse_loss(y, x) + 0.25 * edges + 0.02 * shape
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(autoencoder.parameters(), 1.0)
        optimizer.step()
        step += 1
        error = F.mse_loss(y.detach().clamp(-1, 1), x).item()
        running = error if running is None else 0.98 * running + 0.02 * error
        if step % 100 == 0: log("autoencoder", step, f"{10 * math.log10(4 / running):.2f} dB, spread {z.std().item():.2f}")
    torch.save(autoencoder.state_dict(), arguments.out / "autoencoder.pt")
    log(f"held out: {psnr(autoencoder.eval(), scenes):.2f} dB")
