"""Texts as openai-whisper's normalizers leave them.

Needs openai-whisper's files (the package need not be imported as a whole), more-itertools and regex.
"""
import gzip
import importlib.util
import json
import pathlib
import random
import sys
import types

folder = pathlib.Path(__file__).parent
package = pathlib.Path(importlib.util.find_spec("whisper").submodule_search_locations[0]) / "normalizers"
sys.modules["normalizers"] = types.ModuleType("normalizers")
sys.modules["normalizers"].__path__ = [str(package)]
from normalizers.basic import BasicTextNormalizer
from normalizers.english import EnglishTextNormalizer

ENGLISH = [
    "I'm a little teapot, short and stout. Tip me over and pour me out!", "he's like", "the park's been a favourite",
    "I won't, can't, shan't and y'all ain't gonna wanna; imma go, i'ma stay. Let's!", "Mr. Park visited Assoc. Prof. Kim Jr. on St. John St.",
    "Dr Who's got it, she'd been gone, they'd done it, he'd go", "okay, (applause) [MUSIC] <b>bold</b> yes () (( )) [unclosed",
    "Uh, um, hmm mm mhm mmm -- uhm", "it 's a 'quoted' word", "colour flavour analyse theatre grey tyre organised travelling",
    "$20 million and £3.50", "twenty million dollars, three hundred euros and five cents", "two dollars and seven cents", "$2 and ¢7 $0.07 $0 .07",
    "nineteen sixty four", "one oh one", "double oh seven", "triple five double nine double trouble", "nineteen ninety nine, the nineties and the sixties",
    "one hundred and twenty third", "twenty-first century", "one thousand and one nights", "two and a half years and a half day",
    "three million and a half", "point five", "three point one four one five nine", "minus five degrees", "plus or minus negative two", "5 percent, five per cent, ten per person",
    "1,234,567.89 and 10,000", "192.168.0.1 and 3.14.", "the 1960s, 274th and 32nd, 1 st 2 nd 3rd 4 ths", "a1b2c3 4x4 5G h2o", "one ones twos sixes tenths hundredths millions",
    "one two three four five", "twelve thirteen fourteen fifty five", "ten ten", "twenty twenty five", "nine hundred ninety nine decillion nine hundred decillion",
    "999999999999999999999999 million", "1.5 million 1.25 hundred 12.345 hundred 0 million zero thousand", "one hundred hundred thousand", "five hundred thousandths",
    "and and a half", "and", "point", "double", "per", "hundred", "minus", "cents", "", "   ", "100% 50 % %% %", "$ £5 €7.5 5$ $five", "Ærøskøbing, Łódź, naïve café, Straße, œuvre, ẞ þorn Đ",
    "ΟΔΥΣΣΕΥΣ ΣΑΣ. Σ", "ﬁne ½ ² ① ５０ ３.５", "٣ apples and ٣.٥ pears ٣ million", "tab\tnew\nline\u00a0nbsp\u2003em", "3 o'clock o oh zero", "n't 't 's", "twenty o five", "zero point zero five", "oh oh",
    "no. 5. 5.5. .5 ..", "1 a 2 b", "10 1 11 1s 21 $1 1.1", "one and a half million", "flyer / flier", "one minus one", "twenty dollars fifty cents", "£0.5 $0x5 $0.123",
]
BASIC = ENGLISH + [
    "Привет, мир! Ёлка й", "你好，世界！（笑）「はい」", "नमस्ते दुनिया", "สวัสดี ครับ", "مرحبا، كيف", "한국어 텍스트", "e\u0301a\u0308 Å Ω ﷺ",
    "👩‍👩‍👧 🇺🇦 family ♪", "İstanbul ılık", "<a [b> c] d", "(a) ((b)) (c", "ǅ ﬀ ͅ",
]
WORDS = """one two three five six nine ten eleven twelve nineteen twenty thirty ninety hundred thousand million billion zero o oh first second third fifth
twelfth twentieth hundredth thousands tens twenties ones and and and point double triple minus plus pound dollars cents euro percent per cent a half the cat's
5 12 0 100 1.5 2.0 3.14 $5 £2.50 €0 -3 1st 007 . , isn't it's 60s don't colour""".split()
generator = random.Random(2026)
for _ in range(400):
    ENGLISH.append(" ".join(generator.choice(WORDS) for _ in range(generator.randrange(1, 9))))

english, cases = EnglishTextNormalizer(), []
for text in ENGLISH:
    try:
        cases.append([text, english(text)])
    except (AssertionError, AttributeError, TypeError, IndexError) as error:
        # The reference fails on a few.
        print(repr(text), repr(error))
basic = [[text, *(BasicTextNormalizer(*options)(text) for options in [(False, False), (True, False), (False, True)])] for text in BASIC]
text = json.dumps({"english": cases, "basic": basic}, ensure_ascii=False, separators=(",", ":"))
(folder / "normalized.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
