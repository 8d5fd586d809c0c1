import Testing

@testable import Hub

@Suite struct RepositoryListingTests {
    private static let commit = String(repeating: "c", count: 40)
    private static let blob = String(repeating: "b", count: 40)
    private static let sha256 = String(repeating: "5", count: 64)

    private func listing(_ text: String) throws -> RepositoryListing {
        try RepositoryListing(parsing: Array(text.utf8), repository: "a/b", url: "http://hub/x")
    }

    @Test func reads() throws {
        let listing = try listing(
            """
            {"id": "a/b", "sha": "\(Self.commit)", "private": false, "siblings": [
                {"rfilename": "config.json", "size": 12, "blobId": "\(Self.blob)"},
                {"rfilename": "unet/w.safetensors", "size": 99, "blobId": "\(Self.blob)",
                 "lfs": {"sha256": "\(Self.sha256)", "size": 99, "pointerSize": 134}}]}
            """)
        #expect(listing.commit == Self.commit)
        #expect(listing.files.map(\.path) == ["config.json", "unet/w.safetensors"])
        #expect(listing.files.map(\.size) == [12, 99])
        #expect(listing.files.map(\.digest) == [.gitBlob(Self.blob), .sha256(Self.sha256)])
        #expect(listing.files.map(\.folder) == ["", "unet"])
        #expect(listing.files.map(\.name) == ["config.json", "w.safetensors"])
    }

    @Test(arguments: [
        "", "[]", "<html>", #"{"siblings": []}"#, #"{"sha": "../../x", "siblings": []}"#, #"{"sha": "COMMIT"}"#,
        #"{"sha": "COMMIT", "siblings": [{"size": 1}]}"#,
        #"{"sha": "COMMIT", "siblings": [{"rfilename": "a", "size": 1}]}"#,
        #"{"sha": "COMMIT", "siblings": [{"rfilename": "a", "size": 1, "blobId": "../../../x"}]}"#,
        #"{"sha": "COMMIT", "siblings": [{"rfilename": "a", "size": 1, "blobId": "BLOB", "lfs": {"sha256": "1"}}]}"#,
        #"{"sha": "COMMIT", "siblings": [{"rfilename": "a", "size": -1, "blobId": "BLOB"}]}"#,
        #"{"sha": "COMMIT", "siblings": [{"rfilename": "a", "size": 9223372036854775807, "blobId": "BLOB"}]}"#,
        #"{"sha": "COMMIT", "siblings": [{"rfilename": "a", "blobId": "BLOB"}]}"#,
        #"{"sha": "COMMIT", "siblings": [FILE, FILE]}"#,
    ])
    func refuses(text: String) {
        let text = text.replacing("FILE", with: #"{"rfilename": "a", "size": 1, "blobId": "BLOB"}"#)
            .replacing("COMMIT", with: Self.commit).replacing("BLOB", with: Self.blob)
        #expect {
            try listing(text)
        } throws: {
            guard case HubError.unexpectedAnswer("http://hub/x", _) = $0 else { return false }
            return true
        }
    }
}
