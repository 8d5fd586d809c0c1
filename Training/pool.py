"""Scenes whose latents are made beforehand, and their captions as tokens."""
import torch

from common import DEVICE, log, half_precision, pixels


class Pool:
    """`count` scenes with scaled latents [count, 4, h, w]."""

    def __init__(self, scenes, autoencoder, count, scale=None):
        self.all, self.drawer = [scenes.scene() for _ in range(count)], scenes
        parts = []
        with torch.no_grad(), half_precision():
            for i in range(0, count, 128):
                pictures = [scenes.picture(scene, scenes.variation()) for scene in self.all[i:i + 128]]
                parts.append(autoencoder.encoder(pixels(pictures)).float().cpu())
        latents = torch.cat(parts)
        self.scale = scale or 1 / latents.std().item()
        self.latents = (latents * self.scale).to(DEVICE)
        self.concepts = torch.tensor([[scene.things[0].concept, scene.things[-1].concept] for scene in self.all])
        log("pool of", count, "scenes, scaling factor", round(self.scale, 4))

    @classmethod
    def kept(cls, path, *arguments, **named):
        """One that was saved, or a new one, saved: latents take minutes to make on a processor."""
        if path.exists():
            pool = torch.load(path, map_location=DEVICE, weights_only=False)
            pool.drawer = arguments[0]
            return pool
        pool = cls(*arguments, **named)
        torch.save(pool, path)
        return pool

    def captions(self, indices): return [self.drawer.caption(self.all[i]) for i in indices.tolist()]


class Captions:
    """Tokens of captions, [B, length]."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    def __call__(self, captions):
        return self.tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt").input_ids.to(DEVICE)
