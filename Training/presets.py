"""What is trained, by the machine at hand."""
import dataclasses


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
    #: Attention is left out at the finest level, where it costs most.
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
