"""Texts of the tests, all written for them, and the search for them where none may be."""

import gzip
import zipfile
from pathlib import Path

import pyarrow.parquet as pq

# Sentences that occur nowhere else: finding one outside of the corpus is a leak.
PLANTED = (
    "The heron waited beside the violet turbine.",
    "Meine Tante versteckt Rosinen im Klavier.",
    "Sette gomitoli azzurri rotolano in cantina.",
)

SAMPLES = {
    "en": ["I feel empty and nothing matters any more.", "We had a lovely picnic by the lake today."],
    "de": ["Ich bin wertlos und alles ist hoffnungslos.", "Heute haben wir im Garten Kuchen gegessen."],
    "fr": ["Je me sens vide et plus rien ne compte.", "Nous avons fait une belle promenade ce matin."],
    "it": ["Mi sento vuoto e non ho più speranza.", "Oggi abbiamo cucinato insieme una buona cena."],
    "pt": ["Sinto um vazio e já nada faz sentido.", "Hoje passeámos na praia e foi muito bom."],
    "es": ["Me siento vacío y ya nada tiene sentido.", "Hoy hemos comido una paella con los amigos."],
}


def files_with(folder: Path, needles: tuple[str, ...]) -> list[str]:
    """Return the files under `folder`, archives and Parquet opened, that hold one of the needles or half of one."""
    halves = [half.encode() for needle in needles for half in (needle[: len(needle) // 2], needle[len(needle) // 2 :])]
    return [
        str(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(half in content for content in contents(path) for half in halves)
    ]


def contents(path: Path) -> list[bytes]:
    """Return what a file holds, as its bytes and as what they decode to."""
    raw = path.read_bytes()
    if path.suffix == ".parquet":
        return [raw, str(pq.ParquetFile(path).read().to_pylist()).encode(), str(pq.read_schema(path).metadata).encode()]
    if path.suffix == ".gz":
        return [raw, gzip.decompress(raw)]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as bundle:
            return [raw, *[bundle.read(name) for name in bundle.namelist()]]
    return [raw]
