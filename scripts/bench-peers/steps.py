"""SGD steps of an ensemble of small networks in NumPy, PyTorch and JAX.

    python steps.py numpy|torch|jax CASE single|double [small]

One step of one replica is the same work in all of them:

    draw B sample indices with replacement, gather x and y,
    forward, backward of (1/2B) sum |f(x) - y|^2,
    W <- W - lr (gradient + l2 W) for all three layers

and a projection u' W3 W2 W1 v of linear networks every hundred steps. Random numbers come from one
stream a library for the whole ensemble, where the library has no cheap streams for each replica.
Several ways to write the step are tried, the fastest is served; with `small` only the first. Left
out are ways that were slower in every case, among them one network after the other, autograd, and
sums written out term by term.

`block` replicas take a hundred steps before the next block does, so that their weights stay in
the cache; None: all replicas step side by side.
"""

import sys
from functools import partial

from serve import serve_fastest

import numpy as np

# widths, batch, samples, replicas
CASES = {
    "a": ((5, 5, 5, 5), 4, 200, 256),
    "b": ((10, 10, 10, 10), 8, 200, 256),
    "c": ((32, 32, 32, 32), 16, 200, 256),
    "d1": ((64, 128, 128, 10), 32, 1000, 1),
    "d8": ((64, 128, 128, 10), 32, 1000, 8),
}
LR, L2, CHUNK = 0.01, 0.01, 100
DECAY = 1 - LR * L2


class Case:
    def __init__(self, name, precision):
        self.widths, self.batch, self.samples, self.replicas = CASES[name]
        self.is_tanh = name.startswith("d")
        random = np.random.default_rng(0)
        inputs, outputs = self.widths[0], self.widths[-1]
        x = random.standard_normal((self.samples, inputs))
        teacher = random.standard_normal((outputs, inputs)) / inputs**0.5
        y = x @ teacher.T + 0.1 * random.standard_normal((self.samples, outputs))
        self.x, self.y = x.astype(precision), y.astype(precision)
        self.weights = [
            (0.5 / m**0.5 * random.standard_normal((self.replicas, n, m))).astype(precision)
            for m, n in zip(self.widths, self.widths[1:])
        ]

    def blocks(self, block):
        """The weights in lists of `block` replicas."""
        size = block or self.replicas
        starts = range(0, self.replicas, size)
        return [[w[start:start + size] for w in self.weights] for start in starts]


def manual_step(xp, case, weights, x, y):
    """The step written out; shapes (replicas, batch, width) and (replicas, out, in)."""
    def transpose(a):
        return a.swapaxes(1, 2)

    w1, w2, w3 = weights
    h1 = x @ transpose(w1)
    if case.is_tanh:
        h1 = xp.tanh(h1)
    h2 = h1 @ transpose(w2)
    if case.is_tanh:
        h2 = xp.tanh(h2)
    d3 = (h2 @ transpose(w3) - y) * (LR / case.batch)
    d2 = d3 @ w3
    if case.is_tanh:
        d2 = d2 * (1 - h2 * h2)
    d1 = d2 @ w2
    if case.is_tanh:
        d1 = d1 * (1 - h1 * h1)
    return [
        w * DECAY - transpose(d) @ h for w, d, h in zip(weights, (d1, d2, d3), (x, h1, h2))
    ]


def last_axis_step(product, weights, x, y, batch):
    """The linear step with replicas as the last axis; x and y are (width, batch, replicas)."""
    def transpose(a):
        return a.swapaxes(0, 1)

    w1, w2, w3 = weights
    h1 = product(w1, x)
    h2 = product(w2, h1)
    d3 = (product(w3, h2) - y) * (LR / batch)
    d2 = product(transpose(w3), d3)
    d1 = product(transpose(w2), d2)
    return [
        w * DECAY - product(d, transpose(h))
        for w, d, h in zip(weights, (d1, d2, d3), (x, h1, h2))
    ]


def sums(a, b):
    """a b for every replica on the last axis, as a sum that a compiler can fuse."""
    return (a[:, :, None] * b[None]).sum(1)


def numpy_variants(case):
    generator = np.random.default_rng(1)

    def batched(block):
        blocks = case.blocks(block)
        u, v = np.ones(case.widths[-1]), np.ones(case.widths[0])

        def run():
            for i, weights in enumerate(blocks):
                shape = (CHUNK, len(weights[0]), case.batch)
                for index in generator.integers(0, case.samples, shape):
                    weights = manual_step(np, case, weights, case.x[index], case.y[index])
                blocks[i] = weights
                if not case.is_tanh:
                    w1, w2, w3 = weights
                    (w3 @ (w2 @ (w1 @ v)[..., None]))[..., 0] @ u

        return run

    yield "batched matmul", partial(batched, None)
    if case.widths[0] == 32:
        yield "batched matmul, blocks of 64", partial(batched, 64)


def torch_variants(case):
    import torch

    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    data_x, data_y = torch.from_numpy(case.x), torch.from_numpy(case.y)

    def manual(weights, index):
        return manual_step(torch, case, weights, data_x[index], data_y[index])

    def last_axis(weights, index):
        x, y = data_x[index].permute(2, 1, 0), data_y[index].permute(2, 1, 0)
        return last_axis_step(sums, weights, x, y, case.batch)

    def compiled(function, is_last):
        step = torch.compile(function)
        state = [torch.from_numpy(w) for w in case.weights]
        if is_last:
            state = [w.permute(1, 2, 0).contiguous() for w in state]
        u = torch.ones(case.widths[-1], dtype=data_x.dtype)
        v = torch.ones(case.widths[0], dtype=data_x.dtype)

        def run():
            nonlocal state
            shape = (CHUNK, case.replicas, case.batch)
            for index in torch.randint(0, case.samples, shape):
                state = step(state, index)
            if not case.is_tanh:
                w1, w2, w3 = (w.permute(2, 0, 1) for w in state) if is_last else state
                (w3 @ (w2 @ (w1 @ v)[..., None]))[..., 0] @ u

        return run

    if case.widths[0] == 5:
        yield "compiled sums, replicas last", partial(compiled, last_axis, True)
    yield "compiled bmm", partial(compiled, manual, False)


def jax_variants(case):
    import jax
    import jax.numpy as jnp
    from jax import lax

    data_x, data_y = jnp.asarray(case.x), jnp.asarray(case.y)
    u, v = jnp.ones(case.widths[-1], data_x.dtype), jnp.ones(case.widths[0], data_x.dtype)

    def textbook(block):
        """vmap over replicas, a key for each, grad of the loss."""

        def loss(weights, x, y):
            h = x
            for w in weights[:-1]:
                h = h @ w.T
                h = jnp.tanh(h) if case.is_tanh else h
            return ((h @ weights[-1].T - y) ** 2).sum() * (0.5 / case.batch)

        def step(weights, key):
            index = jax.random.randint(key, (case.batch,), 0, case.samples)
            gradient = jax.grad(loss)(weights, data_x[index], data_y[index])
            return [w * DECAY - LR * g for w, g in zip(weights, gradient)], None

        def chunk(weights, key):
            weights, _ = lax.scan(step, weights, jax.random.split(key, CHUNK))
            projection = 0 if case.is_tanh else u @ (weights[2] @ (weights[1] @ (weights[0] @ v)))
            return weights, projection

        def replicas(weights, key):
            return jax.vmap(chunk)(weights, jax.random.split(key, len(weights[0])))

        return looped(replicas, case.blocks(block))

    def written_out(block):
        def step(weights, index):
            return manual_step(jnp, case, weights, data_x[index], data_y[index]), None

        def chunk(weights, key):
            shape = (CHUNK, len(weights[0]), case.batch)
            weights, _ = lax.scan(step, weights, jax.random.randint(key, shape, 0, case.samples))
            w1, w2, w3 = weights
            projection = 0 if case.is_tanh else (w3 @ (w2 @ (w1 @ v)[..., None]))[..., 0] @ u
            return weights, projection

        return looped(chunk, case.blocks(block))

    def replicas_last(product, block):
        def step(weights, index):
            x, y = data_x[index].transpose(2, 1, 0), data_y[index].transpose(2, 1, 0)
            return last_axis_step(product, weights, x, y, case.batch), None

        def chunk(weights, key):
            shape = (CHUNK, weights[0].shape[2], case.batch)
            weights, _ = lax.scan(step, weights, jax.random.randint(key, shape, 0, case.samples))
            z = jnp.broadcast_to(v[:, None, None], (len(v), 1, weights[0].shape[2]))
            for w in weights:
                z = product(w, z)
            return weights, (u[:, None, None] * z).sum(0)

        blocks = case.blocks(block)
        return looped(chunk, [[np.moveaxis(w, 0, 2) for w in weights] for weights in blocks])

    def looped(chunk, blocks):
        """One compiled call: every block takes a chunk of steps."""

        def all_blocks(weights, key):
            key, subkey = jax.random.split(key)
            weights, projection = lax.map(
                lambda pair: chunk(*pair), (weights, jax.random.split(subkey, len(blocks)))
            )
            return weights, key, projection

        function = jax.jit(all_blocks, donate_argnums=0)
        state = [jnp.stack(layer) for layer in zip(*blocks)], jax.random.key(0)

        def run():
            nonlocal state
            *state, projection = function(*state)
            jax.block_until_ready((state[0], projection))

        return run

    def einsum(a, b):
        return jnp.einsum("ijr,jkr->ikr", a, b)

    if case.widths[0] == 5:
        yield "sums, replicas last, blocks of 32", partial(replicas_last, sums, 32)
    if case.widths[0] == 10:
        yield "einsum, replicas last, blocks of 32", partial(replicas_last, einsum, 32)
    if case.widths[0] == 32:
        yield "matmul, blocks of 32", partial(written_out, 32)
    yield "matmul, all side by side", partial(written_out, None)
    yield "vmap of grad, all side by side", partial(textbook, None)


def main():
    library, name, precision = sys.argv[1:4]
    case = Case(name, {"single": "float32", "double": "float64"}[precision])
    if library == "jax" and precision == "double":
        import jax

        jax.config.update("jax_enable_x64", True)
    makers = {"numpy": numpy_variants, "torch": torch_variants, "jax": jax_variants}
    variants = dict(makers[library](case))
    if sys.argv[4:] == ["small"]:
        variants = dict(list(variants.items())[:1])
    serve_fastest(variants, CHUNK * case.replicas, 0.5)


if __name__ == "__main__":
    main()
