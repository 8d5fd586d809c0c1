/// Tokens by id, and ids by token.
///
/// Tokens are told apart byte by byte: a dictionary over `String` would take composed and decomposed letters for one, and
/// is several times slower to fill. The bytes lie one after the other; an open-addressed table leads to them.
struct TokenTable: Sendable {
    private var bytes: [UInt8] = []
    /// The end of each token in `bytes`.
    private var ends: [Int] = []
    /// Ids by hash; -1 is free. A power of two, at most half full.
    private var slots: [Int32] = []

    /// - Throws: `.duplicateToken`, naming `file`.
    init(_ tokens: [String], file: String) throws(TokenizerError) {
        ends.reserveCapacity(tokens.count + 8)
        slots = Array(repeating: -1, count: Self.slotCount(for: tokens.count))
        for token in tokens where append(token) == nil { throw .duplicateToken(token, file: file) }
    }

    var count: Int { ends.count }

    /// The UTF-8 of the token `id`; nil for an id outside the table.
    func token(_ id: Int) -> ArraySlice<UInt8>? {
        ends.indices.contains(id) ? bytes[start(id)..<ends[id]] : nil
    }

    /// The id of the token with these bytes in UTF-8.
    func id(_ token: some Collection<UInt8>) -> Int32? {
        let id = slots[slot(token)]
        return id < 0 ? nil : id
    }

    func id(_ token: String) -> Int32? { id(token.utf8) }

    /// Adds a token under the next id; nil, and nothing added, where it is there already.
    @discardableResult
    mutating func append(_ token: String) -> Int32? {
        if 2 * (count + 1) > slots.count { grow() }
        let slot = slot(token.utf8)
        guard slots[slot] < 0 else { return nil }
        let id = Int32(truncatingIfNeeded: count)
        bytes.append(contentsOf: token.utf8)
        ends.append(bytes.count)
        slots[slot] = id
        return id
    }

    private func start(_ id: Int) -> Int { id == 0 ? 0 : ends[id - 1] }

    /// The slot of the token, or the free one for it.
    private func slot(_ token: some Collection<UInt8>) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: Self.hash(token)) & mask
        while slots[slot] >= 0, !bytes[start(Int(slots[slot]))..<ends[Int(slots[slot])]].elementsEqual(token) {
            slot = (slot + 1) & mask
        }
        return slot
    }

    private mutating func grow() {
        let tokens = (0..<count).map { bytes[start($0)..<ends[$0]] }
        slots = Array(repeating: -1, count: Self.slotCount(for: 2 * count + 1))
        for (id, token) in tokens.enumerated() { slots[slot(token)] = Int32(truncatingIfNeeded: id) }
    }

    private static func slotCount(for count: Int) -> Int {
        var slots = 16
        while slots < 2 * (count + 1) { slots *= 2 }
        return slots
    }

    /// FNV-1a, its upper half folded in.
    private static func hash(_ token: some Collection<UInt8>) -> UInt64 {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in token { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return state ^ state >> 32
    }
}
