extension FixedWidthInteger {
  /// The sum, or the largest number there is: what a damaged trace says must not stop its reader.
  func saturatingSum(_ other: Self) -> Self {
    let sum = addingReportingOverflow(other)
    return sum.overflow ? .max : sum.partialValue
  }
}
