"""Goldens of whole pictures: diffusers' pipelines in f32 on the CPU.

A folder has `runs.json`, what was asked, and `golden.safetensors`, what was computed, under `<run>/<tensor>`; most have a
`model` of random weights beside them.
"""
import pathlib
import sys
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import cases  # first: it keeps the libraries offline and quiet
import latent_consistency
import pictures
import stable_diffusion
import stable_diffusion_xl


def main():
    cases.settle()
    warnings.filterwarnings("ignore", category=FutureWarning)  # one picture for two texts; an offset of steps
    pictures.save(HERE / "pictures")
    latent_consistency.make()
    stable_diffusion.make()
    stable_diffusion_xl.make()


if __name__ == "__main__":
    main()
