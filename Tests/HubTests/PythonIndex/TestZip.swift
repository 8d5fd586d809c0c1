import CZlib

/// A zip with the given entries, deflated unless they are named as stored.
enum TestZip {
    static func bytes(_ entries: [(name: String, content: [UInt8])], stored: Set<String> = []) -> [UInt8] {
        var (bytes, directory) = ([UInt8](), [UInt8]())
        for (name, content) in entries {
            let isStored = stored.contains(name)
            let packed = isStored ? content : deflated(content)
            // From the number of the format's version to the lengths of name and extra field.
            let header = joined([
                u16(20), u16(0), u16(isStored ? 0 : 8), u32(0), u32(Int(crc32_z(0, content, content.count))), u32(packed.count),
                u32(content.count), u16(name.utf8.count), u16(0),
            ])
            directory += joined([
                u32(0x0201_4b50), u16(20), header, u16(0), u16(0), u16(0), u32(0), u32(bytes.count), Array(name.utf8),
            ])
            bytes += joined([u32(0x0403_4b50), header, Array(name.utf8), packed])
        }
        let count = u16(entries.count)
        let end = joined([u32(0x0605_4b50), u16(0), u16(0), count, count, u32(directory.count), u32(bytes.count), u16(0)])
        return bytes + directory + end
    }

    private static func joined(_ parts: [[UInt8]]) -> [UInt8] { Array(parts.joined()) }
    private static func u16(_ value: Int) -> [UInt8] { [UInt8(value & 255), UInt8(value >> 8 & 255)] }
    private static func u32(_ value: Int) -> [UInt8] { u16(value & 0xffff) + u16(value >> 16 & 0xffff) }

    /// zlib's form without its header of two bytes and its checksum of four.
    private static func deflated(_ content: [UInt8]) -> [UInt8] {
        var count = compressBound(uLong(content.count))
        var packed = [UInt8](repeating: 0, count: Int(count))
        precondition(compress(&packed, &count, content, uLong(content.count)) == Z_OK)
        return Array(packed[2..<Int(count) - 4])
    }
}
