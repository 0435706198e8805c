"""TensorFlow in TF1 style, imported when it is first used.

The modules whose tables the command line reads (`model.transition`, `model.inference`) take `tf`
from here, so that a command line is checked, and --help printed, without the seconds that
importing TensorFlow takes.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tensorflow.compat.v1 as tf
else:

    class _LazyTensorFlow:
        def __getattr__(self, name: str) -> Any:
            import tensorflow.compat.v1

            return getattr(tensorflow.compat.v1, name)

    tf = _LazyTensorFlow()
