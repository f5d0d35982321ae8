"""Names for objects of libraries whose attributes carry no types that a checker could follow."""

from typing import Any

HuggingFaceModel = Any
HuggingFaceTokenizer = Any
ModelPart = Any
ScikitMatrix = Any
