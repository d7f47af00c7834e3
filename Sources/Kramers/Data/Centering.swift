extension Dataset {
  /// The data with the training means of inputs and of targets subtracted from both sets.
  ///
  ///     x <- x - <x>_train,   y <- y - <y>_train
  ///
  /// One-hot targets are no longer one-hot afterwards, so `isClassification` is false. Population
  /// data has zero mean by convention and is returned as it is.
  public func centered() -> Dataset {
    guard let train else { return self }
    let xMean = columnMeans(train.x, columns: train.inputs)
    let yMean = columnMeans(train.y, columns: train.outputs)
    func shifted(_ samples: Samples) -> Samples {
      Samples(
        count: samples.count, inputs: samples.inputs, outputs: samples.outputs,
        x: subtracting(xMean, from: samples.x), y: subtracting(yMean, from: samples.y),
        targetWeights: samples.targetWeights)
    }
    return Dataset(name: name, train: shifted(train), test: test.map(shifted), dropped: dropped)
  }
}

/// The mean of each column of a row-major table.
private func columnMeans(_ values: [Double], columns: Int) -> [Double] {
  var sums = [Double](repeating: 0, count: columns)
  var j = 0
  for value in values {
    sums[j] += value
    j = j + 1 == columns ? 0 : j + 1
  }
  let rows = Double(values.count / columns)
  return sums.map { $0 / rows }
}

private func subtracting(_ row: [Double], from values: [Double]) -> [Double] {
  var result = values
  var j = 0
  for i in result.indices {
    result[i] -= row[j]
    j = j + 1 == row.count ? 0 : j + 1
  }
  return result
}
