"""Writes the two lists of captions that emoji-lcm is calibrated with and judged on: prompts-64.txt and prompts-256.txt.

    python3 prompts.py

Of what the model was trained to draw: one of 177 emoji, tinted or not, on a plain ground. Line i of either list is drawn with
seed i, or for calibration with seed 10000 + i; no caption is in both.
"""
import pathlib
import random

FOLDER = pathlib.Path(__file__).resolve().parent
EVALUATION = FOLDER / "prompts-256.txt"
CALIBRATION = FOLDER / "prompts-64.txt"
CALIBRATION_SEED = 10000

NAMES = """
    unicorn, cat, dog, mouse, rabbit, fox, bear, panda, koala, tiger, lion, cow, pig, frog, monkey, chicken, penguin, bird,
    owl, wolf, horse, bee, butterfly, snail, ladybug, turtle, snake, octopus, crab, fish, dolphin, whale, shark, elephant,
    giraffe, sheep, rooster, duck, dragon, dinosaur, cactus, pine tree, palm tree, tree, clover, maple leaf, mushroom, rose,
    tulip, sunflower, cherry blossom, sun, moon, star, rainbow, cloud, lightning, fire, water drop, wave, snowman, snowflake,
    apple, pear, tangerine, lemon, banana, watermelon, grapes, strawberry, cherries, peach, pineapple, tomato, avocado,
    carrot, corn, pepper, bread, cheese, burger, fries, pizza, hot dog, popcorn, donut, cookie, cake, chocolate, lollipop,
    ice cream, coffee, tea, beer, egg, sushi, noodles, soccer ball, pool ball, dice, guitar, piano, drum, trumpet, violin,
    car, taxi, bus, fire truck, tractor, bicycle, airplane, rocket, ufo, helicopter, sailboat, ship, anchor, train, house,
    castle, tent, tower, watch, phone, laptop, camera, light bulb, flashlight, books, pencil, key, lock, hammer, gear, bell,
    balloon, gift, trophy, medal, crown, diamond, ring, hat, top hat, glasses, shirt, dress, shoe, handbag, umbrella, heart,
    smiling face, laughing face, face in love, cool face, crying face, screaming face, robot, ghost, alien, pumpkin, clown,
    baby, eyes, thumbs up, hand, circle, square, triangle, rhombus, bomb, magnet, telescope, microscope, alarm clock, candle
"""
TINTS = ["", "red ", "orange ", "yellow ", "green ", "blue ", "purple ", "pink ", "gray "]
GROUNDS = ["white", "black", "red", "orange", "yellow", "green", "blue", "purple", "pink", "gray"]


def captions():
    """Every caption there is, in an order of its own."""
    names = [" ".join(name.split()) for name in NAMES.split(",")]
    nouns = [tint + name for name in names for tint in TINTS]
    every = [f"{'an' if noun[0] in 'aeiou' else 'a'} {noun} on a {ground} background"
             for noun in nouns for ground in GROUNDS if not noun.startswith(ground)]
    random.Random(0).shuffle(every)
    return every


def read(file):
    return file.read_text().splitlines()


def main():
    every = captions()
    EVALUATION.write_text("\n".join(every[:256]) + "\n")
    CALIBRATION.write_text("\n".join(every[256:256 + 64]) + "\n")


if __name__ == "__main__":
    main()
