#pragma once

#include <stdint.h>

/// The state of a group of replicas, one in each lane of every vector, as the kernels see it: plain
/// pointers and numbers, because the kernels are compiled once for each instruction set and must
/// share no type with anything else. `LaneTrainer` owns the memory.
///
/// "Vectors" are as many doubles or floats as the group has lanes.

typedef struct {
  /// Rows x columns weights at `weights`; `biases` is -1 without biases. Offsets into theta.
  long rows, columns, weights, biases;
  /// Feature-major batches of vectors: columns x batch, rows x batch, rows x batch.
  void *input, *output, *error;
} kp_layer;

typedef struct {
  const kp_layer *layers;
  long depth, inputs, outputs, parameters;
  /// 1: tanh between layers; 0: nothing.
  long tanh;

  /// Samples a step; rows of the table (0: the batch in `x` is the whole set and never changes);
  /// numbers in a row: inputs, targets, padding to a multiple of four.
  long batch, samples, row_width;
  /// samples x row_width doubles or floats.
  const void *rows;
  /// 0: permutation, 1: replacement, 2: subset.
  long sampling;
  /// 1 / B, or the weight of a full batch.
  double weight;

  double learning_rate, l2, momentum;
  /// Standard deviations of the noises on each component of the gradient and on each target.
  double gradient_noise, langevin, label_noise;

  /// Two words of Philox's key for each of its ten rounds, in 64-bit places.
  const uint64_t *round_keys;

  /// One number for each lane: replica, step, index of the permutation, samples used of it.
  uint64_t *replicas, *steps, *epochs, *cursors;

  /// Vectors: parameters, momentum (null without), noise on parameters, this step's batch
  /// (inputs, targets, padding), noise on targets.
  void *theta, *moment, *noise, *x, *label;
  /// A vector of zeros.
  const void *zero;
  /// Words that become normals.
  void *words;
  /// `samples` indices of each lane, one lane's after another's; row offsets of this step's
  /// samples, all lanes of a sample together.
  int32_t *order, *offsets;
} kp_lane_group;
