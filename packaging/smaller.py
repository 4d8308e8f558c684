# SPDX-License-Identifier: Apache-2.0
"""Save a picture of the window with 256 colours, for the README: a third of the bytes, nothing that an eye misses.

A window is painted in few colours and their blends. The palette begins with the most frequent one and always takes
next what it misses most, by distance and by how often it occurs; every pixel then takes the nearest. Run by
`make shots` with a source and a target; it must not touch the source.
"""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage, QImageWriter

COLOURS = 256


def pixels(image: QImage) -> npt.NDArray[np.uint32]:
    """The opaque pixels as 0xffrrggbb, one row per line of the picture."""
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(plain.constBits(), dtype=np.uint32).reshape(plain.height(), -1)
    return rows[:, : plain.width()] | np.uint32(0xFF000000)


def channels(colours: npt.NDArray[np.uint32]) -> npt.NDArray[np.int32]:
    return np.stack([(colours >> shift) & 0xFF for shift in (16, 8, 0)], axis=-1).astype(np.int32)


def choose(colours: npt.NDArray[np.int32], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Places of the palette's colours among all colours."""
    chosen = [int(np.argmax(counts))]
    missed = ((colours - colours[chosen[0]]) ** 2).sum(axis=1)
    weight = np.sqrt(counts)
    while len(chosen) < COLOURS and missed.any():
        chosen.append(int(np.argmax(missed * weight)))
        missed = np.minimum(missed, ((colours - colours[chosen[-1]]) ** 2).sum(axis=1))
    return np.array(chosen)


def with_palette(image: QImage) -> QImage:
    rows = pixels(image)
    found, places, counts = np.unique(rows.ravel(), return_inverse=True, return_counts=True)
    colours = channels(found)
    chosen = choose(colours, counts)
    palette, offered = found[chosen], colours[chosen]
    nearest = np.array([np.argmin(((offered - colour) ** 2).sum(axis=1)) for colour in colours], dtype=np.uint8)
    height, width = rows.shape
    lines = np.zeros((height, -(-width // 4) * 4), dtype=np.uint8)  # Qt wants lines of whole 32-bit words
    lines[:, :width] = nearest[places].reshape(height, width)
    picture = QImage(lines.tobytes(), width, height, lines.shape[1], QImage.Format.Format_Indexed8)
    picture.setColorTable([int(colour) for colour in palette])
    return picture.copy()


def main() -> None:
    source, target = (Path(word) for word in sys.argv[1:])
    image = QImage(str(source))
    if image.isNull():
        sys.exit(f"{source} is not a picture that Qt can read")
    target.parent.mkdir(parents=True, exist_ok=True)
    writer = QImageWriter(str(target), b"png")
    writer.setCompression(100)
    if not writer.write(with_palette(image)):
        sys.exit(f"{target}: {writer.errorString()}")
    print(f"{target}  {target.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
