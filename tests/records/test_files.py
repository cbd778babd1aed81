"""A file's content never outlives the row it can be found by, whatever goes wrong on the way."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from PIL import Image

from chatplatform import clock
from chatplatform.models import FileUse, Organization, UploadedFile
from chatplatform.services import deletion, files, thumbnails
from tests.world import User, World

Refuse = Callable[[UploadedFile], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Callable[[], int]:
    """Keep uploads where nobody else's are; return how to count what is there."""
    settings.MEDIA_ROOT = str(tmp_path)
    return lambda: sum(one.is_file() for one in tmp_path.rglob("*"))


@pytest.fixture
def refuse() -> Refuse:
    """Return how to let the storage delete this file's content no more, for a while."""

    @contextmanager
    def begin(row: UploadedFile) -> Iterator[None]:
        really = FileSystemStorage.delete

        def delete(storage: FileSystemStorage, name: str) -> None:
            if name == row.content.name:
                raise PermissionError(name)
            really(storage, name)

        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(FileSystemStorage, "delete", delete)
            yield

    return begin


def picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (900, 900)).save(written, "PNG")
    return written.getvalue()


def show(user: User, name: str, content: bytes, kind: str) -> str:
    """Let a user show a file in a chat of their own; return the chat's id."""
    chat_id = user.call("start_chat")["chat_id"]
    url = user.upload(name, content, kind)
    user.call("send_event", chat_id=chat_id, event={"type": "file", "url": url})
    return str(chat_id)


def unused(user: User, *names: str) -> list[UploadedFile]:
    """Let a user upload files long ago and show none; return their rows in order."""
    for name in names:
        user.upload(name, b"words", "text/plain")
    UploadedFile.objects.update(created_at=clock.now() - timedelta(days=2))
    return list(UploadedFile.objects.order_by("name"))


class TestThumbnails:
    def test_of_a_file_that_is_deleted_meanwhile_none_stay(
        self,
        world: World,
        ann: User,
        carl: User,
        media: Callable[[], int],
        monkeypatch: pytest.MonkeyPatch,
    ):
        show(carl, "cat.png", picture(), "image/png")
        really = thumbnails.smaller

        def meanwhile(image: bytes) -> Any:
            files.delete(UploadedFile.objects.get().token)
            return really(image)

        monkeypatch.setattr(thumbnails, "smaller", meanwhile)

        world.act(thumbnails.make_due)

        assert not UploadedFile.objects.exists()
        assert media() == 0

    def test_where_one_can_not_be_stored_neither_stays(
        self,
        world: World,
        ann: User,
        carl: User,
        media: Callable[[], int],
        monkeypatch: pytest.MonkeyPatch,
    ):
        show(carl, "cat.png", picture(), "image/png")
        really, calls = FileSystemStorage._save, []

        def save(storage: FileSystemStorage, name: str, content: Any) -> str:
            calls.append(name)
            if len(calls) == 2:
                raise OSError("no space left")
            return str(really(storage, name, content))

        monkeypatch.setattr(FileSystemStorage, "_save", save)

        with pytest.raises(OSError, match="no space left"):
            world.act(thumbnails.make_due)

        assert UploadedFile.objects.count() == 1
        assert media() == 1


class TestWhatTheStorageRefusesToDelete:
    def test_is_found_again_when_nothing_shows_it_any_more(
        self,
        world: World,
        ann: User,
        carl: User,
        acme: Organization,
        media: Callable[[], int],
        refuse: Refuse,
    ):
        chat_id = show(carl, "note.txt", b"words", "text/plain")
        world.act(lambda: deletion.delete_chat(acme.pk, chat_id))

        with refuse(UploadedFile.objects.get()):
            world.act(files.delete_unused)

        assert (UploadedFile.objects.count(), FileUse.objects.count(), media()) == (1, 1, 1)
        world.act(files.delete_unused)
        assert (UploadedFile.objects.count(), FileUse.objects.count(), media()) == (0, 0, 0)

    def test_is_found_again_when_nothing_ever_showed_it_and_holds_up_no_other(
        self, world: World, carl: User, media: Callable[[], int], refuse: Refuse
    ):
        first, _ = unused(carl, "first.txt", "second.txt")

        with refuse(first):
            world.act(files.delete_unused)

        assert list(UploadedFile.objects.all()) == [first]
        assert media() == 1
        world.act(files.delete_unused)
        assert (UploadedFile.objects.count(), media()) == (0, 0)
