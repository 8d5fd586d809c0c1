"""A Whisper model of random weights as optimum-intel exports it, with and without state, and its checkpoint: export.zip.

Needs optimum-intel==2.2.0 (with transformers==5.5.4), which wants another transformers than the rest; where it is not
installed, what is there is left as it is.
"""
import json
import pathlib
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent


def model():
    import torch
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    config = WhisperConfig(
        vocab_size=1801, d_model=6, num_mel_bins=80, encoder_layers=1, decoder_layers=1, encoder_attention_heads=3,
        decoder_attention_heads=3, encoder_ffn_dim=10, decoder_ffn_dim=10, max_source_positions=1500,
        max_target_positions=448, bos_token_id=256, eos_token_id=256, pad_token_id=256, decoder_start_token_id=257)
    torch.manual_seed(0)
    network = WhisperForConditionalGeneration(config).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "embed_positions" in name and "encoder" in name:
                continue
            # Large, so that tokens depend on what came before.
            scale = 0.3 if name.endswith("bias") else 1.0
            value = torch.randn(parameter.shape) * scale + (1 if "norm" in name and name.endswith("weight") else 0)
            parameter.copy_(value.half().float())
    return network


def main():
    try:
        from optimum.exporters.openvino import main_export
    except ImportError as error:
        print(f"left as it is: {error}")
        return
    import openvino
    from safetensors.torch import load_file, save_file

    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        network = model()
        network.save_pretrained(place / "source")
        for name, stateful in (("past", False), ("stateful", True)):
            main_export(
                str(place / "source"), place / name, task="automatic-speech-recognition-with-past", stateful=stateful,
                library_name="transformers", convert_tokenizer=False, local_files_only=True)
            for file in sorted((place / name).glob("openvino_*.xml")):
                graph = openvino.Core().read_model(file)
                # The weights are f16 by their values, so that nothing is lost.
                openvino.save_model(graph, place / "small" / name / file.name, compress_to_fp16=True)
        tensors = load_file(place / "source/model.safetensors")
        save_file({key: value.half() for key, value in tensors.items()}, place / "small/model.safetensors")
        (place / "small/config.json").write_text(
            json.dumps(json.loads((place / "source/config.json").read_text()), sort_keys=True))
        with zipfile.ZipFile(HERE / "export.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for file in sorted((place / "small").rglob("*")):
                if file.is_file():
                    entry = zipfile.ZipInfo(str(file.relative_to(place / "small")), date_time=(2026, 1, 1, 0, 0, 0))
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(entry, file.read_bytes(), compresslevel=9)


if __name__ == "__main__":
    main()
