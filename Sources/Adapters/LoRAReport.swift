/// Counts of keys that match modules of a network, for each file.
public struct LoRAReport: Sendable, Equatable {
    public struct File: Sendable, Equatable {
        public let path: String
        /// Modules of the network that the file changes.
        public let modules: Int
        /// The number of keys that match a module.
        public let placed: Int
        /// Keys for this network that match no module.
        public let unplaced: [String]
    }

    public let network: AdaptedNetwork
    /// The files, in the order of the set.
    public let files: [File]
}

extension LoRAReport: CustomStringConvertible {
    public var description: String {
        files.map { file in
            let all = file.placed + file.unplaced.count
            return "\(file.path): \(file.placed) of \(all) keys for the \(network) in \(file.modules) modules"
        }.joined(separator: "\n")
    }
}
