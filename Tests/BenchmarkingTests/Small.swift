import Foundation
import TestSupport

@testable import Benchmarking

/// The small network of `Tests/Goldens/Benchmarking`: `input` [1, 3, 16, 16] to [1, 10].
enum Small {
    static func path(_ name: String) -> String { Goldens.url("Benchmarking/\(name)").path }

    /// Options of a measurement that takes no time.
    static func options(_ name: String, _ change: (inout BenchmarkOptions) -> Void = { _ in }) -> BenchmarkOptions {
        var options = BenchmarkOptions(model: path(name))
        (options.iterations, options.api, options.precision) = (4, .sync, "f32")
        change(&options)
        return options
    }
}
