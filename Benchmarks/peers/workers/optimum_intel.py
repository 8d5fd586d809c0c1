"""Whole pictures by optimum-intel's pipeline in Python.

    python optimum_intel.py IR_FOLDER HEIGHT WIDTH STEPS GUIDANCE_SCALE THREADS PROMPT
"""
import sys

import torch
from optimum.intel import OVLatentConsistencyModelPipeline

from network import properties
from protocol import clock, serve


def main():
    folder, height, width, steps, guidance, threads, prompt = sys.argv[1:]
    height, width, steps = int(height), int(width), int(steps)

    def read():
        pipeline = OVLatentConsistencyModelPipeline.from_pretrained(
            folder, device="CPU", compile=False, ov_config=properties(int(threads)), safety_checker=None)
        pipeline.reshape(1, height, width, 1)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def load(name):
        if name != "picture":
            raise SystemExit(f"this worker draws pictures; it was asked for {name}")
        pipeline, ready = clock(read)
        compiling = clock(pipeline.compile)[1]

        def run():
            pipeline(prompt, height=height, width=width, num_inference_steps=steps, guidance_scale=float(guidance),
                     generator=torch.Generator().manual_seed(0))

        return run, ready, compiling

    serve(load)


if __name__ == "__main__":
    main()
