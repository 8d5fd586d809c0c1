"""One pipeline, any UNet: everything that is compared draws through optimum-intel's LCM pipeline, with the same seeds."""
import numpy
import openvino
import torch
from optimum.intel import OVLatentConsistencyModelPipeline

STEPS = 4
GUIDANCE_SCALE = 8.0
# Full precision where a network is not quantized, and nothing quantized that is not so in the file.
PRECISE = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0", "PERFORMANCE_HINT": "LATENCY"}


class Drawing:
    """A folder in optimum-intel's layout, at the model's own size, one picture at a time."""

    def __init__(self, folder, unet=None):
        """With `unet`, an IR file, that one takes the place of the folder's."""
        replaced = {"unet": openvino.Core().read_model(unet)} if unet else {}
        self.pipeline = OVLatentConsistencyModelPipeline.from_pretrained(
            folder, device="CPU", compile=False, ov_config=dict(PRECISE), safety_checker=None, **replaced)
        self.pipeline.set_progress_bar_config(disable=True)
        self.size = self.pipeline.unet.config["sample_size"] * self.pipeline.vae_scale_factor
        # Each network is compiled when it is first run.
        self.pipeline.reshape(1, self.size, self.size, 1)

    def draw(self, prompt, seed, output):
        return self.pipeline(prompt, height=self.size, width=self.size, num_inference_steps=STEPS, output_type=output,
                             guidance_scale=GUIDANCE_SCALE, generator=torch.Generator().manual_seed(seed)).images[0]

    def picture(self, prompt, seed):
        """RGB of 8 bits, [height, width, 3]."""
        return numpy.asarray(self.draw(prompt, seed, "pil"))

    def pictures(self, prompts, first_seed=0):
        return [self.picture(prompt, first_seed + index) for index, prompt in enumerate(prompts)]

    def unet_inputs(self, prompts, first_seed):
        """What the UNet is given at every step of every prompt, as the articles collect it: one dictionary an evaluation."""
        self.pipeline.unet.compile()
        recorder = Recorder(self.pipeline.unet.request)
        self.pipeline.unet.request = recorder
        for index, prompt in enumerate(prompts):
            self.draw(prompt, first_seed + index, "latent")
        self.pipeline.unet.request = recorder.request
        return recorder.inputs


class Recorder:
    """Stands in the place of a compiled model and keeps a copy of what it is given."""

    def __init__(self, request):
        self.request = request
        self.inputs = []

    def __call__(self, inputs, *args, **kwargs):
        # The timestep comes as a scalar; the network's own shape is [1].
        self.inputs.append({name: numpy.atleast_1d(numpy.array(value)) for name, value in inputs.items()})
        return self.request(inputs, *args, **kwargs)
