"""Shrinks screenshots: a palette of the 256 most used colours, compressed hard.

The browser that took it decodes it too, so no library for pictures is needed.
"""

import base64
import struct
import zlib
from typing import Any

from playwright.sync_api import Page

_TO_PALETTE = """async (url) => {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const data = canvas.getImageData(0, 0, image.width, image.height).data;
  const pixels = new Uint32Array(data.buffer), counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1);
  const often = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const palette = often.slice(0, 256).map(([pixel]) => pixel);
  const part = (pixel, shift) => (pixel >>> shift) & 255;
  const far = (a, b) => [0, 8, 16].reduce((sum, at) => sum + (part(a, at) - part(b, at)) ** 2, 0);
  const nearest = (pixel) => palette.reduce(
    (best, one, index) => far(pixel, one) < far(pixel, palette[best]) ? index : best, 0);
  const index = new Map(often.map(([pixel], at) => [pixel, at < 256 ? at : nearest(pixel)]));
  let text = "";
  for (const pixel of pixels) text += String.fromCharCode(index.get(pixel));
  const colours = palette.flatMap((pixel) => [0, 8, 16].map((shift) => part(pixel, shift)));
  return { width: image.width, height: image.height, colours, pixels: btoa(text) };
}"""


def light(png: bytes, page: Page) -> bytes:
    """The same picture as a PNG with a palette; `page` is any page without a policy, as blank."""
    url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    found: dict[str, Any] = page.evaluate(_TO_PALETTE, url)
    width, height = found["width"], found["height"]
    pixels = base64.b64decode(found["pixels"])
    lines = b"".join(
        b"\0" + pixels[start : start + width] for start in range(0, len(pixels), width)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", head),
        (b"PLTE", bytes(found["colours"])),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
