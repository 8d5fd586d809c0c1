"""A small random Whisper by transformers, and CTranslate2's own conversions of it.

Needs transformers, safetensors, ctranslate2 and pyyaml. Weights are representable in f16, so that float16.bin has the same.
"""
import copy
import pathlib
import sys

sys.modules["torchvision"] = None
import torch
from ctranslate2.converters.transformers import WhisperLoader
from safetensors.torch import save_file
from transformers import WhisperConfig, WhisperForConditionalGeneration

folder = pathlib.Path(__file__).parent
torch.manual_seed(2026)
config = WhisperConfig(
    vocab_size=37, num_mel_bins=5, d_model=8, encoder_layers=2, encoder_attention_heads=2, encoder_ffn_dim=12,
    decoder_layers=1, decoder_attention_heads=4, decoder_ffn_dim=10, max_source_positions=11, max_target_positions=9,
    pad_token_id=1, bos_token_id=1, eos_token_id=1, decoder_start_token_id=2)
model = WhisperForConditionalGeneration(config).eval()
with torch.no_grad():
    for parameter in model.parameters():
        parameter.copy_((torch.randn_like(parameter) * 0.7).half().float())

tensors = {name: tensor.half().contiguous() for name, tensor in model.state_dict().items()}
del tensors["proj_out.weight"]
save_file(tensors, folder / "model.safetensors")
(folder / "config.json").write_text(model.config.to_json_string())

for quantization, name in [("float16", "float16"), ("int8_float16", "int8"), ("int16", "int16")]:
    # Quantizing writes to the model's own tensors.
    specification = WhisperLoader().get_model_spec(copy.deepcopy(model))
    specification.register_vocabulary([str(token) for token in range(config.vocab_size)])
    specification.validate()
    specification.optimize(quantization)
    specification._serialize(str(folder / f"{name}.bin"))
