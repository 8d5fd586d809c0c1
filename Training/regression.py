"""Stage 3 without an accelerator: the few-step model by regression, with no teacher.

The caption says what is drawn, the variation is seen in what is noisy. So what the clean picture is can be regressed at every noise level,
and few steps that each make the last one's picture noisy again draw a sharp one: the noise of the second decides the variation.

    python regression.py --preset cpu --out WORK --seconds 6000
"""
import time

import torch
from PIL import Image
from transformers import CLIPTokenizer

import autoencoder
import networks
from common import DEVICE, GRID, Average, half_precision, log, noise_levels, per_picture, prepare
from muon import Optimizers
from pool import Captions, Pool
from presets import PRESETS, stage_parser
from scenes import Scenes
from text import PATCHES, Patches

SHEET = ["a cat", "a red car on a blue background", "a purple robot on a yellow background", "a green apple", "a rose on a black background", "a penguin",
         "a pink unicorn on a blue background", "three bananas", "a tiny dog on the left", "a cat on top of a red car", "a guitar and a drum",
         "a pizza on a gradient from blue to pink", "a rocket", "a blue heart on a white background", "two orange fish on a green background", "a castle"]


def charbonnier(error): return ((error.square() + 1e-3).sqrt() - 1e-3 ** 0.5).mean((1, 2, 3))


@torch.no_grad()
def sheet(path, unet, encoder, decoder, captions, scale, side, steps=4):
    noise = torch.randn(len(SHEET), 4, side, side, generator=torch.Generator().manual_seed(7)).to(DEVICE)
    hidden = encoder(captions(SHEET)).last_hidden_state
    latents = networks.sample(unet, hidden, noise, steps, generator=torch.Generator().manual_seed(8))
    pictures = decoder(latents / scale).clamp(-1, 1).add(1).mul(127.5).byte().permute(0, 2, 3, 1).cpu()
    rows = [torch.cat(list(pictures[i:i + 8]), 1) for i in range(0, len(pictures), 8)]
    Image.fromarray(torch.cat(rows).numpy()).save(path)


class Training:
    """Networks, their optimizers and the steps done."""

    def __init__(self, preset, vocabulary, start, rates):
        self.unet, self.encoder = networks.unet(preset), networks.text_encoder(preset, vocabulary)
        self.patches = Patches(preset.text_width, preset.latents // PATCHES).to(DEVICE)
        self.encoder.load_state_dict(start["text"]), self.patches.load_state_dict(start["patches"])
        # The text encoder knows most already.
        self.optimizers = [Optimizers([self.unet], rates), Optimizers([self.encoder, self.patches], [0.25 * rate for rate in rates])]
        self.step, self.scale = 0, start["scale"]

    def state(self):
        return dict(unet=self.unet.state_dict(), text=self.encoder.state_dict(), patches=self.patches.state_dict(), scale=self.scale,
                    step=self.step, optimizers=[optimizer.state_dict() for optimizer in self.optimizers])

    def load(self, state):
        self.unet.load_state_dict(state["unet"]), self.encoder.load_state_dict(state["text"]), self.patches.load_state_dict(state["patches"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"]): optimizer.load_state_dict(kept)
        self.step = state["step"]


if __name__ == "__main__":
    parser = stage_parser("cpu", 6000, rates=(0.02, 1e-3))
    parser.add_argument("--decay", type=float, default=0.6, help="the last part of the time, in which the rates fall to nothing")
    parser.add_argument("--resume", action="store_true", help="go on from what was kept before the rates fell")
    arguments = parser.parse_args()
    preset, folder = PRESETS[arguments.preset], arguments.out
    prepare(2)
    scenes = Scenes(preset.selection, preset.pixels, seed=2)
    captions, start = Captions(CLIPTokenizer.from_pretrained(folder / "tokenizer")), torch.load(folder / "text.pt")
    coder = autoencoder.load(preset, folder / "autoencoder.pt")
    # What was kept is of the autoencoder that was there then.
    if not arguments.resume: (folder / "pool.pt").unlink(missing_ok=True)
    pool = Pool.kept(folder / "pool.pt", scenes, coder, preset.scenes, scale=start["scale"])
    training = Training(preset, len(captions.tokenizer), start, arguments.rates)
    if arguments.resume: training.load(torch.load(folder / "regression-high.pt"))
    unet, encoder, patches = training.unet, training.encoder, training.patches
    average = Average([unet, encoder], 0.998)
    log(f"UNet {sum(p.numel() for p in unet.parameters()) / 1e6:.1f} M, text encoder {sum(p.numel() for p in encoder.parameters()) / 1e6:.1f} M")

    levels, size, firsts = noise_levels(), 3 * preset.batch // 4, preset.batch // 4
    difficulty = torch.ones(len(scenes.concepts))
    begin, since, running, next_sheet, is_high = time.time(), 0, {}, 300, True
    while (elapsed := time.time() - begin) < arguments.seconds:
        done = elapsed / arguments.seconds
        if is_high and done > 1 - arguments.decay:
            torch.save(training.state(), folder / "regression-high.pt")
            is_high = False
        if since % 50 == 0:
            # What is drawn badly is drawn more often.
            weights = difficulty[pool.concepts].mean(1)
        indices = torch.multinomial(weights, size, replacement=True)
        at = indices.to(DEVICE)
        x, guidance = pool.latents[at], 1 + 12 * torch.rand(size, device=DEVICE)
        # A third of a step's pictures are first ones, drawn from noise alone.
        timestep = GRID[torch.randint(0, len(GRID) - 1, (size,))].to(DEVICE)
        timestep[:firsts] = GRID[-1]
        a, s = (per_picture(values[timestep]) for values in levels)
        noisy = a * x + s * torch.randn_like(x)
        noisy[:firsts] = torch.randn_like(x[:firsts])
        with half_precision():
            hidden = encoder(captions(pool.captions(indices))).last_hidden_state
            drawn = networks.clean(unet, levels, noisy, timestep, hidden, guidance)
        losses = charbonnier(drawn - x)
        # The states keep on saying what is where.
        told = charbonnier(patches(hidden.float()) - x).mean()
        (losses.mean() + 0.3 * told).backward()
        share = min(1, (since + 1) / 100) * min(1, (1 - done) / arguments.decay)
        for optimizer in training.optimizers: optimizer.step(share)
        average.update()
        training.step, since = training.step + 1, since + 1
        losses, of_things = losses.detach().cpu(), pool.concepts[indices, 0]
        difficulty[of_things[:firsts]] = 0.9 * difficulty[of_things[:firsts]] + 0.1 * losses[:firsts]
        for name, value in {"first": losses[:firsts].mean(), "later": losses[firsts:].mean(), "text": told.detach()}.items():
            running[name] = 0.97 * running.get(name, value.item()) + 0.03 * value.item()
        if training.step % 50 == 0: log("regression", training.step, ", ".join(f"{name} {value:.4f}" for name, value in running.items()))
        if elapsed > next_sheet:
            next_sheet += 480
            with average.applied(), half_precision():
                for steps in (1, 4): sheet(folder / f"sheet-{steps}.png", unet, encoder, coder.decoder, captions, pool.scale, preset.latents, steps)
                torch.save(dict(unet=unet.state_dict(), text=encoder.state_dict(), scale=pool.scale), folder / "regression.pt")
    with average.applied():
        for steps in (1, 4): sheet(folder / f"sheet-{steps}.png", unet, encoder, coder.decoder, captions, pool.scale, preset.latents, steps)
        torch.save(dict(unet=unet.state_dict(), text=encoder.state_dict(), scale=pool.scale), folder / "regression.pt")
