extension Catalog {
  private static let singular = OptionEntry(
    "singular", .numbers(.nonNegative), standard: "required",
    "singular values of the input-output correlation")
  private static let inputs = OptionEntry(
    "inputs", .integer(.positive), standard: "#singular", "number of inputs")
  private static let outputs = OptionEntry(
    "outputs", .integer(.positive), standard: "#singular", "number of outputs")
  private static let samples = OptionEntry(
    "samples", .integer(.positive), standard: "required", "training samples")
  private static let test = OptionEntry(
    "test", .integer(.nonNegative), standard: "0", "test samples")
  private static let seed = OptionEntry(
    "seed", .integer(.any), standard: "--seed, else 0", "seed of the draws")
  private static let spectrum = OptionEntry(
    "input_spectrum", .numbers(.nonNegative), standard: "all 1",
    "eigenvalues of the input covariance")

  static let data: [Entry] = [
    Entry(
      "data.gaussian", .function,
      "joint Gaussian inputs and targets: Sxx = Syy = I, Syx = U diag(singular) V'",
      options: [
        singular, inputs, outputs, samples, test,
        OptionEntry(
          "rotate", .flag, standard: "false", "draw U and V at random instead of the identity"),
        seed,
      ],
      returns: "a data set; every singular value must be at most 1",
      example: """
        local d = data.gaussian { singular = {0.9, 0.8}, samples = 512, test = 512, seed = 1 }
        print(d, d:singular_values()[1])
        """,
      seeAlso: ["data.teacher", "data.population", "experiment"]),
    Entry(
      "data.teacher", .function, "a linear teacher: y = A x + noise * xi, A = diag(singular)",
      options: [
        singular, inputs, outputs,
        OptionEntry(
          "samples", .integer(.positive), standard: "none: exact moments", "training samples"),
        test,
        OptionEntry(
          "noise", .number(.nonNegative), standard: "0", "standard deviation of the target noise"),
        spectrum,
        OptionEntry(
          "test_spectrum", .numbers(.nonNegative), standard: "input_spectrum",
          "eigenvalues of the input covariance of the test set"),
        seed,
      ],
      returns: "a data set; without samples one of exact second moments",
      example: """
        local d = data.teacher { singular = {1, 1}, input_spectrum = {1, 0.05}, samples = 256,
          noise = 0.1, seed = 1 }
        print(d.samples, d.inputs, d.outputs)
        """,
      seeAlso: ["data.gaussian"]),
    Entry(
      "data.population", .function,
      "no samples, only exact second moments: exact gradients, no minibatch noise",
      options: [singular, inputs, outputs, spectrum],
      returns: "a data set whose Syx is diag(singular)",
      example: """
        local d = data.population { singular = {0.9, 0.8} }
        experiment { data = d, depth = 3, width = 2 }
        print(phases())
        """,
      seeAlso: ["data.gaussian", "phases"]),
    Entry(
      "data.from", .function, "literal rows",
      options: [
        OptionEntry("x", .rows, standard: "required", "inputs, one row a sample"),
        OptionEntry("y", .rows, standard: "required", "targets, one row a sample"),
        OptionEntry("test_x", .rows, standard: "none", "inputs of the test set"),
        OptionEntry("test_y", .rows, standard: "none", "targets of the test set"),
      ],
      returns: "a data set",
      example: """
        local d = data.from { x = {{1, 0}, {0, 1}, {1, 1}}, y = {{1}, {2}, {3}} }
        print(d)
        """,
      seeAlso: ["data.gaussian"]),
    Entry(
      "data.digits", .function,
      "the 1,797 8x8 images of handwritten digits of the UCI repository (CC BY 4.0), shipped "
        + "with the program; pixels/16, one-hot targets",
      options: [
        OptionEntry(
          "classes", .integers(.nonNegative), standard: "0 to 9", "the digits to keep"),
        OptionEntry(
          "train", .number(.fraction), standard: "0.8", "share of the images used for training"),
        OptionEntry(
          "center", .flag, standard: "false",
          "subtract the training means of inputs and targets; ten classes then have nine modes"),
        seed,
      ],
      returns: "a data set with a test set",
      example: """
        local d = data.digits { classes = {0, 1, 2}, seed = 1 }
        print(d)
        """,
      seeAlso: ["data.from"]),
    Entry(
      "d:subsample", .method,
      "n training samples drawn without replacement; the rest becomes the test set unless there "
        + "is one",
      positional: "n",
      options: [
        OptionEntry("n", .integer(.positive), standard: "required", "samples to keep"), seed,
      ],
      returns: "a data set",
      example: """
        local d = data.gaussian { singular = {0.9, 0.8}, samples = 500 }
        print(d:subsample { n = 25, seed = 3 })
        """,
      seeAlso: ["d:split"]),
    Entry(
      "d:split", .method, "cuts the training set into a training and a test set",
      options: [
        OptionEntry("train", .number(.fraction), standard: "0.8", "share kept for training"), seed,
      ],
      returns: "a data set",
      example: """
        local d = data.gaussian { singular = {0.9, 0.8}, samples = 500 }
        print(d:split { train = 0.9 })
        """,
      seeAlso: ["d:subsample"]),
    Entry(
      "d:whiten", .method,
      "inputs made white by the pseudo-inverse root of Sxx; constant inputs are allowed",
      returns: "a data set with Sxx = I on the inputs' span",
      example: """
        print(data.digits { classes = {3, 8} }:whiten():singular_values()[1])
        """,
      seeAlso: ["d:singular_values"]),
    Entry(
      "d:singular_values", .method, "singular values of Syx of the training set, descending",
      returns: "a list of numbers; for white inputs these are the s of the theory",
      example: """
        local d = data.gaussian { singular = {0.9, 0.8}, samples = 4096 }
        for i, s in ipairs(d:singular_values()) do print(i, s) end
        """,
      seeAlso: ["phases"]),
  ]
}
