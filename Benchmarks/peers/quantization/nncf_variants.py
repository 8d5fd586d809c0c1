"""NNCF's post-training quantization of a UNet, as the articles call it, and with one thing changed at a time."""
import nncf
import openvino
from nncf.quantization.range_estimator import RangeEstimatorParametersSet

# What the articles on LCM (and OpenVINO's notebooks) pass.
ARTICLES = {"preset": "mixed", "model_type": "transformer", "disable_bias_correction": True}
# What the article on SDXL-Turbo leaves in floating point: the first convolution, the last, and the shortcut before the last.
ENDS = [r".*\.conv_in/.*", r".*\.up_blocks\.2\.resnets\.1\.conv_shortcut/.*", r".*\.conv_out/.*"]
# What served the first emoji-lcm best: those layers kept, all 8 bits of the weights, and ranges that cut off no step's activations.
BEST = ARTICLES | {"ignored": ENDS, "overflow_fix": "disable", "ranges": "min-max"}

VARIANTS = {
    "articles": ARTICLES,
    "articles, no overflow fix": ARTICLES | {"overflow_fix": "disable"},
    "articles, no SmoothQuant": ARTICLES | {"smooth_quant": False},
    "articles, no SmoothQuant, no overflow fix": ARTICLES | {"smooth_quant": False, "overflow_fix": "disable"},
    "articles, 32 evaluations": ARTICLES | {"subset_size": 32},
    "articles, performance preset": ARTICLES | {"preset": "performance"},
    "SDXL-Turbo article": {"model_type": "transformer", "ignored": ENDS},
    "articles, SDXL-Turbo's layers kept": ARTICLES | {"ignored": ENDS},
    "everything that helps": BEST,
    "everything that helps, no SmoothQuant": BEST | {"smooth_quant": False},
    "transformer, else NNCF's defaults": {"model_type": "transformer"},
    "NNCF's defaults": {},
}


def quantize(model, inputs, preset=None, model_type=None, disable_bias_correction=False, overflow_fix=None, smooth_quant=True,
             ignored=(), ranges=None, subset_size=None):
    """The INT8 model of an f32 one; `subset_size` None: all of the evaluations."""
    advanced = nncf.AdvancedQuantizationParameters(disable_bias_correction=disable_bias_correction)
    if overflow_fix:
        advanced.overflow_fix = nncf.OverflowFix(overflow_fix)
    if ranges == "min-max":  # By default NNCF takes the mean of every evaluation's minimum, and of its maximum.
        advanced.activations_range_estimator_params = RangeEstimatorParametersSet.MINMAX
    if not smooth_quant:
        advanced.smooth_quant_alphas.matmul = -1
    return nncf.quantize(
        model, nncf.Dataset(inputs), subset_size=subset_size or len(inputs),
        preset=nncf.QuantizationPreset(preset) if preset else None,
        model_type=nncf.ModelType(model_type) if model_type else None,
        ignored_scope=nncf.IgnoredScope(patterns=list(ignored)) if ignored else None, advanced_parameters=advanced)


def quantize_file(file, inputs, output, **options):
    """Reads, quantizes and writes an IR; the network keeps its dynamic shapes."""
    openvino.save_model(quantize(openvino.Core().read_model(file), inputs, **options), output, compress_to_fp16=False)
