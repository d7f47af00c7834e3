#pragma once

#include <stdint.h>

/// The state of a group of replicas, one in each lane of every vector, as the kernels see it: plain
/// pointers and numbers, because the kernels are compiled once for each instruction set and must
/// share no type with anything else. `LaneTrainer` owns the memory.
///
/// "Vectors" are as many doubles or floats as the group has lanes.

/// What an operation does to vectors out[i, j]. The first five add products of a panel of X, `count` rows
/// by `columns` vectors, with all rows of A:
///
///     out[i, j] = start + sum_k A[i, k] X[k, j],   i < rows, j < columns, k < count
///
/// summed in the order of k. The others go over `count` neighbouring vectors.
enum {
  /// Starts from zero.
  kp_multiply,
  /// Starts from start[i, j].
  kp_add,
  /// Starts from start[i] - other[i, j]; the sum is multiplied by `error_scale`.
  kp_add_residual,
  /// Starts from factor out[i, j].
  kp_add_to_decayed,
  /// Starts from start[i, j] + factor out[i, j].
  kp_add_to_noisy,
  /// out = tanh other.
  kp_tanh,
  /// out = out (1 - other^2).
  kp_tanh_slope,
  /// out = other^2.
  kp_square,
  /// out = 2 out other.
  kp_square_slope,
  /// out = ln(1 + exp other).
  kp_softplus,
  /// out = out / (1 + exp -other).
  kp_softplus_slope,
  /// out = out + other.
  kp_sum,
  /// out = start + factor other + mu out; `start` one vector after another, or always the same.
  kp_momentum,
  /// out = out - learning_rate other.
  kp_descend,
};

/// Vectors of words of a scalar chain: four for each of several steps.
enum { kp_chain_words = 64 };

/// Strides are in bytes: A[i, k] at a + i a_row + k a_step, X[k, j] at x + k x_step + j x_column,
/// start[i, j] at start + i start_row + j start_column, out[i, j] and other[i, j] at i out_row plus j
/// vectors.
typedef struct {
  const void *a, *x, *start;
  void *out;
  const void *other;
  int32_t a_row, a_step, x_column, x_step, start_row, start_column, out_row;
  int32_t rows, columns, count, kind;
  /// Products too long for panels: panels beside each other, with so many columns each.
  int32_t strips;
  /// rows columns count.
  long products;
  double factor;
} kp_operation;

typedef struct {
  /// What a step computes once its samples and noises are there, in this order.
  const kp_operation *operations;
  long operation_count;
  long outputs, parameters;
  /// Depth of a scalar chain: one input and output in each layer, one sample that never changes, sgd, no
  /// bias, one kind of noise. 0: no such network.
  long chain;

  /// Samples a step; rows of the table (0: the batch in `x` is the whole set and never changes);
  /// numbers in a row: inputs, targets, padding to a multiple of four; the same padded to a multiple of
  /// two.
  long batch, samples, row_width, row_used;
  /// samples x row_width doubles or floats.
  const void *rows;
  /// 0: permutation, 1: replacement, 2: subset.
  long sampling;

  double learning_rate, momentum;
  /// 1 - learning_rate l2, for chains.
  double decay;
  /// Factor of the output error: 1 / B or the weight of a full batch, with SGD times -learning_rate.
  double error_scale;
  /// Standard deviations of the noises on each component of the gradient and on each target.
  double gradient_noise, langevin, label_noise;

  /// Two words of Philox's key for each of its ten rounds, in 64-bit places.
  const uint64_t *round_keys;

  /// One number for each lane: replica, step, index of the permutation, samples used of it.
  uint64_t *replicas, *steps, *epochs, *cursors;

  /// Vectors: parameters, momentum (null without), noise on parameters, this step's batch
  /// (inputs, targets, padding), noise on targets.
  void *theta, *moment, *noise, *x, *label;
  /// Words that become normals; of a chain, `kp_chain_words` vectors.
  void *words;
  /// `samples` indices of each lane, one lane's after another's; row offsets of this step's
  /// samples, all lanes of a sample together.
  int32_t *order, *offsets;
} kp_lane_group;

/// How a look at the singular values of the end-to-end map A begins: what writes the lower triangle of
/// A'A (of AA' where that is smaller) to `matrix`, size x size vectors.
typedef struct {
  const kp_operation *operations;
  long operation_count;
  void *matrix;
  long size;
} kp_look;
