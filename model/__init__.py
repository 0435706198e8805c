"""The dynamic generator model: networks, posterior, Langevin inference, learning, sampling.

Source: Xie, Gao, Zheng, Zhu, Wu, *Learning Dynamic Generator Model by Alternating
Back-Propagation Through Time*, AAAI 2019 (arXiv 1812.10587), "the paper" in these modules.
"""
