/// How a data set was drawn, so that it can be drawn again with other random numbers.
///
/// A recipe may have several seeds: those of `data.gaussian` and of a `subsample` of it. All of them
/// move by the same number, so that shift 0 gives the same bits and another one fresh draws of every
/// stage. What was not drawn stays: of a subsample of rows from a file only the choice is new.
public struct DataRecipe: Sendable {
  let make: @Sendable (_ shift: UInt64) throws(InputError) -> Dataset
}

extension Dataset {
  /// The data with every seed of its recipe moved by `shift`.
  ///
  /// - Throws: `InputError` for data without a recipe.
  public func redrawn(shift: UInt64) throws(InputError) -> Dataset {
    guard let recipe else {
      throw .sentence(
        train == nil
          ? "data '\(name)' is its exact moments: there is nothing to draw again"
          : "data '\(name)' is given by its rows, or was restored from a session, which keeps rows: "
            + "no recipe is known that could be drawn again")
    }
    return try recipe.make(shift)
  }

  /// The same data with the recipe that it was made by.
  func drawn(
    by make: @escaping @Sendable (_ shift: UInt64) throws(InputError) -> Dataset
  ) -> Dataset {
    var data = self
    data.recipe = DataRecipe(make: make)
    return data
  }

  /// The data that this set was made from, `shift` draws later: as it is, if it was not drawn.
  func parent(_ shift: UInt64) throws(InputError) -> Dataset {
    try recipe == nil ? self : redrawn(shift: shift)
  }
}
