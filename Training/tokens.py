"""CLIP's tokenizer, cut to what the captions use: every byte, and the merges of the captions' words. Other words fall back to pieces."""
import gzip
import json
import pathlib

from transformers import CLIPTokenizer

from emoji import COLOURS
from scenes import plural

MERGES = pathlib.Path(__file__).resolve().parents[1] / "Sources/Tokenizers/Resources/clip-merges.txt.gz"
BOS, EOS = "<|startoftext|>", "<|endoftext|>"


def byte_characters():
    """The characters that stand for bytes, in the vocabulary's order: those that stand for themselves first."""
    themselves = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(byte) for byte in themselves] + [chr(256 + i) for i in range(256 - len(themselves))]


def used_merges(words, merges):
    """Ranks of the merges that are made while the words are tokenized."""
    ranks, used = {merge: rank for rank, merge in enumerate(merges)}, set()
    for word in words:
        pieces = [*word[:-1], word[-1] + "</w>"]
        while len(pieces) > 1:
            rank, i = min((ranks.get((pieces[i], pieces[i + 1]), len(merges)), i) for i in range(len(pieces) - 1))
            if rank == len(merges): break
            used.add(rank)
            pieces[i:i + 2] = [pieces[i] + pieces[i + 1]]
    return sorted(used)


def words_of(scenes):
    names = [name for concept in scenes.concepts for name in (concept.name, *concept.synonyms)]
    captions = [scenes.caption(scenes.scene()) for _ in range(20_000)]
    texts = [*names, *map(plural, names), *COLOURS, *captions]
    # CLIP splits at what is no letter.
    return {word for text in texts for word in "".join(c if c.isascii() and c.isalpha() else " " for c in text.lower()).split()}


def write(folder, scenes, length):
    merges = [tuple(line.split()) for line in gzip.decompress(MERGES.read_bytes()).decode().splitlines()]
    kept = [merges[rank] for rank in used_merges(words_of(scenes), merges)]
    characters = byte_characters()
    tokens = characters + [f"{c}</w>" for c in characters] + ["".join(merge) for merge in kept] + [BOS, EOS]
    folder.mkdir(parents=True, exist_ok=True)
    special = dict(bos_token=BOS, eos_token=EOS, unk_token=EOS, pad_token=EOS)
    config = dict(special, model_max_length=length, tokenizer_class="CLIPTokenizer", add_prefix_space=False, do_lower_case=True, errors="replace")
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(" ".join(merge) + "\n" for merge in kept))
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return CLIPTokenizer.from_pretrained(folder)
