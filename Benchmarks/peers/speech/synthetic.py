"""Makes a Whisper model of a true size with random weights, for measuring time and memory without a download.

    .venv/bin/python synthetic.py large-v3-turbo OUT --tokenizer FOLDER
    .venv/bin/python synthetic.py distil-large-v3 OUT --tokenizer FOLDER --ctranslate2 PEER

OUT gets transformers' files in f16; PEER, if asked for, the same model as faster-whisper keeps it, which needs transformers, torch and
ctranslate2. FOLDER has the tokenizer.json of a multilingual model. Texts are nonsense: give `--temperature 0` and a number of tokens.
"""
import argparse
import json
import math
import pathlib
import shutil
import sys

import numpy
from safetensors.numpy import save_file

# What differs between the models; all of them hear 128 mel bins.
DECODER_LAYERS = {"large-v3-turbo": 4, "distil-large-v3": 2}
WIDTH, HEADS, INNER, ENCODER_LAYERS, BINS, VOCABULARY, POSITIONS, TEXT = 1280, 20, 5120, 32, 128, 51866, 1500, 448


def config(name):
    return {
        "architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper", "d_model": WIDTH, "vocab_size": VOCABULARY,
        "num_mel_bins": BINS, "encoder_layers": ENCODER_LAYERS, "encoder_attention_heads": HEADS, "encoder_ffn_dim": INNER,
        "decoder_layers": DECODER_LAYERS[name], "decoder_attention_heads": HEADS, "decoder_ffn_dim": INNER,
        "max_source_positions": POSITIONS, "max_target_positions": TEXT, "activation_function": "gelu", "scale_embedding": False,
        "bos_token_id": 50257, "eos_token_id": 50257, "pad_token_id": 50256, "decoder_start_token_id": 50258}


def sinusoids():
    """OpenAI's positions of the encoder."""
    rates = numpy.exp(-math.log(10000) / (WIDTH // 2 - 1) * numpy.arange(WIDTH // 2))
    angles = numpy.arange(POSITIONS)[:, None] * rates[None]
    return numpy.concatenate([numpy.sin(angles), numpy.cos(angles)], axis=1)


def tensors(name):
    random = numpy.random.default_rng(0)
    result = {}

    def add(key, *shape, scale=0.02):
        result[key] = (random.standard_normal(shape, dtype=numpy.float32) * scale).astype(numpy.float16)

    def linear(key, outputs, inputs, bias=True):
        add(f"{key}.weight", outputs, inputs, scale=inputs ** -0.5)
        if bias:
            add(f"{key}.bias", outputs)

    def norm(key):
        result[f"{key}.weight"] = numpy.ones(WIDTH, numpy.float16)
        add(f"{key}.bias", WIDTH)

    def attention(key):
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            linear(f"{key}.{part}", WIDTH, WIDTH, bias=part != "k_proj")
        norm(f"{key}_layer_norm")

    def half(key, layers, attentions):
        for layer in range(layers):
            for part in attentions:
                attention(f"{key}.layers.{layer}.{part}")
            linear(f"{key}.layers.{layer}.fc1", INNER, WIDTH)
            linear(f"{key}.layers.{layer}.fc2", WIDTH, INNER)
            norm(f"{key}.layers.{layer}.final_layer_norm")
        norm(f"{key}.layer_norm")

    for place, inputs in enumerate([BINS, WIDTH], start=1):
        add(f"model.encoder.conv{place}.weight", WIDTH, inputs, 3, scale=(3 * inputs) ** -0.5)
        add(f"model.encoder.conv{place}.bias", WIDTH)
    result["model.encoder.embed_positions.weight"] = sinusoids().astype(numpy.float16)
    half("model.encoder", ENCODER_LAYERS, ["self_attn"])
    add("model.decoder.embed_tokens.weight", VOCABULARY, WIDTH)
    add("model.decoder.embed_positions.weight", TEXT, WIDTH)
    half("model.decoder", DECODER_LAYERS[name], ["self_attn", "encoder_attn"])
    return result


def tokenizer(folder):
    """The multilingual tokenizer with Cantonese, which came with large-v3: ids after the languages move by one."""
    content = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    added = content["added_tokens"]
    last = next(token for token in added if token["content"] == "<|su|>")
    if not any(token["content"] == "<|yue|>" for token in added):
        for token in added:
            token["id"] += token["id"] > last["id"]
        added.append(last | {"id": last["id"] + 1, "content": "<|yue|>"})
        added.sort(key=lambda token: token["id"])
    # Timestamps stand in other files of some models.
    known = {token["content"] for token in added}
    first = max(token["id"] for token in added) + 1
    missing = [text for text in (f"<|{step * 0.02:.2f}|>" for step in range(1501)) if text not in known]
    added += [last | {"id": first + place, "content": text} for place, text in enumerate(missing)]
    # A file may list added tokens among the plain ones too, with ids from before they moved.
    content["model"]["vocab"] = {text: number for text, number in content["model"]["vocab"].items() if number < 50257}
    return content


def convert(folder, peer):
    # A build of torchvision that does not fit torch keeps transformers from loading.
    sys.modules["torchvision"] = None
    from ctranslate2.converters import TransformersConverter
    TransformersConverter(str(folder), copy_files=["tokenizer.json", "preprocessor_config.json"], load_as_float16=True).convert(
        str(peer), quantization="float16", force=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=DECODER_LAYERS)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True)
    parser.add_argument("--ctranslate2", type=pathlib.Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    save_file(tensors(options.name), options.out / "model.safetensors", metadata={"format": "pt"})
    (options.out / "config.json").write_text(json.dumps(config(options.name), indent=2))
    (options.out / "preprocessor_config.json").write_text(json.dumps({"feature_size": BINS, "sampling_rate": 16000}))
    (options.out / "tokenizer.json").write_text(json.dumps(tokenizer(options.tokenizer), ensure_ascii=False), "utf-8")
    if options.ctranslate2:
        shutil.rmtree(options.ctranslate2, ignore_errors=True)
        convert(options.out, options.ctranslate2)


if __name__ == "__main__":
    main()
