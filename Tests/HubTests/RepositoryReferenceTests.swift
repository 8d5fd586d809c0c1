import Testing

@testable import Hub

@Suite struct RepositoryReferenceTests {
    @Test(arguments: [
        ("stabilityai/sd-turbo", "stabilityai/sd-turbo", "main"),
        ("a/b@refs/pr/1", "a/b", "refs/pr/1"),
        ("a_1/b.c-d@v1.0", "a_1/b.c-d", "v1.0"),
        ("a/b@0123456789abcdef0123456789abcdef01234567", "a/b", "0123456789abcdef0123456789abcdef01234567"),
    ])
    func reads(text: String, repository: String, revision: String) throws {
        let reference = try RepositoryReference(text)
        #expect(reference.repository == repository)
        #expect(reference.revision == revision)
        #expect(reference.isCommit == (revision.utf8.count == 40))
    }

    @Test(arguments: [
        "", "name", "/", "a/", "/b", "a/b/c", "../b", "a/..", "a/.b", "a/b.", "a/-b", "a--b/c", "a/b c", "a/b\n", "ä/b", "a/b\0",
        "https://huggingface.co/a/b", "a/" + String(repeating: "b", count: 95),
    ])
    func refusesNames(text: String) {
        #expect {
            try RepositoryReference(text)
        } throws: {
            guard case HubError.invalidRepository = $0 else { return false }
            return true
        }
    }

    @Test(arguments: [
        "a/b@", "a/b@..", "a/b@../x", "a/b@/x", "a/b@x/", "a/b@x//y", "a/b@x y", "a/b@.x", "a/b@x/.y", "a/b@x\ny", "a/b@a@b",
        "a/b@-x", "a/b@" + String(repeating: "x", count: 201),
    ])
    func refusesRevisions(text: String) {
        #expect {
            try RepositoryReference(text)
        } throws: {
            guard case HubError.invalidRevision = $0 else { return false }
            return true
        }
    }
}
