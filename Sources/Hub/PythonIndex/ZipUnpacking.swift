import CZlib
import Foundation
import TensorStore

/// Unpacks entries of archives, which may be anything, up to a total size.
///
/// Reference: PKWARE's APPNOTE.TXT; RFC 1951 by zlib.
struct ZipUnpacking {
    /// The bytes that may still be unpacked.
    private var rest: Int
    private static let blockSize = 1 << 20

    init(limit: Int) { rest = limit }

    /// Appends an entry's content to a file, and verifies its size and checksum.
    /// - Parameter archive: the archive's name in messages.
    /// - Throws: `PackageError.damaged`; `HubError.diskFull`, `.cache`; `CancellationError`.
    mutating func unpack(_ path: String, of zip: ZipDirectory, named archive: String, to output: PartialFile) throws {
        func damaged(_ reason: String) -> PackageError { .damaged(file: archive, reason: reason) }
        guard let entry = zip.entry(path) else { throw damaged("it has no entry '\(path)'") }
        guard entry.byteCount <= rest else { throw damaged("'\(path)' has \(entry.byteCount) bytes, more than the model's") }
        var (checksum, count) = (uLong(0), 0)
        func write(_ bytes: UnsafeRawBufferPointer) throws {
            try Task.checkCancellation()
            guard bytes.count <= entry.byteCount - count else {
                throw damaged("'\(path)' has more bytes than its directory says")
            }
            checksum = crc32_z(checksum, bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count)
            try output.append(bytes)
            count += bytes.count
        }
        let packed = zip.packedBytes(entry)
        switch entry.method {
        case .stored:
            for start in stride(from: 0, to: packed.count, by: Self.blockSize) {
                try write(UnsafeRawBufferPointer(rebasing: packed[start..<min(start + Self.blockSize, packed.count)]))
            }
        case .deflated:
            guard try Self.inflate(packed, write) else { throw damaged("the compressed bytes of '\(path)' are wrong") }
        case .other(let number): throw damaged("'\(path)' is compressed by method \(number); stored and deflated are supported")
        }
        guard count == entry.byteCount else {
            throw damaged("'\(path)' has \(count) bytes; its directory says \(entry.byteCount)")
        }
        guard checksum == uLong(entry.checksum) else { throw damaged("the checksum of '\(path)' is wrong") }
        rest -= count
    }

    /// Decompresses a raw deflate stream.
    /// - Returns: whether all of `packed` is one complete stream.
    private static func inflate(
        _ packed: UnsafeRawBufferPointer, _ write: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        var stream = z_stream()
        // Negative: without zlib's own header.
        guard inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return false }
        defer { inflateEnd(&stream) }
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 16)
        defer { block.deallocate() }
        var read = 0
        while true {
            let chunk = packed[read..<min(read + blockSize, packed.count)]
            // zlib does not write to its input.
            stream.next_in = UnsafeMutablePointer(
                mutating: UnsafeRawBufferPointer(rebasing: chunk).assumingMemoryBound(to: UInt8.self).baseAddress)
            stream.avail_in = UInt32(chunk.count)
            stream.next_out = block.assumingMemoryBound(to: UInt8.self).baseAddress
            stream.avail_out = UInt32(blockSize)
            let status = CZlib.inflate(&stream, Z_NO_FLUSH)
            let produced = blockSize - Int(stream.avail_out)
            read += chunk.count - Int(stream.avail_in)
            if produced > 0 { try write(UnsafeRawBufferPointer(rebasing: block[..<produced])) }
            if status == Z_STREAM_END { return read == packed.count }
            // No progress is possible at the end of bytes that are cut.
            guard status == Z_OK, produced > 0 || read < packed.count else { return false }
        }
    }
}
