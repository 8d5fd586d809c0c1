"""Stage 3 with an accelerator: a diffusion model of many steps, the teacher. Captions are left out at times, for classifier-free guidance.

    python teacher.py --preset cuda --out WORK --seconds 560 [--resume]
"""
import random
import time

import torch
from transformers import CLIPTokenizer

import autoencoder
import networks
from common import DEVICE, Average, half_precision, log, noise_levels, per_picture, prepare
from muon import Optimizers
from pool import Captions, Pool
from presets import PRESETS, stage_parser
from scenes import Scenes

if __name__ == "__main__":
    parser = stage_parser("cuda", 560, rates=(0.02, 1e-3))
    parser.add_argument("--resume", action="store_true", help="go on from where the stage was stopped, with another pool")
    parser.add_argument("--last", action="store_true", help="let the rates fall to nothing at the end")
    arguments = parser.parse_args()
    preset, folder = PRESETS[arguments.preset], arguments.out
    prepare(3)
    captions = Captions(CLIPTokenizer.from_pretrained(folder / "tokenizer"))
    start = torch.load(folder / "text.pt", map_location=DEVICE)
    scenes = Scenes(preset.selection, preset.pixels, seed=int(time.time()) if arguments.resume else 3)
    pool = Pool(scenes, autoencoder.load(preset, folder / "autoencoder.pt"), preset.scenes, scale=start["scale"])
    encoder, unet = networks.text_encoder(preset, len(captions.tokenizer)), networks.unet(preset)
    encoder.load_state_dict(start["text"])
    optimizers, average = Optimizers([unet, encoder], arguments.rates), Average([unet, encoder], 0.9995)
    if arguments.resume:
        kept = torch.load(folder / "teacher-state.pt", map_location=DEVICE)
        unet.load_state_dict(kept["unet"]), encoder.load_state_dict(kept["text"]), optimizers.load_state_dict(kept["optimizers"])
        average.values, average.steps = kept["average"], kept["steps"]

    (alpha, sigma), begin, step, running = noise_levels(), time.time(), 0, None
    one = torch.ones(preset.batch, device=DEVICE)
    while (elapsed := time.time() - begin) < arguments.seconds:
        indices = torch.randint(0, len(pool.all), (preset.batch,))
        x, texts = pool.latents[indices.to(DEVICE)], ["" if random.random() < 0.1 else text for text in pool.captions(indices)]
        timestep, noise = torch.randint(0, 1000, (preset.batch,), device=DEVICE), torch.randn_like(x)
        a, s = per_picture(alpha[timestep]), per_picture(sigma[timestep])
        with half_precision():
            hidden = encoder(captions(texts)).last_hidden_state
            v = unet(a * x + s * noise, timestep, hidden, timestep_cond=networks.guidance_embedding(one)).sample.float()
        loss = (v - (a * noise - s * x)).square().mean()
        loss.backward()
        optimizers.step(min(1, (step + 1) / 200) * (min(1, 3 * (1 - elapsed / arguments.seconds)) if arguments.last else 1))
        average.update()
        step += 1
        running = loss.item() if running is None else 0.99 * running + 0.01 * loss.item()
        if step % 100 == 0: log("teacher", step, f"loss {running:.4f}")
    torch.save(dict(unet=unet.state_dict(), text=encoder.state_dict(), optimizers=optimizers.state_dict(), average=average.values, steps=average.steps),
               folder / "teacher-state.pt")
    with average.applied(): torch.save(dict(unet=unet.state_dict(), text=encoder.state_dict(), scale=pool.scale), folder / "teacher.pt")
