@testable import Diffusion
import Foundation
import TestSupport
import Testing

@Suite struct BetaDistributionTests {
    /// `scipy.stats.beta.ppf`.
    @Test func quantilesAreThoseOfSciPy() throws {
        let file = Goldens.url("Diffusion/scheduler/beta.json")
        for pair in try JSONDecoder().decode([[Double]].self, from: Data(contentsOf: file)) {
            #expect(abs(BetaDistribution.quantile(pair[0]) - pair[1]) < 1e-14, "\(pair)")
        }
    }
}
