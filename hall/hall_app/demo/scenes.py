"""What the demonstration's cameras see: two counters, drawn; whoever is there, is in the picture.

Nothing here was photographed, so nobody's likeness is in the product. The figures are drawn with
enough light and shade that the models which look for people in real halls find them (a test sees
to that), and the noise, the blinking sign and the swaying are there because a camera's picture is
never quite still. Pictures are 360 x 640 x 3, uint8, blue first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from hall_core.setup import CameraZone

Picture: TypeAlias = NDArray[Any]
Colour: TypeAlias = tuple[float, float, float]  # blue, green, red
Points: TypeAlias = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 640, 360
FPS = 8
SECONDS = 2  # of a loop
MIDDLES = (170.0, 470.0)  # where the clerks sit
CHIN, TOP = 165.0, 250.0  # their height, and the counter's
SCALE = 1.35
FINE = 2  # things are drawn so many times as large, and made smaller: soft edges
NOISE = 2.0  # gray levels

SKINS: tuple[Colour, ...] = ((150, 180, 225), (135, 168, 215), (160, 188, 228))
HAIRS: tuple[Colour, ...] = ((30, 28, 35), (40, 38, 46), (34, 36, 44))
VESTS: tuple[Colour, ...] = ((95, 60, 40), (70, 62, 58), (62, 50, 92), (86, 84, 52))
COATS: tuple[Colour, ...] = (
    (70, 92, 120),
    (120, 80, 60),
    (66, 66, 74),
    (80, 110, 84),
    (96, 72, 128),
)
WALLS: tuple[Colour, ...] = ((200, 208, 212), (214, 210, 200), (198, 212, 204), (206, 204, 214))
BOOKS: tuple[Colour, ...] = ((120, 90, 60), (60, 60, 150), (70, 120, 80), (160, 150, 140))


class Counters:
    """One camera's view of two windows. `seed` decides who works there, and the wall."""

    def __init__(self, windows: tuple[int, int], seed: int) -> None:
        self.windows = windows
        chance = Random(seed)
        self._room = _room(chance, WALLS[seed % len(WALLS)])
        self._counter = _counter(windows)
        self._clerks = [_drawn(_clerk, chance) for _ in windows]
        self._citizens = [_drawn(_citizen, chance) for _ in windows]

    @property
    def zones(self) -> tuple[CameraZone, ...]:
        """Where the clerks are."""
        return tuple(
            CameraZone(window=window, polygon=_box(middle - 92, 78, middle + 92, TOP + 4))
            for window, middle in zip(self.windows, MIDDLES, strict=True)
        )

    def pictures(self, clerks: Sequence[bool], citizens: Sequence[bool]) -> Iterator[Picture]:
        """A loop of `SECONDS`: whether a clerk, and a citizen, is at each of the two windows."""
        noise = np.random.default_rng(1).normal(0, NOISE, (HEIGHT, WIDTH, 1)).astype(np.float32)
        count = FPS * SECONDS
        for index in range(count):
            turn = 2 * math.pi * index / count
            picture = self._room.copy()
            for at, middle in enumerate(MIDDLES):
                if clerks[at]:
                    sway = 2.0 * math.sin(turn + at)
                    _put(picture, self._clerks[at], middle + sway, CHIN + 0.7 * math.sin(2 * turn))
            _lay(picture, self._counter)
            for at, middle in enumerate(MIDDLES):
                if citizens[at]:
                    sway = 2.5 * math.sin(turn + 2 + at)
                    _put(picture, self._citizens[at], middle + 72 + sway, 326)
                if index % FPS < FPS // 2:  # the sign above the window blinks
                    picture[50:56, round(middle) + 34 : round(middle) + 40] = (60, 60, 250)
            picture += np.roll(noise, (37 * index, 59 * index), (0, 1))
            yield np.clip(picture, 0, 255).astype(np.uint8)


def covered(pictures: Sequence[Picture]) -> Iterator[Picture]:
    """The same with a cloth over most of the lens."""
    folds = 62 + 8 * np.sin(np.linspace(0, 9, 500))
    for picture in pictures:
        hidden = picture.copy()
        hidden[:, 90:590] = folds[None, :, None].astype(np.uint8)
        yield hidden


# --- what stands there -------------------------------------------------------------------------


def _room(chance: Random, wall: Colour) -> Picture:
    """The wall behind the counters, with its shelves."""
    room = np.empty((HEIGHT * FINE, WIDTH * FINE, 3), np.float32)
    room[:] = np.array(wall) * np.linspace(1.05, 0.8, HEIGHT * FINE)[:, None, None]
    for column in range(5):
        left = 16 + column * 126 + chance.randrange(8)
        _rectangle(room, left, 66, left + 104, 238, (150, 160, 170))
        for shelf in (108, 151, 194, 237):
            x = left + 5
            while x < left + 94:
                wide, high = chance.randrange(5, 12), chance.randrange(22, 36)
                _rectangle(room, x, shelf - high, x + wide - 1, shelf, chance.choice(BOOKS))
                x += wide + (chance.randrange(10, 30) if chance.random() < 0.2 else 0)
            _rectangle(room, left, shelf, left + 104, shelf + 2, (95, 100, 105))
    return _smaller(room)


def _counter(windows: tuple[int, int]) -> Picture:
    """What is before the clerks: the counter, screens, glass, and the sign above. With alpha."""
    layer = np.zeros((HEIGHT * FINE, WIDTH * FINE, 4), np.float32)
    _rectangle(layer, 0, TOP, WIDTH, HEIGHT, (82, 98, 122, 1))
    layer[int(TOP + 12) * FINE :, :, :3] *= np.linspace(1, 0.7, int(HEIGHT - TOP - 12) * FINE)[
        :, None, None
    ]
    _rectangle(layer, 0, TOP, WIDTH, TOP + 12, (190, 200, 205, 1))
    for x in (0, WIDTH // 2, WIDTH):
        _rectangle(layer, x - 5, 120, x + 5, TOP, (168, 178, 180, 1))
    for window, middle in zip(windows, MIDDLES, strict=True):
        _rectangle(layer, middle - 148, TOP - 52, middle - 98, TOP - 8, (44, 44, 46, 1))
        _rectangle(layer, middle - 128, TOP - 8, middle - 118, TOP, (60, 60, 60, 1))
        _rectangle(layer, middle - 46, 10, middle + 46, 60, (26, 24, 24, 1))
        _write(layer, f"{window:02}", middle - 30, 51, 1.5, (40, 40, 235, 1))
        _rectangle(layer, middle - 118, TOP + 40, middle - 46, TOP + 78, (150, 66, 34, 1))
        _write(layer, f"{window:02}", middle - 104, TOP + 70, 1.0, (240, 240, 240, 1))
    return _smaller(layer)


def _clerk(layer: Picture, chance: Random) -> None:
    """Somebody who sits and looks this way; the chin is at (0, 0), the head is 54 high."""
    skin, hair, vest = chance.choice(SKINS), chance.choice(HAIRS), chance.choice(VESTS)
    long = chance.random() < 0.5
    dark = _darker(skin, 0.84)
    fall = 12 if long else -8
    shirt = (236.0, 228.0, 220.0)
    _shape(
        layer,
        ((-21, -30), (-14, -49), (0, -54), (14, -49), (21, -30), (20, fall), (-20, fall)),
        hair,
    )
    arms = ((-10, 4), (-30, 12), (-52, 22), (-60, 50), (-63, 95), (-60, 120))
    _shape(layer, (*arms, *_mirrored(arms)), shirt, 0.45)
    for side in (1.0, -1.0):
        front = ((-8, 10), (-30, 14), (-40, 40), (-42, 120), (0, 120), (-2, 60))
        _shape(layer, [(x * side, y) for x, y in front], vest, 0.4)
    _shape(layer, ((-9, -8), (9, -8), (10, 8), (0, 16), (-10, 8)), dark)
    for side in (1.0, -1.0):
        collar = ((-11, 4), (0, 18), (-8, 26), (-17, 10))
        _shape(layer, [(x * side, y) for x, y in collar], (246, 246, 246), 0.2)
        _shape(layer, _oval(19 * side, -22, 5, 7), skin)
    _shape(layer, ((-3, 18), (3, 18), (5, 45), (0, 55), (-5, 45)), (60, 40, 150))
    face = ((-18, -28), (-13, -44), (0, -47), (13, -44), (18, -28), (16, -10), (8, 1), (0, 4))
    _shape(layer, (*face, (-8, 1), (-16, -10)), skin, 0.35)
    fringe = (
        (-20, -26),
        (-19, -42),
        (-8, -53),
        (8, -53),
        (19, -42),
        (20, -26),
        (15, -36),
        (4, -40),
    )
    _shape(layer, (*fringe, (-10, -38)), hair)
    for side in (1.0, -1.0):
        _shape(layer, _oval(8 * side, -26, 2.6, 1.5), (42, 36, 38), 0.1)
        _shape(
            layer,
            ((side * 12, -30), (side * 8, -32), (side * 4, -31), (side * 8, -30.4)),
            hair,
            0.1,
        )
    _shape(layer, ((-3, -14), (0, -23), (3, -14), (0, -12.5)), dark, 0.2)
    _shape(layer, ((-5.5, -7), (0, -8.4), (5.5, -7), (0, -5)), (104, 104, 178), 0.2)


def _citizen(layer: Picture, chance: Random) -> None:
    """Somebody before the counter, from behind."""
    coat, hair = chance.choice(COATS), chance.choice(HAIRS)
    back = ((-10, 4), (-34, 10), (-56, 24), (-62, 60), (-62, 120))
    _shape(layer, (*back, *_mirrored(back)), coat, 0.45)
    _shape(layer, ((-9, -10), (9, -10), (11, 8), (-11, 8)), _darker(chance.choice(SKINS), 0.8))
    _shape(
        layer,
        ((-19, -28), (-14, -46), (0, -51), (14, -46), (19, -28), (13, -6), (-13, -6)),
        hair,
        0.4,
    )


# --- drawing -----------------------------------------------------------------------------------

SPRITE = (200, 220)  # px, width and height, of somebody; the chin is at MARK
MARK = (100, 90)


def _drawn(draw: Any, chance: Random) -> Picture:
    """Somebody, with alpha."""
    layer = np.zeros((SPRITE[1] * FINE, SPRITE[0] * FINE, 4), np.float32)
    draw(layer, chance)
    return _smaller(layer)


def _shape(layer: Picture, points: Points, colour: Colour, depth: float = 0.3) -> None:
    """A rounded shape in a sprite, lit from above left; `depth`: of its shade, 0…1."""
    outline = (np.array(_rounded(points)) * SCALE + MARK) * FINE
    mask = np.zeros(layer.shape[:2], np.uint8)
    cv2.fillPoly(mask, [outline.astype(np.int32)], 255, cv2.LINE_AA)
    left, top, width, height = cv2.boundingRect(mask)
    if width == 0:
        return
    cut = np.s_[top : top + height, left : left + width]
    inner = cv2.distanceTransform((mask[cut] > 128).astype(np.uint8), cv2.DIST_L2, 5)
    bulge = np.sqrt(1 - (1 - inner / max(float(inner.max()), 1.0)) ** 2)
    slope = np.linspace(0.25, -0.25, width)[None] + np.linspace(0.25, -0.15, height)[:, None]
    light = 1 - depth + depth * (0.75 * bulge + slope)
    share = (mask[cut] / np.float32(255))[..., None]
    painted = np.dstack([np.clip(light * part, 0, 255) for part in colour] + [np.ones_like(light)])
    layer[cut] = layer[cut] * (1 - share) + painted * share


def _rounded(points: Points, steps: int = 12) -> list[tuple[float, float]]:
    """A closed Catmull-Rom curve through the points."""
    found = []
    for at in range(len(points)):
        a, b, c, d = (np.array(points[(at + k) % len(points)]) for k in (-1, 0, 1, 2))
        for t in np.linspace(0, 1, steps, endpoint=False):
            x, y = 0.5 * (
                2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
                + (3 * b - a - 3 * c + d) * t**3
            )  # fmt: skip
            found.append((float(x), float(y)))
    return found


def _oval(x: float, y: float, wide: float, high: float) -> list[tuple[float, float]]:
    turns = (2 * math.pi * step / 8 for step in range(8))
    return [(x + wide * math.cos(turn), y + high * math.sin(turn)) for turn in turns]


def _mirrored(points: Points) -> list[tuple[float, float]]:
    return [(-x, y) for x, y in reversed(points)]


def _darker(colour: Colour, by: float) -> Colour:
    return colour[0] * by, colour[1] * by, colour[2] * by


def _rectangle(
    layer: Picture, left: float, top: float, right: float, bottom: float, colour: Sequence[float]
) -> None:
    corners = [round(side * FINE) for side in (left, top, right, bottom)]
    layer[max(corners[1], 0) : corners[3], max(corners[0], 0) : corners[2]] = colour


def _write(
    layer: Picture, text: str, x: float, y: float, size: float, colour: Sequence[float]
) -> None:
    place = (round(x * FINE), round(y * FINE))
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, 3 * FINE
    cv2.putText(layer, text, place, font, size * FINE, colour, thick, cv2.LINE_AA)


def _smaller(layer: Picture) -> Picture:
    size = (layer.shape[1] // FINE, layer.shape[0] // FINE)
    soft: Picture = cv2.GaussianBlur(
        cv2.resize(layer, size, interpolation=cv2.INTER_AREA), (0, 0), 0.7
    )
    return soft


def _lay(picture: Picture, layer: Picture) -> None:
    """Put a layer, whose colours are weighted with its alpha, over a picture of the same size."""
    picture *= 1 - layer[..., 3:]
    picture += layer[..., :3]


def _put(picture: Picture, sprite: Picture, x: float, y: float) -> None:
    """Somebody whose chin is at (x, y); what lies outside of the picture is not seen."""
    left, top = math.floor(x) - MARK[0], math.floor(y) - MARK[1]
    shift = np.array([[1, 0, x - math.floor(x)], [0, 1, y - math.floor(y)]])
    moved = cv2.warpAffine(sprite, shift, SPRITE)
    from_x, from_y = max(-left, 0), max(-top, 0)
    to_x, to_y = min(WIDTH - left, SPRITE[0]), min(HEIGHT - top, SPRITE[1])
    where = picture[top + from_y : top + to_y, left + from_x : left + to_x]
    _lay(where, moved[from_y:to_y, from_x:to_x])


def _box(left: float, top: float, right: float, bottom: float) -> tuple[tuple[float, float], ...]:
    x, until, y, end = left / WIDTH, right / WIDTH, top / HEIGHT, bottom / HEIGHT
    return (x, y), (until, y), (until, end), (x, end)
