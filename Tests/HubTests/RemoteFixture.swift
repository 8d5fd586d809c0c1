@testable import Hub

func remote(_ path: String, size: Int = 1) throws -> RemoteFile {
    let hex = ContentDigest(of: Array(path.utf8), isLarge: true).hex
    return try RemoteFile(path: path, size: size, digest: .sha256(hex), repository: "owner/model")
}
