"""The simulations of the clips: one module for each texture, each with one frame generator.

`pond` yields each picture with the truth behind the boat and a mask. `masks` yields only masks.
`walkers` and `blossoms` are families: their generators also take the number of the member.
"""
