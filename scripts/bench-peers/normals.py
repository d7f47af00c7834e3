"""Nanoseconds a standard normal number, into an array of 2^17 that stays in the cache.

    python normals.py numpy|torch|jax single|double

JAX is tried with both of its generators, and in double precision with the Box-Muller transform
that escape.py uses too.
"""

import sys

from serve import serve_fastest

COUNT = 1 << 17


def numpy_variants(precision):
    import numpy as np

    out = np.empty(COUNT, precision)
    generator = np.random.default_rng(0)
    return {
        "PCG64": lambda: lambda: generator.standard_normal(out=out, dtype=out.dtype),
    }


def torch_variants(precision):
    import torch

    torch.set_num_threads(1)
    out = torch.empty(COUNT, dtype=getattr(torch, precision))
    return {"MT19937": lambda: out.normal_}


def jax_variants(precision):
    import jax

    from escape import box_muller

    def make(generator, normal):
        function = jax.jit(lambda key: normal(key, (COUNT,)))
        key = jax.random.key(0, impl=generator)
        return lambda: function(key).block_until_ready()

    def library(key, shape):
        return jax.random.normal(key, shape, precision)

    variants = {
        name: lambda name=name: make(name, library) for name in ("threefry2x32", "rbg")
    }
    if precision == "float64":
        variants["threefry2x32, Box-Muller"] = lambda: make("threefry2x32", box_muller)
    return variants


def main():
    library, precision = sys.argv[1], {"single": "float32", "double": "float64"}[sys.argv[2]]
    makers = {"numpy": numpy_variants, "torch": torch_variants, "jax": jax_variants}
    serve_fastest(makers[library](precision), COUNT, 0.2)


if __name__ == "__main__":
    main()
