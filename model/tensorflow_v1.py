"""TensorFlow in TF1 style, imported at its first use.

The command line reads the tables of `model.transition` and `model.inference`. These modules import
`tf` from here. The program can therefore check a command line and print --help without the import
of TensorFlow, which takes seconds.
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
