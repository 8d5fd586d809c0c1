/// The median of the `width` values around each, which are mirrored at the ends; values too few to be mirrored stay.
///
/// Reference: OpenAI's `median_filter`.
/// - Precondition: `width` is odd.
func medianFiltered(_ values: ArraySlice<Float>, width: Int) -> [Float] {
    precondition(width % 2 == 1, "a median has as many values on both sides")
    let values = Array(values)
    let (half, last) = (width / 2, values.count - 1)
    guard last >= half else { return values }
    var result = values
    var sorted = [Float](repeating: 0, count: width)
    for center in values.indices {
        // Sorted as the values come: they are few.
        for index in 0..<width {
            let mirrored = abs(center + index - half)
            let value = values[mirrored <= last ? mirrored : 2 * last - mirrored]
            var place = index
            while place > 0, sorted[place - 1] > value {
                sorted[place] = sorted[place - 1]
                place -= 1
            }
            sorted[place] = value
        }
        result[center] = sorted[half]
    }
    return result
}
