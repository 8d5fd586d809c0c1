import Testing

@testable import Speech

@Suite struct TemperatureFallbackTests {
    private func window(_ temperature: Double, average: Double = -0.3, ratio: Double = 1, noSpeech: Double = 0) -> DecodedWindow {
        DecodedWindow(
            tokens: [], text: "", temperature: temperature, averageLogProbability: average, compressionRatio: ratio,
            noSpeechProbability: noSpeech)
    }

    private func decode(
        _ options: DecodingOptions = DecodingOptions(), _ window: (Double) -> DecodedWindow
    ) async throws -> (window: DecodedWindow, tried: [Double]) {
        var tried: [Double] = []
        let found = try await TemperatureFallback(options: options).decode(1) { temperature, windows in
            #expect(windows == [0])
            tried.append(temperature)
            return [window(temperature)]
        }
        return (found[0], tried)
    }

    /// Windows whose text is good are not decoded again.
    @Test func eachWindowHasItsOwnTemperature() async throws {
        var tried: [[Int]] = []
        let found = try await TemperatureFallback(options: DecodingOptions()).decode(3) { temperature, windows in
            tried.append(windows)
            // The first is good from 0.2 on, the second at once, the third never.
            return windows.map { window(temperature, average: [temperature >= 0.2 ? -0.5 : -2, -0.5, -3 - temperature][$0]) }
        }
        #expect(tried == [[0, 1, 2], [0, 2], [2], [2], [2], [2]])
        #expect(found.map(\.temperature) == [0.2, 0, 1] && found.map(\.averageLogProbability) == [-0.5, -0.5, -3])
    }

    @Test func noTemperaturesAreZero() async throws {
        var options = DecodingOptions()
        options.temperatures = []
        let found = try await decode(options) { window($0, average: -5) }
        #expect(found.tried == [0] && found.window.temperature == 0)
    }

    @Test func goodTextsAreTaken() async throws {
        #expect(try await decode { window($0) }.tried == [0])
        #expect(try await decode { window($0, ratio: 2.4) }.tried == [0])
        #expect(try await decode { window($0, average: -1) }.tried == [0])
    }

    @Test func repetitionAndImprobableTextsAreTriedAgain() async throws {
        let repeated = try await decode { window($0, ratio: $0 < 0.4 ? 2.5 : 2) }
        #expect(repeated.tried == [0, 0.2, 0.4] && repeated.window.temperature == 0.4)
        #expect(try await decode { window($0, average: $0 == 0 ? -1.1 : -0.9) }.tried == [0, 0.2])
        var options = DecodingOptions()
        (options.compressionRatioThreshold, options.logProbabilityThreshold) = (nil, nil)
        #expect(try await decode(options) { window($0, average: -9, ratio: 9) }.tried == [0])
    }

    @Test func silenceIsNotTriedAgain() async throws {
        let found = try await decode { window($0, average: -2, noSpeech: 0.7) }
        #expect(found.tried == [0])
        let rule = TemperatureFallback(options: DecodingOptions())
        #expect(rule.isSilent(found.window))
        // A probable text counts more than the probability of no speech.
        #expect(!rule.isSilent(window(0, average: -0.5, noSpeech: 0.9)))
        #expect(!rule.isSilent(window(0, average: -2, noSpeech: 0.5)))
    }

    /// Of texts that do not repeat themselves the most probable one; what follows begins anew.
    @Test func theBestOfBadTexts() async throws {
        let averages: [Double: Double] = [0: -1.5, 0.2: -1.2, 0.4: -1.1, 0.6: -1.3, 0.8: -2, 1: -3]
        let found = try await decode { window($0, average: averages[$0] ?? 0, ratio: $0 == 0.4 ? 3 : 1) }
        #expect(found.tried == [0, 0.2, 0.4, 0.6, 0.8, 1])
        #expect(found.window.averageLogProbability == -1.2 && found.window.temperature == 1)
        let all = try await decode { window($0, average: averages[$0] ?? 0, ratio: 3) }
        #expect(all.window.averageLogProbability == -1.1)
    }

    @Test func compressionRatios() {
        // By Python's zlib.
        #expect(compressionRatio("a") == 1.0 / 9)
        #expect(compressionRatio(String(repeating: "and so on ", count: 30)) == 300.0 / 23)
        #expect(compressionRatio("") == 0)
    }
}
