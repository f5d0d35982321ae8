"""Inspection of a model's files, which anybody may have made, before any library opens them.

What is checked here costs no more than reading small files and headers: sizes are held against limits before anything
is read, names against the folder, and what files declare of themselves against what they hold.
"""

from mh_batch.models.inspection.configuration import as_labels, check_config
from mh_batch.models.inspection.fitting import EXACT_FAMILIES, check_fit, current_name, tensor_shapes
from mh_batch.models.inspection.tokenizer_files import check_tokenizer, is_said_by_one_file, is_taken_as_it_stands
from mh_batch.models.inspection.untrusted_files import check_folder, read_json, refused
from mh_batch.models.inspection.weight_files import INDEX, WEIGHTS, check_graph, stored_tensors

__all__ = [
    "EXACT_FAMILIES",
    "INDEX",
    "WEIGHTS",
    "as_labels",
    "check_config",
    "check_fit",
    "check_folder",
    "check_graph",
    "check_tokenizer",
    "current_name",
    "is_said_by_one_file",
    "is_taken_as_it_stands",
    "read_json",
    "refused",
    "stored_tensors",
    "tensor_shapes",
]
