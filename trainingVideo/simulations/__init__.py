"""The simulations behind the clips: one module per texture, each with one frame generator.

`pond` yields with each picture what is behind its boat, and a mask; `masks` yields masks only.
"""
