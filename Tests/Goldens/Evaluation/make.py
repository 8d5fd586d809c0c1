"""Goldens of measures: scikit-image's SSIM and PSNR, torch's files, LPIPS, pytorch-fid's Inception and distance.

Made with torchvision 0.29.2, whose Inception class alone is used; requirements.txt has the version that goes with its torch.
"""
import json
import math
import pathlib
import zlib

import numpy as np
import pytorch_fid.inception
import torch
import torchvision
from pytorch_fid.fid_score import calculate_frechet_distance
from safetensors.numpy import save_file
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

HERE = pathlib.Path(__file__).resolve().parent


def hashed(name, shape):
    """Numbers in 0...1 by a formula that the tests have too, so that weights need not be stored."""
    count = int(np.prod(shape))
    x = (np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(zlib.crc32(name.encode()))).astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return ((x >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)).reshape(shape)


def inception_weight(name, shape):
    unit = hashed(name, shape)
    if name.endswith("conv.weight"):
        return (unit * np.float32(2) - np.float32(1)) * np.float32(math.sqrt(6 / np.prod(shape[1:])))
    if name.endswith(("bn.weight", "running_var")):
        return unit + np.float32(0.5)
    return (unit - np.float32(0.5)) * np.float32(0.2)


def pictures():
    values, figures = {}, []
    for name, width, height, strength in [("noise", 23, 17, 40), ("flat", 16, 12, 3), ("smallest", 11, 11, 120)]:
        y, x = np.mgrid[0:height, 0:width]
        base = np.stack([x * 9 + y * 3, 255 - x * 5 - y, 128 + 60 * np.sin(x / 3) * np.cos(y / 4)], axis=2)
        change = (hashed(name, (height, width, 3)) - 0.5) * 2 * strength
        a = np.clip(base, 0, 255).astype(np.uint8)
        b = np.clip(base + change, 0, 255).astype(np.uint8)
        values[f"{name}.a"], values[f"{name}.b"] = a, b
        figures.append({
            "name": name,
            "psnr": peak_signal_noise_ratio(a, b, data_range=255),
            "ssim": structural_similarity(
                a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=2),
        })
    save_file(values, HERE / "pictures.safetensors")
    (HERE / "pictures.json").write_text(json.dumps(figures, indent=1) + "\n")


def torch_files():
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 8
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    with torch.no_grad():
        for index, parameter in enumerate(module.parameters()):
            parameter.copy_(torch.arange(parameter.numel()).reshape(parameter.shape) + 10 * index)
    state = module.state_dict()  # an OrderedDict with _metadata
    state["base"] = base
    state["shared"] = base[1:3]
    state["transposed"] = base.t()
    state["strided"] = base[::2, 1::2]
    state["half"] = base.half()
    state["bfloat"] = base.bfloat16()
    state["double"] = base.double()
    state["bytes"] = torch.arange(5, dtype=torch.uint8)
    state["flags"] = torch.tensor([True, False, True])
    state["scalar"] = torch.tensor(2.5)
    state["empty"] = torch.zeros(0, 3)
    state["parameter"] = torch.nn.Parameter(base * 2)
    torch.save(state, HERE / "state.pth")
    torch.save({"epoch": 3, "state_dict": {"base": base}, "lr": 0.1, "steps": [1, 2**40, -7], "name": "x"}, HERE / "nested.pth")
    torch.save({"base": base, "when": complex(1, 2)}, HERE / "forbidden.pth")
    expected = {name: value.detach().float().contiguous().numpy().copy() for name, value in state.items()}
    save_file(expected, HERE / "state.safetensors")


def inception():
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    torchvision.models.Inception3.load_state_dict = lambda self, state: None
    pytorch_fid.inception.load_state_dict_from_url = lambda *arguments, **options: {}
    network = pytorch_fid.inception.fid_inception_v3()
    del torchvision.models.Inception3.load_state_dict
    pytorch_fid.inception.fid_inception_v3 = lambda: network
    for name, value in network.state_dict().items():
        if value.dtype == torch.float32 and not name.startswith("fc."):
            value.copy_(torch.from_numpy(inception_weight(name, tuple(value.shape))))
    model = pytorch_fid.inception.InceptionV3().eval()
    x = torch.from_numpy(hashed("pictures", (4, 3, 36, 52)))
    # Pictures of different smoothness, so that features differ.
    x[1] = torch.nn.functional.avg_pool2d(x[1], 5, 1, 2)
    x[2] = x[2] * 0.2
    x[3, 0] = 1
    save_file({"pictures": x.numpy(), "features": model(x)[0][:, :, 0, 0].numpy()}, HERE / "inception.safetensors")


def perceptual_weight(name, shape):
    # A block again and again: large networks are then quickly filled.
    unit = np.resize(hashed(name, (4099,)), shape)
    if name.startswith("lin"):
        return unit
    if name.endswith("bias"):
        return (unit - np.float32(0.5)) * np.float32(0.2)
    return (unit * np.float32(2) - np.float32(1)) * np.float32(math.sqrt(6 / np.prod(shape[1:])))


def perceptual():
    """LPIPS by its paper and the package's constants: the package's own weights are not needed for its arithmetic."""
    conv, relu = lambda *sizes: ("conv", *sizes), ("relu",)
    alexnet = [
        conv(3, 64, 11, 4, 2), relu, "tap", ("pool", 3), conv(64, 192, 5, 1, 2), relu, "tap", ("pool", 3), conv(192, 384, 3, 1, 1),
        relu, "tap", conv(384, 256, 3, 1, 1), relu, "tap", conv(256, 256, 3, 1, 1), relu, "tap"]
    vgg, channels = [], 3
    for outputs, count in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
        if vgg:
            vgg.append(("pool", 2))
        for _ in range(count):
            vgg += [conv(channels, outputs, 3, 1, 1), relu]
            channels = outputs
        vgg.append("tap")

    def weight(name, *shape):
        return torch.from_numpy(perceptual_weight(name, shape))

    def features(layers, x):
        index, taps = 0, []
        for layer in layers:
            if layer == "tap":
                taps.append(x)
                continue
            if layer[0] == "conv":
                inputs, outputs, kernel, stride, padding = layer[1:]
                weights = weight(f"features.{index}.weight", outputs, inputs, kernel, kernel)
                x = torch.nn.functional.conv2d(x, weights, weight(f"features.{index}.bias", outputs), stride, padding)
            elif layer[0] == "relu":
                x = torch.relu(x)
            else:
                x = torch.nn.functional.max_pool2d(x, layer[1], 2)
            index += 1
        return taps

    figures = []
    for name, layers, height, width in [("AlexNet", alexnet, 35, 50), ("AlexNet", alexnet, 31, 31), ("VGG16", vgg, 17, 36)]:
        a = hashed(f"{name}.a", (1, 3, height, width)) * 2 - 1
        b = np.clip(a * 0.8 + (hashed(f"{name}.b", (1, 3, height, width)) - 0.5), -1, 1)
        x = torch.from_numpy(np.concatenate([a, b]).astype(np.float32))
        x = (x - torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)) / torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)
        total = 0.0
        for index, tap in enumerate(features(layers, x)):
            unit = tap / (tap.square().sum(1, keepdim=True).sqrt() + 1e-10)
            square = (unit[:1] - unit[1:]).square()
            total += torch.nn.functional.conv2d(square, weight(f"lin{index}.model.1.weight", 1, square.shape[1], 1, 1)).mean().item()
        figures.append({"network": name, "height": height, "width": width, "distance": total})
    (HERE / "perceptual.json").write_text(json.dumps(figures, indent=1) + "\n")


def distances():
    values, figures = {}, {}
    for name, features, first, second in [("full", 8, 40, 33), ("singular", 12, 6, 7)]:
        a = hashed(f"{name}.a", (first, features))
        b = hashed(f"{name}.b", (second, features)) * np.float32(1.3) + np.float32(0.1)
        b[:, 0] = b[:, 1] * np.float32(0.5) + b[:, 2]
        values[f"{name}.a"], values[f"{name}.b"] = a, b
        moments = [(np.mean(x, axis=0), np.cov(x, rowvar=False)) for x in (a.astype(np.float64), b.astype(np.float64))]
        figures[name] = float(calculate_frechet_distance(*moments[0], *moments[1]))
        values[f"{name}.covariance"] = moments[0][1]
    save_file(values, HERE / "frechet.safetensors")
    (HERE / "frechet.json").write_text(json.dumps(figures, indent=1) + "\n")


def main():
    pictures()
    torch_files()
    distances()
    perceptual()
    inception()


if __name__ == "__main__":
    main()
