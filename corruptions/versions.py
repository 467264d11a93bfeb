"""Versions of the libraries that a corruption needs to give the reference frames.

With NumPy 1.26 and OpenCV 4.10 all other corruptions gave the same frames as with NumPy 2 and
OpenCV 5. Those below look up tables of 16-bit indices, which OpenCV 4 cannot, or blend and warp
pictures, which it rounds otherwise.
"""

NEED_OPENCV_5 = frozenset(
    {
        "brightness",
        "falling_snow",
        "flicker",
        "gaussian_noise",
        "low_light",
        "occlusion",
        "over_exposure_ev",
        "reflection",
        "saturate",
        "snow",
        "spatter",
        "speckle_noise",
        "under_exposure",
    }
)


def check_versions(name: str) -> None:
    """Raise ImportError if the installed OpenCV cannot compute a corruption's reference frames."""
    if name not in NEED_OPENCV_5:
        return
    import cv2  # here, since most corruptions run with any version

    if int(cv2.__version__.partition(".")[0]) < 5:
        raise ImportError(
            f"{name} needs OpenCV 5 (got {cv2.__version__}): "
            "pip install 'opencv-python-headless>=5'."
        )
