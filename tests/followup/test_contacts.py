from pathlib import Path

import pandas as pd
import pytest

from mh_batch.errors import ContactsError
from mh_batch.followup import load_contacts
from mh_batch.pseudonyms import author_key
from tests.followup.policies import KEY

HEADER = "author_id,scope,channel,address,language,country,reference"


def csv(folder: Path, *lines: str, header: str = HEADER) -> str:
    file = folder / "contacts.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return str(file)


def test_contacts_are_found_by_author_scope_and_channel(tmp_path: Path) -> None:
    location = csv(
        tmp_path,
        "007,self_help,email,ada@example.org,de-AT,at,",
        "007,notify_therapist,email,dr@example.org,,,case 12",
        "007,self_help,webhook,account-7,,,",
    )
    contacts, ada = load_contacts(location, KEY), author_key(KEY, "007")
    found = contacts.find(ada, "self_help", "email")
    assert found is not None
    assert (found.address, found.language, found.country, found.reference) == ("ada@example.org", "de", "AT", None)
    therapist = contacts.find(ada, "notify_therapist", "email")
    assert therapist is not None
    assert therapist.reference == "case 12"
    assert contacts.find(ada, "emergency_contact", "email") is None
    assert contacts.find(author_key(KEY, "7"), "self_help", "email") is None


def test_parquet_without_the_optional_columns_will_do(tmp_path: Path) -> None:
    rows = {"author_id": [7], "scope": ["self_help"], "channel": ["webhook"], "address": ["x"]}
    pd.DataFrame(rows).to_parquet(tmp_path / "contacts.parquet")
    contacts = load_contacts(str(tmp_path / "contacts.parquet"), KEY)
    assert contacts.find(author_key(KEY, "7"), "self_help", "webhook") is not None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("bob,research,email,b@example.org,,,", "'scope' is none of self_help, notify_therapist, emergency_contact"),
        ("bob,self_help,pigeon,coop,,,", "'channel' is none of email, webhook"),
        ("bob,self_help,email,bob,,,", "'address' is no e-mail address"),
        ("bob,self_help,email,b@example.org Bcc: all@example.org,,,", "'address' is no e-mail address"),
        ("bob,self_help,webhook,,,,", "'address' is missing"),
        (",self_help,webhook,x,,,", "'author_id' is missing"),
        ("ada,self_help,email,other@example.org,,,", "another contact for this scope and channel"),
    ],
)
def test_a_wrong_row_is_named_by_its_number_never_by_what_is_in_it(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ContactsError) as caught:
        load_contacts(csv(tmp_path, "ada,self_help,email,ada@example.org,,,", line), KEY)
    assert "row 2: " in str(caught.value)
    assert message in str(caught.value)
    assert not any(word in str(caught.value) for word in ("bob", "ada@", "coop", "all@"))


def test_a_missing_column_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ContactsError, match="no column 'author_id': did you mean 'authorid'"):
        load_contacts(csv(tmp_path, "a,self_help,email,a@b.de", header="authorid,scope,channel,address"), KEY)
    with pytest.raises(ContactsError, match=r"gone\.csv cannot be read"):
        load_contacts(str(tmp_path / "gone.csv"), KEY)
