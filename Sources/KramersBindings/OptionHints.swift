import Kramers

/// What an error says behind `unknown option 'weight_decay'`: the name here of a word that other
/// programs use, the nearest name, the verb that has such an option, or all options.
func optionHint(_ name: String, _ entry: Entry) -> String {
  let options = entry.options.map(\.name)
  let word = name.lowercased().replacing("-", with: "_")
  if let same = options.first(where: { $0 == word }) { return "; did you mean '\(same)'?" }
  if let foreign = foreignWords[word] {
    let note = foreign.note.map { " (\($0))" } ?? ""
    if let here = foreign.names.first(where: options.contains) {
      return "; it is called '\(here)' here\(note)"
    }
    let elsewhere = foreign.names.first { owners(of: $0, for: entry) != nil }
    if let there = elsewhere, there != word, let verbs = owners(of: there, for: entry) {
      return "; it is called '\(there)' here, an option of \(verbs)\(note)"
    }
    if foreign.names.isEmpty, let note = foreign.note { return "; \(note)" }
  }
  if let nearest = nearestName(to: name, among: options) { return "; did you mean '\(nearest)'?" }
  if let verbs = owners(of: word, for: entry) { return "; '\(word)' is an option of \(verbs)" }
  return options.isEmpty ? "; it takes none" : "; it takes \(options.joined(separator: ", "))"
}

/// What an error says behind `optimizer must be one of ..., got "SGD"`.
func choiceHint(_ word: String, _ choices: [String]) -> String {
  let plain = word.lowercased().filter { $0.isLetter || $0.isNumber }
  let meant =
    foreignChoices[plain].flatMap { choices.contains($0) ? $0 : nil }
    ?? nearestName(to: word, among: choices)
  return meant.map { "; did you mean \"\($0)\"?" } ?? ""
}

/// The verbs with an option of this name, at most two: those that make or change an experiment
/// first. Constructors of data answer for each other only.
private func owners(of name: String, for entry: Entry) -> String? {
  let isData = entry.name.hasPrefix("data.")
  let first = ["experiment", "set", "train", "measure_escape"].map(Catalog.builtIn.entry)
  let candidates =
    (isData ? [] : first) + Catalog.builtIn.all.filter { $0.name.hasPrefix("data.") == isData }
  var names: [String] = []
  for candidate in candidates + (isData ? first : []) where candidate.name != entry.name {
    let has = candidate.options.contains { $0.name == name }
    if has, names.count < 2, !names.contains(candidate.name) { names.append(candidate.name) }
  }
  return names.isEmpty ? nil : names.joined(separator: " and ")
}

/// Words of other programs and of papers: our names, the first that a verb has, and what differs.
private let foreignWords: [String: (names: [String], note: String?)] = {
  let table: [(words: String, names: [String], note: String?)] = [
    ("learning_rate eta step_size lr0 stepsize", ["lr"], nil),
    ("alpha", ["lr", "l2"], "lr is the learning rate, l2 the strength of the L2 term"),
    (
      "weight_decay wd decay", ["l2"],
      "PyTorch's weight_decay is 2 l2 / p for p outputs under MSELoss; adamw decays decoupled"
    ),
    (
      "l2_reg l2_strength l2_penalty lambda lam lambda_ reg regularization ridge penalty",
      ["l2"], "the term is (l2/2) |theta|^2"
    ),
    (
      "beta", ["l2", "temperature"],
      "l2 is the L2 strength; an inverse temperature is 1/temperature"
    ),
    ("batch_size batchsize bs minibatch", ["batch"], nil),
    ("n_epochs num_epochs max_epochs nepochs epoch", ["epochs", "steps"], nil),
    (
      "n_steps num_steps max_iter iters num_iterations niter n_iter iterations step steps",
      ["steps", "max_steps", "hold"], nil
    ),
    ("max_steps", ["max_steps", "steps"], nil), ("burn_in burnin warmup", ["steps", "hold"], nil),
    (
      "n_layers num_layers layer_count nlayers", ["depth"],
      "depth counts weight matrices: the hidden layers and one"
    ),
    ("layers layer_sizes sizes dims architecture", ["widths"], "{inputs, ..., outputs}"),
    (
      "hidden hidden_size hidden_dim hidden_units n_hidden hidden_width hidden_layer_sizes units",
      ["width", "widths"], "the same for every hidden layer, or widths = {inputs, ..., outputs}"
    ),
    ("n_in input_dim in_features input_size n_features", ["inputs"], nil),
    ("n_out output_dim out_features output_size", ["outputs"], nil),
    ("t temp kt", ["temperature"], nil), ("temps ts", ["temperatures"], nil),
    (
      "noise sigma noise_std noise_scale langevin", ["temperature"],
      "there are gradient_noise and label_noise, too"
    ),
    ("beta1 beta_1 betas mu", ["momentum"], nil),
    ("dropout p_drop", [], "networks have no dropout here"),
    ("batch_norm batchnorm layer_norm layernorm", [], "networks have no normalisation here"),
    (
      "scheduler lr_scheduler lr_schedule", [],
      "schedule{programmes = {lr = ...}} changes settings on the way"
    ),
    ("optim optimiser solver algorithm", ["optimizer"], nil),
    ("nonlinearity act activation_fn activation_function", ["activation"], nil),
    ("use_bias biases fit_intercept intercept", ["bias"], nil),
    ("criterion loss_fn objective loss_function", ["loss"], nil),
    ("initialization initializer weight_init init_method", ["init"], nil),
    ("init_std gain init_sigma weight_scale", ["init_scale"], "times 1/sqrt(fan-in)"),
    ("random_state random_seed rng manual_seed", ["seed"], nil),
    ("dtype", ["precision"], nil),
    ("dataset train_data train_set training_data", ["data"], nil),
    ("n_samples num_samples train_size n_train", ["samples", "train", "n"], nil),
    ("n_test num_test", ["test"], nil),
    (
      "test_size test_fraction val_split validation_split", ["train"], "the share kept for training"
    ),
    ("singular_values s spectrum strengths", ["singular"], nil),
    ("n_replicas num_replicas trials n_runs repeats ensemble n_trajectories", ["replicas"], nil),
    ("log_every log_interval interval check_every check_interval", ["every"], nil),
    ("callback callbacks on_step hook", ["observe"], nil),
    ("file filename filepath file_path fname name", ["path"], nil),
    ("sep delimiter delim", ["separator"], nil), ("has_header names", ["header"], nil),
    ("usecols features columns feature_columns", ["inputs"], nil),
    ("target label labels target_columns y_columns output", ["targets"], nil),
    ("dropna na skipna drop_missing", ["missing"], "missing = \"drop\""),
    ("allow_missing", ["allow_nan"], nil),
    ("x_train train_x", ["x"], nil), ("y_train train_y", ["y"], nil),
    ("x_test", ["test_x"], nil), ("y_test", ["test_y"], nil),
    ("modulus mod prime", ["p"], nil), ("op", ["operation"], nil),
  ]
  var words: [String: ([String], String?)] = [:]
  for row in table {
    for word in row.words.split(separator: " ") { words[String(word)] = (row.names, row.note) }
  }
  return words
}()

/// Values of other programs, without case and punctuation, and ours.
private let foreignChoices: [String: String] = {
  let table = [
    ("mse", "mseloss l2 squarederror meansquarederror square"),
    (
      "cross_entropy",
      "crossentropyloss ce nll nllloss softmax categoricalcrossentropy logloss xent"
    ),
    ("linear", "identity none lin"), ("sigmoid", "logistic"), ("sgd", "gd vanilla"),
    ("momentum", "sgdm heavyball polyak"), ("zero", "zeros"), ("single", "float32 fp32 f32 float"),
    ("gaussian", "normal kaiming he xavier glorot lecun randn"), ("double", "float64 fp64 f64"),
    ("+", "add plus sum"), ("-", "sub subtract minus"), ("*", "mul multiply times"),
    ("/", "div divide"), ("drop", "dropna omit skip remove"), ("error", "raise refuse"),
    ("lin", "linear"), ("log", "logarithmic geometric"),
  ]
  var choices: [String: String] = [:]
  for (ours, words) in table {
    for word in words.split(separator: " ") { choices[String(word)] = ours }
  }
  return choices
}()
