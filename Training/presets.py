"""What is trained, by the machine at hand."""
import argparse
import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class Preset:
    #: "common": some 400 plain things; "all": every glyph.
    selection: str
    pixels: int
    #: Side of the crops that the autoencoder learns from, and how many at a time.
    crop: int
    crops: int
    autoencoder_width: int
    encoder_blocks: tuple
    decoder_blocks: tuple
    unet_widths: tuple
    layers_per_block: int
    text_width: int
    text_layers: int
    #: Heads of all attention.
    heads: int
    #: Longest caption in tokens, its ends counted.
    tokens: int
    #: Pictures a step.
    batch: int
    #: Scenes whose latents are made beforehand.
    scenes: int

    @property
    def latents(self): return self.pixels // 8


PRESETS = {
    # Runs through in minutes, draws nothing to speak of.
    "smoke": Preset("common", 64, 64, 4, 16, (0, 1, 1, 1), (1, 1, 1, 0), (32, 64), 1, 64, 1, 4, 32, 8, 256),
    # Some hours of two processor cores.
    "cpu": Preset("common", 128, 64, 24, 48, (0, 1, 2, 2), (2, 2, 1, 0), (64, 160, 256), 1, 256, 3, 4, 32, 128, 56_000),
    # Some half an hour of one large accelerator.
    "cuda": Preset("all", 256, 128, 64, 64, (1, 2, 3, 3), (3, 3, 2, 1), (96, 192, 320), 1, 320, 4, 8, 77, 512, 120_000),
}


def stage_parser(preset, seconds, rates=None):
    """What every stage takes from the command line, with its defaults."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset", default=preset, choices=PRESETS)
    parser.add_argument("--out", required=True, type=pathlib.Path, help="the working folder")
    parser.add_argument("--seconds", type=float, default=seconds)
    if rates: parser.add_argument("--rates", type=float, nargs=2, default=rates, help="of Muon and of AdamW")
    return parser
