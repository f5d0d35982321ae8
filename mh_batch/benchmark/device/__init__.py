"""A benchmark of one device for bare machines: torch, tokenizers, safetensors, numpy, pydantic and pyyaml are enough.

Everything is measured on texts, or token ids, that the process has not met: a repetition of one batch hides what new
shapes cost.
"""
