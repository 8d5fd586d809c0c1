"""The programs that are compared, and the commands that run them."""
import dataclasses
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
GLINT = HERE.parent.parent / "glint"
WORKERS = HERE / "workers"

# What `glint bench worker` draws; the peers are asked for the same.
PROMPT = "a beautiful pink unicorn, 8k"
STEPS = 4
GUIDANCE_SCALE = 8.0


@dataclasses.dataclass
class Side:
    name: str
    command: list


@dataclasses.dataclass
class Sides:
    """Everything that is run on one checkpoint."""

    model: pathlib.Path
    work: pathlib.Path
    python: pathlib.Path
    python_optimum: pathlib.Path
    threads: int

    @property
    def exported(self):
        return self.work / f"{self.model.name}-openvino"

    @property
    def nncf_int8(self):
        """The traced UNet as NNCF quantized it: a folder with nothing else."""
        return self.work / f"{self.model.name}-nncf-int8"

    @property
    def glint_int8(self):
        """The model as `glint quantize` wrote it."""
        return self.work / f"{self.model.name}-glint-int8"

    @property
    def tiny_vae(self):
        return self.work / "tiny-vae"

    @property
    def model_with_tiny_vae(self):
        return self.work / f"{self.model.name}-tiny-vae"

    @property
    def size(self):
        """Height and width of the model's own pictures, in pixels."""
        unet = json.loads((self.model / "unet" / "config.json").read_text())
        vae = json.loads((self.model / "vae" / "config.json").read_text())
        return unet["sample_size"] * 2 ** (len(vae["block_out_channels"]) - 1)

    def glint(self, *arguments):
        threads = ["--threads", str(self.threads)] if self.threads else []
        # The peers are told to compute in f32 too.
        return Side("glint", [str(GLINT), *arguments, "--precision", "f32", *threads])

    def glint_worker(self, model=None):
        return self.glint("bench", "worker", "--model", str(model or self.model))

    def glint_bench(self):
        return self.glint("bench", "pipeline", "--model", str(self.model), "--repeats", "1", "--json")

    def glint_generate(self):
        return self.glint(
            "generate", PROMPT, "--model", str(self.model), "--steps", str(STEPS), "--guidance-scale", str(GUIDANCE_SCALE),
            "--seed", "0", "--output", str(self.work / "glint.png"))

    def glint_quantize(self, prompts):
        """One prompt, every step of it: the four evaluations that NNCF gets."""
        return self.glint("quantize", str(self.model), str(self.glint_int8), "--calibration-prompts", str(prompts),
                          "--subset-size", "1", "--steps", str(STEPS))

    def traced(self):
        """One traced network at a time, on the plain runtime."""
        return Side("OpenVINO, traced", self.network(self.exported))

    def nncf(self):
        """The same of the traced UNet as NNCF quantized it."""
        return Side("NNCF, traced", self.network(self.nncf_int8))

    def network(self, folder):
        return [str(self.python), str(WORKERS / "network.py"), str(folder), str(self.tiny_vae / "ir" / "openvino_model.xml"),
                str(self.size), str(self.size), str(self.threads)]

    def pictures(self):
        """What a picture worker is told after the folder."""
        return [str(self.size), str(self.size), str(STEPS), str(GUIDANCE_SCALE), str(self.threads), PROMPT]

    def genai(self):
        return Side("OpenVINO GenAI", [str(self.python), str(WORKERS / "genai.py"), str(self.exported), *self.pictures()])

    def genai_once(self):
        side = self.genai()
        return Side(side.name, [*side.command, str(self.work / "genai.npy")])

    def optimum(self):
        return Side("optimum-intel", [
            str(self.python_optimum), str(WORKERS / "optimum_intel.py"), str(self.exported), *self.pictures()])

    def export(self):
        """The exporter as its documentation has it: the element types are its own choice."""
        return Side("optimum-intel", [
            str(self.python_optimum.parent / "optimum-cli"), "export", "openvino", "--model", str(self.model),
            "--library", "diffusers", "--task", "latent-consistency", str(self.exported)])

    def make_tiny_vae(self):
        return Side("tiny_vae.py", [str(self.python_optimum), str(HERE / "tiny_vae.py"), str(self.tiny_vae)])
