"""What must be there before anything is compared: the checkpoint, its export, the tiny autoencoder. Kept between runs."""
import json
import os
import shutil

from processes import Failed, run_once
from sides import GLINT, Side

SYNTHETIC = "lcm-dreamshaper-v7"


def synthetic_checkpoint(work, log):
    """The folder of the full-size model with random weights, written by glint the first time."""
    folder = work / SYNTHETIC
    if not (folder / "model_index.json").exists():
        command = [str(GLINT), "bench", "pipeline", "--synthetic", SYNTHETIC, "--keep", str(folder), "--repeats", "1"]
        run_once(Side("glint", command), log)
    return folder


def check_model(sides):
    """Refuses a folder that is no LCM with guidance embedding."""
    unet = sides.model / "unet" / "config.json"
    if not unet.exists() or not json.loads(unet.read_text()).get("time_cond_proj_dim"):
        raise Failed(f"{sides.model} is no diffusers folder of an LCM with guidance embedding (time_cond_proj_dim)")


def check_environments(sides):
    for python in (sides.python, sides.python_optimum):
        if not python.exists():
            raise Failed(f"there is no {python}; README.md says how the two environments are made")


def export(sides, again, log):
    """Exports the checkpoint unless that was done before, from the same files: seconds and peak memory of the exporter."""
    record = sides.exported / "export.json"
    files = [file for file in sorted(sides.model.rglob("*.safetensors")) if file.is_file()]
    inputs = [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files]
    if record.exists() and not again:
        recorded = json.loads(record.read_text())
        if recorded["inputs"] == inputs:
            return recorded["measured"] | {"measured_in_this_run": False}
    shutil.rmtree(sides.exported, ignore_errors=True)
    measured = run_once(sides.export(), log)
    record.write_text(json.dumps({"inputs": inputs, "measured": measured}))
    return measured | {"measured_in_this_run": True}


def tiny_autoencoder(sides, log):
    """The tiny autoencoder, its traced decoder, and the checkpoint's folder with it in the place of its own."""
    if not (sides.tiny_vae / "ir" / "openvino_model.xml").exists():
        run_once(sides.make_tiny_vae(), log)
    folder = sides.model_with_tiny_vae
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for entry in sides.model.iterdir():
        if entry.name not in ("vae", "model_index.json"):
            os.symlink(entry.resolve(), folder / entry.name)
    os.symlink(sides.tiny_vae.resolve(), folder / "vae")
    index = json.loads((sides.model / "model_index.json").read_text())
    index["vae"] = ["diffusers", "AutoencoderTiny"]
    (folder / "model_index.json").write_text(json.dumps(index, indent=2))
