@testable import Diffusion
import Testing

@Suite struct SafetyVerdictTests {
    @Test func whatRoundsToNothingFlagsNothing() {
        let verdict = SafetyVerdict(concepts: [0.0004, 0, -0.3], specialCare: [0.0004])
        #expect(verdict.conceptScores == [0, 0, -0.3] && verdict.specialCareScores == [0])
        #expect(!verdict.isFlagged && verdict.concepts == [] && verdict.specialCare == [])
    }

    @Test func whatRoundsUpFlags() {
        let verdict = SafetyVerdict(concepts: [-1, 0.0006], specialCare: [-1])
        #expect(verdict.isFlagged && verdict.concepts == [1] && verdict.conceptScores[1] == 0.001)
    }

    /// Also concepts of special care that come later; not those that came before.
    @Test func specialCareMakesTheRestCountMore() {
        let verdict = SafetyVerdict(concepts: [-0.0091, -0.0099, -0.02], specialCare: [-0.005, 0.002, -0.005])
        #expect(verdict.specialCareScores == [-0.005, 0.002, 0.005] && verdict.specialCare == [1, 2])
        #expect(verdict.concepts == [0] && verdict.conceptScores == [0.001, 0, -0.01])
    }

    @Test func specialCareAloneFlagsNothing() {
        let verdict = SafetyVerdict(concepts: [-0.5], specialCare: [0.2])
        #expect(!verdict.isFlagged && verdict.specialCare == [0])
    }
}
