"""Pictures and the captions that say what is in them.

A scene is fixed by its words and by three normal numbers, its "variation": how light and how warm its things are, and
the shade of the ground. The variation is what a seed decides.
"""
import dataclasses
import hashlib
import random
import sys

import numpy as np
from PIL import Image

import emoji
from emoji import COLOURS

TINTS = ["red", "orange", "yellow", "green", "blue", "purple", "pink", "gray"]
# Of a picture's side; sixteenths, so that things can lie on the grid of latents.
SIZES = {"tiny": 4 / 16, "small": 7 / 16, "big": 14 / 16, "huge": 1}
USUAL_SIZE, SMALL_SIZE, MARGIN = 12 / 16, 7 / 16, 1 / 16
# Of the room between the margins.
PLACES = {"left": (0, 0.5), "right": (1, 0.5), "top": (0.5, 0), "bottom": (0.5, 1), "center": (0.5, 0.5),
          "top left": (0, 0), "top right": (1, 0), "bottom left": (0, 1), "bottom right": (1, 1)}
NUMBERS = {2: "two", 3: "three", 4: "four"}
RELATIONS = {"beside": ["and", "and", "next to", "beside", "with"], "left": ["to the left of", "left of"], "right": ["to the right of", "right of"],
             "above": ["on top of", "above", "over", "on"], "below": ["under", "below", "underneath"]}
LEADS = ["", "", "", "a picture of ", "an emoji of ", "a drawing of ", "an image of ", "an icon of "]
ADJECTIVES = ["beautiful ", "cute ", "nice ", "simple "]
TRAILERS = [", 8k", ", high quality", ", best quality", ", highly detailed", ", emoji", ", masterpiece"]


@dataclasses.dataclass(frozen=True)
class Thing:
    concept: int
    tint: str | None


@dataclasses.dataclass(frozen=True)
class Scene:
    things: tuple
    #: One colour, or two for a gradient.
    ground: tuple
    size: str | None = None
    place: str | None = None
    count: int = 1
    relation: str | None = None

    def is_held_out(self):
        """One in twelve combinations is never trained on."""
        return hashlib.md5(repr(self).encode()).digest()[0] % 12 == 0


def plural(name):
    if name.endswith("s") and not name.endswith(("ss", "us")): return name
    head, _, last = name.rpartition(" ")
    irregular = {"mouse": "mice", "tooth": "teeth", "wolf": "wolves", "goose": "geese", "sheep": "sheep", "fish": "fish", "deer": "deer", "leaf": "leaves",
                 "person": "people", "loaf": "loaves", "moose": "moose", "ox": "oxen"}
    if last in irregular: last = irregular[last]
    elif last.endswith(("s", "x", "ch", "sh")): last += "es"
    elif last.endswith("y") and last[-2] not in "aeiou": last = last[:-1] + "ies"
    else: last += "s"
    return f"{head} {last}".strip()


def with_article(noun, rng):
    wrong = rng.random()
    if wrong < 0.06 or noun.startswith("the "): return noun
    right = "an " if noun[0] in "aeiou" else "a "
    if wrong < 0.10: return ("a " if right == "an " else "an ") + noun
    return ("the " if wrong < 0.14 else right) + noun


def tinted(image, colour):
    """Shadows in the colour, lights towards white."""
    pixels = np.asarray(image).astype(np.float32)
    luminance = (pixels[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32) / 255).clip(0, 1)[..., None]
    colour = np.array(COLOURS[colour], np.float32)
    pixels[..., :3] = np.where(luminance < 0.6, colour * (0.05 + 0.95 * luminance / 0.6), colour + (255 - colour) * (luminance - 0.6) / 0.4)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8), "RGBA")


def lit(glyph, light, warmth):
    """Darker or lighter, and with more red and less blue or the other way round."""
    pixels = np.asarray(glyph).astype(np.float32)
    pixels[..., :3] *= (1 + 0.12 * light) * (1 + 0.05 * warmth * np.array([1, 0, -1], np.float32))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8), "RGBA")


def squared(glyph):
    side = max(glyph.size)
    square = Image.new("RGBA", (side, side))
    square.paste(glyph, ((side - glyph.width) // 2, (side - glyph.height) // 2))
    return square


class Scenes:
    """Draws scenes, their pictures and their captions at random."""

    def __init__(self, selection, pixels, seed=0):
        self.pixels, self.rng = pixels, random.Random(seed)
        chosen = emoji.concepts(selection)
        self.concepts = [concept for concept, _ in chosen]
        self.glyphs = [squared(glyph) for _, glyph in chosen]
        self.tinted, self.sized = {}, {}

    # Scenes

    def scene(self, held_out=False):
        """A scene of the training's combinations, or of the held-out ones."""
        while True:
            scene = self._any_scene()
            if scene.is_held_out() == held_out: return scene

    def _any_scene(self):
        rng = self.rng
        things = [Thing(rng.randrange(len(self.concepts)), rng.choice(TINTS) if rng.random() < 0.35 else None)]
        colours = [colour for colour in COLOURS if colour != things[0].tint]
        kind = rng.random()
        ground = ("white",) if kind < 0.3 else (rng.choice(colours),) if kind < 0.83 else tuple(rng.sample(colours, 2))
        kind = rng.random()
        if kind < 0.36: return Scene(tuple(things), ground)
        if kind < 0.46: return Scene(tuple(things), ground, size=rng.choice(list(SIZES)))
        if kind < 0.58: return Scene(tuple(things), ground, place=rng.choice(list(PLACES)), size=rng.choice([None, None, None, "tiny", "small"]))
        if kind < 0.74: return Scene(tuple(things), ground, count=rng.choice(list(NUMBERS)))
        second = Thing(rng.randrange(len(self.concepts)), rng.choice(TINTS) if rng.random() < 0.25 else None)
        if second.concept == things[0].concept or second.tint in ground: return self._any_scene()
        return Scene((things[0], second), ground, relation=rng.choice(list(RELATIONS)))

    def variation(self): return tuple(min(2, max(-2, self.rng.gauss(0, 1))) for _ in range(3))

    # Pictures

    def picture(self, scene, variation):
        """RGB uint8 of shape [pixels, pixels, 3]."""
        light, warmth, shade = variation
        image = self.ground(scene.ground, shade)
        for thing, left, top, side in self.placed(scene):
            glyph = lit(self._glyph(thing, side), light, warmth)
            image.paste(glyph, (left, top), glyph)
        return np.asarray(image)

    def placed(self, scene):
        """(thing, left, top, side) in pixels of everything in the scene."""
        return [(thing, *self._square(size, where)) for thing, size, where in self._arranged(scene)]

    def _arranged(self, scene):
        first = scene.things[0]
        if scene.relation is not None:
            places = {"beside": ("left", "right"), "left": ("left", "right"), "right": ("right", "left"), "above": ("top", "bottom"), "below": ("bottom", "top")}
            return [(thing, SMALL_SIZE, PLACES[place]) for thing, place in zip(scene.things, places[scene.relation])]
        if scene.count > 1:
            places = {2: ("left", "right"), 3: ("top", "bottom left", "bottom right"), 4: ("top left", "top right", "bottom left", "bottom right")}
            return [(first, SMALL_SIZE, PLACES[place]) for place in places[scene.count]]
        usual = USUAL_SIZE if scene.place is None else SMALL_SIZE
        return [(first, SIZES.get(scene.size, usual), PLACES[scene.place or "center"])]

    def _square(self, size, where):
        """Corners lie on the grid of latents: off it, all latents of a thing would be others."""
        side, margin = round(self.pixels * size), self.pixels * MARGIN
        if size == 1: return 0, 0, side
        return *(8 * round((margin + part * (self.pixels - side - 2 * margin)) / 8) for part in where), side

    def ground(self, colours, shade):
        first, last = (np.array(COLOURS[colours[i]], np.float32) for i in (0, -1))
        if len(colours) == 1:
            if colours[0] not in ("white", "black"): first = (first * (1 + 0.08 * shade)).clip(0, 255)
            return Image.new("RGB", (self.pixels, self.pixels), tuple(int(value) for value in first))
        ramp = first + (last - first) * np.linspace(0, 1, self.pixels, dtype=np.float32)[None, :, None]
        return Image.fromarray(np.repeat(ramp.astype(np.uint8), self.pixels, 0), "RGB")

    def _glyph(self, thing, side):
        key = (thing, side)
        if key not in self.sized:
            if thing not in self.tinted:
                glyph = self.glyphs[thing.concept]
                self.tinted[thing] = glyph if thing.tint is None else tinted(glyph, thing.tint)
            self.sized[key] = self.tinted[thing].resize((side, side), Image.LANCZOS)
        return self.sized[key]

    # Captions

    def _noun(self, thing, count=1, before=""):
        concept = self.concepts[thing.concept]
        name = self.rng.choice(concept.synonyms) if concept.synonyms and self.rng.random() < 0.15 else concept.name
        return before + (f"{thing.tint} " if thing.tint else "") + (plural(name) if count > 1 else name)

    def caption(self, scene):
        """What a person would ask for to get the scene."""
        rng = self.rng
        lead = rng.choice(LEADS)
        adjective = rng.choice(ADJECTIVES) if rng.random() < 0.2 else ""
        first = scene.things[0]
        if scene.relation is not None:
            words = rng.choice(RELATIONS[scene.relation])
            text = f"{with_article(self._noun(first, before=adjective), rng)} {words} {with_article(self._noun(scene.things[1]), rng)}"
        elif scene.count > 1:
            number = str(scene.count) if rng.random() < 0.15 else NUMBERS[scene.count]
            text = f"{number} {adjective}{self._noun(first, scene.count)}"
        else:
            text = with_article(self._noun(first, before=adjective + (f"{scene.size} " if scene.size else "")), rng)
        if scene.place is not None:
            place = scene.place
            if place == "center": where = [" in the center", " in the middle"]
            elif " " in place: where = [f" in the {place}", f" in the {place} corner", f", {place}"]
            else: where = [f" on the {place}", f" at the {place}", f", {place}"]
            text += rng.choice(where)
        ground = scene.ground
        if len(ground) == 2:
            grounds = [f" on a gradient from {ground[0]} to {ground[1]}", f" on a {ground[0]} to {ground[1]} gradient", f", {ground[0]} to {ground[1]} gradient background"]
        else:
            grounds = [f" on a {ground[0]} background", f" on {ground[0]}", f", {ground[0]} background", f" on a {ground[0]} ground"]
        if ground != ("white",) or rng.random() < 0.3: text += rng.choice(grounds)
        if rng.random() < 0.12: text += rng.choice(TRAILERS)
        return lead + text


if __name__ == "__main__":
    # python scenes.py SHEET.png: what scenes look like, and their captions.
    scenes = Scenes("common", 128)
    drawn = [scenes.scene() for _ in range(48)]
    rows = [np.concatenate([scenes.picture(scene, scenes.variation()) for scene in drawn[i:i + 8]], 1) for i in range(0, 48, 8)]
    Image.fromarray(np.concatenate(rows)).save(sys.argv[1])
    for scene in drawn: print(scenes.caption(scene))
