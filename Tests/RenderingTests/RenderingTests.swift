import Testing

@Suite struct RenderingPlaceholder {
  @Test func builds() {}
}
