import Testing

@Suite struct AnalysisPlaceholder {
  @Test func builds() {}
}
