"""The output root: its layout, who works in it, its score store, its published runs, and their maintenance."""

from typing import TYPE_CHECKING

from mh_batch.common.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from mh_batch.output.access import make_folders as make_folders, output_access as output_access
    from mh_batch.output.copies import (
        Copy as Copy,
        copies_folder as copies_folder,
        copies_in as copies_in,
        warn_of_copies as warn_of_copies,
    )
    from mh_batch.output.keys import (
        KEY_CHECK as KEY_CHECK,
        check_key as check_key,
        key_path as key_path,
        refuse_between_keys as refuse_between_keys,
        root_key as root_key,
        rotation_marker as rotation_marker,
        stored_key as stored_key,
    )
    from mh_batch.output.layout import (
        MANIFEST as MANIFEST,
        OutputRoot as OutputRoot,
        files_of_others as files_of_others,
        new_run_id as new_run_id,
        own_files as own_files,
    )
    from mh_batch.output.leases import Leases as Leases
    from mh_batch.output.maintenance import (
        clear_after as clear_after,
        compact_store as compact_store,
        prune_store as prune_store,
        remove_stale_files as remove_stale_files,
        store_statistics as store_statistics,
    )
    from mh_batch.output.published import PublishedRun as PublishedRun, open_run as open_run
    from mh_batch.output.rewriting import (
        each_file as each_file,
        opened as opened,
        rewrite_files as rewrite_files,
        row_groups as row_groups,
    )
    from mh_batch.output.store import ScoreStore as ScoreStore
    from mh_batch.output.tombstones import (
        journal_file as journal_file,
        read_tombstones as read_tombstones,
        write_tombstones as write_tombstones,
    )
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "access": ["make_folders", "output_access"],
            "copies": ["Copy", "copies_folder", "copies_in", "warn_of_copies"],
            "keys": [
                "KEY_CHECK",
                "check_key",
                "key_path",
                "refuse_between_keys",
                "root_key",
                "rotation_marker",
                "stored_key",
            ],
            "layout": ["MANIFEST", "OutputRoot", "files_of_others", "new_run_id", "own_files"],
            "leases": ["Leases"],
            "maintenance": ["clear_after", "compact_store", "prune_store", "remove_stale_files", "store_statistics"],
            "published": ["PublishedRun", "open_run"],
            "rewriting": ["each_file", "opened", "rewrite_files", "row_groups"],
            "store": ["ScoreStore"],
            "tombstones": ["journal_file", "read_tombstones", "write_tombstones"],
        },
    )
