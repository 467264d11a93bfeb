"""Pipeline that generates corrupted video datasets and evaluates models on them."""

import sys

__title__ = "video-corruptions"
__version__ = "1.0.0"

# A clone has this package as `pipeline`, an installed wheel as `corruptions.pipeline`. An editable
# install has both; two copies would have two of each class, so that no `isinstance` is reliable.
_OTHER = "corruptions.pipeline" if __name__ == "pipeline" else "pipeline"
if getattr(sys.modules.get(_OTHER), "__title__", None) == __title__:
    raise ImportError(
        f"{__name__}: this package is already imported as {_OTHER}; use one of the two names only."
    )
