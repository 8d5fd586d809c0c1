"""Goldens of what optimum-intel writes: the tokenizer as IR, and SDXL's second text encoder with all its outputs.

Needs optimum-intel==2.2.0 and openvino-tokenizers==2026.4.1.0, which want another transformers than the rest; where they are
not installed, what is there is left as it is.
"""
import pathlib
import shutil
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def model(tokenizer):
    import torch
    from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(0)

    def text_encoder(network, width):
        return network(CLIPTextConfig(
            vocab_size=1164, hidden_size=width, intermediate_size=2 * width, num_hidden_layers=1, num_attention_heads=2,
            max_position_embeddings=32, projection_dim=width, hidden_act="gelu", bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id))

    return StableDiffusionXLPipeline(
        unet=UNet2DConditionModel(
            sample_size=8, block_out_channels=(4, 8), layers_per_block=1, norm_num_groups=2, cross_attention_dim=8,
            attention_head_dim=2, addition_embed_type="text_time", addition_time_embed_dim=2,
            projection_class_embeddings_input_dim=16, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D")),
        vae=AutoencoderKL(
            block_out_channels=(4, 8), layers_per_block=1, norm_num_groups=2, latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2),
        text_encoder=text_encoder(CLIPTextModel, 4), text_encoder_2=text_encoder(CLIPTextModelWithProjection, 4),
        tokenizer=tokenizer, tokenizer_2=tokenizer, scheduler=EulerDiscreteScheduler())


def main():
    try:
        import openvino
        from openvino_tokenizers import convert_tokenizer
        from optimum.exporters.openvino import main_export
        from transformers import CLIPTokenizer
    except ImportError as error:
        print(f"left as it is: {error}")
        return
    tokenizer = CLIPTokenizer.from_pretrained(HERE.parents[1] / "Tokenizers/tokenizer/small")
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        model(tokenizer).save_pretrained(place / "source")
        main_export(str(place / "source"), output=place / "export", task="text-to-image", library_name="diffusers")
        export = place / "export"
        for part in ("text_encoder_2", "tokenizer"):
            shutil.rmtree(HERE / part, ignore_errors=True)
            (HERE / part).mkdir()
        for name in ("config.json", "openvino_model.xml", "openvino_model.bin"):
            shutil.copy(export / "text_encoder_2" / name, HERE / "text_encoder_2" / name)
        # As optimum's command line does after the export.
        openvino.save_model(convert_tokenizer(tokenizer), HERE / "tokenizer/openvino_tokenizer.xml")
    for file in sorted(HERE.rglob("*.*")):
        print(f"{file.stat().st_size:>8,} bytes  {file.relative_to(HERE)}")


if __name__ == "__main__":
    main()
