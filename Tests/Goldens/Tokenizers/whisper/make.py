"""What OpenAI's whisper/tokenizer.py says, with vocabularies cut to the texts below.

Needs openai-whisper's files (the package need not be imported as a whole), tiktoken, tokenizers and transformers.
"""
import base64
import gzip
import importlib.util
import json
import pathlib
import random
import sys

sys.modules["torchvision"] = None
import tiktoken
import transformers

folder = pathlib.Path(__file__).parent
package = pathlib.Path(importlib.util.find_spec("whisper").submodule_search_locations[0])
specification = importlib.util.spec_from_file_location("whisper_tokenizer", package / "tokenizer.py")
reference = importlib.util.module_from_spec(specification)
sys.modules["whisper_tokenizer"] = reference
specification.loader.exec_module(reference)
PATTERN = reference.get_encoding("multilingual")._pat_str

TEXTS = {
    "en": " And so, my fellow Americans: ask not what your country can do for you. It's 1,234.50 dollars, isn't it?! 'Tis (so).",
    "de": " Über den Straßen hängen Äpfel – „schön“, sagte er… 75 % größer.",
    "fr": " L'été dernier, j'ai vu l'œuvre ; c'était « magnifique » à Nîmes.",
    "ru": " Съешь ещё этих мягких французских булок, да выпей чаю.",
    "zh": "我们今天去北京吃烤鸭，好不好？他说：「可以」。",
    "ja": "すもももももももものうち。東京タワーに行きました！カタカナ",
    "ko": " 안녕하세요. 오늘 날씨가 정말 좋네요.",
    "th": "สวัสดีครับ วันนี้อากาศดีมาก",
    "ar": " مرحبا بالعالم، كيف حالك؟",
    "hi": " नमस्ते दुनिया, आप कैसे हैं?",
    "yue": "你食咗飯未呀？我哋去飲茶啦。",
    "emoji": " Good 👍🏽 day 👩‍👩‍👧 🇺🇦 ♪♪ ♩♬ la la ♯ ♭ [MUSIC] <<x>> {{y}} -- 『z』",
    "odd": "a\u00a0b\u3000c\t\r\n\n  d\u0301 \u200b\u00ad \ufffd x\u0000y \u1e9b\u0323 𝔘𝔫𝔦 \u2028 ",
    "special": " <|endoftext|> <|en|>hi<|0.00|> <|notimestamps|>",
    "edge": "   ", "contractions": "we'll they've I'd 'S he's 'll''s", "empty": "",
}
SYMBOLS = [" -", " '", *'"#()*+/:;<=>@[\\]^_`{|}~「」『』', *"<< >> <<< >>> -- --- -( -[ (' (\" (( )) ((( ))) [[ ]] {{ }} ♪♪ ♪♪♪".split(),
           *"♩♪♫♬♭♮♯"]


def merge(ranks, token, below):
    """The parts of `token` when only merges of ranks below `below` are made."""
    parts = [bytes([byte]) for byte in token]
    while True:
        pairs = [(ranks.get(a + b, below), place) for place, (a, b) in enumerate(zip(parts, parts[1:]))]
        rank, place = min(pairs, default=(below, 0))
        if rank >= below:
            return parts
        parts[place:place + 2] = [parts[place] + parts[place + 1]]


def cut(name):
    """Ranks and merges of the tokens that the texts need, renumbered."""
    encoding = reference.get_encoding(name)
    ranks = encoding._mergeable_ranks
    kept = set()

    def keep(token):
        if len(token) > 1 and token not in kept:
            kept.add(token)
            for part in merge(ranks, token, ranks[token]):
                keep(part)

    for text in [*TEXTS.values(), *SYMBOLS, *(" " + symbol for symbol in SYMBOLS)]:
        for id in encoding.encode(text, disallowed_special=()):
            keep(encoding.decode_single_token_bytes(id))
    order = sorted(kept, key=ranks.get)
    singles = sorted((token for token in ranks if len(token) == 1), key=ranks.get)
    tokens = singles + order + ([b""] if b"" in ranks else [])
    merges = [merge(ranks, token, ranks[token]) for token in order]
    assert all(len(parts) == 2 for parts in merges)
    return {token: id for id, token in enumerate(tokens)}, merges


def tokenizer(name, ranks, languages, language=None, task=None):
    specials = ["<|endoftext|>", "<|startoftranscript|>", *[f"<|{code}|>" for code in list(reference.LANGUAGES)[:languages]],
                "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
                *[f"<|{i * 0.02:.2f}|>" for i in range(1501)]]
    encoding = tiktoken.Encoding(name, pat_str=PATTERN, mergeable_ranks=ranks, explicit_n_vocab=len(ranks) + len(specials),
                                 special_tokens={token: len(ranks) + i for i, token in enumerate(specials)})
    return reference.Tokenizer(encoding, languages, language, task)


# GPT-2's characters for bytes.
PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
OTHERS = [byte for byte in range(256) if byte not in PRINTABLE]
ALPHABET = {**{byte: chr(byte) for byte in PRINTABLE}, **{byte: chr(256 + place) for place, byte in enumerate(OTHERS)}}


def written(token):
    return "".join(ALPHABET[byte] for byte in token)


def cases(name, ranks, languages):
    english = name == "english"
    plain = tokenizer(name, ranks, languages, *((None, None) if english else ("en", "transcribe")))
    generator = random.Random(name)
    texts = {text: plain.encoding.encode(text, disallowed_special=()) for text in TEXTS.values()}
    sequences = [ids for ids in texts.values()]
    for _ in range(15):
        sequences.append([generator.randrange(plain.eot) for _ in range(generator.randrange(1, 12))])
    # Bytes that are rarely a character.
    for _ in range(20):
        sequences.append([generator.choice(range(256)) for _ in range(generator.randrange(1, 9))])
        sequences.append([generator.choice(range(0x7F, 256)) for _ in range(generator.randrange(1, 9))])
    begin = plain.timestamp_begin
    specials = [[begin, *ids[:5], begin + 54, begin + 54, *ids[5:], begin + 1500, plain.eot] for ids in sequences[:8]]
    specials.append([plain.sot_prev, *sequences[0][:4], plain.sot, plain.sot + 1, plain.transcribe, plain.no_timestamps])
    words = []
    for code in [None] if english else ["yue"] if languages == 100 else ["en", "ja"]:
        splitter = tokenizer(name, ranks, languages, code, None if english else "transcribe")
        for ids in sequences + specials:
            try:
                found = splitter.split_to_word_tokens([*ids, plain.eot])
            except IndexError:
                # The reference reads past the end of some texts with bytes that are no UTF-8.
                continue
            words.append([code, [*ids, plain.eot], *found])
    return {
        "special": [plain.eot, plain.sot, plain.translate, plain.transcribe, plain.sot_lm, plain.sot_prev, plain.no_speech,
                    plain.no_timestamps, plain.timestamp_begin, plain.encoding.n_vocab],
        # The reference has them in the order of a set.
        "languages": [] if english else sorted(map(list, zip(plain.all_language_codes, plain.all_language_tokens)), key=lambda item: item[1]),
        "start": list(tokenizer(name, ranks, languages, *((None, None) if english else ("fr", "translate"))).sot_sequence),
        "non_speech": list(plain.non_speech_tokens),
        "encoded": [[text, ids] for text, ids in texts.items()],
        "decoded": [[ids, plain.encoding.decode([i for i in ids if i < plain.eot]), plain.decode_with_timestamps(ids)]
                    for ids in sequences + specials],
        "words": words,
    }


def added(plain, names=None):
    return {(names or {}).get(token, token): id for token, id in plain.special_tokens.items() if id < plain.timestamp_begin}


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def main():
    goldens = {}
    ranks, merges = cut("multilingual")
    for name, languages in [("multilingual", 99), ("large-v3", 100)]:
        goldens[name] = cases(name, ranks, languages)
    # As published: "<|nocaptions|>", no timestamps, the end of text in `vocab` too, and the first merge missing.
    assert merges.pop(0) == [b" ", b"t"]
    plain = tokenizer("multilingual", ranks, 99, "en", "transcribe")
    vocabulary = {written(token): id for token, id in ranks.items()} | {"<|endoftext|>": plain.eot}
    list_ = [{"id": id, "content": token, "special": True}
             for token, id in sorted(added(plain, {"<|nospeech|>": "<|nocaptions|>"}).items(), key=lambda item: item[1])]
    model = {"type": "BPE", "vocab": vocabulary, "merges": [" ".join(map(written, pair)) for pair in merges]}
    write(folder / "multilingual/tokenizer.json", dump({"version": "1.0", "added_tokens": list_, "model": model}))

    ranks, merges = cut("gpt2")
    goldens["english"] = cases("english", ranks, 99)
    plain = tokenizer("english", ranks, 99)
    write(folder / "english/vocab.json", dump({written(token): id for token, id in ranks.items()} | {"<|endoftext|>": plain.eot}))
    write(folder / "english/merges.txt", "\n".join(["#version: 0.2", *(" ".join(map(written, pair)) for pair in merges), ""]))
    write(folder / "english/added_tokens.json", dump({k: v for k, v in added(plain).items() if v != plain.eot}))
    (folder / "cases.json.gz").write_bytes(gzip.compress(dump(goldens).encode(), 9, mtime=0))

    # transformers agrees.
    second = transformers.WhisperTokenizer(str(folder / "english/vocab.json"), str(folder / "english/merges.txt"))
    for text, ids in goldens["english"]["encoded"]:
        if "<|" not in text:
            assert second.encode(text, add_special_tokens=False) == ids, text


main()
