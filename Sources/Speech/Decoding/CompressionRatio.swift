import CZlib

/// The bytes of a text for each byte of its zlib form: texts that repeat themselves have a high ratio.
///
/// Reference: `compression_ratio` of OpenAI's `whisper/utils.py`.
func compressionRatio(_ text: String) -> Double {
    let bytes = Array(text.utf8)
    var count = compressBound(uLong(bytes.count))
    var packed = [UInt8](repeating: 0, count: Int(count))
    // The bound is enough, so that only memory could be missing.
    guard compress(&packed, &count, bytes, uLong(bytes.count)) == Z_OK, count > 0 else { return 0 }
    return Double(bytes.count) / Double(count)
}
