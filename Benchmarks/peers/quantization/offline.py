"""Imported before the libraries that read these: nothing here may download a model, or report home."""
import os

os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OPENVINO_TELEMETRY": "0"}
