import Testing

@Suite struct TraceFormatPlaceholder {
  @Test func builds() {}
}
