"""Scenes of the demo clips: a textured shape moves over a textured ground, camera unsteady.

Twelve motions are the classes. Place, size, colours, textures, speed and camera have the same
distribution in all of them, so that a model of single frames is at chance level. A frame is a pure
function of (seed, clip, frame): any subset of frames, in any order, has the same pixels.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.types import Clip, ClipRandom, random_bytes, random_uniforms

Image = NDArray[np.uint8]
"""Picture of shape (H, W, 3), RGB, values 0..255; a sprite has a fourth channel, its opacity."""

SPRITE_RADIUS = 30  # pixels from the middle of a sprite to its farthest corner
SPRITE_SIZE = 2 * SPRITE_RADIUS + 4
FINE = 16  # cv2.fillPoly takes corners in 1/16 pixel (shift=4)


@dataclass(frozen=True)
class Pose:
    """Pose of the shape at one time, relative to its place in the scene."""

    right: float = 0.0  # heights of the picture
    down: float = 0.0  # heights of the picture
    turn: float = 0.0  # degrees, clockwise
    size: float = 1.0  # factor
    visible: bool = True


@dataclass(frozen=True)
class Pace:
    """Speed and range of the motion of one clip; every number is uniform in [0, 1)."""

    strength: float
    cycles: float
    phase: float


Motion = Callable[[float, Pace], Pose]
"""Pose at time `t`, which runs from -0.5 to 0.5 over the clip."""


def _far(t: float, pace: Pace) -> float:
    return t * (0.26 + 0.22 * pace.strength)


def _swing(t: float, pace: Pace) -> float:
    reach = 0.05 + 0.04 * pace.strength
    return reach * math.sin(2 * math.pi * ((2.2 + 2.0 * pace.cycles) * t + pace.phase))


def _angle(t: float, pace: Pace) -> float:
    return t * (110 + 120 * pace.strength)


def _factor(t: float, pace: Pace) -> float:
    return float((1.7 + 0.7 * pace.strength) ** t)


def _lit(t: float, pace: Pace) -> bool:
    return ((2.0 + 2.0 * pace.cycles) * t + pace.phase) % 1.0 < 0.6


MOTIONS: dict[str, Motion] = {
    "blinking on and off": lambda t, pace: Pose(visible=_lit(t, pace)),
    "bobbing up and down": lambda t, pace: Pose(down=_swing(t, pace)),
    "growing": lambda t, pace: Pose(size=_factor(t, pace)),
    "holding still": lambda t, pace: Pose(),
    "moving down": lambda t, pace: Pose(down=_far(t, pace)),
    "moving left": lambda t, pace: Pose(right=-_far(t, pace)),
    "moving right": lambda t, pace: Pose(right=_far(t, pace)),
    "moving up": lambda t, pace: Pose(down=-_far(t, pace)),
    "rotating (clockwise)": lambda t, pace: Pose(turn=_angle(t, pace)),
    "rotating (counterclockwise)": lambda t, pace: Pose(turn=-_angle(t, pace)),
    "shaking (can't stand still)": lambda t, pace: Pose(right=_swing(t, pace)),
    "shrinking": lambda t, pace: Pose(size=_factor(-t, pace)),
}
"""Class name to motion, sorted by name as the class list is."""


@dataclass(frozen=True)
class Scene:
    """Random values of one clip."""

    motion: Motion
    pace: Pace
    num_frames: int
    ground: Image
    sprite: Image
    place: tuple[float, float]  # middle of the shape, pixels from the left and the top
    radius: float  # pixels
    turn: float  # degrees, clockwise
    drift: tuple[float, float]  # pixels that the ground moves over the whole clip
    hand: NDArray[np.float64]  # camera sway: rows are (pixels, cycles, phase), x twice, y twice


def scene(random: ClipRandom, name: str, num_frames: int, width: int, height: int) -> Scene:
    """Draw the random values of one clip of class `name`."""
    bits = random.clip()
    u = random_uniforms(bits, 32)
    ground_tone, shape_tone = 0.22 + 0.16 * u[0], 0.62 + 0.16 * u[1]
    hue = u[2]
    ground = _texture(bits, width, height, _palette(hue, ground_tone, 0.2))
    paint = _texture(
        bits, SPRITE_SIZE, SPRITE_SIZE, _palette(hue + 0.3 + 0.4 * u[3], shape_tone, 0.4)
    )
    return Scene(
        motion=MOTIONS[name],
        pace=Pace(u[4], u[5], u[6]),
        num_frames=num_frames,
        ground=ground,
        sprite=_cut(paint, _corners(bits)),
        # The decoder keeps the middle square: stay inside it.
        place=(width / 2 + height * 0.34 * (u[7] - 0.5), height / 2 + height * 0.34 * (u[8] - 0.5)),
        radius=height * (0.18 + 0.07 * u[9]),
        turn=360 * u[10],
        drift=(height * 0.12 * (u[11] - 0.5), height * 0.12 * (u[12] - 0.5)),
        hand=np.stack([height * 0.008 * u[13:17], 0.5 + 2 * u[17:21], u[21:25]], axis=1),
    )


def frame(scene: Scene, index: int) -> Image:
    """Render frame `index` of the clip, counted from 0."""
    height, width = scene.ground.shape[:2]
    t = (index + 0.5) / scene.num_frames - 0.5
    sway = scene.hand[:, 0] * np.sin(2 * np.pi * (scene.hand[:, 1] * t + scene.hand[:, 2]))
    sway_x, sway_y = float(sway[0] + sway[1]), float(sway[2] + sway[3])
    shift = np.array(
        [[1, 0, sway_x + scene.drift[0] * t], [0, 1, sway_y + scene.drift[1] * t]], np.float64
    )
    picture: Image = cv2.warpAffine(  # type: ignore[assignment]
        scene.ground, shift, (width, height), borderMode=cv2.BORDER_REFLECT_101
    )
    pose = scene.motion(t, scene.pace)
    if pose.visible:
        x = scene.place[0] + pose.right * height + sway_x
        y = scene.place[1] + pose.down * height + sway_y
        _paste(picture, scene, x, y, pose)
    return picture


def clip(scene: Scene) -> Clip:
    """Return all frames of the clip."""
    return np.stack(list(frames(scene)))


def frames(scene: Scene) -> Iterator[Image]:
    """Return the frames of the clip, one by one."""
    return (frame(scene, index) for index in range(scene.num_frames))


def _paste(picture: Image, scene: Scene, x: float, y: float, pose: Pose) -> None:
    """Put the sprite into `picture`, in place, its middle at (x, y)."""
    height, width = picture.shape[:2]
    zoom = scene.radius * pose.size / SPRITE_RADIUS
    reach = math.ceil(zoom * SPRITE_SIZE / 2) + 1
    left, right = max(0, int(x) - reach), min(width, int(x) + reach + 1)
    top, bottom = max(0, int(y) - reach), min(height, int(y) + reach + 1)
    if left >= right or top >= bottom:
        return
    angle = math.radians(scene.turn + pose.turn)
    cosine, sine = zoom * math.cos(angle), zoom * math.sin(angle)
    middle = (SPRITE_SIZE - 1) / 2
    matrix = np.array(
        [
            [cosine, -sine, x - left - middle * (cosine - sine)],
            [sine, cosine, y - top - middle * (sine + cosine)],
        ],
        np.float64,
    )
    sprite = cv2.warpAffine(scene.sprite, matrix, (right - left, bottom - top)).astype(np.uint16)
    part = picture[top:bottom, left:right]
    part[:] = sprite[..., :3] + (part * (255 - sprite[..., 3:]) + 127) // 255


def _cut(paint: Image, corners: NDArray[np.float64]) -> Image:
    """Cut a polygon out of `paint`, with a dark rim: a sprite, colours times opacity."""
    fixed = np.rint((corners + (SPRITE_SIZE - 1) / 2) * FINE).astype(np.int32)[None]
    opacity = np.zeros(paint.shape[:2], np.uint8)
    cv2.fillPoly(opacity, [fixed], 255, cv2.LINE_AA, 4)
    painted = paint.copy()
    cv2.polylines(painted, [fixed], True, (20, 20, 24), 3, cv2.LINE_AA, 4)
    colours = (painted * opacity[..., None].astype(np.uint16) + 127) // 255
    return np.dstack([colours.astype(np.uint8), opacity])


def _corners(bits: np.random.Philox) -> NDArray[np.float64]:
    """Return the corners of a polygon that looks different at every angle: a long arm, a notch."""
    u = random_uniforms(bits, 17)
    count = 6 + int(3 * u[0])
    angles = 2 * np.pi * (np.arange(count) + 0.5 * (u[1 : 1 + count] - 0.5)) / count
    radii = SPRITE_RADIUS * (0.45 + 0.3 * u[9 : 9 + count])
    radii[0] = SPRITE_RADIUS
    radii[2] = SPRITE_RADIUS * 0.25
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)


def _texture(bits: np.random.Philox, width: int, height: int, palette: Image) -> Image:
    """Return clouds overlaid with stripes, checks or dots, coloured by `palette`."""
    u = random_uniforms(bits, 5)
    clouds = _clouds(bits, width, height, 5) // 2 + _clouds(bits, width, height, 13) // 2
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    angle, period = np.pi * u[0], 9 + 9 * u[1]
    along = (columns * np.cos(angle) + rows * np.sin(angle)) / period + u[2]
    across = (rows * np.cos(angle) - columns * np.sin(angle)) / period + u[3]
    waves = np.sin(2 * np.pi * along), np.sin(2 * np.pi * across)
    pattern = (
        waves[0],  # stripes
        waves[0] * waves[1],  # checks
        np.minimum(waves[0], waves[1]) * 1.5,  # dots
    )[int(3 * u[4])]
    shade = np.clip(clouds + 50 * np.tanh(3 * pattern), 0, 255).astype(np.uint8)
    coloured: Image = palette[shade]
    return coloured


def _clouds(bits: np.random.Philox, width: int, height: int, cells: int) -> Image:
    """Return smooth noise with about `cells` cells on each side, values 0..255."""
    coarse = random_bytes(bits, cells * cells).reshape(cells, cells)
    stretched = cv2.resize(coarse, (width, height))
    return cv2.GaussianBlur(stretched, (9, 9), 0).astype(np.uint8, copy=False)


def _palette(hue: float, tone: float, spread: float) -> Image:
    """Return 256 colours from dark to light around brightness `tone` (0..1)."""
    steps = np.linspace(-0.5, 0.5, 256)
    angles = 2 * np.pi * (hue + 0.25 * steps[:, None] + np.array([0, 1 / 3, 2 / 3]))
    value = np.clip(tone + spread * steps, 0, 1)[:, None]
    colours = value * (1 + 0.35 * np.cos(angles))
    levels: Image = np.rint(np.clip(colours, 0, 1) * 255).astype(np.uint8)
    return levels
