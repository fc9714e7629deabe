"""The installation's keys: made once, private, the same for everybody who starts."""

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from webhooks_ui.crypto import keys
from webhooks_ui.crypto.keys import KeyFileError, Keys


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_keys_are_made_once_and_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    made = keys.ensure(folder, {})
    assert keys.ensure(folder, {"SECRET_KEY": None, "ENCRYPTION_KEYS": ()}) == made
    assert len(made.secret_key) >= 40
    assert [len(key) for key in made.encryption_keys] == [32]
    assert mode(folder) == 0o700
    assert {file.name: mode(file) for file in folder.iterdir()} == {
        "secret_key": 0o600,
        "encryption_keys": 0o600,
    }


def test_settings_go_above_files_and_make_none(tmp_path: Path) -> None:
    given = {"SECRET_KEY": "s" * 32, "ENCRYPTION_KEYS": (b"k" * 32,)}
    assert keys.ensure(tmp_path, given) == Keys("s" * 32, (b"k" * 32,))
    assert list(tmp_path.iterdir()) == []


def test_several_encryption_keys_are_read_newest_first(tmp_path: Path) -> None:
    new, old = keys.new_encryption_key(), keys.new_encryption_key()
    (tmp_path / "encryption_keys").write_text(f"{new}\n{old}\n")
    found = keys.ensure(tmp_path, {}).encryption_keys
    assert len(found) == 2
    (tmp_path / "encryption_keys").write_text(f"{old},{new}")
    assert keys.ensure(tmp_path, {}).encryption_keys == found[::-1]


@pytest.mark.parametrize("text", ["", "short", "å" * 43, "A" * 43, "AAAA"])
def test_a_damaged_encryption_key_stops_the_start_and_stays(tmp_path: Path, text: str) -> None:
    file = tmp_path / "encryption_keys"
    file.write_text(text)
    with pytest.raises(KeyFileError, match=r"encryption_keys holds no encryption key\."):
        keys.ensure(tmp_path, {})
    assert file.read_text() == text


def test_an_empty_secret_key_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    with pytest.raises(KeyFileError, match="secret_key holds no key"):
        keys.ensure(tmp_path, {})


def test_a_data_dir_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyFileError, match="Not a directory"):
        keys.ensure(tmp_path / "file" / "data", {})


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to another user")
def test_root_makes_nothing_in_a_services_folder(tmp_path: Path) -> None:
    keys.ensure(tmp_path, {})
    os.chown(tmp_path / "encryption_keys", 65_534, 65_534)
    with pytest.raises(KeyFileError, match=r"as that user: sudo -u \S+"):
        keys.ensure(tmp_path, {})


def test_an_unused_folder_is_closed_and_a_used_one_left(tmp_path: Path) -> None:
    unused, used = tmp_path / "unused", tmp_path / "used"
    for folder in (unused, used):
        folder.mkdir()
        folder.chmod(0o755)
        (folder / ".gitignore").touch()
    (used / "somebody's").touch()
    keys.ensure(unused, {})
    keys.ensure(used, {})
    assert (mode(unused), mode(used)) == (0o700, 0o755)


def test_keys_do_not_show_in_a_representation(tmp_path: Path) -> None:
    made = keys.ensure(tmp_path / "data", {})
    assert made.secret_key not in repr(made)
    assert repr(made.encryption_keys) not in repr(made)


def test_a_key_that_another_process_has_just_made_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = keys.ensure(tmp_path, {})
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    assert keys.ensure(tmp_path, {}) == first
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.process
def test_processes_that_start_at_once_have_the_same_keys(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(4) as pool:
        found = pool.starmap(keys.ensure, [(tmp_path / "data", {})] * 16, chunksize=1)
    assert len({(each.secret_key, each.encryption_keys) for each in found}) == 1
    names = {file.name for file in (tmp_path / "data").iterdir()}
    assert names == {"secret_key", "encryption_keys"}
