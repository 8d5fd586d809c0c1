"""The things that the model can draw: glyphs of Noto Color Emoji (SIL OFL 1.1), named by Unicode's CLDR.

Debian's packages fonts-noto-color-emoji, unicode-data and unicode-cldr-core bring the three files.
"""
import dataclasses
import functools
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
from PIL import Image, ImageDraw, ImageFont, features

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
EMOJI = "/usr/share/unicode/emoji/emoji-test.txt"
ANNOTATIONS = ["/usr/share/unicode/cldr/common/annotations/en.xml", "/usr/share/unicode/cldr/common/annotationsDerived/en.xml"]
# The size at which the font's bitmaps are stored, and the width of one glyph there.
FONT_SIZE, GLYPH_WIDTH = 109, 136
SKIN_TONES = {chr(c) for c in range(0x1F3FB, 0x1F400)}

COLOURS = {"white": (255, 255, 255), "black": (24, 24, 24), "red": (220, 40, 40), "orange": (250, 140, 20),
           "yellow": (250, 220, 50), "green": (50, 170, 70), "blue": (50, 110, 230), "purple": (140, 60, 190),
           "pink": (250, 120, 180), "gray": (140, 140, 140)}
COLOUR_WORDS = {*COLOURS, "brown"}

# What people say for what CLDR calls otherwise. Where CLDR's name has a colour in it, the colour would be read as a tint.
# These come first: of glyphs that look alike, the first one stays.
NAMES = {"red apple": "apple", "red heart": "heart", "automobile": "car", "oncoming automobile": None, "hamburger": "burger",
         "french fries": "fries", "soft ice cream": "ice cream", "ice cream": None, "doughnut": "donut", "birthday cake": "cake",
         "shortcake": None, "hot beverage": "coffee", "teacup without handle": "tea", "beer mug": "beer", "rabbit face": "rabbit", "rabbit": None, "mouse face": "mouse", "mouse": None, "ewe": "sheep", "locked": "lock", "cheese wedge": "cheese",
         "lady beetle": "ladybug", "honeybee": "bee", "spouting whale": "whale", "whale": None, "sauropod": "dinosaur",
         "high voltage": "lightning", "droplet": "water drop", "water wave": "wave", "snowman without snow": "snowman", "snowman": None,
         "globe showing Europe-Africa": "earth", "sun with face": "sun face", "sun": "sun", "crescent moon": "moon", "ear of corn": "corn",
         "flying saucer": "ufo", "fire engine": "fire truck", "locomotive": "train", "Tokyo tower": "tower", "moai": "statue",
         "mobile phone": "phone", "wrapped gift": "gift", "gem stone": "diamond", "woman’s hat": "hat", "running shoe": "shoe",
         "t-shirt": "shirt", "umbrella": "umbrella", "closed umbrella": None, "house": "house", "sunglasses": "sunglasses",
         "jack-o-lantern": "pumpkin", "grinning face": "smiling face", "face with tears of joy": "laughing face", "smiling face": None,
         "smiling face with heart-eyes": "face in love", "smiling face with sunglasses": "cool face", "crying face": "crying face",
         "angry face": "angry face", "face screaming in fear": "screaming face", "clown face": "clown", "raised hand": "hand",
         "red circle": "circle", "red square": "square", "red triangle pointed up": "triangle", "large orange diamond": "rhombus",
         "game die": "dice", "musical keyboard": "piano", "chocolate bar": "chocolate", "steaming bowl": "noodles", "hot pepper": "pepper",
         "1st place medal": "medal", "white flower": None, "black cat": None, "black bird": None, "black heart": None,
         "orange book": None, "green book": None, "blue book": None, "closed book": "book", "white cane": None, "wine glass": "wine",
         "glass of milk": "milk", "bullet train": None, "high-speed train": None, "tram car": None, "bento box": "lunch box",
         "pool 8 ball": "pool ball", "video game": "game controller", "artist palette": "palette", "thread": "spool of thread",
         "pine decoration": None, "evergreen tree": "pine tree", "deciduous tree": "tree", "four leaf clover": "clover", "light bulb": "light bulb",
         "skateboard": "skateboard", "Christmas tree": "christmas tree", "Statue of Liberty": "statue of liberty", "Santa Claus": "santa claus",
         "mount fuji": "mountain", "chequered flag": "checkered flag", "waning crescent moon": None, "glowing star": None}
# Subgroups of things that look like what they are called; the rest are faces and people in many forms, signs, and flags.
COMMON = """heart face-costume animal-mammal animal-bird animal-amphibian animal-reptile animal-marine animal-bug plant-flower plant-other
food-fruit food-vegetable food-prepared food-asian food-marine food-sweet drink place-geographic place-building place-other transport-ground
transport-water transport-air sky_&_weather event award-medal sport game arts_&_crafts clothing music musical-instrument phone computer
light_&_video book-paper writing lock tool science household""".split()
COMMON_ALSO = set("😀😂😍😎😢😱😴🤔👍👎✋👀👄👂👃🧠🦷👶🧙🧚🎅🧛👣💣🔔🔴🟥🔺🔶🏁⚓🥇⏰⌚🎩🏖")
# Of the names of two words these are common too; of those of one word these are not.
COMMON_PAIRS = """speech balloon, broken heart, two hearts, teddy bear, polar bear, guide dog, cherry blossom, potted plant, palm tree, maple leaf,
bell pepper, hot dog, rice ball, fried shrimp, fortune cookie, honey pot, baby bottle, bubble tea, desert island, ferris wheel, roller coaster,
circus tent, police car, pickup truck, delivery truck, racing car, motor scooter, roller skate, fuel pump, stop sign, shooting star, spider web,
party popper, military medal, soccer ball, american football, boxing glove, ice hockey, fishing pole, diving mask, water pistol, crystal ball,
slot machine, puzzle piece, chess pawn, heart suit, framed picture, shopping bags, hiking boot, high-heeled shoe, graduation cap, musical note,
studio microphone, movie camera, floppy disk, light bulb, open book, fountain pen, crossed swords, balance scale, test tube, thumbs up,
thumbs down, cat face, dog face, santa claus, kiwi fruit, tropical fish, monkey face, dragon face, fire extinguisher, paw prints, baby chick,
alarm clock, ice cream, nesting dolls, christmas tree, top hat, hatching chick, tiger face, horse face, alien monster""".replace("\n", " ").split(", ")
UNCOMMON = """collision zzz merperson mage ox ram hibiscus hyacinth herb shamrock rosette blossom mango ginger flatbread tamale falafel fondue oden dango
custard mate ice stadium brick rock wood hut camping factory bank hospital hotel school wedding foggy cityscape metro station tram monorail trolleybus minibus
ambulance motorway construction ferry parachute seat cyclone sparkler firecracker ribbon ticket softball lacrosse badminton bowling sled joystick joker yarn
knot goggles kimono sari briefs shorts purse ledger notebook bookmark label memo clamp chains hook alembic microbe cooking mosque dna elevator bubbles
sponge basket razor pager trackball videocassette printer abacus dodo badger sloth ogre goblin fairy vampire footprints window curling tennis cricket""".split()


@dataclasses.dataclass(frozen=True)
class Concept:
    """One glyph."""
    name: str
    #: Other words for it that no other concept answers to.
    synonyms: tuple
    text: str


@functools.cache
def font():
    # Sequences joined by U+200D, and flags, become one glyph only where text is shaped.
    engine = ImageFont.Layout.RAQM if features.check("raqm") else ImageFont.Layout.BASIC
    return ImageFont.truetype(FONT, FONT_SIZE, layout_engine=engine)


def glyph(text):
    """The glyph cropped to what is visible of it, RGBA, or nothing where the font has no single glyph for the text."""
    image = Image.new("RGBA", (3 * GLYPH_WIDTH, 160))
    ImageDraw.Draw(image).text((10, 10), text, font=font(), embedded_color=True)
    box = image.getbbox()
    if not box or not 24 <= box[2] - box[0] <= GLYPH_WIDTH or box[3] - box[1] < 24: return None
    return image.crop(box)


def annotations():
    """CLDR's keywords of each text."""
    words = {}
    for path in ANNOTATIONS:
        for entry in ElementTree.parse(path).getroot().iter("annotation"):
            if entry.get("type") != "tts": words[entry.get("cp")] = [word.strip() for word in entry.text.split("|")]
    return words


def entries():
    """(text, CLDR's short name, subgroup) of every emoji, without skin tones."""
    subgroup = None
    for line in open(EMOJI, encoding="utf-8"):
        if line.startswith("# subgroup:"): subgroup = line.split(":", 1)[1].strip().replace(" ", "_")
        match = re.match(r"([0-9A-F ]+); fully-qualified +# \S+ E[\d.]+ (.+)", line)
        if not match: continue
        text = "".join(chr(int(code, 16)) for code in match[1].split())
        if not SKIN_TONES & set(text): yield text, match[2].strip(), subgroup


def is_plain(name):
    return re.fullmatch(r"[a-z][a-z '-]*", name) and not COLOUR_WORDS & set(name.split())


def is_common(name, short):
    return is_plain(name) and (short in NAMES or name in COMMON_PAIRS or " " not in name and name not in UNCOMMON)


def thumbnail(image):
    square = Image.new("RGB", (max(image.size),) * 2, (255, 0, 255))
    square.paste(image, ((square.width - image.width) // 2, (square.height - image.height) // 2), image)
    return np.asarray(square.resize((16, 16), Image.BOX), np.float32) / 255


def concepts(selection, alike=0.14):
    """All concepts of a selection ("common" or "all"), each with its glyph, the plainest names first.

    `alike`: a glyph nearer than this to an earlier one (root mean square of 16×16 thumbnails) is left out of "common".
    """
    keywords, found, thumbnails, names = annotations(), [], [], set()
    for text, short, subgroup in sorted(entries(), key=lambda entry: (entry[1] not in NAMES, len(entry[1].split()))):
        common = subgroup in COMMON or text.rstrip("\uFE0F") in COMMON_ALSO
        if selection == "common" and not common: continue
        name = NAMES.get(short, short)
        if name is None: continue
        name = name.replace("’", "'").replace("“", "").replace("”", "")
        if selection == "common": name = name.lower()
        if name in names or selection == "common" and not is_common(name, short): continue
        image = glyph(text)
        if image is None: continue
        if selection == "common":
            small = thumbnail(image)
            if thumbnails and min(np.sqrt(np.square(small - other).mean()) for other in thumbnails) < alike: continue
            thumbnails.append(small)
        names.add(name)
        words = keywords.get(text.replace("\uFE0F", ""), []) if selection == "all" else []
        found.append((name, text, image, [word for word in [short.lower(), *words] if word != name]))
    # A keyword is a synonym where one concept alone has it.
    uses = {}
    for _, _, _, words in found:
        for word in words: uses[word] = uses.get(word, 0) + 1
    known = names | {word for name in names for word in name.split()}
    return [(Concept(name, tuple(word for word in words if uses[word] == 1 and word not in known and is_plain(word))[:2], text), image)
            for name, text, image, words in found]


if __name__ == "__main__":
    import sys
    chosen = concepts(sys.argv[1])
    print(len(chosen), "concepts")
    for concept, _ in chosen: print(concept.text, concept.name, *concept.synonyms, sep=" | ")
