"""A small network that tells the concepts apart; its features judge what a model has drawn.

    python classifier.py --preset cpu --out WORK --seconds 240
"""
import time

import torch
import torch.nn.functional as F
from torch import nn

from common import DEVICE, half_precision, log, pixels, prepare
from presets import PRESETS, stage_parser
from scenes import Scenes

SIDE = 48


def block(channels_in, channels_out):
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, 2, 1, bias=False), nn.BatchNorm2d(channels_out), nn.ReLU(),
                         nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False), nn.BatchNorm2d(channels_out), nn.ReLU())


class Classifier(nn.Module):
    def __init__(self, concepts):
        super().__init__()
        self.trunk = nn.Sequential(block(3, 48), block(48, 96), block(96, 192), nn.Flatten(), nn.Linear(192 * (SIDE // 8) ** 2, 256))
        self.head = nn.Linear(256, concepts)

    def features(self, x): return F.normalize(self.trunk(x), dim=1)

    def forward(self, x): return self.head(20 * self.features(x))


def crops(pictures, boxes):
    """Square crops [N, 3, SIDE, SIDE] of pictures [N, 3, H, W]; boxes are (left, top, right, bottom) in pixels."""
    parts = []
    for picture, (left, top, right, bottom) in zip(pictures, boxes):
        pad = max(0, -left, -top, right - picture.shape[2], bottom - picture.shape[1])
        padded = F.pad(picture[None], (pad,) * 4, mode="replicate")
        crop = padded[..., top + pad:bottom + pad, left + pad:right + pad]
        parts.append(F.interpolate(crop, (SIDE, SIDE), mode="area" if crop.shape[-1] >= SIDE else "bilinear"))
    return torch.cat(parts)


def box(left, top, side, shift=(0, 0)):
    """The square of a thing."""
    return left + shift[0], top + shift[1], left + shift[0] + side, top + shift[1] + side


def roughened(x):
    """Blurred, noisy and faded, as drawn pictures are."""
    scale = 1 + 2 * torch.rand(1).item()
    x = F.interpolate(F.interpolate(x, scale_factor=1 / scale, mode="area"), x.shape[-2:], mode="bilinear")
    return (x * (0.8 + 0.4 * torch.rand(len(x), 1, 1, 1, device=x.device)) + 0.08 * torch.randn_like(x)).clamp(-1, 1)


def load(path, concepts):
    model = Classifier(concepts)
    model.load_state_dict(torch.load(path, map_location="cpu"))
    return model.eval().to(DEVICE)


if __name__ == "__main__":
    parser = stage_parser("cpu", 240)
    arguments = parser.parse_args()
    preset = PRESETS[arguments.preset]
    prepare(5)
    scenes = Scenes(preset.selection, preset.pixels, seed=5)
    model = Classifier(len(scenes.concepts)).to(DEVICE, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=0.05)

    def batch(held_out):
        pictures, boxes, labels = [], [], []
        for _ in range(128):
            scene, variation = scenes.scene(held_out), scenes.variation()
            placed = scenes.placed(scene)
            thing, *square = placed[torch.randint(0, len(placed), ()).item()]
            pictures.append(scenes.picture(scene, variation))
            boxes.append(box(*square, torch.randint(-4, 5, (2,)).tolist()))
            labels.append(thing.concept)
        return crops(pixels(pictures), boxes), torch.tensor(labels, device=DEVICE)

    begin, step = time.time(), 0
    while (elapsed := time.time() - begin) < arguments.seconds:
        for group in optimizer.param_groups: group["lr"] = 2e-3 * min(1, (step + 1) / 50) * (1 - elapsed / arguments.seconds)
        x, labels = batch(False)
        with half_precision(): loss = F.cross_entropy(model(roughened(x)).float(), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 50 == 0: log("classifier", step, f"loss {loss.item():.3f}")
    model.eval()
    with torch.no_grad():
        right = [(model(roughened(x)).argmax(1) == labels).float().mean().item() for x, labels in (batch(True) for _ in range(8))]
    log(f"right of held-out renders: {sum(right) / len(right):.3f}")
    torch.save(model.state_dict(), arguments.out / "classifier.pt")
