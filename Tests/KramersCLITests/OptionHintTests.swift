import Testing

@Suite struct OptionHintTests {
  static let setup = "local d = data.population{singular = {1}} "
  static let make = setup + "local x = experiment{data = d, depth = 2, width = 1} "

  /// What is written, and the end of the error's line.
  static let cases: [(code: String, words: String)] =
    [
      (
        "weight_decay = 1",
        "it is called 'l2' here (PyTorch's weight_decay is 2 l2 / p for p outputs"
      ),
      ("wd = 1", "it is called 'l2' here"), ("lambda = 1", "it is called 'l2' here"),
      ("beta = 1", "it is called 'l2' here (l2 is the L2 strength; an inverse temperature is"),
      ("learning_rate = 1", "it is called 'lr' here"), ("eta = 1", "it is called 'lr' here"),
      ("alpha = 1", "it is called 'lr' here (lr is the learning rate, l2 the strength"),
      ("LR = 1", "did you mean 'lr'?"), ("batch_size = 2", "it is called 'batch' here"),
      ("hidden_size = 2", "it is called 'width' here"), ("hidden = 2", "it is called 'width' here"),
      ("layers = 2", "it is called 'widths' here ({inputs, ..., outputs})"),
      ("n_layers = 2", "it is called 'depth' here (depth counts weight matrices"),
      ("dropout = 0.5", "networks have no dropout here"),
      ("noise = 1", "it is called 'temperature' here"),
      ("T = 1", "it is called 'temperature' here"),
      ("epochs = 3", "'epochs' is an option of train"),
      ("steps = 3", "'steps' is an option of train"),
      ("optimizer = 'SGD'", "did you mean \"sgd\"?"),
      ("activation = 'ReLU'", "did you mean \"relu\"?"),
      ("activation = 'Identity'", "did you mean \"linear\"?"),
      ("loss = 'MSELoss'", "did you mean \"mse\"?"),
      ("loss = 'CrossEntropyLoss'", "did you mean \"cross_entropy\"?"),
      ("init = 'Xavier'", "did you mean \"gaussian\"?"),
      ("precision = 'float32'", "did you mean \"single\"?"),
      ("temprature = 1", "did you mean 'temperature'?"),
      ("zzzzzzzz = 1", "it takes data, depth, width"),
    ].map { (setup + "experiment{data = d, depth = 2, width = 1, \($0.0)}", $0.1) }
    + [
      ("x:train{learning_rate = 1}", "it is called 'lr' here"),
      ("x:trap{learning_rate = 1}", "it is called 'lr' here, an option of experiment and set"),
      ("x:train{n_epochs = 1}", "it is called 'epochs' here"),
      ("x:measure_escape{steps = 1}", "it is called 'max_steps' here"),
      ("x:measure_escape{wd = 1}", "it is called 'l2' here"),
      ("x:arrhenius{trials = 1}", "it is called 'replicas' here"),
      ("x:set{learning_rate = 1}", "it is called 'lr' here"),
      ("x:measure{lr = 1}", "'lr' is an option of experiment and set"),
      ("data.csv{path = 'p', targets = 1, sep = ';'}", "it is called 'separator' here"),
      ("data.csv{path = 'p', targets = 1, usecols = 1}", "it is called 'inputs' here"),
      ("data.gaussian{n_samples = 1}", "it is called 'samples' here"),
      ("data.gaussian{lr = 1}", "'lr' is an option of experiment and set"),
    ].map { (make + $0.0, $0.1) }

  @Test("words of other programs are answered with ours", arguments: cases.indices)
  func hint(index: Int) throws {
    let (code, words) = Self.cases[index]
    let run = try kramers("-e", code)
    #expect(run.status == 1)
    #expect(run.errors.hasPrefix("kramers: (-e):1: "), "\(run.errors)")
    #expect(run.errors.contains("; " + words), "\(code): \(run.errors)")
  }
}
