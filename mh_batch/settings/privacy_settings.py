"""Settings of the commands that erase persons and change keys."""

from pathlib import Path

from pydantic import Field, model_validator

from mh_batch.settings.base import Names, Settings


class KeySettings(Settings):
    """An output root and its key."""

    output: str = Field(description="root folder of store and runs")
    key_file: Path | None = Field(
        None,
        description="file with the pseudonyms' key; MH_BATCH_PSEUDONYM_KEY or <output>/pseudonym.key if unset",
    )


class EraseSettings(KeySettings):
    """Settings of `mh-batch erase`."""

    author: Names = Field((), description="authors, by the ids that the corpus gives them")
    doc: Names = Field((), description="documents, by the ids that the corpus gives them")
    file: Path | None = Field(
        None, description="Parquet or CSV file with a column author_id or doc_id, or both, so that no id is on a screen"
    )
    no_tombstone: bool = Field(
        False, description="let later runs score them again, as after a consent that was withdrawn"
    )

    @model_validator(mode="after")
    def _somebody_is_named(self) -> "EraseSettings":
        if not self.author and not self.doc and self.file is None:
            raise ValueError("nothing to erase: name --author, --doc or --file")
        return self


class RotateSettings(KeySettings):
    """Settings of `mh-batch rotate-key`."""

    write_key_to: Path | None = Field(
        None, description="file to write the new chain of keys to, where the old one is in the environment or read only"
    )
