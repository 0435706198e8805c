"""The simulations behind the clips: one module per texture, each with one frame generator.

`pond` yields with each picture what is behind its boat, and a mask; `masks` yields masks only.
`walkers` and `blossoms` are families, of which the generator takes the member's number.
"""
