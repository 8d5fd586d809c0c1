import CZlib

/// Why bytes are no gzip file.
struct GzipError: Error, CustomStringConvertible {
    let description: String
}

/// The gzip format (RFC 1952), by zlib.
enum Gzip {
    /// The content of a file of one member.
    static func unpacked(_ bytes: UnsafeRawBufferPointer) throws(GzipError) -> [UInt8] {
        var stream = z_stream()
        // 15 bits of window, and 16 to ask for gzip's header and check.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw GzipError(description: "zlib refuses to start")
        }
        defer { inflateEnd(&stream) }
        guard let count = UInt32(exactly: bytes.count) else { throw GzipError(description: "the file is too large") }
        // zlib does not write to its input.
        stream.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = count

        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var status = Z_OK
        while status == Z_OK {
            let size = chunk.count
            let produced = chunk.withUnsafeMutableBufferPointer { chunk in
                stream.next_out = chunk.baseAddress
                stream.avail_out = UInt32(size)
                status = inflate(&stream, Z_NO_FLUSH)
                return size - Int(stream.avail_out)
            }
            content.append(contentsOf: chunk[..<produced])
        }
        guard status == Z_STREAM_END else { throw GzipError(description: "the file is damaged (zlib's status \(status))") }
        return content
    }
}
