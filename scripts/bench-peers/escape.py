"""Whole escape experiments in JAX: first passage times of Langevin ensembles of linear networks.

    python escape.py chain|trap together|refilled REPLICAS

    theta <- theta - lr grad(objective) + sqrt(2 lr T) xi
    objective = |W3 W2 W1 - diag(s)|^2 / 2 + l2/2 (|W1|^2 + |W2|^2 + |W3|^2)

in double precision. Every ten steps the watched singular value of the end-to-end map is computed
exactly, and a replica ends where it has reached the threshold.

    chain   widths 1-1-1-1, s = 1, from exactly zero; watched is the one singular value
    trap    widths 2-10-10-2, s = .9, .8, from the stationary balanced state of rank 1; the second

Replicas are the last, contiguous axis, so that XLA makes vector loops over them. One compiled call
does the whole experiment; nothing goes back to Python before the last replica has ended.

    together  all replicas side by side until the last has ended; noise from jax.random.normal
    refilled  a few lanes, so that all they need stays in the cache; a lane whose replica has ended
              takes the next one not begun; noise by a Box-Muller transform written for XLA

A request is {"seed": ..., "threshold": ...}; the answer has seconds, the replica-steps of all
replicas up to their ends, tau and its standard error.
"""

import sys
from functools import partial
from typing import NamedTuple

from serve import serve, timed

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

jax.config.update("jax_enable_x64", True)

EVERY = 10
MAX_STEPS = 1_000_000
BLOCK = 1 << 15  # normals drawn at once, about


class Problem(NamedTuple):
    singular: tuple
    width: int
    rank: int
    l2: float
    lr: float
    temperature: float
    lanes: int  # of `refilled`


PROBLEMS = {
    "chain": Problem((1.0,), 1, 0, 0.3, 0.2, 0.01389806 / 4, 64),
    "trap": Problem((0.9, 0.8), 10, 1, 0.1, 0.08, 2e-4, 16),
}


def box_muller(key, shape):
    """Standard normals from 53-bit uniforms, like jax.random.normal, but quicker on a CPU.

    XLA has no vector form of the sine in double precision: here the angle lies within 45 degrees,
    where a short Taylor series does, and three more random bits choose the octant.
    """
    bits = jax.random.bits(key, (2, int(np.prod(shape)) // 2), jnp.uint64)
    uniform = 1 - (bits[0] >> 11).astype(jnp.float64) * 2.0**-53
    radius = jnp.sqrt(-2 * jnp.log(uniform))
    x = ((bits[1] >> 12).astype(jnp.float64) * 2.0**-52 - 0.5) * (jnp.pi / 2)
    sine, cosine = jnp.zeros_like(x), jnp.zeros_like(x)
    for n in range(7, -1, -1):
        cosine = 1 - cosine * x * x / ((2 * n + 1) * (2 * n + 2))
        sine = 1 - sine * x * x / ((2 * n + 2) * (2 * n + 3))
    sine = sine * x
    swap = (bits[1] & 4) != 0
    sign = 1 - 2 * (bits[1] & 1).astype(jnp.float64), 1 - (bits[1] & 2).astype(jnp.float64)
    pair = jnp.where(swap, sine, cosine) * sign[0], jnp.where(swap, cosine, sine) * sign[1]
    return (radius * jnp.stack(pair)).reshape(shape)


def product(a, b):
    """a b for every replica; shapes (i, j, lanes) and (j, k, lanes)."""
    return (a[:, :, None] * b[None]).sum(1)


def transpose(a):
    return a.swapaxes(0, 1)


def watched(end_to_end):
    """The smallest singular value of a 1 x 1 or 2 x 2 map, in closed form."""
    if end_to_end.shape[0] == 1:
        return jnp.abs(end_to_end[0, 0])
    (a, b), (c, d) = end_to_end
    determinant = jnp.abs(a * d - b * c)
    squares = (end_to_end**2).sum((0, 1))
    root = jnp.sqrt((squares - 2 * determinant) * (squares + 2 * determinant))
    return determinant / jnp.sqrt((squares + root) / 2)


def start_weights(problem):
    """The stationary balanced state: on the diagonal a (s - a^3) = l2 for the learned modes."""
    k, width = len(problem.singular), problem.width
    weights = [np.zeros((width, k)), np.zeros((width, width)), np.zeros((k, width))]
    for mode in range(problem.rank):
        s = a = problem.singular[mode]
        for _ in range(100):
            a -= (a * (s - a**3) - problem.l2) / (s - 4 * a**3)
        for w in weights:
            w[mode, mode] = a
    return weights


class State(NamedTuple):
    weights: tuple  # of arrays (out, in, lanes)
    steps: jax.Array  # taken by the replica in each lane
    busy: jax.Array  # whether a lane has a replica
    begun: jax.Array
    ended: jax.Array
    escapes: jax.Array
    total: jax.Array  # steps of all replicas that have ended
    squares: jax.Array


def experiment(problem, lanes, replicas, normal):
    """The compiled function of (key, threshold) that returns the last State."""
    initial = tuple(
        jnp.broadcast_to(jnp.asarray(w)[..., None], w.shape + (lanes,))
        for w in start_weights(problem)
    )
    shapes = [w.shape[:2] for w in initial]
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    target = jnp.diag(jnp.asarray(problem.singular))[..., None]
    lr, keep = problem.lr, 1 - problem.lr * problem.l2
    amplitude = np.sqrt(2 * lr * problem.temperature)
    looks = max(1, BLOCK // (EVERY * int(ends[-1]) * lanes))

    def step(weights, noise):
        w1, w2, w3 = weights
        w21, w32 = product(w2, w1), product(w3, w2)
        error = product(w3, w21) - target
        gradients = (
            product(transpose(w32), error),
            product(product(transpose(w3), error), transpose(w1)),
            product(error, transpose(w21)),
        )
        parts = jnp.split(noise, ends[:-1])
        return tuple(
            keep * w - lr * g + amplitude * xi.reshape(w.shape)
            for w, g, xi in zip(weights, gradients, parts)
        ), None

    def look(threshold, state, noise):
        (w1, w2, w3), _ = lax.scan(step, state.weights, noise)
        steps = state.steps + EVERY
        escaped = state.busy & (watched(product(w3, product(w2, w1))) >= threshold)
        ended = escaped | (state.busy & (steps >= MAX_STEPS))
        refilled = ended & (state.begun + jnp.cumsum(ended) <= replicas)
        time_at_end = jnp.where(ended, steps, 0)
        return State(
            tuple(jnp.where(ended, w0, w) for w0, w in zip(initial, (w1, w2, w3))),
            jnp.where(ended, 0, steps),
            state.busy & (~ended | refilled),
            state.begun + refilled.sum(),
            state.ended + ended.sum(),
            state.escapes + escaped.sum(),
            state.total + time_at_end.sum(),
            state.squares + (time_at_end.astype(jnp.float64) ** 2).sum(),
        ), None

    @jax.jit
    def run(key, threshold):
        def block(carry):
            state, key = carry
            key, subkey = jax.random.split(key)
            noise = normal(subkey, (looks, EVERY, int(ends[-1]), lanes))
            return lax.scan(partial(look, threshold), state, noise)[0], key

        zero = jnp.int64(0)
        state = State(
            initial, jnp.zeros(lanes, jnp.int64), jnp.ones(lanes, bool),
            jnp.int64(lanes), zero, zero, zero, jnp.float64(0),
        )
        return lax.while_loop(lambda c: c[0].ended < replicas, block, (state, key))[0]

    return run


def main():
    problem, manner, replicas = PROBLEMS[sys.argv[1]], sys.argv[2], int(sys.argv[3])
    lanes = min(problem.lanes, replicas) if manner == "refilled" else replicas
    normal = box_muller if manner == "refilled" else partial(jax.random.normal, dtype=jnp.float64)
    run = experiment(problem, lanes, replicas, normal)

    def whole(seed, threshold):
        return jax.block_until_ready(run(jax.random.key(seed), threshold))

    _, compile_seconds, _ = timed(lambda: whole(0, 0.0))  # all end at the first look

    def answer(request):
        state, wall, cpu = timed(lambda: whole(request["seed"], request["threshold"]))
        steps, escapes = int(state.total), int(state.escapes)
        variance = float(state.squares) / replicas - (steps / replicas) ** 2
        return {
            "seconds": wall,
            "cpu_seconds": cpu,
            "steps": steps,
            "censored": replicas - escapes,
            "tau": steps / escapes,
            "tau_error": (variance / replicas) ** 0.5,
        }

    serve({"variant": f"{lanes} lanes, {manner}", "compile_seconds": compile_seconds}, answer)


if __name__ == "__main__":
    main()
