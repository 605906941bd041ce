import Testing

@Suite struct RecorderPlaceholder {
  @Test func builds() {}
}
