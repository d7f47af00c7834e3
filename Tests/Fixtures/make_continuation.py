"""Folds and branch points of two small tanh networks, by a method that shares nothing with the
program's: derivatives by complex steps, branches by Newton's method at fixed l2, branch points as
roots of the lowest eigenvalue, folds from the extended system (Moore and Spence)

    grad E(theta; b) = 0,   H(theta; b) v = 0,   v.v = 1

    python3 Tests/Fixtures/make_continuation.py      # NumPy; one minute; prints the figures below

Its output stands in Tests/KramersTests/Landscape/ContinuationFigures.swift.
"""

import numpy as np

STEP = 1e-30


class Tanh:
    """tanh hidden layers, linear output, no bias; E = (1/2N) sum |f - y|^2 + (b/2) |theta|^2."""

    def __init__(self, widths, x, y):
        self.widths, self.x, self.y = widths, x.T, y.T
        self.shapes = [(m, n) for n, m in zip(widths, widths[1:])]
        self.count = sum(m * n for m, n in self.shapes)

    def split(self, theta):
        parts, at = [], 0
        for m, n in self.shapes:
            parts.append(theta[at:at + m * n].reshape(m, n))
            at += m * n
        return parts

    def forward(self, theta):
        weights, h = self.split(theta), [self.x]
        for w in weights[:-1]:
            h.append(np.tanh(w @ h[-1]))
        return weights, h, weights[-1] @ h[-1]

    def loss(self, theta):
        r = self.forward(theta)[2] - self.y
        return 0.5 * np.sum(r * r) / r.shape[1]

    def objective(self, theta, b):
        return self.loss(theta) + 0.5 * b * theta @ theta

    def gradient(self, theta, b):
        weights, h, f = self.forward(theta)
        e = (f - self.y) / self.y.shape[1]
        out = []
        for l in reversed(range(len(weights))):
            out.append((e @ h[l].T).ravel())
            if l:
                e = (weights[l].T @ e) * (1 - h[l] * h[l])
        return np.concatenate(out[::-1]) + b * theta

    def hessian(self, theta, b):
        h = np.empty((self.count, self.count))
        for k in range(self.count):
            z = theta.astype(complex)
            z[k] += 1j * STEP
            h[:, k] = self.gradient(z, b).imag / STEP
        return 0.5 * (h + h.T)

    def newton(self, theta, b):
        for _ in range(50):
            g = self.gradient(theta, b)
            if np.linalg.norm(g) < 1e-15:
                break
            theta = theta - np.linalg.solve(self.hessian(theta, b), g)
        return theta if np.linalg.norm(self.gradient(theta, b)) < 1e-12 else None

    def descend(self, theta, b, rate=0.2, tolerance=1e-9):
        # Off the subspaces that symmetries keep.
        theta = theta + 1e-6 * np.sin(1 + np.arange(self.count))
        for _ in range(1_000_000):
            g = self.gradient(theta, b)
            if np.linalg.norm(g) < tolerance:
                return self.newton(theta, b)
            theta = theta - rate * g
        raise RuntimeError("no convergence")

    def lowest(self, theta, b):
        values, vectors = np.linalg.eigh(self.hessian(theta, b))
        k = np.argmin(abs(values))
        return values, values[k], vectors[:, k]

    def fold(self, theta, b):
        """The fold near a state."""
        n = self.count
        v = self.lowest(theta, b)[2]
        for _ in range(60):
            h = self.hessian(theta, b)
            residual = np.concatenate([self.gradient(theta, b), h @ v, [v @ v - 1]])
            jacobian = np.zeros((2 * n + 1, 2 * n + 1))
            jacobian[:n, :n] = h
            jacobian[:n, n] = theta
            d = 1e-6
            up, down = (self.hessian(theta + s * d * v, b) for s in (1, -1))
            jacobian[n:2 * n, :n] = (up - down) / (2 * d)
            jacobian[n:2 * n, n] = v
            jacobian[n:2 * n, n + 1:] = h
            jacobian[2 * n, n + 1:] = 2 * v
            step = np.linalg.solve(jacobian, residual)
            theta, b, v = theta - step[:n], b - step[n], v - step[n + 1:]
            if np.linalg.norm(step) < 1e-13:
                break
        assert abs(v @ theta) > 1e-3, "not a fold: v.theta = 0"
        return theta, b, v

    def up(self, theta, b, step, index=0):
        """Along the branch until the index changes (both ends of the last step) or there is no state
        nearby any more (the last one, and None)."""
        while step > 1e-6:
            new = self.newton(theta, b + step)
            if new is None or np.linalg.norm(new - theta) > 0.05 * np.linalg.norm(theta):
                step *= 0.5
                continue
            if np.sum(self.lowest(new, b + step)[0] < 0) != index:
                return theta, b, b + step
            theta, b = new, b + step
        return theta, b, None

    def crossing(self, theta, low, high, m):
        """l2 where the m-th lowest eigenvalue passes zero."""
        f_low = self.lowest(theta, low)[0][m]
        for _ in range(200):
            middle = 0.5 * (low + high)
            new = self.newton(theta, middle)
            if new is None:
                break
            f = self.lowest(new, middle)[0][m]
            if (f > 0) == (f_low > 0):
                low, theta = middle, new
            else:
                high = middle
            if high - low < 1e-13:
                break
        return low, theta


def show(name, **figures):
    print(name, " ".join(f"{k}={v:.13g}" for k, v in figures.items()))


def one():
    x = np.arange(-2, 2.01, 0.25)[:, None]
    y = 1.5 * np.tanh(1.2 * np.tanh(1.2 * x))
    net = Tanh([1, 1, 1, 1], x, y)
    theta = net.descend(np.array([1.0, 1.0, 1.0]), 0.02)
    show("X1 learned", l2=0.02, loss=net.loss(theta), objective=net.objective(theta, 0.02))
    t, b, _ = net.up(theta, 0.02, 1e-3)
    fold, l2, _ = net.fold(t, b)
    show("X1 fold", l2=l2, objective=net.objective(fold, l2), norm=np.linalg.norm(fold))
    # The saddle: the far side of the fold, stepped down by Newton at fixed l2.
    v = net.lowest(fold, l2)[2]
    v *= -np.sign(v @ fold)
    at = l2 - 1e-4
    saddle = net.newton(fold + 0.05 * v, at)
    assert np.sum(net.lowest(saddle, at)[0] < 0) == 1
    for goal in (0.3, 0.193384, 0.1, 0.05):
        while at > goal:
            at = max(at - 1e-3, goal)
            saddle = net.newton(saddle, at)
        assert np.sum(net.lowest(saddle, at)[0] < 0) == 1
        show("X1 saddle", l2=at, objective=net.objective(saddle, at), norm=np.linalg.norm(saddle),
             height=net.objective(saddle, at) - net.objective(0 * saddle, at))


def two(hidden, start):
    grid = np.array([-1.5, -0.75, 0, 0.75, 1.5])
    x = np.array([[a, b] for a in grid for b in grid])
    y = np.stack([1.2 * np.tanh(1.5 * x[:, 0]), 0.7 * np.tanh(1.5 * x[:, 1])], axis=1)
    net = Tanh([2, hidden, hidden, 2], x, y)
    name = f"X2({hidden})"
    theta = net.descend(start(net), 0.02)
    b = 0.02
    show(name + " learned", l2=b, objective=net.objective(theta, b), loss=net.loss(theta),
         index=np.sum(net.lowest(theta, b)[0] < 0), lowest=net.lowest(theta, b)[0][0])
    index, fallen = 0, None
    while True:
        t, low, high = net.up(theta, b, 5e-4, index)
        if high is None:
            break
        values = net.lowest(net.newton(t, high), high)[0]
        now = int(np.sum(values < 0))
        m = min(index, now)
        l2, at = net.crossing(t, low, high, m)
        v = net.lowest(at, l2)[2]
        show(name + " branch point", l2=l2, objective=net.objective(at, l2), index=now,
             overlap=abs(v @ at) / np.linalg.norm(at))
        if index == 0:
            # A little further the state slides along the null vector.
            beyond = l2 + 1e-4
            fallen = net.descend(net.newton(at, beyond) + 1e-3 * v, beyond)
            show(name + " collapsed", l2=beyond, objective=net.objective(fallen, beyond),
                 loss=net.loss(fallen), index=np.sum(net.lowest(fallen, beyond)[0] < 0))
        index = now
        theta, b = net.newton(t, high), high
    fold, l2, v = net.fold(t, low)
    show(name + " fold", l2=l2, objective=net.objective(fold, l2), index_before=index)
    if fallen is None:
        beyond = l2 + 1e-4
        fallen = net.descend(fold - 1e-3 * np.sign(v @ fold) * v, beyond)
        show(name + " collapsed", l2=beyond, objective=net.objective(fallen, beyond),
             loss=net.loss(fallen), index=np.sum(net.lowest(fallen, beyond)[0] < 0))
    t, low, high = net.up(fallen, beyond, 5e-4, 0)
    if high is not None:
        raise RuntimeError("a branch point before the second fold")
    fold, l2, _ = net.fold(t, low)
    show(name + " second fold", l2=l2, objective=net.objective(fold, l2))


if __name__ == "__main__":
    one()

    def aligned(net):
        theta = np.zeros(net.count)
        for w in net.split(theta):
            k = min(w.shape)
            w[:k, :k] = np.eye(k)
        return theta + 0.05 * np.sin(1 + np.arange(net.count))

    two(2, aligned)
    two(3, aligned)
