"""Goldens of prompts: weights and chunks by AUTOMATIC1111's rules over transformers' tokenizers, weighted states by torch,
textual inversion by diffusers' loader."""
import gzip
import json
import math
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[3]
sys.path.insert(0, str(HERE.parents[1]))

import cases  # first: it keeps the libraries offline and quiet
import torch
from diffusers.loaders import TextualInversionLoaderMixin
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel, CLIPTokenizer

SMALL = HERE.parent / "tokenizer/small"
# A small model whose texts' states are 18 wide.
MODEL = HERE.parents[1] / "Diffusion/pipeline/autoencoder-kl/model"
BOS, EOS = "<|startoftext|>", "<|endoftext|>"
BACKTRACKING = 20

LONG = ", ".join(
    ["portrait of a cyberpunk samurai", "neon lights", "highly detailed armour", "8k", "trending on artstation"] * 5)
PROMPTS = [
    "", "a cat", "a photograph of an astronaut riding a horse", "normal text, nothing else!", "hello!!! world!",
    "an (important) word", "(unbalanced", "[unbalanced", "un)balanced", "un]bal)anced:1.2)", r"\(literal\] \\ back\slash \[x\)",
    "(unnecessary)(parens)", "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).", "((a)) [[b]] ([c]) [(d)]",
    "(a:1.5)(b: 0.25 )(c:-1)(d:+.5)(e:2.)", "(a:b:1.5) a:b (c:x) (d:) [e:1.5]", "(nested (deeper:1.5) out:0.5) (0.5)",
    "(masterpiece:1.2), best quality, ((intricate details)), [blurry], <lora:add_detail:0.8>",
    "a dog BREAK a cat", "BREAK first", "a BREAK BREAK b", "BREAKFAST unBREAKable BREAK_ a:BREAK (x)BREAK(y)", "a cat  BREAK\n",
    LONG, f"({LONG}:1.1), {LONG}", "cat " * 75, "cat " * 76, "cat " * 74 + ", dog", "cat " * 73 + ", dog bird",
    "cat " * 54 + ", " + "dog " * 40, "cat " * 53 + ", " + "dog " * 40, "cat, " * 100, "é (Größe:1.2) 🦄 (日本語)",
    "hello " * 40 + "BREAK [" + "world, " * 50 + "] end",
]


# Tokenizers

def full(pad):
    """OpenAI's vocabulary; padded with `pad` as SD 2 and SDXL's second tokenizer have it."""
    merges = gzip.decompress((ROOT / "Sources/Tokenizers/Resources/clip-merges.txt.gz").read_bytes()).decode().splitlines()
    themselves = [*range(33, 127), *range(161, 173), *range(174, 256)]
    characters = [chr(byte) for byte in themselves] + [chr(256 + i) for i in range(256 - len(themselves))]
    tokens = characters + [f"{c}</w>" for c in characters] + [merge.replace(" ", "") for merge in merges] + [BOS, EOS]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
        (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
        return CLIPTokenizer.from_pretrained(folder, pad_token=pad)


# Weights

TOKEN = re.compile(r"\\[()\[\]\\]?|[()\[\]]|:\s*(?P<weight>[+-]?[.\d]+)\s*\)|:|[^\\()\[\]:]+")
BREAK = re.compile(r"\s*\bBREAK\b\s*")


def parse(prompt):
    """Texts with their weights; None for a break. A break takes no part in weights, which AUTOMATIC1111's parser lets it."""
    parts, opened = [], {"(": [], "[": []}

    def scale(start, factor):
        for part in parts[start:]:
            part[1] *= factor

    for match in TOKEN.finditer(prompt):
        token, weight = match[0], match["weight"]
        if token[0] == "\\":
            parts.append([token[1:], 1.0])
        elif token in opened:
            opened[token].append(len(parts))
        elif weight and opened["("]:
            scale(opened["("].pop(), float(weight))
        elif token == ")" and opened["("]:
            scale(opened["("].pop(), 1.1)
        elif token == "]" and opened["["]:
            scale(opened["["].pop(), 1 / 1.1)
        else:
            for index, text in enumerate(BREAK.split(token)):
                parts += [[None, math.nan]] if index else []
                parts.append([text, 1.0])
    for start in opened["("]:
        scale(start, 1.1)
    for start in opened["["]:
        scale(start, 1 / 1.1)
    merged = []
    for text, weight in parts:
        if text is not None and merged and merged[-1][1] == weight:
            merged[-1][0] += text
        else:
            merged.append([text, weight])
    return [None if text is None else [text, weight] for text, weight in merged if text != ""]


# Chunks

def chunks(tokenizer, parts, length):
    """Lists of (id, weight), without markers."""
    comma = tokenizer.convert_tokens_to_ids(",</w>")
    done, current, last_comma = [], [], None
    for part in parts:
        if part is None:
            done.append(current)
            current, last_comma = [], None
            continue
        for token in tokenizer(part[0], add_special_tokens=False).input_ids:
            if token == comma:
                last_comma = len(current)
            elif len(current) == length and last_comma is not None and length - last_comma <= BACKTRACKING:
                done.append(current[:last_comma + 1])
                current, last_comma = current[last_comma + 1:], None
            if len(current) == length:
                done.append(current)
                current, last_comma = [], None
            current.append((token, part[1]))
    return done + [current] if current or not done else done


def padded(tokenizer, chunk, length):
    ids = [tokenizer.bos_token_id, *(token for token, _ in chunk), tokenizer.eos_token_id]
    return ids + [tokenizer.pad_token_id] * (length - len(ids))


def prompts():
    tokenizers = {"full": (full(EOS), 77), "padded with !": (full("!"), 77),
                  "small": (CLIPTokenizer.from_pretrained(SMALL), 32)}
    rows = []
    for prompt in PROMPTS:
        parts = parse(prompt)
        row = {"prompt": prompt, "parts": parts, "chunks": {}}
        for name, (tokenizer, length) in tokenizers.items():
            found = chunks(tokenizer, parts, length - 2)
            row["chunks"][name] = [
                {"ids": padded(tokenizer, chunk, length), "weights": [weight for _, weight in chunk]} for chunk in found]
        rows.append(row)
    data = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
    (HERE / "prompts.json.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    print(f"{len(data):,} bytes of prompts")


# States

def states():
    """Each chunk's states times weights, then times what keeps the chunk's mean, as AUTOMATIC1111's Original emphasis."""
    tensors = {}
    for name, weights in {"heavy": [1, 1.3, 1.3, 0.5, 1], "negative": [1, -0.5, 1, 1, 2], "plain": [1] * 5}.items():
        z = cases.randn(f"states {name}", 1, 5, 7) + 0.3
        weights = torch.tensor(weights, dtype=torch.float32)
        weighted = z * weights[None, :, None]
        tensors |= {f"{name}.states": z, f"{name}.weights": weights, f"{name}.weighted": weighted * (z.mean() / weighted.mean())}
    save_file(tensors, HERE / "states.safetensors")


# Textual inversion

class Encoder(TextualInversionLoaderMixin):
    """As much of a pipeline as the loader asks for."""

    hf_device_map = None
    components = {}

    def __init__(self):
        self.tokenizer = CLIPTokenizer.from_pretrained(MODEL / "tokenizer")
        self.text_encoder = CLIPTextModel.from_pretrained(MODEL / "text_encoder", dtype=torch.float32).eval()

    def encode(self, prompt):
        prompt = self.maybe_convert_prompt(prompt, self.tokenizer)
        ids = self.tokenizer(prompt, padding="max_length", max_length=32, truncation=True, return_tensors="pt").input_ids
        return ids, self.text_encoder(ids).last_hidden_state


def inversions():
    width = 18
    save_file({"<toy>": cases.randn("toy", 3, width)}, HERE / "toy.safetensors")
    save_file({"emb_params": cases.randn("style", 1, width).half()}, HERE / "Glint-Style.safetensors")
    save_file({"clip_l": cases.randn("clip_l", 2, 6), "clip_g": cases.randn("clip_g", 2, 10)}, HERE / "pair.safetensors")
    encoder = Encoder()
    encoder.load_textual_inversion(str(HERE / "toy.safetensors"), weight_name="toy.safetensors")
    encoder.load_textual_inversion(
        str(HERE / "Glint-Style.safetensors"), weight_name="Glint-Style.safetensors", token="Glint-Style")
    rows = {}
    for index, prompt in enumerate(
            ["a photo of a <toy> on a table", "<toy>, in the style of Glint-Style", "glint-style cat<toy>s", "a red cat"]):
        rows[f"ids.{index}"], rows[f"states.{index}"] = encoder.encode(prompt)
    save_file(rows, HERE / "inversion.safetensors")


def main():
    cases.settle()
    prompts()
    states()
    inversions()


if __name__ == "__main__":
    main()
