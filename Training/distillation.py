"""Stage 4 with an accelerator: latent consistency distillation (Luo et al. 2023) of the teacher, guidance scales from 1 to 13.

The student at timestep t must foretell what its own average foretells at t - 20, where the teacher's guided DDIM step leads.

    python distillation.py --preset cuda --out WORK --seconds 560 [--resume]
"""
import copy
import math
import time

import torch
from transformers import CLIPTokenizer

import autoencoder
import networks
from common import DEVICE, GRID, Average, half_precision, log, noise_levels, per_picture, prepare
from muon import Optimizers
from pool import Captions, Pool
from presets import PRESETS, stage_parser
from scenes import Scenes


def boundary(timestep):
    """c_skip and c_out of LCM, with its timestep scaling of 10 and its sigma of 0.5."""
    scaled = per_picture(timestep.float() * 10)
    return 0.25 / (scaled.square() + 0.25), scaled / (scaled.square() + 0.25).sqrt()


def consistent(unet, levels, noisy, timestep, hidden, guidance):
    skip, out = boundary(timestep)
    return skip * noisy + out * networks.clean(unet, levels, noisy, timestep, hidden, guidance)


if __name__ == "__main__":
    parser = stage_parser("cuda", 560, rates=(0.005, 3e-4))
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
    preset, folder = PRESETS[arguments.preset], arguments.out
    prepare(4)
    captions = Captions(CLIPTokenizer.from_pretrained(folder / "tokenizer"))
    start = torch.load(folder / "teacher.pt", map_location=DEVICE)
    scenes = Scenes(preset.selection, preset.pixels, seed=int(time.time()) if arguments.resume else 4)
    pool = Pool(scenes, autoencoder.load(preset, folder / "autoencoder.pt"), preset.scenes // 2, scale=start["scale"])
    encoder, teacher, student = networks.text_encoder(preset, len(captions.tokenizer)), networks.unet(preset), networks.unet(preset)
    encoder.load_state_dict(start["text"]), teacher.load_state_dict(start["unet"])
    encoder.eval().requires_grad_(False), teacher.eval().requires_grad_(False)
    student.load_state_dict(torch.load(folder / "student.pt", map_location=DEVICE)["unet"] if arguments.resume else start["unet"])
    average, target = Average([student], 0.98), copy.deepcopy(student).requires_grad_(False)
    average.values = list(target.parameters())
    optimizers = Optimizers([student], arguments.rates)

    levels, one, begin, step, running = noise_levels(), torch.ones(preset.batch, device=DEVICE), time.time(), 0, None
    with torch.no_grad(): nothing = encoder(captions([""])).last_hidden_state.expand(preset.batch, -1, -1)
    while (elapsed := time.time() - begin) < arguments.seconds:
        indices = torch.randint(0, len(pool.all), (preset.batch,))
        x = pool.latents[indices.to(DEVICE)]
        timestep = GRID[torch.randint(0, len(GRID), (preset.batch,))].to(DEVICE)
        earlier = (timestep - 20).clamp(min=0)
        noisy = per_picture(levels[0][timestep]) * x + per_picture(levels[1][timestep]) * torch.randn_like(x)
        guidance = 1 + 12 * torch.rand(preset.batch, device=DEVICE)
        with torch.no_grad(), half_precision():
            hidden = encoder(captions(pool.captions(indices))).last_hidden_state
            with_text, without = (networks.clean(teacher, levels, noisy, timestep, each, one) for each in (hidden, nothing))
            clean = without + per_picture(guidance) * (with_text - without)
            noise = (noisy - per_picture(levels[0][timestep]) * clean) / per_picture(levels[1][timestep])
            stepped = per_picture(levels[0][earlier]) * clean + per_picture(levels[1][earlier]) * noise
            wanted = consistent(target, levels, stepped, earlier, hidden, guidance)
            wanted = torch.where(per_picture(timestep) == GRID[0], x, wanted)
        with half_precision(): foretold = consistent(student, levels, noisy, timestep, hidden, guidance)
        loss = ((foretold - wanted).square() + 1e-6).sqrt().mean()
        loss.backward()
        optimizers.step(min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * elapsed / arguments.seconds)))
        average.update()
        step += 1
        running = loss.item() if running is None else 0.99 * running + 0.01 * loss.item()
        if step % 100 == 0: log("distillation", step, f"loss {running:.4f}")
    torch.save(dict(unet=target.state_dict(), text=encoder.state_dict(), scale=pool.scale), folder / "student.pt")
