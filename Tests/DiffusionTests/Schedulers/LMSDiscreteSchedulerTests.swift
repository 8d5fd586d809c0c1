@testable import Diffusion
import Testing

@Suite struct LMSDiscreteSchedulerTests {
    /// The polynomials sum to 1, so their integrals sum to the length of the way; those of a line are known.
    @Test func integralsAreExact() {
        let nodes = [2.0, 3, 5, 11]
        let sum = nodes.indices.reduce(0) { $0 + LMSDiscreteScheduler.integral(nodes, of: $1, to: 0.5) }
        #expect(abs(sum - (0.5 - 2)) < 1e-14)
        #expect(LMSDiscreteScheduler.integral([2], of: 0, to: 0.5) == -1.5)
        // Of (τ - 3) / (2 - 3) from 2 to 0: [3τ - τ²/2] = 0 - (6 - 2).
        #expect(LMSDiscreteScheduler.integral([2, 3], of: 0, to: 0) == -4)
        #expect(LMSDiscreteScheduler.integral([2, 3], of: 1, to: 0) == 2)
    }
}
