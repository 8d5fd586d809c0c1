"""Goldens of Whisper's networks (transformers' WhisperForConditionalGeneration)."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

sys.modules["torchvision"] = None

import cases  # first: it keeps the libraries offline and quiet
import torch
from safetensors.torch import save_file
from transformers import WhisperConfig, WhisperForConditionalGeneration

SINUSOIDS = "model.encoder.embed_positions.weight"


def make(name, config, prompts, beams, short, dtype=torch.float16, prefix="model.", has_positions=True):
    """`prompts` is a list of ids for each window; `beams` are texts for the first window, the last tokens' logits of which are
    recorded. `short` is a number of positions, to which the sound is cut.

    Without `has_positions` the encoder's position embeddings are those that the class begins with, and not in the file.
    """
    folder = HERE / name
    cases.clean(folder)
    model = WhisperForConditionalGeneration._from_config(WhisperConfig(**config), attn_implementation="eager")
    positions = model.get_parameter(SINUSOIDS).clone()
    cases.fill(model, name, dtype)
    if not has_positions:
        model.get_parameter(SINUSOIDS).copy_(positions)

    weights = {}
    for key, value in model.state_dict().items():
        # Tied to the embeddings, and so not in published files.
        if key == "proj_out.weight" or key == SINUSOIDS and not has_positions:
            continue
        weights[prefix + key.removeprefix("model.")] = value.to(dtype).contiguous()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    cases.write_json(folder / "config.json", {"architectures": ["WhisperForConditionalGeneration"], **config})
    if has_positions and prefix:
        again = WhisperForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
        cases.expect_same(model, again, folder)

    frames = 2 * config["max_source_positions"]
    features = cases.randn(f"{name} features", len(prompts), config["num_mel_bins"], frames)
    ids = torch.tensor(prompts)
    result = model(input_features=features, decoder_input_ids=ids, output_attentions=True)
    outputs = {
        "last_hidden_state": result.encoder_last_hidden_state,
        "logits": result.logits,
        "cross_attentions": torch.stack(result.cross_attentions, dim=1),  # [W, layers, heads, N, positions]
        **greedy(model, features, ids),
    }
    texts = torch.tensor(beams)
    first = features[:1].expand(len(texts), -1, -1)
    outputs["beam_logits"] = model(input_features=first, decoder_input_ids=texts).logits[:, -1]

    # The class refuses sound of another length than its own, so its length is changed.
    encoder = model.model.encoder
    encoder.config.max_source_positions = short
    encoder.embed_positions = torch.nn.Embedding.from_pretrained(encoder.embed_positions.weight[:short])
    cut = model(input_features=features[:, :, : 2 * short], decoder_input_ids=ids)
    outputs["short_last_hidden_state"] = cut.encoder_last_hidden_state
    outputs["short_logits"] = cut.logits[:, -1]
    inputs = {"input_features": features, "decoder_input_ids": ids, "beam_ids": texts}
    # Attention is as small as the number of positions is large.
    spread = {key: outputs.pop(key) for key in ["cross_attentions", "greedy_ids"]}
    cases.write_golden(folder, inputs | spread, outputs)


def greedy(model, features, ids, steps=8):
    """The tokens that follow, each the likeliest, and the logits that each was chosen by."""
    begin = ids.shape[1]
    for _ in range(steps):
        logits = model(input_features=features, decoder_input_ids=ids).logits[:, -1]
        best = logits.topk(2).values
        assert (best[:, 0] - best[:, 1]).min() > 1e-2, "the choice is too close to be made again"
        ids = torch.cat([ids, logits.argmax(-1, keepdim=True)], dim=1)
    return {"greedy_ids": ids[:, begin:], "greedy_logits": logits}


def main():
    cases.settle()
    # openai/whisper-tiny's keys, smaller; heads differ, so that one network's are not taken for the other's.
    make(
        "equal-depth",
        {
            "_name_or_path": "openai/whisper-tiny", "activation_dropout": 0.0, "activation_function": "gelu",
            "attention_dropout": 0.0, "begin_suppress_tokens": [22, 190], "bos_token_id": 190, "d_model": 24,
            "decoder_attention_heads": 2, "decoder_ffn_dim": 44, "decoder_layerdrop": 0.0, "decoder_layers": 2,
            "decoder_start_token_id": 191, "dropout": 0.0, "encoder_attention_heads": 3, "encoder_ffn_dim": 52,
            "encoder_layerdrop": 0.0, "encoder_layers": 2, "eos_token_id": 190, "forced_decoder_ids": [[1, 192], [2, 195]],
            "init_std": 0.02, "is_encoder_decoder": True, "max_length": 27, "max_source_positions": 40,
            "max_target_positions": 27, "model_type": "whisper", "num_hidden_layers": 2, "num_mel_bins": 80,
            "pad_token_id": 190, "scale_embedding": False, "suppress_tokens": [1, 2], "torch_dtype": "float32",
            "transformers_version": "4.27.0.dev0", "use_cache": True, "vocab_size": 201,
        },
        [[191, 192, 7, 44, 180], [191, 193, 18, 3, 200]],
        # Histories that part after each step, see WhisperDecoderTests.
        [[191, 192, 195, 8, 14, 20], [191, 192, 195, 8, 14, 21], [191, 192, 195, 10, 13, 22]],
        short=17)
    # distil-large-v3's kind: a shallow decoder, 128 bins. Keys without `model.`, as WhisperModel has them, and no position
    # embeddings for the sound; relu, which the convolutions do not follow; scale_embedding, which the class does not use.
    make(
        "shallow-decoder-bf16",
        {
            "activation_function": "relu", "d_model": 12, "decoder_attention_heads": 4, "decoder_ffn_dim": 30,
            "decoder_layers": 1, "decoder_start_token_id": 81, "encoder_attention_heads": 2, "encoder_ffn_dim": 31,
            "encoder_layers": 3, "bos_token_id": 80, "eos_token_id": 80, "max_source_positions": 19,
            "max_target_positions": 14, "model_type": "whisper", "num_mel_bins": 128, "pad_token_id": 80,
            "scale_embedding": True, "begin_suppress_tokens": None, "vocab_size": 91,
        },
        [[81, 5, 7, 90, 33]],
        [[81, 82, 84, 8, 14, 20], [81, 82, 84, 8, 14, 21], [81, 82, 84, 10, 13, 22]],
        short=1, dtype=torch.bfloat16, prefix="", has_positions=False)


if __name__ == "__main__":
    main()
