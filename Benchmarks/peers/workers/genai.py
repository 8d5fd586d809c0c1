"""Whole pictures by the C++ pipeline of OpenVINO GenAI.

    python genai.py IR_FOLDER HEIGHT WIDTH STEPS GUIDANCE_SCALE THREADS PROMPT [PICTURE.npy]

With a file's name it draws one picture, writes it there, and ends.
"""
import sys

import numpy
import openvino_genai

from network import properties
from protocol import clock, serve


def main():
    folder, height, width, steps, guidance, threads, prompt, *output = sys.argv[1:]
    height, width, steps = int(height), int(width), int(steps)

    def read():
        pipeline = openvino_genai.Text2ImagePipeline(folder)
        pipeline.reshape(1, height, width, float(guidance))
        return pipeline

    def load(name):
        if name != "picture":
            raise SystemExit(f"this worker draws pictures; it was asked for {name}")
        pipeline, ready = clock(read)
        compiling = clock(lambda: pipeline.compile("CPU", **properties(int(threads))))[1]

        def run():
            return pipeline.generate(prompt, height=height, width=width, num_inference_steps=steps,
                                     guidance_scale=float(guidance), rng_seed=0)

        return run, ready, compiling

    if output:
        numpy.save(output[0], load("picture")[0]().data)
    else:
        serve(load)


if __name__ == "__main__":
    main()
