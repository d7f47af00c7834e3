import Kramers

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

  private static let missing = OptionEntry(
    "missing", .choice(["error", "drop"]), standard: "\"error\"",
    "rows with nan, inf, or (in a csv) an empty field, NA, N/A, null, none or ?: refused, or left "
      + "out and counted")
  private static let allowNaN = OptionEntry(
    "allow_nan", .flag, standard: "false",
    "read such numbers as nan and inf, to look at the data; experiment refuses them")

  private static let labels = OptionEntry(
    "labels", .flag, standard: "false",
    "the targets are classes by number, from 0: they become one-hot rows")

  static let data: [Entry] = [
    Entry(
      "data.gaussian", .options(Program.gaussianData),
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
      "data.teacher", .options(Program.teacherData),
      "a linear teacher: y = A x + noise * xi, A = diag(singular)",
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
      "data.population", .options(Program.populationData),
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
      "data.from", .options(Program.fromData), "literal rows",
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
      "data.digits", .options(Program.digitsData),
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
      "data.modular", .options(Program.modularData),
      "modular arithmetic, the task on which grokking was seen first: one-hot pairs (a, b), one-hot "
        + "target a op b mod p; the rest of the table is the test set",
      options: [
        OptionEntry("p", .integer(.positive), standard: "required", "the modulus"),
        OptionEntry(
          "operation", .choice(of: ModularOperation.self), standard: "\"+\"",
          "\"/\" needs a prime p and leaves out b = 0"),
        OptionEntry(
          "fraction", .number(.fraction), standard: "0.5", "share of the table used for training"),
        seed,
      ],
      returns: "a data set with a test set, 2p inputs and p outputs",
      example: """
        print(data.modular { p = 31, fraction = 0.5, seed = 1 })
        """,
      seeAlso: ["data.completion"]),
    Entry(
      "data.completion", .options(Program.completionData),
      "matrix completion: a size x size matrix of rms entries 1, of which a fraction is observed; "
        + "the unobserved entries are the test set",
      options: [
        OptionEntry("size", .integer(.positive), standard: "required", "rows and columns"),
        OptionEntry("rank", .integer(.positive), standard: "1", "rank of the matrix"),
        OptionEntry(
          "fraction", .number(.fraction), standard: "required", "share of the entries observed"),
        seed,
      ],
      returns: "a data set whose loss is sum over observed r^2 / (2 p d); a rank-1 matrix has the "
        + "singular value d",
      example: """
        local d = data.completion { size = 20, rank = 1, fraction = 0.4, seed = 1 }
        experiment { data = d, depth = 3, width = 20, init = "balanced", l2 = 3e-3, lr = 0.05 }
        local r = train { steps = 100 }
        print(r.loss, r.test_loss)
        """,
      seeAlso: ["data.modular"]),
    Entry(
      "data.csv", .options(Program.csvData),
      "columns of a CSV file of your own: quoted fields, empty lines, all line ends and a header are "
        + "understood",
      options: [
        OptionEntry("path", .text, standard: "required", "the file"),
        OptionEntry(
          "inputs", .columns, standard: "all that are not targets",
          "input columns, by the name in the header or by number from 1"),
        OptionEntry("targets", .columns, standard: "required", "target columns"),
        OptionEntry(
          "header", .flag, standard: "true if no field of the first row is a number",
          "whether the first row holds names; to be given where it holds numbers and words"),
        OptionEntry(
          "separator", .text, standard: "\",\"",
          "one character; \" \" stands for any run of blanks and tabs"),
        missing, allowNaN,
      ],
      returns: "a data set; d.dropped counts the rows that were left out",
      example: """
        local path = os.tmpname()
        local file = assert(io.open(path, "w"))
        file:write("a,b,y\\n1,2,3\\n4,5,9\\n")
        file:close()
        print(data.csv { path = path, targets = "y" })
        os.remove(path)
        """,
      seeAlso: ["data.npy", "data.from"]),
    Entry(
      "data.npy", .options(Program.npyData),
      "arrays saved by numpy.save: floats and integers of any size, both byte orders, versions 1 "
        + "to 3; one dimension is one column, more than two are flattened to rows",
      options: [
        OptionEntry("x", .text, standard: "required", "file of the inputs, rows x inputs"),
        OptionEntry("y", .text, standard: "required", "file of the targets, rows x outputs"),
        OptionEntry("test_x", .text, standard: "none", "inputs of the test set"),
        OptionEntry("test_y", .text, standard: "none", "targets of the test set"),
        labels, missing, allowNaN,
      ],
      returns: "a data set; d.dropped counts the rows that were left out",
      example: """
        -- numpy.save("x.npy", x); numpy.save("y.npy", y), then:
        local ok, why = pcall(data.npy, { x = "x.npy", y = "y.npy" })
        print(ok or why)
        """,
      seeAlso: ["data.csv", "data.idx"]),
    Entry(
      "data.npz", .options(Program.npzData),
      "arrays of one archive saved by numpy.savez or savez_compressed, read as data.npy reads them",
      options: [
        OptionEntry("path", .text, standard: "required", "the file"),
        OptionEntry("x", .text, standard: "\"x\"", "name of the array of the inputs"),
        OptionEntry("y", .text, standard: "\"y\"", "name of the array of the targets"),
        OptionEntry("test_x", .text, standard: "none", "inputs of the test set"),
        OptionEntry("test_y", .text, standard: "none", "targets of the test set"),
        labels, missing, allowNaN,
      ],
      returns: "a data set; d.dropped counts the rows that were left out",
      example: """
        -- numpy.savez("task.npz", x=x, y=y), then:
        local ok, why = pcall(data.npz, { path = "task.npz", x = "x", y = "y" })
        print(ok or why)
        """,
      seeAlso: ["data.npy"]),
    Entry(
      "data.idx", .options(Program.idxData),
      "images and labels in MNIST's IDX format, plain or gzip: unsigned bytes are divided by 255, "
        + "floats taken as they are, other images refused; one-hot labels, which count from 0",
      options: [
        OptionEntry("images", .text, standard: "required", "file of the training images"),
        OptionEntry("labels", .text, standard: "required", "file of the training labels"),
        OptionEntry("test_images", .text, standard: "none", "file of the test images"),
        OptionEntry("test_labels", .text, standard: "none", "file of the test labels"),
        OptionEntry("limit", .integer(.positive), standard: "all", "the first so many images"),
      ],
      returns: "a data set",
      example: """
        -- for MNIST: images = "train-images-idx3-ubyte.gz", labels = "train-labels-idx1-ubyte.gz"
        local ok, why = pcall(data.idx, { images = "images", labels = "labels" })
        print(ok or why)
        """,
      seeAlso: ["data.npy", "data.digits"]),
    Entry(
      "d:subsample", .data(Program.subsampleData),
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
      "d:split", .data(Program.splitData), "cuts the training set into a training and a test set",
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
      "d:whiten", .data(Program.whitenData),
      "inputs made white by the pseudo-inverse root of Sxx; constant inputs are allowed",
      returns: "a data set with Sxx = I on the inputs' span",
      example: """
        print(data.digits { classes = {3, 8} }:whiten():singular_values()[1])
        """,
      seeAlso: ["d:singular_values"]),
    Entry(
      "d:redraw", .data(Program.redrawData),
      "the data drawn again by the same recipe, with every seed in it moved: those of data.gaussian, "
        + "teacher, digits, modular or completion, and of subsample and split; white again where it "
        + "was whitened. Rows and moments that were given are not redrawn, only choices among them",
      positional: "shift",
      options: [
        OptionEntry(
          "shift", .integer(.any), standard: "required",
          "added to every seed; 0 gives the same data")
      ],
      returns:
        "a data set; an error where nothing was drawn: data.from, data.csv, data.population, "
        + "and data restored from a session",
      example: """
        local d = data.gaussian { singular = {0.9, 0.8}, samples = 512, seed = 1 }
        print(d:redraw(1):singular_values()[1])
        print(data.gaussian { singular = {0.9, 0.8}, samples = 512, seed = 2 }:singular_values()[1])
        """,
      seeAlso: ["d:subsample", "arrhenius"]),
    Entry(
      "d:singular_values", .data(Program.singularValuesData),
      "singular values of Syx of the training set, descending",
      returns: "a list of numbers; for white inputs these are the s of the theory",
      example: """
        local d = data.gaussian { singular = {0.9, 0.8}, samples = 4096 }
        for i, s in ipairs(d:singular_values()) do print(i, s) end
        """,
      seeAlso: ["phases"]),
  ]
}
