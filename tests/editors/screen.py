"""A picture of a terminal's cells, drawn as a terminal would draw it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
SIZE = 17
FOREGROUND, BACKGROUND = 0xE0E2EA, 0x14161B
"""The colours of Neovim itself, for cells that name none."""


def draw(cells: list[list[list[Any]]], path: Path) -> None:
    """Draw the cells; they are rows of [character, attributes], and colours have 24 bits."""
    font = ImageFont.truetype(FONT, SIZE)
    width, height = round(font.getlength("x")), SIZE + 5
    image = Image.new("RGB", (width * len(cells[0]) + 2 * width, height * len(cells) + height), _rgb(BACKGROUND))
    pen = ImageDraw.Draw(image)
    for y, row in enumerate(cells):
        for x, (character, attributes, *_) in enumerate(row):
            front, back = attributes.get("foreground", FOREGROUND), attributes.get("background", BACKGROUND)
            if attributes.get("reverse"):
                front, back = back, front
            left, top = width * (x + 1), height * y + height // 2
            pen.rectangle((left, top, left + width - 1, top + height - 1), fill=_rgb(back))
            pen.text((left, top + 1), character, font=font, fill=_rgb(front))
    image.save(path, optimize=True)


def _rgb(colour: int) -> tuple[int, int, int]:
    return colour >> 16, colour >> 8 & 255, colour & 255
