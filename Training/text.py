"""Stage 2: the text encoder learns what captions mean before any picture is drawn.

A linear layer foretells, from the hidden states of the last sixteen places, the latents of a four by four grid of patches. That is
many times cheaper than to learn the same through the UNet, and leaves it states that say what is where.

    python text.py --preset cpu --out WORK --seconds 300
"""
import time

import torch
import torch.nn.functional as F

import autoencoder
import networks
import tokens
from common import DEVICE, half_precision, log, prepare
from muon import Optimizers
from pool import Captions, Pool
from presets import PRESETS, stage_parser
from scenes import Scenes

# The states' last places stand for a grid of so many patches a side.
PATCHES = 4


class Patches(torch.nn.Module):
    def __init__(self, width, side):
        super().__init__()
        self.side = side
        self.head = torch.nn.Linear(width, 4 * side * side)

    def forward(self, hidden):
        values = self.head(hidden[:, -PATCHES * PATCHES:]).view(-1, PATCHES, PATCHES, 4, self.side, self.side)
        return values.permute(0, 3, 1, 4, 2, 5).reshape(-1, 4, PATCHES * self.side, PATCHES * self.side)


if __name__ == "__main__":
    parser = stage_parser("cpu", 300)
    arguments = parser.parse_args()
    preset = PRESETS[arguments.preset]
    prepare(1)
    scenes = Scenes(preset.selection, preset.pixels, seed=1)
    tokenizer = tokens.write(arguments.out / "tokenizer", scenes, preset.tokens)
    pool = Pool(scenes, autoencoder.load(preset, arguments.out / "autoencoder.pt"), preset.scenes // 2)
    encoder, patches, captions = networks.text_encoder(preset, len(tokenizer)), Patches(preset.text_width, preset.latents // PATCHES).to(DEVICE), Captions(tokenizer)
    log(len(tokenizer), "tokens")
    optimizers = Optimizers([encoder, patches], (0.02, 2e-3))
    begin, step, running = time.time(), 0, None
    while (elapsed := time.time() - begin) < arguments.seconds:
        indices = torch.randint(0, len(pool.all), (2 * preset.batch,))
        with half_precision():
            hidden = encoder(captions(pool.captions(indices))).last_hidden_state
        loss = F.smooth_l1_loss(patches(hidden.float()), pool.latents[indices.to(DEVICE)], beta=0.1)
        loss.backward()
        optimizers.step(min(1, (step + 1) / 50) * min(1, 2 * (1 - elapsed / arguments.seconds)))
        step += 1
        running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
        if step % 50 == 0: log("text", step, f"loss {running:.4f}")
    torch.save(dict(text=encoder.state_dict(), patches=patches.state_dict(), scale=pool.scale), arguments.out / "text.pt")
