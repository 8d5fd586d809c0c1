"""Transcribes a manifest with PyTorch through transformers, as the article on Whisper does: one `generate` a recording of at most 30 s.

Reads the model as faster-whisper keeps it (version 6, float16). Writes and prints what faster_whisper_side.py does.
"""
import argparse
import json
import pathlib
import re
import struct
import sys
import time

started = time.perf_counter()
# A build of torchvision that does not fit torch keeps transformers from loading.
sys.modules["torchvision"] = None
import av  # noqa: E402
import numpy  # noqa: E402
import torch  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402
from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration  # noqa: E402

RATE = 16_000
MODULES = {
    "self_attention/layer_norm": "self_attn_layer_norm", "attention/layer_norm": "encoder_attn_layer_norm",
    "ffn/layer_norm": "final_layer_norm", "ffn/linear_0": "fc1", "ffn/linear_1": "fc2", "self_attention/linear_1": "self_attn.out_proj",
    "attention/linear_0": "encoder_attn.q_proj", "attention/linear_2": "encoder_attn.out_proj"}
JOINED = {
    "self_attention/linear_0": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    "attention/linear_1": ["encoder_attn.k_proj", "encoder_attn.v_proj"]}
FIXED = {
    "encoder/position_encodings/encodings": "encoder.embed_positions.weight",
    "decoder/position_encodings/encodings": "decoder.embed_positions.weight", "decoder/embeddings/weight": "decoder.embed_tokens.weight"}


def variables(path):
    """Name and f32 array of each variable of CTranslate2's file."""
    content = path.read_bytes()
    place = 0

    def number(format):
        nonlocal place
        value, = struct.unpack_from(f"<{format}", content, place)
        place += struct.calcsize(format)
        return value

    def text():
        nonlocal place
        length = number("H")
        value = content[place:place + length - 1].decode()
        place += length
        return value

    number("I"), text(), number("I")
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = number("B"), number("I")
        if kind in (0, 4):
            yield name, numpy.frombuffer(content, "<f4" if kind == 0 else "<f2", offset=place,
                                         count=size // (4 if kind == 0 else 2)).reshape(shape).astype(numpy.float32)
        place += size


def state(path):
    """transformers' names for them."""
    for name, array in variables(path):
        if name in FIXED:
            yield f"model.{FIXED[name]}", array
            continue
        match = re.fullmatch(r"(encoder|decoder)/(?:layer_(\d+)/)?(.*)/(weight|bias|gamma|beta)", name)
        if not match or not array.ndim:
            continue
        half, layer, module, parameter = match.groups()
        prefix = f"model.{half}." + (f"layers.{layer}." if layer else "")
        parameter = {"gamma": "weight", "beta": "bias"}.get(parameter, parameter)
        names = JOINED.get(module, [MODULES.get(module, module)])
        for part, rows in zip(names, numpy.split(array, len(names))):
            if parameter == "weight" or not part.endswith("k_proj"):
                yield f"{prefix}{part}.{parameter}", rows


def model(folder):
    tensors = {name: torch.from_numpy(array.copy()) for name, array in state(folder / "model.bin")}
    vocabulary, width = tensors["model.decoder.embed_tokens.weight"].shape
    layers = {half: 1 + max(int(name.split(".")[3]) for name in tensors if name.startswith(f"model.{half}.layers."))
              for half in ("encoder", "decoder")}
    heads, inner = width // 64, tensors["model.encoder.layers.0.fc1.weight"].shape[0]
    network = WhisperForConditionalGeneration(WhisperConfig(
        vocab_size=vocabulary, num_mel_bins=tensors["model.encoder.conv1.weight"].shape[1], d_model=width,
        encoder_layers=layers["encoder"], decoder_layers=layers["decoder"], encoder_attention_heads=heads,
        decoder_attention_heads=heads, encoder_ffn_dim=inner, decoder_ffn_dim=inner)).eval()
    tensors["proj_out.weight"] = tensors["model.decoder.embed_tokens.weight"]
    network.load_state_dict(tensors)
    return network


def generation(folder, tokenizer, language):
    """OpenAI's options, and the tokens that begin a text."""
    known = json.loads((folder / "config.json").read_text("utf-8"))
    token = tokenizer.token_to_id
    is_multilingual = token("<|endoftext|>") == 50257
    config = GenerationConfig(
        suppress_tokens=known["suppress_ids"], begin_suppress_tokens=known["suppress_ids_begin"], eos_token_id=token("<|endoftext|>"),
        pad_token_id=token("<|endoftext|>"), decoder_start_token_id=token("<|startoftranscript|>"), max_length=448)
    config.no_timestamps_token_id = token("<|notimestamps|>")
    config.is_multilingual = is_multilingual
    if is_multilingual:
        config.lang_to_id = {f"<|{language}|>": token(f"<|{language}|>")}
        config.task_to_id = {"transcribe": token("<|transcribe|>")}
    return config, ({"language": language, "task": "transcribe"} if is_multilingual else {})


def samples(path):
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(str(path)) as file:
        frames = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)] + resampler.resample(None)
    return numpy.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=pathlib.Path)
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--language", default="en")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    options, _ = parser.parse_known_args()
    torch.set_num_threads(options.threads)
    network = model(options.model)
    tokenizer = Tokenizer.from_file(str(options.model / "tokenizer.json"))
    config, arguments = generation(options.model, tokenizer, options.language)
    extractor = WhisperFeatureExtractor(feature_size=network.config.num_mel_bins)
    loaded = time.perf_counter()
    total = audio = 0
    with open(options.output, "w", encoding="utf-8") as output, torch.inference_mode():
        for line in options.manifest.read_text("utf-8").splitlines():
            sample = json.loads(line)
            start = time.perf_counter()
            sound = samples(options.manifest.parent / sample["audio"])
            features = extractor(sound, sampling_rate=RATE, return_tensors="pt").input_features
            ids = network.generate(features, generation_config=config, **arguments)[0]
            seconds = time.perf_counter() - start
            total += seconds
            audio += len(sound) / RATE
            record = {"audio": sample["audio"], "reference": sample["text"],
                      "hypothesis": tokenizer.decode(ids.tolist(), skip_special_tokens=True), "seconds": seconds}
            output.write(json.dumps(record, ensure_ascii=False) + "\n")
    figures = {"name": "transformers", "load_seconds": loaded - started, "transcription_seconds": total}
    print(json.dumps({"audio_seconds": audio, "variants": [figures]}))


if __name__ == "__main__":
    main()
