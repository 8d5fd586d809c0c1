"""Ids by transformers' CLIPTokenizer, with OpenAI's vocabulary ("full") and with its bytes and some 650 merges ("small")."""
import gzip
import json
import pathlib
import random
import struct
import tempfile

from transformers import CLIPTokenizer

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[3]
MERGES = ROOT / "Sources/Tokenizers/Resources/clip-merges.txt.gz"
SMALL = HERE / "small"
CONFIGS = ["tokenizer_config.json", "special_tokens_map.json"]
BOS, EOS = "<|startoftext|>", "<|endoftext|>"
# Codepoints swept: all planes with letters, and one page of each of the others.
SWEPT = [range(0, 0x33400), *(range(plane << 16, (plane << 16) + 1024) for plane in range(4, 14)), range(0xE0000, 0xE0400),
         range(0xF0000, 0xF0400), range(0x10FC00, 0x110000)]


# Vocabularies

def byte_characters():
    """The characters for bytes in the order of the vocabulary, those that stand for themselves first."""
    themselves = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(byte) for byte in themselves] + [chr(256 + i) for i in range(256 - len(themselves))]


def full_files():
    merges = gzip.decompress(MERGES.read_bytes()).decode().splitlines()
    characters = byte_characters()
    tokens = characters + [f"{c}</w>" for c in characters] + [merge.replace(" ", "") for merge in merges] + [BOS, EOS]
    return {"vocab.json": json.dumps({token: i for i, token in enumerate(tokens)}),
            "merges.txt": "#version: 0.2\n" + "\n".join(merges) + "\n"}


def small_files():
    return {name: (SMALL / name).read_text() for name in ("vocab.json", "merges.txt")}


def load(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (pathlib.Path(folder) / name).write_text(text)
        return CLIPTokenizer.from_pretrained(folder)


# Texts

GREETINGS = """
Hello, World|Grüße aus Köln|Ça va très bien|¿Dónde está el niño?|Příliš žluťoučký kůň|Zażółć gęślą jaźń|Árvíztűrő tükörfúrógép
Țara Românească|İstanbul'da ışık|ISPARTA ılıman|Þingvellir æðislegt|Tiếng Việt rất đẹp|Ħaġar Qim|ΟΔΥΣΣΕΥΣ ὁ σοφός|ΣΊΣΥΦΟΣ Σ ς
Съешь ещё этих мягких булок|Їжак і ґава|Ѩ҂҃|ქართული ენა|ᲥᲐᲠᲗᲣᲚᲘ|Հայերեն և|שָׁלוֹם עֲלֵיכֶם|السَّلَامُ عَلَيْكُمْ
پارسی می‌نویسم|ܫܠܡܐ|ދިވެހި|ߒߞߏ
नमस्ते दुनिया|क़ख़ग़ ड़ढ़|বাংলা ড়ঢ়য়|ਸਤ ਸ੍ਰੀ ਅਕਾਲ|ગુજરાતી|ଓଡ଼ିଆ|தமிழ் மொழி|తెలుగు|ಕನ್ನಡ|മലയാളം|සිංහල|ภาษาไทย น้ำ
ພາສາລາວ|བོད་སྐད་ཨོཾ|မြန်မာဘာသာ
አማርኛ|ᏣᎳᎩ ꭰꭱ|ᐃᓄᒃᑎᑐᑦ|ᚠᚢᚦᚨᚱᚲ|ភាសាខ្មែរ|ᠮᠣᠩᠭᠣᠯ|日本語のテキスト|カタカナ ｶﾞｷﾞ|か゚ ガ|한국어 문장|각 각|漢字仮名交じり文|简体字 繁體字|㐀𠀀𪜀
ꦧꦱꦗꦮ|ꯃꯤꯇꯩ|𐌰𐌱𐌲|𐐀𐐨 Deseret|𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟘𝟙|𞤀𞤢 Adlam|𑀓𑀼|𐎀𐎁|𓀀𓁐|ℵ ℶ Å K Ω|ﬁ ﬀ ﬆ|Ⅳ ⅷ ½ ² ₃ ①|٣٤٥ ४५६ 〇一二|ǅ ǆ Ǆ ẞ ß ſ|ÅÅÅ
""".replace("\n", "|").strip("|").split("|")
EMOJI = """
😀|👍🏽|👩‍👩‍👧‍👦|🏳️‍🌈|🏴󠁧󠁢󠁥󠁮󠁧󠁿|🇩🇪🇫🇷|1️⃣2️⃣|❤️‍🔥|👁️‍🗨️|🧑🏿‍🚀|☺️☹︎|a👨‍💻b|🐻‍❄️ bear|🫠🫡🪿|👩🏻‍❤️‍💋‍👨🏾|⌚️⏰|♀️♂️|©️®️™|🀄🃏|🈁🈚️|✊🏼✊|‍|️|🏽
""".replace("\n", "|").strip("|").split("|")
CONTRACTIONS = """
it's|IT'S|don't|we're|I've|I'm|they'll|he'd|y'all'd've|'s|''s|'''s|'tis|rock 'n' roll|it’s|o'clock|'re're|x'sx
'S'T'RE'VE'M'LL'D|!'s|'!s|'1s|s's's|'lll|'rve|' s|é's|'ſ
""".replace("\n", "|").strip("|").split("|")
NUMBERS = """
0|42|3.14159|1,000,000|1e-5|2024-01-31|12:30|1/2|½|50%|$9.99|x86_64|4k 8K|1st 2nd|007|٠١٢|१२३|１２３|Ⅻ|²³|一二三|1a2b3c
v1.5|#1|1'2"|𝟏𝟐|೧೨
""".replace("\n", "|").strip("|").split("|")
SPACES = [
    "", " ", "  ", "\t", "\n", "\r\n", " \t\n\v\f\r ", "a  b", "a\tb", "a\u00a0b", "a\u3000b", "a\u2003\u2009b", " a ",
    "a\u200bb", "a\u200db", "a\u180eb", "a\ufeffb", "\ufeffa", "a\u2028b\u2029c", "a\u0085b", "a\u1680b",
    "a\u205fb\u202fc", "a\u2060b", "\u00a0\u00a0", "a \u0301b", "a\n\n\nb", "a" + " " * 300 + "b",
    "\u001c\u001d\u001e\u001f", "a\u001cb", "\0", "a\0b",
]
SPECIAL = [
    BOS, EOS, BOS + EOS, f"a{EOS}b", f"a {EOS} b", f"{EOS}s", "<|ENDOFTEXT|>", "<|StartOfText|>", "!<|STARTOFTEXT|>!!",
    "<|STARTOFTEXT|>!!x", "<|ENDOFTEXT|>'s", "<|endoftext", "<|endoftext|", "endoftext|>", "<|endoftext|>" * 3,
    "<| endoftext |>", "</w>", "a</w> b", "a</w>b", "<|pad|>", "!", "!!", "!!!", "hello!", "hello!!! world!", "! !",
    "<|ſtartoftext|>", "<|startofte\u0301xt|>", f"e{EOS}\u0301", f"\u0301{BOS}", "[CLS] [SEP]",
    "<|Startoftext|><|Endoftext|>", "<<|startoftext|>>", "<|startof<|endoftext|>text|>", "Ġhello", "Ã©", "hello</w>",
    "ľ",
]
PROMPTS = [
    "a photograph of an astronaut riding a horse", "a purple robot on a yellow background",
    "portrait of a cyberpunk samurai, neon lights, highly detailed, 8k, trending on artstation, "
    "by greg rutkowski and alphonse mucha",
    "(masterpiece:1.2), best quality, ((intricate details)), [blurry], <lora:add_detail:0.8>",
    "a photo of a <cat-toy> in the snow --ar 16:9 --v 5",
    "An Oil Painting of the Eiffel Tower at Sunset; impasto, thick brush-strokes",
    "https://example.com/?q=a+b&c=%20d#e", "e-mail me@here.org ASAP!!!",
    "supercalifragilisticexpialidocious antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "Ünïcödé ånd ñörmål tëxt mïxed", "C++ / C# && F#; if (a<b) { return a->b[0]; }", "...", "…", "—–-",
    "“quotes” ‘single’ «guillemets»", "¯\\_(ツ)_/¯",
]


def long_texts(rng):
    words = " ".join(PROMPTS).split() + GREETINGS + EMOJI
    for count in [10, 28, 29, 30, 31, 32, 40, 60, 73, 74, 75, 76, 77, 78, 100, 200, 400]:
        yield " ".join(rng.choice(words) for _ in range(count))
        yield " ".join(["cat"] * count)
        yield "a" * count
        yield "ab1!" * count
    yield "x" * 3000
    yield "🦄" * 500


def pages(rng):
    """Letters of each part of each plane, between others."""
    for start in [
        *range(0, 0x3000, 64), *range(0x3000, 0xAC00, 1024), *range(0xAC00, 0xD800, 512), *range(0xE000, 0xF900, 1600),
        *range(0xF900, 0x10000, 64), *range(0x10000, 0x12600, 64), *range(0x12600, 0x16800, 512),
        *range(0x16800, 0x17000, 64), *range(0x17000, 0x1AFF0, 1024), *range(0x1AFF0, 0x1FC00, 64),
        *range(0x20000, 0x33400, 4096), 0xE0000, 0xE0100, 0x10FF00,
    ]:
        letters = [chr(rng.randrange(start, start + 64)) for _ in range(10)]
        yield "".join(letters[:5]) + " A" + letters[5] + "b1" + "".join(letters[6:8]) + " " + "'s".join(letters[8:])


def combinations(rng):
    """Sequences that compose, reorder, or must not."""
    marks = [
        *range(0x300, 0x370), 0x93C, 0x9BC, 0x9D7, 0xB3E, 0xF71, 0xF72, 0xF74, 0xF80, 0x1161, 0x1175, 0x11A7, 0x11A8,
        0x11C2, 0x3099, 0x309A, 0x338, 0x5B0, 0x5BC, 0x64B, 0x651, 0x653, 0x654, 0x110BA, 0x11127, 0x1D165, 0x1D16E,
        0x7FD, 0x8D3, 0x1DF7, 0x10F46, 0x11930, 0x1E4EC,
    ]
    bases = [
        *range(0x41, 0x5B), *range(0x61, 0x7B), *range(0xC0, 0x180), *range(0x1E00, 0x2000), *range(0x391, 0x3C9),
        0xAC00, 0xAC01, 0xD788, 0x1100, 0x1112, 0x915, 0x9C7, 0xB92, 0xF40, 0xF73, 0xF75, 0xF81, 0x304B, 0x30AB, 0x2260,
        0xFB2E, 0xFB4F, 0x958, 0x1D15E, 0x1D160, 0x2ADC, 0x212B, 0x340, 0x344, 0xF900, 0x2F800, 0x11099, 0x11131,
        0x11935, 0x11938, 0x105C9, 0x16121,
    ]
    for _ in range(450):
        yield "".join(chr(rng.choice(marks if rng.random() < 0.6 else bases)) for _ in range(rng.randint(2, 9)))


def mixtures(rng):
    parts = GREETINGS + EMOJI + CONTRACTIONS + NUMBERS + SPACES + SPECIAL + PROMPTS
    for _ in range(550):
        pieces = []
        for _ in range(rng.randint(1, 6)):
            kind = rng.random()
            if kind < 0.5:
                pieces.append(rng.choice(parts))
            elif kind < 0.8:
                pieces.append("".join(chr(rng.randrange(0x20, 0x7F)) for _ in range(rng.randint(1, 12))))
            else:
                codes = [rng.choice([rng.randrange(0xD800), rng.randrange(0xE000, 0x110000), rng.randrange(0x250)])
                         for _ in range(rng.randint(1, 6))]
                pieces.append("".join(map(chr, codes)))
        yield rng.choice(["", " ", "'", "!"]).join(pieces)


def texts():
    rng = random.Random(5)
    everything = [
        *GREETINGS, *(text.upper() for text in GREETINGS), *EMOJI, *CONTRACTIONS, *NUMBERS, *SPACES, *SPECIAL, *PROMPTS,
        *long_texts(rng), *(chr(code) for code in range(0x180)), *(f"a{chr(code)}b" for code in range(0xA0)),
        *pages(rng), *combinations(rng), *mixtures(rng),
    ]
    return list(dict.fromkeys(everything))


# Goldens

def write(name, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    (HERE / name).write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def ids(full, small):
    """Every text with its ids and the text decoded from them; lists of ids that no text has, decoded."""
    rng = random.Random(6)
    rows = [[text, full(text).input_ids, small(text).input_ids, full.decode(full(text).input_ids)] for text in texts()]
    print(f"{len(rows)} texts")
    lists = [[rng.choice([rng.randrange(512), rng.randrange(49408)]) for _ in range(rng.randint(1, 20))] for _ in range(300)]
    write("ids.json.gz", {"texts": rows, "decoded": [[tokens, full.decode(tokens)] for tokens in lists]})


def sweep(full):
    """A hash for each 1,024 codepoints, each seen between letters, alone, after a digit and before marks."""
    hashes = []
    for codes in SWEPT:
        for start in range(codes.start, codes.stop, 1024):
            letters = [chr(c) for c in range(start, start + 1024) if not 0xD800 <= c < 0xE000]
            tokens = full("".join(f"x{c}y {c}1{c}\u0327\u0301a{c}\u0301 " for c in letters)).input_ids
            state = 0xCBF29CE484222325
            for byte in struct.pack(f"<{len(tokens)}i", *tokens):
                state = (state ^ byte) * 0x100000001B3 % 2**64
            hashes.append([start, f"{state:016x}"])
    write("sweep.json.gz", hashes)


def added(content, **flags):
    return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False, **flags}


def typed(content, **flags):
    return {"__type": "AddedToken", **added(content, **flags)}


def variants():
    """Name, vocabulary, and the folder's other files."""
    named = {"bos_token": added(BOS), "eos_token": added(EOS), "unk_token": added(EOS)}
    config = {
        "bos_token": typed(BOS), "eos_token": typed(EOS), "unk_token": typed(EOS), "pad_token": EOS, "model_max_length": 77,
        "add_prefix_space": False, "do_lower_case": True, "errors": "replace", "tokenizer_class": "CLIPTokenizer",
    }
    yield "no config", "full", {}
    yield "sd15", "full", {"tokenizer_config.json": config, "special_tokens_map.json": {**named, "pad_token": EOS}}
    yield "sd2", "full", {"tokenizer_config.json": config, "special_tokens_map.json": {**named, "pad_token": "!"}}
    yield "sdxl-2", "full", {"tokenizer_config.json": {**config, "pad_token": "!", "added_tokens_decoder": {
        "0": added("!", normalized=False, special=True), "49406": added(BOS, special=True),
        "49407": added(EOS, normalized=False, special=True)}}}
    yield "all normalized", "full", {"tokenizer_config.json": {**config, "pad_token": typed(EOS)}}
    yield "equal tokens", "full", {"tokenizer_config.json": {**config, "unk_token": EOS, "pad_token": typed(EOS)}}
    yield "textual inversion", "full", {
        "tokenizer_config.json": {**config, "extra_special_tokens": ["<cat-toy>", "Word", "[new]"], "added_tokens_decoder": {
            "49406": added(BOS, special=True), "49407": added(EOS, special=True), "49408": added("<cat-toy>"),
            "49409": added("<Cat", normalized=False), "49410": added("Word", single_word=True, normalized=False),
            "49411": added("<L>", lstrip=True), "49412": added("<R>", rstrip=True, normalized=False), "49413": added("Két  É"),
            "49414": added("<B>", lstrip=True, rstrip=True, special=True, normalized=False)}}}
    yield "added_tokens.json", "full", {"tokenizer_config.json": config, "special_tokens_map.json": {**named, "pad_token": EOS},
                                        "added_tokens.json": {"<new>": 49408, "<New2>": 49409}}
    yield "extra tokens", "full", {"tokenizer_config.json": {
        **config, "model_max_length": 20, "additional_special_tokens": ["<x>", "[Y]"]}}
    yield "huge length", "small", {"tokenizer_config.json": {**config, "model_max_length": 1000000000000000019884624838656}}
    yield "project", "small", {name: json.loads((SMALL / name).read_text()) for name in CONFIGS}


def variant_texts():
    return [
        *SPECIAL, *PROMPTS, *CONTRACTIONS[:6], "<cat-toy>", "a <CAT-TOY>s <Cat <cat", "Word", "words word",
        "Word Words  aWord Word!", "x  <L>  y <l>z", "a <R>  b<R>c <r> d", "KÉT É", "ke\u0301t \t e\u0301 két  é",
        "a  <B>  <B> b", "<new><New2> <NEW2>", "<X>[y][Y]<x>", "[NEW][new]", "  <L><R>  ", " ".join(["cat"] * 18),
        " ".join(["cat"] * 19), "cat, " * 50 + "🦄 end", "Word\u0301 _Word Word_ Word\u200d",
    ]


def configurations(vocabularies, small):
    """Each variant's ids: whole, and padded and cut as diffusers asks for, with the text that diffusers says was cut."""
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        small.save_pretrained(folder)
        saved = {name: (pathlib.Path(folder) / name).read_text() for name in ("tokenizer.json", "tokenizer_config.json")}
    content = json.loads(saved["tokenizer.json"])
    # Older files have "left right" in place of ["left", "right"].
    content["model"]["merges"] = [" ".join(merge) if i % 2 else merge for i, merge in enumerate(content["model"]["merges"])]
    saved["tokenizer.json"] = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    saved["tokenizer_config.json"] = json.dumps({"pad_token": "!", "model_max_length": 10, "tokenizer_class": "CLIPTokenizer"})
    for name, vocabulary, files in [*variants(), ("tokenizer.json", None, saved)]:
        files = {file: text if isinstance(text, str) else json.dumps(text, ensure_ascii=False) for file, text in files.items()}
        tokenizer = load({**(vocabularies[vocabulary] if vocabulary else {}), **files})
        limit = tokenizer.model_max_length if tokenizer.model_max_length < 1e20 else 77
        rows = []
        for text in variant_texts():
            whole = tokenizer(text).input_ids
            cut = tokenizer(text, padding="max_length", max_length=limit, truncation=True).input_ids
            removed = tokenizer.decode(whole[limit - 1:-1]) if len(whole) > limit else ""
            rows.append([text, whole, cut, removed])
        cases.append({"name": name, "vocabulary": vocabulary, "files": files, "maxLength": limit,
                      "padTokenID": tokenizer.pad_token_id, "count": len(tokenizer), "texts": rows})
    write("configurations.json.gz", cases)


def main():
    vocabularies = {"full": full_files(), "small": small_files()}
    full, small = load(vocabularies["full"]), CLIPTokenizer.from_pretrained(SMALL)
    ids(full, small)
    sweep(full)
    configurations(vocabularies, small)


main()
