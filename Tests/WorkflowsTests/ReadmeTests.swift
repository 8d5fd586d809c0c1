import Foundation
import TestSupport
import Testing
import Workflows

/// README's example, so that it compiles; `ReadmeTests` compares its lines.
private func example() async throws {
    let queue = GenerationQueue(model: "Models/emoji-lcm")
    let job = queue.submit(GenerationRequest("a green apple", seed: 7))
    for try await event in job.events {
        if case .step(let step) = event { print("step \(step.index + 1) of \(step.count)") }
    }
    try await job.result.pictures[0].image.write(to: "apple.png")
}

@Suite struct ReadmeTests {
    private static func lines(_ text: some StringProtocol) -> [String] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    @Test func exampleIsTheOneThatCompiles() throws {
        let readme = try String(contentsOf: Goldens.repository.appending(path: "README.md"), encoding: .utf8)
        let code = try #require(readme.split(separator: "```swift\n").dropFirst().first?.split(separator: "```").first)
        let source = try String(contentsOfFile: #filePath, encoding: .utf8)
        let body = try #require(source.split(separator: "private func example() async throws {\n").dropFirst().first)
        let own = try #require(body.split(separator: "\n}\n").first)
        #expect(Self.lines(code) == ["import Workflows"] + Self.lines(own))
    }

    /// The same, with the files' places.
    @Test func exampleDraws() async throws {
        let queue = GenerationQueue(model: Goldens.repository.appending(path: "Models/emoji-lcm").path)
        let job = queue.submit(GenerationRequest("a green apple", seed: 7))
        var steps: [String] = []
        for try await event in job.events {
            if case .step(let step) = event { steps.append("step \(step.index + 1) of \(step.count)") }
        }
        let folder = try TemporaryFolder()
        try await job.result.pictures[0].image.write(to: folder.path + "/apple.png")
        #expect(steps == (1...4).map { "step \($0) of 4" })
        #expect(try folder.contents == ["apple.png"])
    }
}
