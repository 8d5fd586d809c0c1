"""Pictures and the captions that say what is in them.

A scene is fixed by its words and by four normal numbers, its "variation": which way things look, where they stand in
the room that the words leave, and the shade of the ground. The variation is what a seed decides.
"""
import dataclasses
import hashlib
import random
import sys

import numpy as np
from PIL import Image, ImageOps

import emoji
from emoji import COLOURS

TINTS = ["red", "orange", "yellow", "green", "blue", "purple", "pink", "gray"]
# Of a picture's side.
SIZES = {"tiny": 0.25, "small": 0.44, "big": 0.88, "huge": 1.0}
USUAL_SIZE, SMALL_SIZE = 0.75, 0.46
NEAR, FAR = 0.27, 0.73
PLACES = {"left": (NEAR, 0.5), "right": (FAR, 0.5), "top": (0.5, NEAR), "bottom": (0.5, FAR), "center": (0.5, 0.5),
          "top left": (NEAR, NEAR), "top right": (FAR, NEAR), "bottom left": (NEAR, FAR), "bottom right": (FAR, FAR)}
NUMBERS = {2: "two", 3: "three", 4: "four"}
RELATIONS = {"beside": ["and", "and", "next to", "beside", "with"], "left": ["to the left of", "left of"], "right": ["to the right of", "right of"],
             "above": ["on top of", "above", "over", "on"], "below": ["under", "below", "underneath"]}
VARIATION = 4
# Numbers below it shift nothing.
STILL = 0.5
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


class Scenes:
    """Draws scenes, their pictures and their captions at random."""

    def __init__(self, selection, pixels, seed=0):
        self.pixels, self.rng = pixels, random.Random(seed)
        chosen = emoji.concepts(selection)
        self.concepts = [concept for concept, _ in chosen]
        self.glyphs = [self._square(glyph) for _, glyph in chosen]
        self.tinted, self.sized = {}, {}

    def _square(self, glyph):
        side = max(glyph.size)
        square = Image.new("RGBA", (side, side))
        square.paste(glyph, ((side - glyph.width) // 2, (side - glyph.height) // 2))
        return square

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
        if kind < 0.50: return Scene(tuple(things), ground)
        if kind < 0.60: return Scene(tuple(things), ground, size=rng.choice(list(SIZES)))
        if kind < 0.71: return Scene(tuple(things), ground, place=rng.choice(list(PLACES)), size=rng.choice([None, None, None, "tiny", "small"]))
        if kind < 0.83: return Scene(tuple(things), ground, count=rng.choice(list(NUMBERS)))
        second = Thing(rng.randrange(len(self.concepts)), rng.choice(TINTS) if rng.random() < 0.25 else None)
        if second.concept == things[0].concept or second.tint in ground: return self._any_scene()
        return Scene((things[0], second), ground, relation=rng.choice(list(RELATIONS)))

    def variation(self, plain=False):
        """`plain`: among those where nothing is mirrored or shifted."""
        mirrored, across, down, shade = (self.rng.gauss(0, 1) for _ in range(VARIATION))
        while plain and max(abs(across), abs(down)) >= STILL: across, down = self.rng.gauss(0, 1), self.rng.gauss(0, 1)
        return -abs(mirrored) if plain else mirrored, across, down, shade

    # Pictures

    def picture(self, scene, variation):
        """RGB uint8 of shape [pixels, pixels, 3]."""
        mirrored, _, _, shade = variation
        image = self.ground(scene.ground, shade)
        for thing, centre, size in self.placed(scene, variation):
            side = round(self.pixels * size)
            glyph = self._glyph(thing, side, mirrored > 0)
            image.paste(glyph, (round(centre[0] * self.pixels - side / 2), round(centre[1] * self.pixels - side / 2)), glyph)
        return np.asarray(image)

    def placed(self, scene, variation):
        """(thing, centre, size) of everything in the scene. Shifts are whole latents, which makes them easy to learn."""
        _, across, down, _ = variation
        first = scene.things[0]
        if scene.relation is not None:
            second = scene.things[1]
            low, high = (NEAR, 0.5), (FAR, 0.5)
            if scene.relation in ("above", "below"): low, high = (0.5, NEAR), (0.5, FAR)
            swapped = scene.relation in ("right", "below") or scene.relation == "beside" and across < 0
            return [(first, high if swapped else low, SMALL_SIZE), (second, low if swapped else high, SMALL_SIZE)]
        if scene.count == 2:
            offset = 0 if across > 0 else NEAR - 0.5
            return [(first, (NEAR, 0.5 + offset), SMALL_SIZE), (first, (FAR, 0.5 - offset), SMALL_SIZE)]
        if scene.count == 3:
            alone, others = (NEAR, FAR) if across > 0 else (FAR, NEAR)
            return [(first, (0.5, alone), SMALL_SIZE), (first, (NEAR, others), SMALL_SIZE), (first, (FAR, others), SMALL_SIZE)]
        if scene.count == 4: return [(first, (x, y), SMALL_SIZE) for y in (NEAR, FAR) for x in (NEAR, FAR)]
        if scene.place is not None: return [(first, PLACES[scene.place], SIZES.get(scene.size, SMALL_SIZE))]
        size = SIZES.get(scene.size, USUAL_SIZE)
        step = 0 if scene.size == "huge" else 1 / 16
        return [(first, tuple(0.5 + step * (0 if abs(value) < STILL else np.sign(value)) for value in (across, down)), size)]

    def ground(self, colours, shade):
        first, last = (np.array(COLOURS[colours[i]], np.float32) for i in (0, -1))
        if len(colours) == 1:
            if colours[0] not in ("white", "black"): first = (first * (1 + 0.06 * np.clip(shade, -2, 2))).clip(0, 255)
            return Image.new("RGB", (self.pixels, self.pixels), tuple(int(value) for value in first))
        ramp = np.linspace(0, 1, self.pixels, dtype=np.float32)[:, None, None]
        ramp = np.broadcast_to(ramp if shade > 0 else ramp.transpose(1, 0, 2), (self.pixels, self.pixels, 1))
        return Image.fromarray((first + (last - first) * ramp).astype(np.uint8), "RGB")

    def _glyph(self, thing, side, mirrored):
        key = (thing, side, mirrored)
        if key not in self.sized:
            if thing not in self.tinted:
                glyph = self.glyphs[thing.concept]
                self.tinted[thing] = glyph if thing.tint is None else tinted(glyph, thing.tint)
            glyph = self.tinted[thing].resize((side, side), Image.LANCZOS)
            self.sized[key] = ImageOps.mirror(glyph) if mirrored else glyph
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
