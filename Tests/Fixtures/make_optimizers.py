"""Figures of PyTorch for Tests/KramersTests/Dynamics/OptimizerTests.swift.

    pip install torch numpy
    python3 Tests/Fixtures/make_optimizers.py > Tests/KramersTests/Dynamics/TorchFigures.swift

Five small nets of three outputs are trained for 100 full-batch steps in double precision with SGD,
SGD with momentum 0.9, Adam and AdamW, weight decay on. Printed are the parameters after 100 steps
and the loss, in the convention (1/2N) sum |f - y|^2, after 0, 10 and 100 steps.

PyTorch's MSELoss divides by the p outputs too: L_torch = (2/p) L. So that both sides take the
same steps, a test that uses `lr` and `l2` here corresponds to

    SGD, momentum   lr_torch = (p/2) lr,   weight_decay = (2/p) l2
    Adam            lr_torch = lr,         weight_decay = (2/p) l2,   eps_torch = (2/p) 1e-8
    AdamW           lr_torch = lr,         weight_decay = l2,         eps_torch = (2/p) 1e-8

because Adam's step does not depend on the scale of the gradient except through eps. Cross-entropy
averages over samples alone on both sides: no factor.
"""

import math

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

SAMPLES, OUTPUTS, STEPS, LR, L2, EPS = 6, 3, 100, 0.02, 0.01, 1e-8
# name, widths, activation, bias, loss
NETS = [
    ("linear", [3, 4, 3], None, False, "mse"),
    ("tanh", [2, 4, 3], nn.Tanh, True, "mse"),
    ("relu", [3, 5, 3], nn.ReLU, True, "cross_entropy"),
    ("gelu", [2, 3, 3, 3], nn.GELU, False, "mse"),
    ("sigmoid", [2, 4, 3], nn.Sigmoid, True, "cross_entropy"),
]
OPTIMIZERS = ["sgd", "momentum", "adam", "adamw"]


def wave(count, scale, phase):
    return [scale * math.sin(1.7 * k + phase) for k in range(count)]


def problem(widths, loss):
    x = torch.tensor(wave(SAMPLES * widths[0], 1.2, 0.3)).reshape(SAMPLES, widths[0])
    if loss == "mse":
        y = torch.tensor(wave(SAMPLES * OUTPUTS, 0.9, 1.1)).reshape(SAMPLES, OUTPUTS)
    else:
        y = torch.eye(OUTPUTS)[[n % OUTPUTS for n in range(SAMPLES)]]
    return x, y


def network(widths, activation, bias):
    layers = []
    for n, (fan_in, fan_out) in enumerate(zip(widths, widths[1:])):
        if n > 0 and activation:
            layers.append(activation())
        layers.append(nn.Linear(fan_in, fan_out, bias=bias))
    net = nn.Sequential(*layers)
    start = wave(sum(p.numel() for p in net.parameters()), 0.7, 0.5)
    nn.utils.vector_to_parameters(torch.tensor(start), net.parameters())
    return net


def optimizer(name, parameters, factor):
    """`factor` is L_torch / L."""
    if name in ("sgd", "momentum"):
        momentum = 0.9 if name == "momentum" else 0
        return torch.optim.SGD(
            parameters, lr=LR / factor, momentum=momentum, weight_decay=factor * L2)
    if name == "adam":
        return torch.optim.Adam(parameters, lr=LR, weight_decay=factor * L2, eps=factor * EPS)
    return torch.optim.AdamW(parameters, lr=LR, weight_decay=L2, eps=factor * EPS)


def run(name, widths, activation, bias, loss):
    x, y = problem(widths, loss)
    net = network(widths, activation, bias)
    criterion = nn.MSELoss() if loss == "mse" else nn.CrossEntropyLoss()
    factor = 2 / OUTPUTS if loss == "mse" else 1
    steps = optimizer(name, net.parameters(), factor)
    losses = []
    for step in range(STEPS + 1):
        value = criterion(net(x), y)
        if step in (0, 10, STEPS):
            losses.append(value.item() / factor)
        if step < STEPS:
            steps.zero_grad()
            value.backward()
            steps.step()
    return losses, nn.utils.parameters_to_vector(net.parameters()).tolist()


def rows(values, indent):
    return "\n".join(
        " " * indent + ", ".join(repr(v) for v in values[i : i + 4]) + ","
        for i in range(0, len(values), 4))


print(f"""\
@testable import Kramers

/// Made by Tests/Fixtures/make_optimizers.py with PyTorch {torch.__version__.split("+")[0]}.
struct TorchFigure: Sendable {{
  let optimizer: Optimizer
  let widths: [Int]
  let activation: Activation
  let bias: Bool
  let loss: Loss
  /// After 0, 10 and 100 steps, without weight decay.
  let losses: [Double]
  /// After 100 steps.
  let parameters: [Double]

  static let all: [TorchFigure] = [""")
for net_name, widths, activation, bias, loss in NETS:
    for name in OPTIMIZERS:
        losses, parameters = run(name, widths, activation, bias, loss)
        swift_loss = "mse" if loss == "mse" else "crossEntropy"
        print(f"""\
    TorchFigure(
      optimizer: .{name}, widths: {widths}, activation: .{net_name}, bias: {str(bias).lower()},
      loss: .{swift_loss},
      losses: [
{rows(losses, 8)}
      ],
      parameters: [
{rows(parameters, 8)}
      ]),""")
print("""\
  ]
}""")
