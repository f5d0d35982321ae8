"""Evaluation of models on labelled texts, and their export to ONNX."""
