"""How often a model draws what its captions say, over scenes that no stage has seen.

Each picture is compared with renders: of its scene in every variation (to know its light), then of what else it could be.

    python evaluate.py --preset cpu --work WORK --model ../Models/emoji-lcm --captions 300 --steps 4
"""
import argparse
import collections
import dataclasses
import itertools
import pathlib

import numpy as np
import torch
from diffusers import AutoencoderTiny, LatentConsistencyModelPipeline
from PIL import Image, ImageDraw

import autoencoder
import classifier
from common import DEVICE, pixels, prepare
from emoji import COLOURS
from presets import PRESETS
from scenes import NUMBERS, PLACES, RELATIONS, TINTS, Scenes

LIGHTS = list(itertools.product((-1, 0, 1), repeat=2))
VARIATIONS = list(itertools.product((-1, 0, 1), repeat=3))


def draw(pipeline, captions, seeds, steps, pixels):
    pictures = []
    for i in range(0, len(captions), 20):
        generators = [torch.Generator().manual_seed(seed) for seed in seeds[i:i + 20]]
        pictures += list(pipeline(captions[i:i + 20], num_inference_steps=steps, guidance_scale=8.0, height=pixels, width=pixels, generator=generators,
                                  output_type="np").images)
    return [(picture * 255).round().astype(np.uint8) for picture in pictures]


class Judge:
    def __init__(self, scenes, model):
        self.scenes, self.model = scenes, model

    def nearest(self, picture, candidates, mask=None):
        """Index of the candidate picture that is nearest in mean absolute difference, where the mask is."""
        weight = 1 if mask is None else mask[..., None]
        return int(np.argmin([(np.abs(candidate.astype(np.float32) - picture) * weight).mean() for candidate in candidates]))

    def variation(self, scene, picture):
        return VARIATIONS[self.nearest(picture, [self.scenes.picture(scene, variation) for variation in VARIATIONS])]

    def mask(self, scene, variation):
        """Where things are: 1 within, 0 on the ground."""
        bare = dataclasses.replace(scene, ground=("white",)), dataclasses.replace(scene, ground=("black",))
        white, black = (self.scenes.picture(each, variation).astype(int) for each in bare)
        return (np.abs(white - black).max(2) < 100).astype(np.float32)

    @torch.no_grad()
    def things(self, scene, variation, picture):
        """For each thing, whether the nearest of all concepts is the right one."""
        right = []
        for thing, *square in self.scenes.placed(scene):
            where = classifier.box(*square)
            alone = dataclasses.replace(scene, things=(thing,), relation=None, count=1, size=None, place="center")
            middle = classifier.box(*self.scenes.placed(alone)[0][1:])
            others = [self.scenes.picture(dataclasses.replace(alone, things=(dataclasses.replace(thing, concept=i),)), variation)
                      for i in range(len(self.scenes.concepts))]
            features = self.model.features(classifier.crops(pixels(others), [middle] * len(others)))
            drawn = self.model.features(classifier.crops(pixels([picture]), [where]))
            right.append(int((features @ drawn[0]).argmax()) == thing.concept)
        return right

    def tint(self, scene, variation, picture):
        """By the pixels of the thing, against the same in each tint and in none, in every light."""
        mask, choices = self.mask(scene, variation), [None, *TINTS]
        pairs = [(tint, (light, warmth, variation[2])) for tint in choices for light, warmth in LIGHTS]
        scenes = [(dataclasses.replace(scene, things=(dataclasses.replace(scene.things[0], tint=tint), *scene.things[1:])), light) for tint, light in pairs]
        return pairs[self.nearest(picture, [self.scenes.picture(*each) for each in scenes], mask)][0] == scene.things[0].tint

    def ground(self, scene, variation, picture):
        ground = 1 - self.mask(scene, variation)
        grounds = [(colour,) for colour in COLOURS] + list(itertools.permutations(COLOURS, 2))
        pairs = [(each, shade) for each in grounds for shade in (-1, 0, 1)]
        candidates = [np.asarray(self.scenes.ground(each, shade)) for each, shade in pairs]
        return pairs[self.nearest(picture, candidates, ground)][0] == scene.ground

    def _among(self, scene, picture, scenes):
        candidates = [(other, variation) for other in scenes for variation in VARIATIONS if variation[2] == 0]
        best = self.nearest(picture, [self.scenes.picture(*candidate) for candidate in candidates])
        return candidates[best][0] == scene

    def count(self, scene, picture): return self._among(scene, picture, [dataclasses.replace(scene, count=count) for count in (1, *NUMBERS)])

    def place(self, scene, picture): return self._among(scene, picture, [dataclasses.replace(scene, place=place) for place in PLACES])

    def relation(self, scene, picture):
        # What is beside is to the left as well.
        others = ("beside", "above", "below") if scene.relation == "beside" else [relation for relation in RELATIONS if relation != "beside"]
        return self._among(scene, picture, [dataclasses.replace(scene, relation=relation) for relation in others])


def contact_sheet(pictures, captions, path, columns=10):
    side = pictures[0].shape[0]
    sheet = Image.new("RGB", (columns * side, -(-len(pictures) // columns) * (side + 24)), "white")
    for i, (picture, caption) in enumerate(zip(pictures, captions)):
        x, y = i % columns * side, i // columns * (side + 24)
        sheet.paste(Image.fromarray(picture), (x, y))
        for line in range(2): ImageDraw.Draw(sheet).text((x + 2, y + side + 11 * line), caption[line * 22:line * 22 + 22], fill="black", font_size=10)
    sheet.save(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset", default="cpu", choices=PRESETS)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--captions", type=int, default=300)
    parser.add_argument("--steps", type=int, default=4)
    arguments = parser.parse_args()
    preset = PRESETS[arguments.preset]
    prepare(6)
    scenes = Scenes(preset.selection, preset.pixels, seed=6)
    pipeline = LatentConsistencyModelPipeline.from_pretrained(arguments.model, torch_dtype=torch.float32).to(DEVICE)
    pipeline.set_progress_bar_config(disable=True)
    chosen = [scenes.scene(held_out=True) for _ in range(arguments.captions)]
    captions = [scenes.caption(scene) for scene in chosen]
    pictures = draw(pipeline, captions, range(len(captions)), arguments.steps, preset.pixels)
    judge = Judge(scenes, classifier.load(arguments.work / "classifier.pt", len(scenes.concepts)))
    verdicts, wrong = collections.defaultdict(list), []
    for scene, caption, picture in zip(chosen, captions, pictures):
        variation = judge.variation(scene, picture)
        things = judge.things(scene, variation, picture)
        if not all(things): wrong.append(caption)
        verdicts["things"] += things
        if scene.relation is None: verdicts["things, alone"] += things
        verdicts["tint"].append(judge.tint(scene, variation, picture))
        if scene.things[0].tint: verdicts["tint, where one is asked for"].append(verdicts["tint"][-1])
        verdicts["ground"].append(judge.ground(scene, variation, picture))
        if scene.count > 1: verdicts["count"].append(judge.count(scene, picture))
        if scene.place: verdicts["place"].append(judge.place(scene, picture))
        if scene.relation: verdicts["relation"].append(judge.relation(scene, picture))
    for name, values in verdicts.items(): print(f"{name:32} {100 * np.mean(values):5.1f} % of {len(values)}")
    print("things drawn wrong:", *wrong, sep="\n  ")
    pairs = list(zip(pictures, draw(pipeline, captions[:50], range(1000, 1000 + len(captions[:50])), arguments.steps, preset.pixels)))
    differences = [np.abs(a.astype(int) - b).mean() for a, b in pairs]
    print(f"two seeds differ by {np.mean(differences):.1f} of 255 on average; {sum(each > 2 for each in differences)} of {len(pairs)} pairs by more than 2")
    coder = AutoencoderTiny.from_pretrained(arguments.model, subfolder="vae", torch_dtype=torch.float32).to(DEVICE)
    print(f"autoencoder, held-out renders: {autoencoder.psnr(coder, scenes, 200):.2f} dB")
    contact_sheet(pictures[:100], captions[:100], arguments.work / f"sheet-{arguments.steps}-steps.png")
