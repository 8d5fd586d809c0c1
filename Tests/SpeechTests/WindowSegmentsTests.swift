import Foundation
import TensorStore
import TestSupport
import Testing

@testable import Speech

@Suite struct WindowSegmentsTests {
    /// faster-whisper's `_split_segments_by_timestamps`; only where it would stand still, ours goes on.
    @Test func areFasterWhispers() throws {
        let cases = try #require(try JSONValue(parsing: Data(contentsOf: Goldens.url("Speech/windows.json"))).array)
        #expect(cases.count == 80)
        for golden in cases {
            let tokens = try #require(golden["tokens"]?.array).compactMap(\.int)
            let frames = try #require(golden["frames"]?.int)
            let found = WindowSegments(tokens, TestTokenizer.rules, start: 10, frames: frames)
            let parts = try #require(golden["parts"]?.array).compactMap(\.array)
            #expect(found.parts.map(\.tokens) == parts.map { $0[2].array?.compactMap(\.int) }, "\(tokens)")
            for (part, expected) in zip(found.parts, parts) {
                let (start, end) = try (#require(expected[0].double), #require(expected[1].double))
                // Their windows' starts are negative before text without a timestamp.
                #expect(abs(part.start - max(10, start)) < 1e-9 && abs(part.end - max(10, end)) < 1e-9, "\(tokens)")
            }
            let seek = try #require(golden["seek"]?.int)
            #expect(found.advance == min(max(seek, 1), frames), "\(tokens)")
        }
    }
}
