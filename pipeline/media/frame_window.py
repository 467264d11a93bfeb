"""Clips of which some frames are in memory, or computed when they are read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, cast

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from corruptions.types import Clip

from ..errors import ClipError

Picture = NDArray[np.uint8]

WHITE = 255
"""Largest value of a picture."""

AS_LOADED = slice(1, -1)
"""Frames of a clip that the original benchmark's loader kept."""


class FrameWindow(NDArrayOperatorsMixin):
    """Clip of shape (T, H, W, 3) of which some frames are in memory, read by indexing as an array.

    Whatever else arrays can do is done with an array of all frames. Reading a frame that is not in
    memory raises LookupError.
    """

    def __init__(
        self,
        shape: tuple[int, int, int, int],
        frames: dict[int, Picture] | None = None,
        offset: int = 0,
        brightest: Callable[[], int] = lambda: WHITE,
    ) -> None:
        self.shape = shape
        self.dtype = np.dtype(np.uint8)
        self.ndim = 4
        self._frames: dict[int, Picture] = {} if frames is None else frames
        self._offset = offset
        self._brightest = brightest

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            whole = self[key[0]]
            return whole[key[1:]] if whole.ndim == 3 else whole[(slice(None), *key[1:])]
        if isinstance(key, slice):
            if key == AS_LOADED:
                return self._part(1, max(0, len(self) - 2))
            key = np.arange(len(self))[key]
        indices = np.asarray(key)
        if indices.ndim == 0:
            return self._frame(int(indices))
        if indices.dtype == bool:
            (indices,) = np.nonzero(indices)
        made = np.empty((len(indices), *self.shape[1:]), np.uint8)
        for place, index in enumerate(indices):
            made[place] = self._frame(int(index))
        return made

    def __iter__(self) -> Iterator[Picture]:
        return (self._frame(index) for index in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        arrays = (one[:] if isinstance(one, FrameWindow) else one for one in inputs)
        return getattr(ufunc, method)(*arrays, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self[:], name)

    def max(self) -> int:
        """Return the largest value of all frames."""
        return self._brightest()

    def add(self, index: int, picture: Picture) -> None:
        """Take a frame into memory."""
        self._frames[index] = picture

    def drop(self, indices: Sequence[int]) -> None:
        """Forget frames."""
        for index in indices:
            del self._frames[index]

    def _part(self, offset: int, length: int) -> "FrameWindow":
        shape = (length, *self.shape[1:])
        return FrameWindow(shape, self._frames, self._offset + offset, self._brightest)

    def _frame(self, index: int) -> Picture:
        if not -len(self) <= index < len(self):
            raise IndexError(f"frame {index} of a clip of {len(self)} frames")
        number = index % len(self) + self._offset
        if number not in self._frames:
            raise LookupError(f"frame {number} is not in memory, since the plan does not name it")
        return self._frames[number]


class _OnDemand(dict[int, Picture]):
    """Frames that are computed when they are first read."""

    def __init__(self, num_frames: int, compute: Callable[[int], Picture]) -> None:
        super().__init__()
        self._num_frames = num_frames
        self._compute = compute

    def __contains__(self, key: object) -> bool:
        return isinstance(key, int) and 0 <= key < self._num_frames

    def __missing__(self, key: int) -> Picture:
        picture = self[key] = self._compute(key)
        if picture.shape != self[0].shape:
            raise ClipError(f"frame {key} is of another size than frame 0")
        return picture


def brightest_of(pictures: Iterable[Picture]) -> int:
    """Return the largest value of all pictures; reads them up to the first white one."""
    largest = 0
    for picture in pictures:
        largest = max(largest, int(picture.max()))
        if largest == WHITE:
            break
    return largest


def on_demand(num_frames: int, compute: Callable[[int], Picture]) -> Clip:
    """Return a clip of which each frame is computed when it is first read, and then kept.

    Parameters
    ----------
    num_frames
        Number of frames, at least 1.
    compute
        Function from the number of a frame to it, (H, W, 3), uint8 RGB, of one size for all.

    """
    frames = _OnDemand(num_frames, compute)
    height, width, channels = frames[0].shape
    brightest = cache(lambda: brightest_of(frames[index] for index in range(num_frames)))
    return cast(Clip, FrameWindow((num_frames, height, width, channels), frames, 0, brightest))
