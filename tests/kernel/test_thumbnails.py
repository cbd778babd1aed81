"""Smaller copies of images: made after the send, told of, and served like any file."""

import io
import random
from typing import Any

import pytest
from PIL import Image

from chatplatform.models import FileUse, Thread, UploadedFile
from chatplatform.services import files, thumbnails
from tests.world import User, World


@pytest.fixture
def chat_id(ann: User, carl: User) -> str:
    chat_id: str = carl.call("start_chat")["chat_id"]
    return chat_id


def picture(
    width: int = 1200, height: int = 800, kind: str = "PNG", mode: str = "RGB", **more: Any
) -> bytes:
    written = io.BytesIO()
    Image.new(mode, (width, height)).save(written, kind, **more)
    return written.getvalue()


def send(user: User, chat_id: str, url: str) -> None:
    user.call("send_event", chat_id=chat_id, event={"type": "file", "url": url})


def newest(user: User, chat_id: str) -> dict[str, Any]:
    return dict(user.call("get_chat", chat_id=chat_id)["thread"]["events"][-1])


def fetched(world: World, url: str) -> tuple[str, tuple[int, int]]:
    """Return a picture's content type and size as served."""
    response = world.client.get(url.removeprefix("http://testserver"))
    assert response.status_code == 200
    content = b"".join(response.streaming_content)
    return response["Content-Type"], Image.open(io.BytesIO(content)).size


def status(world: World, url: str) -> int:
    response = world.client.get(url.removeprefix("http://testserver"))
    if response.streaming:
        list(response.streaming_content)
    return int(response.status_code)


def test_an_image_gets_thumbnails_and_everybody_is_told(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    send(carl, chat_id, carl.upload("cat.png", picture(1200, 800), "image/png"))
    before = newest(ann, chat_id)
    assert "thumbnail_url" not in before

    with world.capture_pushes() as pushes:
        world.act(thumbnails.make_due)

    event = newest(ann, chat_id)
    added = {name: event.pop(name) for name in ("thumbnail_url", "thumbnail2x_url")}
    assert event == before
    assert fetched(world, added["thumbnail_url"]) == ("image/jpeg", (300, 200))
    assert fetched(world, added["thumbnail2x_url"]) == ("image/jpeg", (600, 400))
    assert pushes.names == {"ann": ["event_updated"], "carl": ["event_updated"]}
    assert pushes.payload(ann, "event_updated")["event"] == {**before, **added}
    assert pushes.payload(carl, "event_updated")["event"] == newest(carl, chat_id)


def test_they_are_made_once(world: World, ann: User, carl: User, chat_id: str) -> None:
    send(carl, chat_id, carl.upload("cat.png", picture(), "image/png"))
    world.act(thumbnails.make_due)

    with world.nothing_changes():
        world.act(thumbnails.make_due)


def test_an_image_that_is_sent_again_has_them_at_once(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    url = carl.upload("cat.png", picture(), "image/png")
    send(carl, chat_id, url)
    world.act(thumbnails.make_due)
    first = newest(carl, chat_id)

    send(carl, chat_id, url)

    again = newest(carl, chat_id)
    assert again["id"] != first["id"]
    assert again["thumbnail_url"] == first["thumbnail_url"]
    with world.nothing_changes():
        world.act(thumbnails.make_due)


def test_every_event_that_shows_the_image_is_told(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    url = carl.upload("cat.png", picture(), "image/png")
    for _ in range(2):
        send(carl, chat_id, url)

    with world.capture_pushes() as pushes:
        world.act(thumbnails.make_due)

    assert pushes.names["carl"] == ["event_updated"] * 2
    assert UploadedFile.objects.filter(thumbnail_of__isnull=False).count() == 2


def test_initial_events_get_them_too(world: World, ann: User, carl: User) -> None:
    url = carl.upload("cat.png", picture(), "image/png")
    events = [{"type": "file", "url": url}]
    chat_id = carl.call("start_chat", chat={"thread": {"events": events}})["chat_id"]

    world.act(thumbnails.make_due)

    assert "thumbnail2x_url" in newest(carl, chat_id)


def test_a_repeat_is_still_one_after_the_thumbnails_came(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    url = carl.upload("cat.png", picture(), "image/png")
    event = {"type": "file", "url": url, "custom_id": "c1"}
    first = carl.call("send_event", chat_id=chat_id, event=event)
    world.act(thumbnails.make_due)

    assert carl.call("send_event", chat_id=chat_id, event=event) == first


def test_an_image_for_agents_is_told_to_agents(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    url = ann.upload("cat.png", picture(), "image/png")
    event = {"type": "file", "url": url, "visibility": "agents"}
    ann.call("send_event", chat_id=chat_id, event=event)

    with world.capture_pushes() as pushes:
        world.act(thumbnails.make_due)

    assert pushes.names == {"ann": ["event_updated"]}


def test_what_is_no_image_has_none(world: World, carl: User, chat_id: str) -> None:
    send(carl, chat_id, carl.upload("note.txt", b"text", "text/plain"))

    with world.nothing_changes():
        world.act(thumbnails.make_due)


def test_an_image_nobody_sent_has_none(world: World, carl: User) -> None:
    carl.upload("cat.png", picture(), "image/png")

    with world.nothing_changes():
        world.act(thumbnails.make_due)


def test_an_image_taken_back_meanwhile_is_left_alone(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    send(carl, chat_id, carl.upload("cat.png", picture(), "image/png"))
    event_id = newest(carl, chat_id)["id"]
    thread_id = event_id.rpartition("_")[0]
    carl.call("delete_event", chat_id=chat_id, thread_id=thread_id, event_id=event_id)

    with world.capture_pushes() as pushes:
        world.act(thumbnails.make_due)

    assert pushes.names == {}


def test_thumbnails_go_with_the_image(world: World, ann: User, carl: User, chat_id: str) -> None:
    url = carl.upload("cat.png", picture(), "image/png")
    send(carl, chat_id, url)
    world.act(thumbnails.make_due)
    event = newest(carl, chat_id)
    addresses = [event[name] for name in ("url", "thumbnail_url", "thumbnail2x_url")]
    thread_id = event["id"].rpartition("_")[0]

    carl.call("delete_event", chat_id=chat_id, thread_id=thread_id, event_id=event["id"])

    assert [status(world, address) for address in addresses] == [404] * 3


def test_files_of_deleted_threads_leave_the_disk(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    send(carl, chat_id, carl.upload("cat.png", picture(), "image/png"))
    world.act(thumbnails.make_due)
    contents = [row.content for row in UploadedFile.objects.all()]
    address = newest(carl, chat_id)["thumbnail_url"]

    Thread.objects.filter(chat_id=chat_id).delete()
    assert status(world, address) == 404
    files.delete_unused()

    assert not UploadedFile.objects.exists()
    assert not FileUse.objects.exists()
    assert [content.storage.exists(content.name) for content in contents] == [False] * 3


def test_a_thumbnail_is_not_something_to_send(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    send(carl, chat_id, carl.upload("cat.png", picture(), "image/png"))
    world.act(thumbnails.make_due)
    event = {"type": "file", "url": newest(carl, chat_id)["thumbnail_url"]}

    assert carl.refused("send_event", chat_id=chat_id, event=event) == "validation"


# --- pictures ---------------------------------------------------------------------------------


def sizes(image: bytes) -> list[tuple[str, tuple[int, int]]]:
    return [(content_type, size) for _, content_type, size in thumbnails.smaller(image)]


@pytest.mark.parametrize(
    ("image", "made"),
    [
        (picture(1200, 800, "JPEG"), [("image/jpeg", (300, 200)), ("image/jpeg", (600, 400))]),
        (picture(400, 1600), [("image/jpeg", (75, 300)), ("image/jpeg", (150, 600))]),
        (picture(30, 20), [("image/jpeg", (30, 20))] * 2),
        (picture(1200, 1, "WEBP"), [("image/jpeg", (300, 1)), ("image/jpeg", (600, 1))]),
        (picture(600, 600, "GIF", "P"), [("image/jpeg", (300, 300)), ("image/jpeg", (600, 600))]),
        (picture(8, 8, mode="RGBA"), [("image/png", (8, 8))] * 2),
        (picture(8, 8, mode="I;16"), [("image/jpeg", (8, 8))] * 2),
        (picture(8, 8, "JPEG", "CMYK"), [("image/jpeg", (8, 8))] * 2),
    ],
    ids=["wide", "tall", "small", "line", "palette", "transparent", "deep", "print"],
)
def test_thumbnails_fit_and_never_grow(
    image: bytes, made: list[tuple[str, tuple[int, int]]]
) -> None:
    assert sizes(image) == made


def test_only_the_first_picture_of_an_animation_counts() -> None:
    written = io.BytesIO()
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "blue")]
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:])

    (content, _, _), _ = thumbnails.smaller(written.getvalue())

    assert getattr(Image.open(io.BytesIO(content)), "n_frames", 1) == 1


def test_thumbnails_stand_upright_and_tell_nothing_about_where_they_were_taken() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Camera"

    (content, _, size), _ = thumbnails.smaller(picture(800, 400, "JPEG", exif=exif))

    assert size == (150, 300)
    assert not Image.open(io.BytesIO(content)).getexif()


def test_too_many_pixels_are_not_decoded(
    world: World, carl: User, chat_id: str, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "MAX_DECODED_PIXELS", 10_000)
    with pytest.raises(ValueError, match="too many pixels"):
        thumbnails.smaller(picture(101, 100))
    url = carl.upload("big.png", picture(101, 100), "image/png")
    send(carl, chat_id, url)

    with world.capture_pushes() as pushes:
        world.act(thumbnails.make_due)

    assert pushes.names == {}
    assert "thumbnail_url" not in newest(carl, chat_id)
    assert UploadedFile.objects.get().thumbnails_due_at is None


@pytest.mark.parametrize("side", [10_000, 14_000])
def test_a_bomb_is_no_image(carl: User, monkeypatch: pytest.MonkeyPatch, side: int) -> None:
    """Pillow warns of pictures above its limit, and refuses those of twice its size."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000 * 9_999)

    carl.upload("bomb.png", picture(side, side, mode="1"), "application/octet-stream")

    stored = UploadedFile.objects.get()
    assert (stored.content_type, stored.width) == ("application/octet-stream", None)


def test_a_broken_image_is_given_up(world: World, ann: User, carl: User, chat_id: str) -> None:
    noise = random.Random(1).randbytes(64 * 64 * 3)
    written = io.BytesIO()
    Image.frombytes("RGB", (64, 64), noise).save(written, "WEBP", lossless=True)
    send(carl, chat_id, carl.upload("cut.webp", written.getvalue(), "image/webp"))
    row = UploadedFile.objects.get()
    with row.content.storage.open(row.content.name, "wb") as file:
        file.write(written.getvalue()[:600])

    with world.capture_pushes() as pushes:
        world.act(thumbnails.make_due)

    assert pushes.names == {}
    with world.nothing_changes():
        world.act(thumbnails.make_due)
