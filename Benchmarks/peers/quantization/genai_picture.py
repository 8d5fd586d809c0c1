"""One picture by OpenVINO GenAI with noise that is given: what it draws can then be held against others' pictures.

    python genai_picture.py FOLDER PROMPT STEPS GUIDANCE_SCALE NOISE.npy PICTURE.npy

NOISE is [steps, 1, channels, height / 8, width / 8]: the latents to begin with, then what is added after each step but the last.
"""
import sys

import numpy
import openvino
import openvino_genai


class Given(openvino_genai.Generator):
    def __init__(self, noise):
        super().__init__()
        self.noise = iter(noise)

    def randn_tensor(self, shape):
        values = next(self.noise)
        if values.shape != tuple(shape):
            raise ValueError(f"noise of shape {list(shape)} was asked for; the file has {list(values.shape)}")
        return openvino.Tensor(numpy.ascontiguousarray(values))


def main():
    folder, prompt, steps, guidance, noise, output = sys.argv[1:]
    pipeline = openvino_genai.Text2ImagePipeline(
        folder, "CPU", INFERENCE_PRECISION_HINT="f32", DYNAMIC_QUANTIZATION_GROUP_SIZE="0")
    drawn = pipeline.generate(prompt, num_inference_steps=int(steps), guidance_scale=float(guidance),
                              generator=Given(numpy.load(noise)))
    numpy.save(output, numpy.array(drawn.data)[0])


if __name__ == "__main__":
    main()
