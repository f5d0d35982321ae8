"""Pseudonyms: keyed hashes of identifiers and texts, the files of their key, and the hashes of what was erased."""

from typing import TYPE_CHECKING

from mh_batch.common.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from mh_batch.pseudonyms.erasure_hashes import ErasureHashes as ErasureHashes
    from mh_batch.pseudonyms.hashing import (
        PseudonymKey as PseudonymKey,
        Purpose as Purpose,
        author_key as author_key,
        hasher as hasher,
        link_hasher as link_hasher,
    )
    from mh_batch.pseudonyms.key_files import (
        ENVIRONMENT as ENVIRONMENT,
        create_key_file as create_key_file,
        key_of_environment as key_of_environment,
        new_key as new_key,
        read_key as read_key,
        read_or_create_key as read_or_create_key,
        who_else_may_read as who_else_may_read,
    )
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "erasure_hashes": ["ErasureHashes"],
            "hashing": ["PseudonymKey", "Purpose", "author_key", "hasher", "link_hasher"],
            "key_files": [
                "ENVIRONMENT",
                "create_key_file",
                "key_of_environment",
                "new_key",
                "read_key",
                "read_or_create_key",
                "who_else_may_read",
            ],
        },
    )
